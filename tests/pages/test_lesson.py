"""Lessons played on the pages: predict, do, reveal, explain, transfer; and what may go wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.testing.v1 import AppTest

from tests import lessons
from tests.pages.app import FRAME, button, lens_facts, tell, words
from vae_core.lessons import reading


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A teacher's folder of two lessons and a broken one."""
    made = lessons.write(tmp_path / "lessons", choice=lessons.CHOICE, place=lessons.PLACE, bad="+")
    monkeypatch.setenv("ELBO_ROOM_LESSONS", str(made))
    return made


@pytest.fixture(autouse=True)
def _only_these(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the lessons that ship."""
    monkeypatch.setattr(reading, "BUNDLED", tmp_path / "none")


def opened(**address: str) -> AppTest:
    """The app as a link with these parameters opens it, on whichever page it leads to."""
    app = AppTest.from_file(FRAME, default_timeout=60)
    app._bidi_component_manager = BidiComponentManager()
    app.query_params.update(address)
    return sound(app.run())


def sound(app: AppTest) -> AppTest:
    assert [e.value for e in app.exception] == []
    assert [e.value for e in app.error] == []
    return app


def press(app: AppTest, label: str) -> AppTest:
    return sound(button(app, label).click().run())


def said(app: AppTest) -> str:
    return "\n".join(words(app))


def styles(app: AppTest) -> str:
    return "".join(e.proto.body for e in app.get("html") if "display: none" in e.proto.body)


def queried(app: AppTest, name: str) -> Any:
    return app.query_params.get(name)


def test_a_lesson_is_played_through() -> None:
    app = opened(lesson="choice")
    assert [queried(app, name) for name in ("step", "run", "view")] == [
        "predict", "Digits 2-D", "By class",
    ]  # fmt: skip
    assert "For which $(\\mu, \\sigma)$ is the KL term zero?" in said(app)
    assert button(app, "Next: Do").disabled
    assert not any("Next" in link.proto.label for link in app.get("page_link"))
    for key in ("summary", "kl-numbers", "kl", "words", "model-box"):
        assert f".st-key-{key}," in styles(app)
    app = press(app, "Both 1")  # which leads on
    assert [queried(app, name) for name in ("step", "said")] == ["do", "a"]
    assert "You predicted: Both 1" in said(app)
    assert "Misconception" not in said(app)
    assert "Which dimension costs more?" in said(app)
    assert app.segmented_control(key="view").value == "Bars"
    assert ".st-key-kl," not in styles(app)
    assert ".st-key-kl-numbers," in styles(app)
    app = press(app, "Next: Reveal")
    assert "it costs 1.81 nats" in said(app)
    assert "Both 1 **(yours)**" in said(app)
    assert "Misconception: KL compares mu with sigma.  \nIt costs 0.50 nats." in said(app)
    assert "This is the prior itself." in said(app)
    assert ".st-key-summary," not in styles(app)
    app = press(press(app, "Next: Explain"), "Next: Transfer")
    app.number_input[0].set_value(1.5)
    app = press(app, "Answer")
    assert "You said 1.5. It is **2.00 nats**." in said(app)
    assert queried(app, "said") == "a,1.5"
    assert app.session_state["lessons_done"] == ("choice",)
    app = press(app, "Back")
    assert queried(app, "step") == "explain"
    app = press(app, "Leave the lesson")
    assert queried(app, "lesson") is None
    assert "All lessons" not in str(app.get("page_link"))


def test_a_reload_keeps_place_and_answers() -> None:
    app = opened(lesson="choice", done="place")
    app = press(press(app, "$\\mu = 0$ and $\\sigma = 1$"), "Next: Reveal")
    fresh = AppTest.from_file(FRAME, default_timeout=60)
    fresh._bidi_component_manager = BidiComponentManager()
    fresh.query_params.update(app.query_params)
    fresh.run()
    fresh = sound(fresh.switch_page("kl.py").run())
    assert app.query_params.items() <= fresh.query_params.items()
    assert queried(fresh, "done") == "place"
    assert "it costs 1.81 nats" in said(fresh)
    assert "$\\mu = 0$ and $\\sigma = 1$ **(yours)**" in said(fresh)
    assert fresh.selectbox(key="run").value == "Digits 2-D"


def test_a_step_moves_to_its_page_and_view_and_the_place_on_the_plane_is_an_answer() -> None:
    app = opened(lesson="place")
    facts = lens_facts(app)
    assert facts["hide"] == ["ledger", "plane-numbers", "model-box", "try"]
    assert facts["is_beside"]
    assert facts["state"]["image"] == 3
    app = press(tell(app, at=[0.1, -0.2]), "I predict this")
    assert queried(app, "said") == "0.10;-0.20"
    assert "You predicted (0.1, −0.2)." in said(app)
    state = lens_facts(app)["state"]
    assert state["layers"] == ["classes", "samples"]  # the words of links of earlier versions
    assert state["classes"] == [1]
    assert queried(app, "classes") == "1"
    assert ".st-key-model-box" not in styles(app)
    app = press(app, "Next: Explain")
    assert "the place is **(0.00, 0.00)**, 0.22 from it" in said(app)
    app = press(press(app, "Back"), "Back")
    assert lens_facts(app)["state"]["image"] == 3
    assert "You predicted (0.1, −0.2)." in said(app)


def test_a_step_sets_the_lens_of_its_page_whatever_the_reader_has_left_it_at(folder: Path) -> None:
    moves = "Page: posteriors\nView: points=draws of z, classes=1\n"
    assert moves in lessons.PLACE
    lessons.write(folder, place=lessons.PLACE.replace(moves, "View: layers=points+computation\n"))
    app = tell(opened(lesson="place"), at=[0.1, -0.2], layers=["classes"])
    assert queried(app, "layers") == "classes"
    app = press(app, "I predict this")
    assert lens_facts(app)["state"]["layers"] == ["points", "computation"]
    app = tell(app, layers=["points", "computation"], draw=3)
    app = press(app, "Next: Explain")  # which names nothing else: the reader's sample stays
    assert lens_facts(app)["state"]["layers"] == ["points", "computation"]
    assert queried(app, "draw") == "3"


def test_a_lesson_that_does_not_hold_offers_its_own_model(folder: Path) -> None:
    claim = lessons.CHOICE.replace("kl_normal(0, 0.1) > 1", "kl_normal(0, 0.1) < 1")
    lessons.write(folder, choice=claim)
    app = opened(lesson="choice", run="MNIST 2-D")
    (warning,) = app.warning
    assert warning.value.startswith("This lesson does not hold for MNIST 2-D: ")
    assert "got 1.808 on MNIST 2-D" in warning.value
    assert queried(app, "of") == "mnist-2d"
    assert opened(lesson="choice", step="predict", of="mnist-2d").warning[0].value == warning.value
    assert "For which" not in said(app)
    lessons.write(folder, choice=lessons.CHOICE)
    app = press(app, "Open Digits 2-D")
    assert app.selectbox(key="run").value == "Digits 2-D"
    assert queried(app, "of") is None
    assert "For which" in said(app)
    lessons.write(folder, choice=claim)
    app = press(app.run(), "Go on all the same")
    assert "For which" in said(app)


@pytest.mark.parametrize(
    ("lesson", "sentence"),
    [
        ("nowhere", "There is no lesson “nowhere” here."),
        ("<b>!", "There is no lesson here."),
        ("bad", "This lesson cannot be read: bad.md, line 1: expected +++"),
    ],
)
def test_a_lesson_that_is_not_there_is_one_sentence_and_a_way_on(
    lesson: str, sentence: str
) -> None:
    app = opened(lesson=lesson)
    (warning,) = app.warning
    assert warning.value.replace("\\", "").startswith(sentence)
    assert any(link.proto.label == "All lessons" for link in app.get("page_link"))
    assert app.get("bidi_component")  # the page is there all the same


def test_an_unknown_step_is_the_first_one() -> None:
    app = opened(lesson="choice", step="dance")
    assert queried(app, "step") == "predict"
    assert "For which" in said(app)
    assert "This lesson has no step “dance”" in app.info[0].value


def test_a_file_that_changes_or_goes_in_mid_lesson_loses_nothing(folder: Path) -> None:
    app = opened(lesson="choice")
    app = press(press(app, "Any pair of equals"), "Back")
    assert not any(b.label == "Both 1" for b in app.button)  # it stays
    lessons.write(folder, choice=lessons.CHOICE.replace("Any pair of equals", "Any equals"))
    app = sound(app.run())
    assert "You predicted: Any equals" in said(app)
    assert "has changed since you began" in app.info[0].value
    app = press(app, "Go on with it")
    assert not app.info
    (folder / "choice.md").write_text("+", encoding="utf-8")
    app = sound(app.run())
    assert "as it was when it was last read" in app.info[0].value
    assert "You predicted: Any equals" in said(app)
    (folder / "choice.md").unlink()
    app = press(app, "Next: Do")
    assert "Which dimension costs more?" in said(app)


def test_a_model_that_is_gone_is_one_sentence(folder: Path) -> None:
    lessons.write(folder, choice=lessons.CHOICE.replace('"digits-2d"', '"gone-model"'))
    app = opened(lesson="choice")
    assert "The model gone-model of this step is not here any more" in app.warning[0].value
    assert "For which" in said(app)


def test_keys_of_the_address_hide_without_a_lesson() -> None:
    app = opened(hide="summary,ledger,<b>")
    assert ".st-key-summary," in styles(app)
    assert "h1.door" not in styles(app)
    assert lens_facts(app)["hide"] == ["summary", "ledger"]
    assert not lens_facts(app)["is_beside"]
    assert styles(opened()) == ""


def test_the_learn_page_lists_lessons_and_what_was_done() -> None:
    app = opened(done="choice")
    app = sound(app.switch_page("lessons.py").run())
    links = [link.proto for link in app.get("page_link")]
    assert [link.label for link in links if link.label.startswith("**")] == [
        "**What does the KL term compare?**", "**Where is the middle of the prior?**",
    ]  # fmt: skip
    assert "“Why must mu and sigma be close to each other?”" in said(app)
    assert "3 minutes. Builds on “What does the KL term compare?” (done)." in said(app)
    assert "2 lessons, 10 minutes in all, 1 done" in said(app)
    assert app.warning[0].value.replace("\\", "").startswith("A lesson is left out: bad.md, line 1")


def test_the_list_of_lessons_ends_a_lesson() -> None:
    app = opened(lesson="choice")
    app = sound(app.switch_page("lessons.py").run())
    assert "lesson_place" not in app.session_state
    assert "For which" not in said(app)


def test_a_link_to_the_view_and_a_file_of_it_are_offered() -> None:
    app = press(opened(run="Digits 2-D", image="3", tour="1", hide="plane"), "Make a lesson link")
    assert [box.label for box in app.checkbox if box.value] == ["Hide the plane"]
    assert app.code[0].value == "/?run=Digits+2-D&image=3&hide=plane"
    assert "QR code" in said(app)

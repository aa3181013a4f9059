"""A passcode keeps training, files and deletion for those who know it; reading stays open."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from streamlit import config
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import TextInput

from pages.ui.library import passcode
from pages.ui.train import queue
from tests.pages.app import assert_sound, button, go, open_page
from tests.samples import tiny_run
from vae_core import ConfigError, Run, RunStore

SECRET = "room 14, second desk"


@pytest.fixture
def _passcode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(passcode.VARIABLE, SECRET)


closed = pytest.mark.usefixtures("_passcode")


def labels(app: AppTest) -> list[str]:
    return [b.label for b in app.button]


def boxes(app: AppTest) -> list[TextInput]:
    return [box for box in app.text_input if box.label == "Passcode"]


def asked(app: AppTest) -> list[str]:
    return [i.value for i in app.info if "passcode" in i.value]


def give(app: AppTest, passcode: str) -> AppTest:
    return boxes(app)[-1].set_value(passcode).run()


def test_without_a_passcode_everything_is_open() -> None:
    app = open_page("train.py")
    assert_sound(app)
    assert "Train" in labels(app)
    assert app.file_uploader
    assert not asked(app)


@closed
def test_the_train_page_says_what_is_closed_and_opens_to_the_passcode(runs: Path) -> None:
    app = open_page("train.py")
    assert_sound(app)
    assert asked(app) == [
        "Training on this server needs the teacher's passcode.",
        "Opening a model file on this server needs the teacher's passcode.",
    ]
    assert not {"Train", "Open the model"} & {*labels(app)}
    assert not app.file_uploader
    assert not any("path" in box.label for box in app.text_input)
    give(app, SECRET)
    assert_sound(app)
    assert {"Train", "Open the model"} <= {*labels(app)}
    assert not asked(app)
    go(go(app, "kl.py"), "train.py")  # for the session
    assert "Train" in labels(app)
    assert asked(open_page("train.py"))  # and for no other


@closed
@pytest.mark.parametrize("wrong", [SECRET[:-1], SECRET.upper(), "é"])
def test_a_wrong_passcode_is_one_sentence_said_once(wrong: str) -> None:
    app = give(open_page("train.py"), wrong)
    (error,) = app.error
    assert error.value == "That is not the passcode. Write it as the teacher gave it."
    assert boxes(app)[-1].value == ""
    assert not app.run().error
    assert not app.exception
    assert len(asked(app)) == 2
    assert "Train" not in labels(app)


@closed
def test_wrong_passcodes_of_many_sessions_take_turns() -> None:
    """Half a second each for the whole server, however many windows guess at once."""
    app = open_page("train.py")
    with ThreadPoolExecutor(1) as pool:
        with passcode._guess:  # of another session, meanwhile
            guess = pool.submit(give, app, "wrong")
            time.sleep(passcode.PAUSE)
            assert not guess.done()
        start = time.monotonic()
        assert guess.result().error
    assert time.monotonic() - start >= 0.9 * passcode.PAUSE
    assert "Train" in labels(give(app, SECRET))


def test_a_session_may_upload_once_it_has_given_the_passcode(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert passcode.may_upload("anybody")
    monkeypatch.setenv(passcode.VARIABLE, SECRET)
    passcode._given.clear()
    app = give(open_page("train.py"), SECRET)
    assert not app.error
    (session,) = passcode._given
    assert passcode.may_upload(session)
    assert not passcode.may_upload("anybody")
    monkeypatch.setenv(passcode.VARIABLE, "another")
    assert not passcode.may_upload(session)


BLANK = "is set in the environment and blank, which would leave the server open"


@pytest.mark.parametrize("value", ["", " ", "\t\n"])
def test_a_blank_passcode_is_no_passcode(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    passcode.check_setting()
    monkeypatch.setenv(passcode.VARIABLE, value)
    with pytest.raises(ConfigError, match=BLANK):
        passcode.check_setting()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (f'{passcode.VARIABLE} = "  "', "is set in the secrets file and blank"),
        (f'[server]\n{passcode.VARIABLE} = "x"', r"stands in section \[server\] of the secrets"),
    ],
)
def test_a_passcode_that_would_not_be_found_is_refused(
    content: str, said: str, secrets_file: Path
) -> None:
    secrets_file.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match=said):
        passcode.check_setting()
    secrets_file.write_text(f'{passcode.VARIABLE} = "x"', encoding="utf-8")
    passcode.check_setting()


@closed
def test_every_page_can_be_read_without_it() -> None:
    app = open_page("overview.py")
    for page in ("kl.py", "sliders.py", "runs.py", "rate_distortion.py"):
        assert_sound(go(app, page))


@closed
def test_the_passcode_is_nowhere_but_in_the_session(runs: Path) -> None:
    app = give(open_page("train.py"), SECRET)
    assert SECRET not in str(app.query_params)
    assert SECRET not in "".join(str(element.proto) for element in app.main)
    assert not any(SECRET.encode() in p.read_bytes() for p in runs.rglob("*") if p.is_file())


def test_what_was_on_the_page_before_the_door_was_closed_does_nothing(
    runs: Path, run_copy: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A click on a button that is still there in a browser: its callback is called."""
    stopped = RunStore(runs).create(tiny_run())
    app = open_page("train.py")
    file = run_copy.path / "weights.safetensors"
    next(b for b in app.text_input if b.label.startswith("or its path")).set_value(str(file))
    train, go_on = button(app, "Train"), button(app, "Go on")
    opening = button(app, "Open the model")
    monkeypatch.setenv(passcode.VARIABLE, SECRET)
    for pressed in (train, go_on, opening):
        pressed.click().run()
        assert_sound(app)
    assert [entry.id for entry in RunStore(runs).list()] == [stopped.id]
    assert not queue.is_running(stopped)


def test_another_passcode_closes_the_door_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(passcode.VARIABLE, "first")
    app = give(open_page("train.py"), "first")
    assert not asked(app)
    monkeypatch.setenv(passcode.VARIABLE, "second")
    assert asked(app.run())
    assert "Train" not in labels(app)


@closed
@pytest.mark.parametrize(
    "name", ["passcode_given", "passcode-Training", "granted", passcode.VARIABLE]
)
def test_the_address_opens_nothing(name: str) -> None:
    app = open_page("train.py", **{name: SECRET})
    assert_sound(app)
    assert len(asked(app)) == 2
    assert "Train" not in labels(app)


@pytest.mark.parametrize("value", ["from the file", 1234, 0])
def test_the_secrets_file_sets_it_and_wins(value: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(passcode.VARIABLE, "from the environment")
    app = open_page("train.py")
    app.secrets[passcode.VARIABLE] = value
    assert asked(app.run())
    assert give(app, "from the environment").error
    assert not asked(give(app, str(value)))


def assert_closed_to_all(app: AppTest) -> None:
    assert not app.exception
    assert {e.value for e in app.error} == {
        "The server's secrets file cannot be read: until it is corrected, nobody may."
    }
    assert not {"Train", "Open the model"} & {*labels(app)}


def test_a_passcode_that_is_no_text_lets_nobody_in() -> None:
    app = open_page("train.py")
    app.secrets[passcode.VARIABLE] = ["a"]
    assert_closed_to_all(app.run())


@pytest.fixture
def secrets_file(tmp_path: Path) -> Iterator[Path]:
    """Where Streamlit looks for secrets."""
    before = config.get_option("secrets.files")
    config.set_option("secrets.files", [str(tmp_path / "secrets.toml")])
    yield tmp_path / "secrets.toml"
    config.set_option("secrets.files", before)


def test_a_broken_secrets_file_closes_the_door_and_a_missing_one_does_not(
    secrets_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Train" in labels(open_page("train.py"))
    for broken in (f"{passcode.VARIABLE} = 'a".encode(), b"\xff\xfe"):
        secrets_file.write_bytes(broken)
        assert_closed_to_all(open_page("train.py"))
    monkeypatch.setenv(passcode.VARIABLE, SECRET)
    assert "Train" in labels(give(open_page("train.py"), SECRET))


@closed
def test_images_are_fetched_by_those_who_know_it(finished_run: Run) -> None:
    app = open_page("train.py")
    give(app, SECRET)
    app.selectbox(key="form-dataset").set_value("mnist").run()
    assert "Download (about 12 MB)" in labels(app)
    other = open_page("two_models.py", comparison="Reconstructions")
    assert_sound(other)
    assert asked(other) == ["Getting images on this server needs the teacher's passcode."]
    assert not any(label.startswith("Download") for label in labels(other))


def test_a_deed_is_done_only_with_the_passcode(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[int] = []
    deed = passcode.guarded(done.append)
    deed(1)
    monkeypatch.setenv(passcode.VARIABLE, SECRET)
    deed(2)
    assert done == [1]

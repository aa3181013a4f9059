"""The Runs page: what is kept, what it takes, and how it goes."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from pages.ui.library import passcode
from pages.ui.session import browser
from pages.ui.train import queue, run_table
from tests.pages.app import assert_sound, button, choose_preset, chosen_label, go, open_page
from tests.samples import tiny_run, until
from vae_core import Dataset, Run, RunStore
from vae_core.io import write_json
from vae_core.runs.store import envelope


@pytest.fixture
def three(runs: Path, finished_run: Run) -> list[Run]:
    """Three finished runs, the oldest first."""
    made = []
    for k in range(3):
        path = shutil.copytree(finished_run.path, runs / f"lesson-{k}-00000{k}")
        config = replace(finished_run.config, name=f"Lesson {k}")
        write_json(path / "config.json", envelope(config, f"2026-01-0{k + 1}T12:00:00+00:00"))
        made.append(RunStore(runs).load(path.name))
    return made


def select(app: AppTest, *rows: int) -> AppTest:
    """Tick rows of the table."""
    app.session_state[app.dataframe[0].key] = {"selection": {"rows": [*rows], "columns": []}}
    return app.run()


def ids(runs: Path) -> list[str]:
    return sorted(os.listdir(runs))


def delete(app: AppTest) -> AppTest:
    button(app, "Delete …").click().run()
    return app.button(key="delete-for-good").click().run()


def labels(app: AppTest) -> list[str]:
    return [b.label for b in app.button]


def test_without_a_run_the_page_says_how_to_get_one() -> None:
    app = open_page("runs.py")
    assert_sound(app)
    assert app.info[0].value.startswith("There is no run yet. Train a model on the page New model")
    assert not app.dataframe


def test_every_run_has_a_row_with_its_size_and_how_far_it_has_come(
    runs: Path, three: list[Run], digits: object
) -> None:
    store = RunStore(runs)
    training = store.create(replace(tiny_run(posterior="full"), name="Begun")).train(digits)
    next(training)
    training.close()
    store.create(replace(tiny_run(), name="Asked for"))
    (runs / "photos").mkdir()
    store.pin(three[1].id)
    app = open_page("runs.py")
    assert_sound(app)
    table = app.dataframe[0].value.set_index("Name")
    assert table["Status"].to_dict() == {
        **{f"Lesson {k}": "finished" for k in range(3)},
        "Begun": "interrupted, 1 of 3", "Asked for": "new", "photos": "damaged",
    }  # fmt: skip
    assert [name for name in table.index if table["Pinned"][name] is True] == ["Lesson 1"]
    assert table["Model"]["Begun"] == "mlp, full-covariance Gaussian, 3"
    assert table["Size, MB"].sum() == pytest.approx(store.size() / 1e6)
    assert table["Folder"]["Lesson 0"] == three[0].id
    assert any(c.value.startswith("photos cannot be opened.") for c in app.caption)


@pytest.mark.parametrize(("zone", "shown"), [("Europe/Berlin", "Europe/Berlin"), (None, "UTC")])
def test_times_are_those_of_the_readers_clock(
    zone: str | None, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(st.context), "timezone", zone)
    assert browser.times()["type_config"]["timezone"] == shown


def test_selected_runs_are_deleted_after_a_question_that_names_them(
    runs: Path, three: list[Run]
) -> None:
    app = select(open_page("runs.py"), 0, 2)
    button(app, "Delete …").click().run()
    assert_sound(app)
    assert any("Lesson 2, finished\n- Lesson 0, finished" in m.value for m in app.markdown)
    assert len(ids(runs)) == 3
    app.button(key="delete-for-good").click().run()
    assert_sound(app)
    assert ids(runs) == [three[1].id]
    assert app.info[0].value.startswith("2 runs are deleted; ")
    assert not app.run().info  # said once
    assert app.dataframe[0].value["Name"].to_list() == ["Lesson 1"]
    assert button(app, "Delete …").disabled  # and no row of those that are left is selected


def test_a_question_that_is_declined_keeps_the_run(runs: Path, three: list[Run]) -> None:
    app = select(open_page("runs.py"), 1)
    button(app, "Delete …").click().run()
    button(app, "Keep").click().run()
    assert_sound(app)
    assert len(ids(runs)) == 3


def test_rows_that_were_selected_are_not_others_when_runs_come_and_go(
    runs: Path, three: list[Run]
) -> None:
    app = select(open_page("runs.py"), 0)
    RunStore(runs).create(replace(tiny_run(), name="Newer"))
    app.run()
    assert button(app, "Delete …").disabled
    select(app, 3)
    RunStore(runs).delete(three[0].id)
    app.run()
    assert_sound(app)
    assert button(app, "Delete …").disabled


def test_pins_are_set_and_taken_away(runs: Path, three: list[Run]) -> None:
    app = select(open_page("runs.py"), 0, 1)
    button(app, "Pin").click().run()
    assert_sound(app)
    assert [run.is_pinned for run in three] == [False, True, True]
    button(app, "Unpin").click().run()
    assert not any(run.is_pinned for run in three)


def test_a_pinned_run_is_not_deleted(runs: Path, three: list[Run]) -> None:
    RunStore(runs).pin(three[2].id)
    app = select(open_page("runs.py"), 0, 1)  # the newest first
    button(app, "Delete …").click().run()
    assert_sound(app)
    assert any("Pinned runs are kept: 1 of those selected" in i.value for i in app.info)
    assert not any("Lesson 2" in m.value for m in app.markdown)
    app.button(key="delete-for-good").click().run()
    assert ids(runs) == [three[0].id, three[2].id]
    run_table.delete([three[2].id])  # as from a page that was drawn before it was pinned
    assert ids(runs) == [three[0].id, three[2].id]


def test_an_opened_run_is_the_chosen_one(three: list[Run]) -> None:
    app = select(open_page("runs.py"), 1)
    button(app, "Open").click().run()
    assert chosen_label(app) == "Lesson 1 · 000001"
    assert_sound(go(app, "posteriors.py"))
    assert button(select(go(app, "runs.py"), 0, 1), "Open").disabled


@pytest.mark.parametrize("page", ["overview.py", "posteriors.py", "sliders.py", "train.py"])
def test_a_deleted_run_gives_way_to_another_on_every_page(page: str, three: list[Run]) -> None:
    app = open_page(page, "Lesson 1 · 000001")
    assert chosen_label(app) == "Lesson 1 · 000001"
    RunStore(three[1].path.parent).delete(three[1].id)
    app.run()
    assert_sound(app)
    assert chosen_label(app) == "MNIST 2-D"
    (toast,) = app.toast
    assert toast.value == "The model asked for is not here any more: MNIST 2-D is shown."
    assert not app.run().toast


def test_a_run_that_goes_while_a_page_reads_it_is_one_sentence(three: list[Run]) -> None:
    def reading(run: object) -> None:
        from pages.ui.session import keys, problems
        from vae_core import RunError

        keys.CHOSEN.set(run)
        problems.show(problems.explain(RunError("codes.safetensors: cannot be read")))

    said = []
    for _ in range(2):
        said.append(AppTest.from_function(reading, args=(three[0],)).run().error[0].value)
        shutil.rmtree(three[0].path, ignore_errors=True)
    assert said[0] == "codes.safetensors: cannot be read"
    assert said[1] == "Lesson 0 has just been deleted. Choose another model in the box above."


def test_the_chosen_run_can_be_deleted(runs: Path, three: list[Run]) -> None:
    app = select(open_page("runs.py", "Lesson 1 · 000001"), 1)
    delete(app)
    assert_sound(app)
    assert three[1].id not in ids(runs)
    assert chosen_label(app) == "MNIST 2-D"
    for page in ("kl.py", "train.py"):
        assert_sound(go(app, page))


@pytest.mark.parametrize("asked", ["../../x", "\0", "x" * 3000, "![](//x/y.png)"])
def test_an_address_that_names_no_run_shows_another_and_repeats_nothing(asked: str) -> None:
    app = open_page("posteriors.py", asked)
    assert_sound(app)
    assert chosen_label(app) == "MNIST 2-D"
    (toast,) = app.toast
    assert toast.value == "The model asked for is not here any more: MNIST 2-D is shown."


@pytest.mark.slow
def test_a_run_in_training_is_not_deleted(runs: Path) -> None:
    config = tiny_run()
    long = replace(config, train=replace(config.train, epochs=10_000))
    run = RunStore(runs).create(replace(long, name="Long"))
    queue.start(run)
    app = select(open_page("runs.py"), 0)
    assert app.dataframe[0].value["Status"][0].startswith("training, ")
    delete(app)
    assert_sound(app)
    assert app.info[0].value == f"{run.id} is in training: stop it on the page New model first."
    assert ids(runs) == [run.id]
    assert queue.is_running(run)
    queue.stop(run)
    until(lambda: not queue.is_running(run))
    delete(select(app, 0))
    assert ids(runs) == []


def test_a_run_that_somebody_else_deletes_meanwhile_is_one_sentence(
    runs: Path, three: list[Run]
) -> None:
    app = select(open_page("runs.py"), 0)
    button(app, "Delete …").click().run()
    RunStore(runs).delete(three[2].id)
    app.button(key="delete-for-good").click().run()
    assert_sound(app)
    assert "there is no such run; it may have been deleted" in app.info[0].value
    assert len(ids(runs)) == 2


@pytest.mark.parametrize("share", [0.9, 0.97, 2.5])
def test_the_oldest_runs_are_offered_when_the_limit_is_near_and_never_deleted_unasked(
    share: float, runs: Path, three: list[Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = RunStore(runs)
    store.pin(three[0].id)
    monkeypatch.setenv("ELBO_ROOM_MAX_GIGABYTES", f"{store.size() / share / 1e9:.9f}")
    app = open_page("runs.py")
    assert_sound(app)
    assert len(ids(runs)) == 3
    if share == 0.9:
        assert not app.warning
        return
    n = 1 if share == 0.97 else 2
    names = ", ".join(f"Lesson {k}" for k in range(1, n + 1))
    assert names in app.warning[0].value
    offer = "Delete the oldest run …" if n == 1 else "Delete the 2 oldest runs …"
    button(app, offer).click().run()
    app.button(key="delete-for-good").click().run()
    assert_sound(app)
    assert ids(runs) == sorted({run.id for run in three} - {run.id for run in three[1 : n + 1]})


def test_where_every_run_is_pinned_the_page_says_so(
    runs: Path, three: list[Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    for run in three:
        RunStore(runs).pin(run.id)
    monkeypatch.setenv("ELBO_ROOM_MAX_GIGABYTES", "1e-9")
    app = open_page("runs.py")
    assert "Every run is pinned or in training" in app.warning[0].value


def test_with_a_passcode_runs_can_be_looked_at_and_opened_only(
    runs: Path, three: list[Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = select(open_page("runs.py"), 1)
    pin, ask = button(app, "Pin"), button(app, "Delete …")
    ask.click().run()
    last = app.button(key="delete-for-good")
    monkeypatch.setenv(passcode.VARIABLE, "secret")
    for pressed in (last, pin):  # both were on the page before the door was closed
        pressed.click().run()
        assert_sound(app)
    assert ids(runs) == [run.id for run in three]
    assert not any(run.is_pinned for run in three)
    run_table.delete([run.id for run in three])  # what the buttons call, in no session at all
    run_table.pin([run.id for run in three], True)
    assert ids(runs) == [run.id for run in three]
    app = select(open_page("runs.py"), 1)
    assert not button(app, "Open").disabled
    assert button(app, "Pin").disabled
    assert button(app, "Delete …").disabled
    assert app.info[0].value.startswith("Pinning and deleting runs on this server needs")


REFUSED = {
    "ELBO_ROOM_MAX_EPOCHS": ("59", "epochs: this server trains at most 59; got 60."),
    "ELBO_ROOM_MAX_PARAMETERS": ("99_000", "at most 99,000 parameters; this one has 99,908"),
    "ELBO_ROOM_MAX_GIGABYTES": ("0.001", "All runs together may take 0.001 GB"),
}


@pytest.mark.parametrize("variable", REFUSED)
@pytest.mark.parametrize("value", ["limit", "nonsense"])
def test_a_limit_is_one_sentence_and_the_train_button_waits(
    variable: str, value: str, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit, said = REFUSED[variable]
    monkeypatch.setenv(variable, limit if value == "limit" else "nonsense")
    app = choose_preset(open_page("train.py"), "Digits, 2-D")
    assert not app.exception
    (error,) = app.error
    assert (said if value == "limit" else f"{variable} must be") in error.value
    assert "\n" not in error.value
    assert app.button(key="train").disabled
    assert ids(runs) == []
    monkeypatch.delenv(variable)
    assert not app.run().button(key="train").disabled


def test_a_sweep_counts_as_all_its_runs(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELBO_ROOM_MAX_GIGABYTES", "0.01")  # one takes 2 MB, and keeps 10 epochs
    app = choose_preset(open_page("train.py"), "Digits, 2-D")
    assert "Train" in labels(app)
    app.toggle(key="sweep-on").set_value(True).run()
    assert "All runs together may take 0.01 GB" in app.error[0].value


def test_an_absurd_model_is_refused_as_fast_as_any(runs: Path) -> None:
    app = open_page("train.py")
    app.text_input(key="form-hidden").set_value("4096 " * 8)
    app.text_input(key="form-latent").set_value("4096").run(timeout=2)
    assert "this server takes models of at most 50,000,000 parameters" in app.error[0].value


def test_a_full_disk_opens_no_model_file(
    runs: Path, run_copy: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    RunStore(runs).create(tiny_run())
    monkeypatch.setenv("ELBO_ROOM_MAX_GIGABYTES", "1e-7")
    app = open_page("train.py")
    box = next(b for b in app.text_input if b.label.startswith("or its path"))
    box.set_value(str(run_copy.path / "weights.safetensors"))
    button(app, "Open the model").click().run()
    assert not app.exception
    assert any("Delete runs on the Runs page" in e.value for e in app.error)
    assert len(ids(runs)) == 1


def test_a_row_names_the_effective_beta_where_it_is_not_one(runs: Path, digits: Dataset) -> None:
    store, config = RunStore(runs), tiny_run()
    for reduction in ("sum/sum", "mean/sum"):
        train = replace(config.train, reduction=reduction, epochs=1)
        list(store.create(replace(config, name=reduction.split("/")[0], train=train)).train(digits))
    store.create(replace(config, name="Not begun"))
    rows = run_table.frame(store.list()).set_index("Name")["Model"]
    assert rows["mean"].endswith(", 3, β = 64 (mean/sum)")
    assert rows["sum"].endswith(", 3")
    assert rows["Not begun"].endswith(", 3")

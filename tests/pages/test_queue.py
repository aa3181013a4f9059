"""The queue as pages show it: who waits, who shares, who is refused, and who is killed."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.ui.train import queue
from tests.pages.app import assert_sound, button, chosen_label, open_page, run_until
from tests.pages.test_training import ask, labels
from tests.samples import pid_of, tiny_run, until
from vae_core import Run, RunStore
from vae_core.jobs import STOP, training
from vae_core.jobs.heartbeat import HeartbeatWriter

pytestmark = pytest.mark.slow


def train(name: str, **settings: object) -> AppTest:
    app = ask(name, **settings)
    button(app, "Train").click().run()
    assert not app.exception
    return app


def said(app: AppTest) -> str:
    """What stands beside the progress bar."""
    return str(app.get("progress")[0].proto.text)


def named(runs: Path, name: str) -> Run:
    (run,) = (e.run for e in RunStore(runs).list() if e.run and e.run.config.name == name)
    return run


def test_a_run_waits_for_its_turn_and_can_be_taken_out(runs: Path) -> None:
    first, second, third = (train(name, epochs=5_000 + k, seed=k) for k, name in
                            enumerate(("One", "Two", "Three")))  # fmt: skip
    assert said(second).startswith("Waiting: 1 run is before it")
    assert said(third).startswith("Waiting: 2 runs are before it")
    button(second, "Stop").click().run()
    assert_sound(second)
    assert second.warning[0].value == "Interrupted after epoch 0 of 5001."
    assert said(third.run()).startswith("Waiting: 1 run is before it")
    run_until(first, lambda a: said(a).startswith("Epoch "))
    button(first, "Stop").click().run()
    run_until(third, lambda a: said(a).startswith("Epoch "))
    assert queue.queue().folders() == [named(runs, "Three").path]


def test_the_same_settings_are_trained_once_for_all_who_ask(runs: Path) -> None:
    first = train("Mine", epochs=5_000)
    second = train("Also mine", epochs=5_000)
    assert any(m.value == "## Mine" for m in second.markdown)
    (entry,) = RunStore(runs).list()
    assert any("1 other visitor wants it, too." in c.value for c in second.caption)
    button(second, "Stop").click().run()
    run_until(first, lambda a: bool(a.warning))
    assert not queue.is_running(entry.run)


def test_settings_that_were_trained_before_are_looked_at_at_once(runs: Path) -> None:
    run_until(train("Earlier", epochs=2), lambda a: bool(a.success))
    app = run_until(train("Later", epochs=2), lambda a: bool(a.success))
    assert "trained already, as Earlier" in app.success[0].value
    assert chosen_label(app).startswith("Earlier · ")
    assert len(RunStore(runs).list()) == 1


def test_a_full_queue_is_one_sentence_and_leaves_no_run(runs: Path, tmp_path: Path) -> None:
    waiting, store = queue.queue(), RunStore(tmp_path / "elsewhere")
    others = [store.create(tiny_run()).path for _ in range(waiting.capacity)]
    app = train("Long", epochs=5_000)
    waiting.submit(*map(training, others))
    app = train("One more", epochs=5_001)
    assert "The queue is full: 64 of 64 places are taken" in app.error[0].value
    assert [entry.run.config.name for entry in RunStore(runs).list()] == ["Long"]


def test_a_killed_run_says_so_and_goes_on_with_one_click(runs: Path) -> None:
    app = run_until(train("Killed", epochs=5_000), lambda a: said(a).startswith("Epoch "))
    run = named(runs, "Killed")
    os.kill(pid_of(run), signal.SIGKILL)
    until(lambda: not queue.is_running(run))
    app.run()
    assert "Its process was killed. The run keeps its last finished epoch" in app.error[0].value
    done = len(run.history())
    assert "Go on" in labels(app)
    button(app, "Go on").click().run()
    assert_sound(app)
    until(lambda: len(run.history()) > done)


def test_a_run_that_another_server_trains_is_watched_and_can_be_stopped(runs: Path) -> None:
    run = RunStore(runs).create(tiny_run())
    theirs = HeartbeatWriter(run.path)
    theirs.beat()
    app = open_page("train.py")
    assert said(app).startswith("Training on another server: the first epoch is under way")
    button(app, "Stop").click().run()
    assert_sound(app)
    assert (run.path / STOP).exists()
    theirs.end()
    assert app.run().warning[0].value == "Interrupted after epoch 0 of 3."
    assert "Go on" in labels(app)


def test_the_runs_page_shows_the_queue_and_stops_what_is_in_it(runs: Path) -> None:
    first, _ = train("One", epochs=5_000), train("Two", epochs=5_001)
    run_until(first, lambda a: said(a).startswith("Epoch "))
    page = open_page("runs.py")
    bars = [bar.proto.text for bar in page.get("progress")]
    assert bars[0].startswith("One. Epoch ")
    assert bars[1].startswith("Two. Waiting: 1 run is before it")
    assert page.dataframe[0].value["Status"].tolist()[0] in ("waiting", "new")
    button(page, "Stop").click().run()
    assert_sound(page)
    assert queue.queue().folders() == [named(runs, "Two").path]


def test_a_visitor_may_have_so_many_runs_at_a_time(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ELBO_ROOM_MAX_JOBS", "1")
    app = train("One", epochs=5_000)
    app.number_input(key="form-seed").set_value(1).run()
    button(app, "Train").click().run()
    assert (
        "At most 1 of your runs may be waiting or in training at a time; these would be 2"
        in app.error[0].value
    )
    assert len(RunStore(runs).list()) == 1
    assert said(train("Another", epochs=5_001)).startswith("Waiting")

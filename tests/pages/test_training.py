"""Training from the page, for real: a process of its own, watched, stopped and taken up again."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.ui.library import listing
from pages.ui.train import queue
from pages.ui.train.form import PRESETS
from tests.pages.app import (
    assert_sound,
    button,
    charts,
    choose_preset,
    chosen_label,
    go,
    open_page,
    run_until,
)
from tests.samples import until
from vae_core import RunStore
from vae_core.analysis import total_rate
from vae_core.config import POSTERIORS

pytestmark = pytest.mark.slow


def labels(app: AppTest) -> list[str]:
    return [b.label for b in app.button]


def ask(name: str, **settings: object) -> AppTest:
    """The Train page with the smallest preset and these settings."""
    app = open_page("train.py")
    choose_preset(app, "Digits, 2-D")
    app.text_input(key="form-name").set_value(name)
    for key, value in settings.items():
        app.number_input(key=f"form-{key}").set_value(value)
    return app.run()


def test_what_has_just_been_typed_is_what_is_trained(runs: Path) -> None:
    app = ask("Typed", epochs=2)
    app.number_input(key="form-epochs").set_value(3)
    button(app, "Train").click().run()
    (entry,) = RunStore(runs).list()
    assert entry.run.config.train.epochs == 3
    run_until(app, lambda a: bool(a.success))


def test_a_model_trained_on_the_page_becomes_the_chosen_one(runs: Path) -> None:
    app = ask("Four epochs", epochs=4)
    button(app, "Train").click().run()
    run_until(app, lambda a: bool(a.success))
    (entry,) = RunStore(runs).list()
    assert entry.status == "finished"
    assert len(entry.run.history()) == 4
    assert chosen_label(app) == f"Four epochs · {entry.id[-6:]}"
    assert [t["name"] for t in charts(app)[0]["data"][:2]] == ["train", "test"]
    go(app, "kl.py")
    assert_sound(app)
    shown = float(app.metric[0].value)
    assert shown == pytest.approx(total_rate(entry.run.codes()), abs=0.0051)


def test_a_stopped_model_goes_on_to_its_last_epoch(runs: Path) -> None:
    app = ask("Stopped", epochs=80)
    button(app, "Train").click().run()
    run_until(app, lambda a: bool(charts(a)) and "Stop" in labels(a))
    button(app, "Stop").click().run()
    assert_sound(app)
    (entry,) = RunStore(runs).list()
    done = len(entry.run.history())
    assert entry.status == "unfinished"
    assert 1 <= done < 80
    assert app.warning[0].value == f"Interrupted after epoch {done} of 80."
    until(lambda: not queue.is_running(entry.run))
    button(app, "Go on").click().run()
    assert queue.is_running(entry.run)
    run_until(app, lambda a: bool(a.success))
    assert [r.epoch for r in entry.run.history()] == list(range(1, 81))
    assert chosen_label(app).startswith("Stopped · ")


def test_a_running_job_is_found_again_in_a_new_window(runs: Path) -> None:
    app = ask("Long", epochs=5_000)
    button(app, "Train").click().run()
    other = run_until(open_page("train.py"), lambda a: "Stop" in labels(a))
    assert any(m.value == "## Long" for m in other.markdown)
    button(other, "Stop").click().run()
    (entry,) = RunStore(runs).list()
    until(lambda: not queue.is_running(entry.run))
    assert "Go on" in labels(app.run())


def test_training_that_fails_says_why_in_its_own_words(runs: Path) -> None:
    app = ask("Lost", epochs=5_000)
    button(app, "Train").click().run()
    run_until(app, lambda a: bool(charts(a)))
    button(app, "Stop").click().run()
    (entry,) = RunStore(runs).list()
    state = entry.run.path / "resume.safetensors"
    state.write_bytes(state.read_bytes()[:100])
    button(app, "Go on").click().run()
    while queue.is_running(entry.run):  # it reads the file first and ends by itself
        app.run()
    app.run()
    assert not app.exception
    assert "resume.safetensors" in app.error[0].value


def test_a_page_without_training_offers_presets_with_what_they_show() -> None:
    app = button(open_page("train.py"), "Digits, collapse").click().run()
    assert_sound(app)
    assert app.selectbox(key="preset").value == "Digits, collapse"
    assert app.selectbox(key="form-reduction").value == "mean/sum"


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_fills_the_form_and_can_be_trained_or_asks_for_its_images(preset: str) -> None:
    app = open_page("train.py")
    choose_preset(app, preset)
    assert_sound(app)
    assert app.selectbox(key="form-dataset").value == PRESETS[preset].data.name
    assert app.number_input(key="form-epochs").value == PRESETS[preset].train.epochs
    if PRESETS[preset].data.name == "digits":
        assert "Train" in labels(app)
    else:
        assert "Training needs the images." in app.info[0].value
        assert "Train" not in labels(app)


def test_the_form_begins_with_mnist_where_it_is_at_hand_and_keeps_what_it_began_with(
    idx_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert open_page("train.py").selectbox(key="form-dataset").value == "digits"
    monkeypatch.setenv("ELBO_ROOM_DATA", str(idx_folder))
    app = open_page("train.py")
    assert app.selectbox(key="form-dataset").value == "mnist"
    assert app.text_input(key="form-latent").value == "2"
    monkeypatch.delenv("ELBO_ROOM_DATA")
    assert app.run().selectbox(key="form-dataset").value == "mnist"


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("epochs", 0, "epochs must be a whole number from 1"),
        ("lr", 2.0, "lr must be a number from"),
        ("latent", "two", "latent must be a whole number"),
        ("latent", "2 x 2", "latent must be D or h w C"),
        ("latent", "3 x 3 x 500", "latent may have at most 4096 dimensions"),
        ("hidden", "0", "hidden must be a whole number"),
        ("limit", "-5", "limit must be a whole number"),
        ("classes", "77", "77"),
        ("name", "?!", "name must be 1 to 60 letters"),
    ],
)
def test_an_invalid_setting_is_one_sentence_below_its_field_and_the_button_waits(
    key: str, value: object, said: str, runs: Path
) -> None:
    app = open_page("train.py")
    boxes = app.number_input if isinstance(value, int | float) else app.text_input
    boxes(key=f"form-{key}").set_value(value).run()
    assert not app.exception
    (error,) = app.error
    assert said in error.value
    assert "\n" not in error.value
    assert button(app, "Train").disabled
    assert not app.toggle(key="sweep-on").value
    order = [getattr(e, "key", None) or type(e).__name__ for e in app.main]
    told = order.index("Error") if key == "classes" else order.index(f"form-{key}") + 1
    assert order[told] == "Error"  # classes are of the data set, which tells beside the button
    assert RunStore(runs).list() == []


def test_a_convolution_that_does_not_fit_the_images_is_refused() -> None:
    app = open_page("train.py")
    app.selectbox(key="form-network").set_value("conv")
    app.text_input(key="form-latent").set_value("9 x 9 x 2").run()
    assert not app.exception
    assert "finer than the image" in app.error[0].value
    assert button(app, "Train").disabled


def test_the_form_keeps_its_settings_while_other_pages_are_looked_at() -> None:
    app = ask("Kept", epochs=7)
    for page in ("kl.py", "train.py"):
        go(app, page)
    assert app.number_input(key="form-epochs").value == 7
    assert app.text_input(key="form-name").value == "Kept"


def test_a_sweep_trains_in_one_job_stops_as_a_whole_and_goes_on(runs: Path) -> None:
    app = ask("Betas", epochs=34)
    app.toggle(key="sweep-on").set_value(True).run()
    app.text_input(key="sweep-values").set_value("0.5, 4").run()
    assert any("epochs 1, 2, 3, 5, 8, 13, 21, 34" in c.value for c in app.caption)
    button(app, "Train 2 runs").click().run()
    run_until(app, lambda a: any(m.value == "## beta 0.5, run 1 of 2" for m in a.markdown))
    button(app, "Stop").click().run()
    made = [entry.run for entry in RunStore(runs).list()]
    assert {run.config.sweep for run in made} == {"Betas"}
    until(lambda: not any(queue.is_running(run) for run in made))
    assert not all(run.is_finished for run in made)
    assert_sound(app)
    button(app, "Go on").click().run()
    run_until(app, lambda a: any("All 2 runs are finished" in s.value for s in a.success))
    low, high = listing.sweeps()["Betas, yours"]
    assert (low.config.train.beta, high.config.train.beta) == (0.5, 4.0)
    assert low.metrics().rate > high.metrics().rate
    assert low.kept_epochs() == high.kept_epochs() == [1, 2, 3, 5, 8, 13, 21, 34]
    assert chosen_label(app) == f"beta 4 · {high.id[-6:]}"
    go(app, "rate_distortion.py")
    assert_sound(app)
    names = {trace.get("name") for trace in charts(app)[0]["data"]}
    assert {"sweep Betas", "chosen model"} <= names


def test_a_sweep_with_a_bad_value_says_so_and_offers_nothing(runs: Path) -> None:
    app = ask("Betas")
    app.toggle(key="sweep-on").set_value(True).run()
    app.text_input(key="sweep-values").set_value("1, many").run()
    assert "beta must be a number" in app.error[0].value
    assert button(app, "Train").disabled
    app.selectbox(key="sweep-setting").set_value("posterior").run()
    assert f"Train {len(POSTERIORS)} runs" in labels(app)
    assert_sound(app)


def test_a_sweep_offers_several_seeds_of_each_value_but_not_of_the_seed(runs: Path) -> None:
    app = ask("Seeds")
    app.toggle(key="sweep-on").set_value(True).run()
    app.text_input(key="sweep-values").set_value("0.5, 4").run()
    app.number_input(key="sweep-seeds").set_value(3).run()
    assert_sound(app)
    assert "Train 6 runs" in labels(app)
    app.selectbox(key="sweep-setting").set_value("seed").run()
    assert_sound(app)
    assert app.number_input(key="sweep-seeds").disabled
    assert "Train 4 runs" in labels(app)

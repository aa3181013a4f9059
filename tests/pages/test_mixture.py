"""One choice of images and draws for every page that measures q(z)."""

from __future__ import annotations

from pages.ui.measure import mixture
from tests.pages.app import MODELS, assert_sound, go, open_page
from vae_core import Run
from vae_core.analysis import elbo_surgery, encode_dataset
from vae_core.data import load_dataset

RUNS = {run.id: run for run in MODELS}


def metrics(app) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def test_aggregate_and_diagnostics_tell_the_same_information() -> None:
    """With the draws and the images that were chosen on either."""
    app = open_page("aggregate.py", RUNS["digits-2d"])
    app.select_slider(key="draws_of_z").set_value(500).run()
    assert_sound(app)
    here = metrics(app)["I(x; z), nats"]
    app.segmented_control(key="mixture_of").set_value(mixture.TRAINING).run()
    assert_sound(app)
    dataset = load_dataset(RUNS["digits-2d"].config.data)
    parts = elbo_surgery(encode_dataset(RUNS["digits-2d"].vae(), dataset.train), 500)
    low, high = parts["mutual_information"], parts["mutual_information_upper"]
    assert metrics(app)["I(x; z), nats"] == f"{low:.2f} to {high:.2f}" != here
    assert f"{len(dataset.train):,} training images" in app.caption[-1].value
    go(app, "diagnostics.py")
    assert_sound(app)
    assert metrics(app)["I(x; z), nats"].startswith(f"{low:.2f} to {high:.2f}")


def test_without_training_images_the_test_images_are_taken(bare_machine: None) -> None:
    app = open_page("aggregate.py", RUNS["mnist-ones-2d"])
    assert_sound(app)
    assert app.segmented_control(key="mixture_of").disabled
    assert "1,135 test images" in app.caption[-1].value


def test_codes_that_were_kept_need_no_images(run_copy: Run) -> None:
    assert run_copy.training_codes() is None
    kept = run_copy.keep_training_codes(load_dataset(run_copy.config.data))
    again = run_copy.training_codes()
    assert again is not None
    assert len(again) == len(kept) == run_copy.data().n_train

"""No dead ends: what is named can be opened where it is named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pages.ui.measure import diagnostics_text
from pages.ui.session.doors import DOORS
from pages.ui.train import open_epoch, progress
from tests.pages.app import MODELS, assert_sound, chosen_label, open_page
from tests.samples import tiny_run
from vae_core import Dataset, Run, RunStore, TrainConfig

BY_ID = {run.id: run for run in MODELS}
VECTOR = BY_ID["digits-2d"]
POINTS = BY_ID["mnist-ae-2d"]


@pytest.mark.parametrize(
    ("page", "run", "offered"),
    [
        ("feature_map.py", VECTOR, "digits-map"),
        ("locality.py", VECTOR, "digits-map"),
        ("kl.py", POINTS, "mnist-2d"),
        ("aggregate.py", POINTS, "mnist-2d"),
    ],
)
def test_a_page_that_cannot_serve_a_model_opens_one_that_it_can(
    page: str, run: Run, offered: str
) -> None:
    app = open_page(page, run)
    assert_sound(app)
    assert len(app.get("page_link")) > 1  # pages for this model, and the next one
    app.button(key=f"open-{offered}-").click().run()
    assert_sound(app)
    assert chosen_label(app) == BY_ID[offered].title
    assert not [b for b in app.button if b.key.startswith("open-")]


def test_a_heading_names_no_model_that_is_open_and_offers_the_others() -> None:
    text = diagnostics_text
    for view, named in text.NAMED.items():
        assert set(named) <= BY_ID.keys()
        said = text.heading(view, is_collapsed=False)
        assert ("the collapsed model" in said) == ("mnist-collapsed" in named)
        assert "mnist-collapsed" not in text.to_try(view, is_collapsed=True)
    for view in (text.UNITS, text.SHELL):
        assert "open the feature map" in text.heading(view, False, run_id="mnist-2d")
        assert "feature map" not in text.heading(view, False, run_id="mnist-map")
    assert "Try this" not in text.heading(text.SHELL, False, run_id="mnist-map")


@pytest.mark.parametrize("run", MODELS, ids=lambda run: run.id)
@pytest.mark.parametrize("view", [diagnostics_text.LABELS, diagnostics_text.SHELL])
def test_a_view_fits_a_model_as_its_codes_say(run: Run, view: str) -> None:
    assert diagnostics_text.fits(run, view) == (
        diagnostics_text.not_for(run, run.codes(), view) is None
    )


@pytest.mark.parametrize("settings", [{}, {"latent_shape": (2, 2, 3)}, {"posterior": "delta"}])
def test_the_end_of_a_training_leads_to_pages_that_can_show_it(
    settings: dict[str, object],
) -> None:
    run = Run(Path("run-abc123"), tiny_run(**settings), "2026-01-01T00:00:00")
    known = {door.url_path for door in DOORS}
    for runs in ((run,), (run, run)):
        doors = [url_path for url_path, *_ in progress.doors_onward(runs)]
        assert set(doors) <= known
        assert len(set(doors)) == len(doors) >= 1
        assert ("kl" in doors or "rate-distortion" in doors) == ("posterior" not in settings)
        assert ("feature-map" in doors) == (len(runs) == 1 and "latent_shape" in settings)


def test_an_interrupted_run_opens_at_its_last_epoch(runs: Path, digits: Dataset) -> None:
    config = replace(tiny_run(), name="Cut short", train=TrainConfig(epochs=5, threads=1))
    run = RunStore(runs).create(config)
    assert open_epoch.last_epoch(run) is None
    training = run.train(digits)
    next(training), next(training)
    training.close()
    assert open_epoch.last_epoch(run) == 2
    app = open_page("train.py")
    for _ in range(2):  # the second time it is there already
        app.button(key=f"last-resume-{run.id}").click().run()
        assert_sound(app)
        assert chosen_label(app).startswith("Cut short epoch 2 · ")
    (opened,) = [e.run for e in RunStore(runs).list() if e.run and e.run.is_finished]
    assert opened.vae().encode(digits.test.batch(slice(0, 4))).mean == pytest.approx(
        run.vae().encode(digits.test.batch(slice(0, 4))).mean
    )
    assert not run.is_finished


def test_a_name_with_its_epoch_is_a_name_that_is_allowed() -> None:
    run = Run(Path("x"), replace(tiny_run(), name="n" * 60), "2026-01-01T00:00:00")
    named = replace(run.config, name=open_epoch.name_of(run, " epoch 2"))
    assert named.name is not None
    assert named.name.endswith(" epoch 2")

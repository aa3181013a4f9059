"""Runs with a mistake on purpose are marked in red wherever they are shown."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from pages.ui.compare import rate_distortion_text as text
from pages.ui.compare.two_models_text import why_not
from pages.ui.library import listing
from pages.ui.session import mistakes
from tests.pages.app import open_page
from tests.samples import tiny_run
from vae_core import Dataset, Run, RunStore, load_dataset
from vae_core.config import MISTAKES

ON_PURPOSE = "with a mistake on purpose"


@pytest.fixture
def wrong(runs: Path, digits: Dataset) -> Run:
    """A finished run with a mistake, among the reader's own."""
    config = tiny_run(latent_shape=(2,))
    run = RunStore(runs).create(replace(config, train=replace(config.train, mistake="mean-kl")))
    list(run.train(digits))
    return run


def test_every_mistake_has_its_words() -> None:
    assert set(mistakes.WORDS) == set(MISTAKES) - {"none"}


def test_the_line_tells_what_the_code_reports_and_what_is_true(wrong: Run) -> None:
    said = mistakes.sentence(wrong)
    assert said.startswith("Trained with a mistake on purpose: its KL is the mean")
    assert "Its code reports " in said
    true = wrong.metrics().negative_elbo
    assert f"negative ELBO {true:.1f} ± " in said


@pytest.mark.parametrize("page", ["overview.py", "kl.py", "rate_distortion.py"])
def test_pages_of_a_model_mark_it_in_red(wrong: Run, page: str) -> None:
    app = open_page(page, run=listing.label_of(wrong))
    assert not app.exception
    (first, *_) = [error.value for error in app.error]
    assert ON_PURPOSE in first


def test_runs_names_it_in_red(wrong: Run) -> None:
    app = open_page("runs.py")
    assert any(ON_PURPOSE in error.value and "(mistake)" in error.value for error in app.error)


def test_beside_it_stands_a_model_of_the_same_images(wrong: Run) -> None:
    config = replace(wrong.config, train=replace(wrong.config.train, mistake="none"))
    right = RunStore(wrong.path.parent).create(config)
    list(right.train(load_dataset(config.data)))
    app = open_page("two_models.py", run=listing.label_of(wrong))
    assert app.selectbox(key="other").value == listing.label_of(right)


def test_a_right_model_is_not_marked() -> None:
    assert not open_page("overview.py").error


def test_it_is_not_ranked(wrong: Run, finished_run: Run) -> None:
    assert "with a mistake on purpose is not ranked" in why_not(wrong, finished_run)
    assert "1 trained with a mistake on purpose: not ranked" in text.left_out(0, Counter(), 1)
    app = open_page("rate_distortion.py", run=listing.label_of(wrong))
    assert any("1 trained with a mistake on purpose: not ranked" in c.value for c in app.caption)

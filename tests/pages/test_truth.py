"""log p(x) itself on the page Bounds."""

from __future__ import annotations

import pandas as pd
import pytest
import torch

from pages.ui.measure import truth
from tests.pages.app import MODELS, assert_sound, charts, numbers, open_page
from vae_core import load_dataset
from vae_core.analysis import inference_gaps, random_images

RUNS = {run.id: run for run in MODELS}
TABLE = pd.DataFrame(
    {
        "log_evidence": [-100.0, -120.0, -110.0],
        "elbo": [-104.0, -124.0, -119.0],
        "approximation_gap": [1.0, 0.5, 0.0],
        "amortisation_gap": [3.0, 3.5, 9.0],
        "n_modes": [1, 2, 1],
    }
)


def test_the_gap_is_told_with_its_parts_and_errors() -> None:
    shown = {label: (value, error) for label, value, error in truth.metrics(TABLE)}
    assert shown["−log p(x), nats per image"] == ("110.00", "± 5.77 over images")
    assert shown["ELBO to log p(x), nats"] == ("5.67", "± 1.67")
    parts = [float(shown[title][0]) for title in truth.TITLES.values()]
    assert sum(parts) == pytest.approx(5.67, abs=0.011)
    whole = truth.metrics(TABLE.drop(columns=["approximation_gap", "amortisation_gap"]))
    assert len(whole) == 2


def test_the_sentence_says_how_far_the_bound_is_and_whose_the_rest_is() -> None:
    bound = torch.tensor([101.0, 122.0, 114.5]).double()  # 1, 2 and 4.5 above
    said = truth.sentence(TABLE, bound, 100)
    assert "With 100 draws the bound is still 2.50 ± 1.04 nats above −log p(x)" in said
    assert "91% ± 7% of that KL is the encoder's" in said
    assert "less than 3.50 nats" in said  # of three images no error of a median is known
    assert "several modes for 1 of 3 images" in said


def test_the_page_shows_the_integral_that_the_library_finds() -> None:
    run = RUNS["digits-2d"]
    app = open_page("bounds.py", run, truth="true", bound_images="50", bound_draws="10")
    app.select_slider(key="bound_images").set_value(50)
    app.select_slider(key="bound_draws").set_value(10)
    app.toggle(key="truth").set_value(True).run()
    assert_sound(app)
    dataset = load_dataset(run.config.data)
    x = dataset.test.take(random_images(len(dataset.test))[:50]).batch(
        slice(0, 50), torch.Generator().manual_seed(0)
    )
    known = -float(inference_gaps(run.vae(), x)["log_evidence"].mean())
    shown = {metric.label: metric.value for metric in app.metric}
    assert shown["−log p(x), nats per image"] == f"{known:.2f}"
    line = next(t for t in charts(app)[0]["data"] if t["name"] == "−log p(x)")
    assert numbers(line["y"])[0] == pytest.approx(known)
    bound = next(t for t in charts(app)[0]["data"] if "upper bound" in t["name"])
    assert min(numbers(bound["y"])) > known - 0.05


def test_many_dimensions_have_no_such_choice() -> None:
    app = open_page("bounds.py", RUNS["digits-map"])
    assert_sound(app)
    assert not app.toggle

"""log p(x) itself on the page Bound and truth, and where the gap to the ELBO comes from."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pandas as pd
import pytest
import torch

from pages.ui.measure import gaps, own_draw, truth
from tests.pages.app import MODELS, assert_sound, charts, numbers, open_page
from vae_core import load_dataset
from vae_core.analysis import has_quadrature, inference_gaps, random_images
from vae_core.figures import gap_histogram

RUNS = {run.id: run for run in MODELS}
TABLE = pd.DataFrame(
    {
        "log_evidence": [-100.0, -120.0, -110.0],
        "elbo": [-104.0, -124.0, -119.0],
        "approximation_gap": [1.0, 0.5, 0.0],
        "amortisation_gap": [3.0, 3.5, 9.0],
        "n_modes": [1, 2, 1],
        "error": [0.3, 0.0, 0.4],
    }
)


def test_the_gap_is_told_with_its_parts_and_errors() -> None:
    shown = {label: (value, error) for label, value, error in truth.metrics(TABLE)}
    assert shown["−log p(x), nats per image"] == ("110.00", "± 5.77 over images")
    assert shown["ELBO to log p(x), nats"] == ("5.67", "± 1.67")
    parts = [float(shown[title][0]) for title in truth.TITLES.values()]
    assert sum(parts) == pytest.approx(5.67, abs=0.011)


def test_the_sentence_says_how_far_the_bound_is_and_whose_the_rest_is() -> None:
    bound = torch.tensor([101.0, 122.0, 114.5]).double()  # 1, 2 and 4.5 above
    said = truth.sentence(TABLE, bound, 100)
    assert "With 100 samples the bound is 2.50 ± 1.04 nats above −log p(x)" in said
    assert "91% ± 7% of that KL is the encoder's" in said
    assert "less than 3.50 nats" in said  # of three images no error of a median is known
    assert "several modes for 1 of 3 images" in said


def test_the_page_shows_the_integral_that_the_library_finds() -> None:
    run = RUNS["digits-2d"]
    app = open_page("bounds.py", run, truth="true", bound_images="50", bound_draws="10")
    app.select_slider(key="bound_images").set_value(50)
    app.select_slider(key="bound_draws").set_value(10)
    app.toggle(key="truth").set_value(True)
    app.toggle(key="own").set_value(True).run()
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
    line_of_gaps = [t["name"] for t in charts(app)[1]["data"]]
    assert line_of_gaps == list(gaps.NAMES.values())
    shown_images = next(e.body for e in app.get("html") if "on the Overview" in e.body)
    assert "true-posterior'" in shown_images  # to the end of the link
    ends = [t["name"] for t in charts(app)[-1]["data"]]
    assert ends[-1] == "log p(x) by quadrature"
    assert any("Quadrature finds" in said.value for said in app.markdown)
    bound = next(t for t in charts(app)[0]["data"] if "upper bound" in t["name"])
    assert min(numbers(bound["y"])) > known - 0.05


def test_a_sampled_truth_has_its_error_and_is_called_a_lower_end() -> None:
    sampled = TABLE.drop(columns=["n_modes"])
    assert truth.negative_evidence(sampled) == pytest.approx((110.0, 0.5 / 3))
    bound = torch.tensor([98.0, 119.0, 110.0]).double()  # 2, 1 and 0 below
    said = truth.sentence(sampled, bound, 10, truth.ANNEALING)
    assert "1.00 ± 0.58 nats below −log p(x)" in said
    assert "annealed" in said
    assert "lower end" in said
    assert "the part that the family misses" in said
    assert "modes" not in said


def test_the_ends_of_a_picture_of_the_models_own_are_told_with_their_errors() -> None:
    apart = pd.DataFrame(
        [[10, -99.0, 0.5, -95.0, 0.5], [100, -98.0, 0.3, -97.5, 0.4]],
        columns=["n_temperatures", "lower", "lower_error", "upper", "upper_error"],
    )
    said = own_draw.sentence(apart, None)
    assert "With 100 steps" in said
    assert "between −98.00 ± 0.30 and −97.50 ± 0.40 nats: 0.50 nats apart" in said
    crossed = own_draw.sentence(apart.assign(lower=-97.2), -97.31)
    assert "have met: they differ by 0.30 nats, with an error of 0.50" in crossed
    assert crossed.endswith("Quadrature finds −97.31.")


def test_no_share_is_told_of_a_gap_of_nothing() -> None:
    nothing = TABLE.assign(elbo=TABLE["log_evidence"], approximation_gap=0.0, amortisation_gap=0.0)
    assert "%" not in truth.sentence(nothing, torch.full((3,), 110.0).double(), 10)


def test_how_the_truth_is_had_is_said_for_every_bundled_model() -> None:
    for run in MODELS:
        vae = run.vae()
        if not vae.family.has_density:
            continue
        how = truth.way(vae)
        assert (how == truth.QUADRATURE) == has_quadrature(vae)
        assert (how == truth.MIXTURE) <= (run.config.model.posterior == "dirichlet")


def test_the_worst_images_come_first_with_gaps_that_add_up() -> None:
    shown = gaps.worst(TABLE, 50)
    order = random_images(50)[:3]
    assert shown["index"].tolist() == [int(order[k]) for k in (2, 0, 1)]
    lines = gaps.card({**TABLE.iloc[0], "index": 7, "whole": 4.0}, "a &amp; b")
    assert lines[1] == "gap 4.00 ± 0.30 nats"
    assert lines[2] == "family 1.00 + encoder 3.00"
    sure = gaps.card({**TABLE.iloc[1], "index": 7, "whole": 4.0}, "x")
    assert sure[:2] == ["<b>x</b>, image 7", "gap 4.00 nats"]


def test_a_link_to_an_image_holds_the_model_and_the_layer_where_there_is_one() -> None:
    linked = dict(parse_qsl(urlsplit(gaps.address("MNIST 2-D · a&b", 12, True)).query))
    assert linked["run"] == "MNIST 2-D · a&b"
    assert linked["image"] == "12"
    assert "true-posterior" in linked["layers"]
    assert "layers" not in gaps.address("x", 1, False)


def test_the_histogram_counts_every_image_once_for_each_gap() -> None:
    figure = gap_histogram(gaps.by_name(TABLE))
    assert [trace.name for trace in figure.data] == list(gaps.NAMES.values())
    encoder, family = figure.data
    assert dict(zip(encoder.x, encoder.y, strict=True))["3 to 10"] == 3
    assert dict(zip(family.x, family.y, strict=True))["below 0.01"] == 1
    assert sum(family.y) == len(TABLE)
    assert figure.layout.xaxis.title.text == "gap, nats per image"
    (whole,) = gap_histogram({"log p(x) − ELBO": np.array([-0.2, 400.0])}).data
    assert list(whole.y) == [1, *[0] * 9, 1]


def test_many_dimensions_take_sampling_and_few_images() -> None:
    app = open_page("bounds.py", RUNS["digits-map"])
    assert_sound(app)
    assert not app.toggle(key="truth").value
    assert "few images" in app.toggle(key="truth").help

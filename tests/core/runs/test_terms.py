"""Terms of every test image: those behind the metrics, kept with the run, absent in old ones."""

from __future__ import annotations

import math

import pytest
import torch

from tests.samples import ROOT, rewrite, tiny_run
from vae_core import Dataset, Run, RunError, RunStore, evaluate
from vae_core.evaluate import ImageTerms, evaluate_images
from vae_core.runs.export import export_run
from vae_core.runs.terms import (
    MAX_ROUNDING,
    TERMS,
    differences,
    in_half,
    mean_terms,
)

SHIPPED = [
    entry.run
    for folder in ("models", "sweeps/mnist-beta")
    for entry in RunStore(ROOT / "assets" / folder).list()
    if entry.run
]
NAMES = ("distortion", "rate")


def mean(values: torch.Tensor) -> float:
    return values.double().mean().item()


@pytest.mark.parametrize("n_samples", [1, 3])
def test_their_means_are_those_of_an_evaluation(
    finished_run: Run, digits: Dataset, n_samples: int
) -> None:
    vae = finished_run.vae()
    terms = evaluate_images(vae, digits.test, n_samples)
    result = evaluate(vae, digits.test, n_samples)
    assert len(terms.distortion) == len(terms.rate) == len(digits.test)
    assert mean(terms.distortion) == pytest.approx(result.distortion, abs=1e-6)
    assert mean(terms.rate) == pytest.approx(result.rate, abs=1e-6)
    assert mean(terms.negative_elbo) == pytest.approx(result.negative_elbo, abs=1e-5)


def test_a_finished_run_keeps_those_of_its_codes_and_metrics(
    finished_run: Run, digits: Dataset
) -> None:
    terms = finished_run.terms()
    assert terms is not None
    anew = evaluate_images(finished_run.vae(), digits.test)
    torch.testing.assert_close(terms.rate.float(), finished_run.codes().rate)
    torch.testing.assert_close(terms.distortion, anew.distortion, atol=0, rtol=1e-6)
    assert differences(terms, finished_run.metrics()) == []


def test_of_a_point_mass_the_rate_is_infinite_and_not_stored(tmp_path, digits: Dataset) -> None:
    run = RunStore(tmp_path).create(tiny_run(posterior="delta"))
    list(run.train(digits))
    terms = run.terms()
    assert terms is not None
    assert mean(terms.distortion) == pytest.approx(run.metrics().distortion, abs=1e-5)
    assert bool((terms.rate == math.inf).all())
    assert export_run(run, digits, tmp_path / "out").terms() is not None


def test_a_run_of_before_opens_without_them(run_copy: Run) -> None:
    (run_copy.path / TERMS).unlink()
    run = RunStore(run_copy.path.parent).load(run_copy.id)
    assert run.is_finished
    assert run.terms() is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"rate": None}, "expected distortion and rate of 96 images"),
        ({"rate": torch.zeros(95)}, r"got distortion \(96,\) F32, rate \(95,\) F32"),
        ({"distortion": torch.zeros(96, dtype=torch.int64)}, r"as F16 or F32; got .* I64"),
        ({"extra": torch.zeros(96)}, "expected distortion and rate of 96 images"),
    ],
)
def test_terms_of_another_shape_are_a_damaged_run(run_copy: Run, changes, said: str) -> None:
    rewrite(run_copy, "terms", **changes)
    with pytest.raises(RunError, match=rf"terms\.safetensors: .*{said}"):
        RunStore(run_copy.path.parent).load(run_copy.id)


@pytest.mark.parametrize("stray", [0.5, math.nan, math.inf])
def test_terms_that_are_not_behind_the_metrics_are_refused(run_copy: Run, stray: float) -> None:
    terms = run_copy.terms()
    assert terms is not None
    rewrite(run_copy, "terms", distortion=terms.distortion.float() + stray)
    with pytest.raises(RunError, match=r"expected the terms behind metrics\.json; their mean dist"):
        run_copy.terms()


def test_half_precision_is_taken_where_the_mean_allows_it() -> None:
    near = torch.rand(1000, generator=torch.Generator().manual_seed(0))
    terms = in_half(ImageTerms(near, 1e5 + near, 1))
    assert terms.distortion.dtype == torch.float16
    assert mean(terms.distortion) == pytest.approx(mean(near), abs=MAX_ROUNDING)
    assert terms.rate.dtype != torch.float16  # beyond the largest number of half precision


def test_the_mean_of_several_models_is_taken_image_by_image() -> None:
    one = ImageTerms(torch.tensor([1.0, 2.0]), torch.tensor([0.0, 4.0]), 1)
    other = ImageTerms(torch.tensor([3.0, 8.0]), torch.tensor([1.0, math.inf]), 1)
    both = mean_terms([one, other])
    assert both.distortion.tolist() == [2.0, 5.0]
    assert both.rate.tolist() == [0.5, math.inf]


@pytest.mark.parametrize("run", SHIPPED, ids=lambda run: run.id)
def test_terms_that_ship_have_the_means_of_the_card(run: Run) -> None:
    terms, metrics = run.terms(), run.metrics()
    assert terms is not None
    for name in NAMES if metrics.has_rate else NAMES[:1]:
        found, known = mean(getattr(terms, name)), getattr(metrics, name)
        assert found == pytest.approx(known, abs=MAX_ROUNDING)
        assert f"{found:.2f}" == f"{known:.2f}"
        assert f"{name} {known:.2f}" in (run.path / "README.md").read_text()


def test_an_export_describes_its_files_where_sigma_is_fixed(tmp_path, digits: Dataset) -> None:
    """sigma is of the config and not stored: rounding it would be of no file."""
    run = RunStore(tmp_path).create(tiny_run(likelihood="gaussian", sigma_value=0.7071))
    list(run.train(digits))
    exported = export_run(run, digits, tmp_path / "out")
    anew = evaluate(exported.vae(), digits.test)
    assert exported.metrics().distortion == anew.distortion

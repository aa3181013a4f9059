"""The command line on scores: bits, channels, codes with terms, draws and bounds."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from tests.samples import tiny_run
from vae_core import RunStore, evaluate
from vae_core.analysis import channel_statistics, summarise_bound
from vae_core.runs.terms import TERMS
from vae_core.settings import command_line

TINY = command_line(tiny_run()).split()[4:]
FIELDS = [
    *("run_id", "dataset", "binarisation", "n_test", "n_samples", "test_distortion", "test_rate"),
    *("test_negative_elbo", "test_bits_per_dimension", "seconds", "images_per_second"),
]


def test_show_says_bits_of_a_density_and_what_they_are(answer, cli, tmp_path, digits):
    run = RunStore(tmp_path).create(tiny_run(likelihood="gaussian", sigma="analytic"))
    list(run.train(digits))
    bits = answer("show", run.path)["metrics"]["test_bits_per_dimension"]
    said = cli("show", run.path)[1]
    assert f"test_bits_per_dimension  {bits:.4f}\n" in said
    assert "Bits of a density are differential" in said
    below = min(run.metrics().distortion, run.metrics().negative_elbo) < 0
    assert ("which may exceed 1" in said) == below


def test_show_says_why_there_are_no_bits(cli, finished_run):
    code, out, err = cli("show", finished_run.path)
    assert (code, err) == (0, "")
    assert "test_bits_per_dimension  none: " in out
    assert "differential" not in out


def test_show_tells_the_channels_of_a_feature_map(answer, cli, tmp_path, digits):
    run = RunStore(tmp_path).create(tiny_run(latent_shape=(2, 2, 3)))
    list(run.train(digits))
    rows, table = answer("show", run.path)["channels"], channel_statistics(run.codes())
    assert [row["channel"] for row in rows] == ["c0", "c1", "c2", "all"]
    assert [row["scale"] for row in rows] == table["scale"].tolist()
    said = cli("show", run.path)[1]
    assert "over test images and cells" in said
    assert f"{table['std'][1]:.4f}" in said


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_export_writes_the_codes_with_the_terms_of_every_image(
    answer, refusal, finished_run, tmp_path, ending
):
    file = tmp_path / f"codes.{ending}"
    values = answer("export", finished_run.path, "--to", file)
    assert values == {"run_id": finished_run.id, "n_images": 96, "file": str(file)}
    table = pd.read_csv(file) if ending == "csv" else pd.read_parquet(file)
    metrics = finished_run.metrics()
    for name in ("distortion", "rate", "negative_elbo"):
        assert table[name].mean() == pytest.approx(getattr(metrics, name), rel=0, abs=1e-9)
    assert "exists already" in refusal("export", finished_run.path, "--to", file)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_export_writes_the_bound_of_every_image_that_evaluate_tells_the_mean_of(
    answer, cli, finished_run, tmp_path, ending
):
    file = tmp_path / f"codes.{ending}"
    asked = ("export", finished_run.path, "--to", file, "--bound", 20, "--widen", 1.2)
    assert cli(*asked)[::2] == (0, "Weighing 20 draws for each of 96 images ...\n")
    table = pd.read_csv(file) if ending == "csv" else pd.read_parquet(file)
    told = json.loads(
        cli("evaluate", finished_run.path, "--importance", 20, "--widen", 1.2, "--json")[1]
    )
    assert table["negative_bound"].mean() == pytest.approx(told["test_negative_bound"], abs=1e-9)
    error = table["negative_bound"].std() / len(table) ** 0.5
    assert error == pytest.approx(told["test_negative_bound_error"])
    assert table["ess"].median() == pytest.approx(told["median_ess"])
    assert set(table["n_importance"]) == {20}
    assert set(table["proposal_scale"]) == {1.2}


def test_a_bound_that_cannot_be_had_is_refused_and_nothing_is_written(
    refusal, finished_run, run_copy, tmp_path, digits
):
    file = tmp_path / "codes.csv"
    for words, said in (
        (("--bound", 0), "n_importance must be from 1 to"),
        (("--bound", 5, "--widen", 0), "widen must be from 0.1 to 10"),
    ):
        assert said in refusal("export", finished_run.path, "--to", file, *words)
    archive = tmp_path / "run.zip"
    assert "a name that ends in .csv or .parquet" in refusal(
        "export", finished_run.path, "--to", archive, "--bound", 5
    )
    points = RunStore(tmp_path / "runs").create(tiny_run(posterior="delta"))
    list(points.train(digits))
    assert "has no density" in refusal("export", points.path, "--to", file, "--bound", 5)
    of_others(run_copy)
    assert "not the images" in refusal("export", run_copy.path, "--to", file, "--bound", 5)
    assert not file.exists()
    assert not archive.exists()


def of_others(run):
    """Make a run one of images that are not here."""
    path = run.path / "data.json"
    path.write_text(path.read_text().replace('"fingerprint": "', '"fingerprint": "0'))


def test_export_of_codes_takes_the_terms_that_were_kept_where_the_images_are_not_here(
    cli, run_copy, tmp_path
):
    of_others(run_copy)
    assert cli("export", run_copy.path, "--to", tmp_path / "codes.csv")[::2] == (0, "")
    table, metrics = pd.read_csv(tmp_path / "codes.csv"), run_copy.metrics()
    for name in ("distortion", "rate", "negative_elbo"):
        assert table[name].mean() == pytest.approx(getattr(metrics, name), rel=1e-6)


def test_export_of_codes_does_without_images_and_terms_and_says_so(cli, run_copy, tmp_path):
    of_others(run_copy)
    (run_copy.path / TERMS).unlink()
    code, _, err = cli("export", run_copy.path, "--to", tmp_path / "codes.csv")
    assert code == 0
    assert err.startswith("Without the images no distortion and negative ELBO: ")
    assert list(pd.read_csv(tmp_path / "codes.csv"))[-1] == "rate"


def test_evaluate_refuses_other_images(refusal, run_copy):
    of_others(run_copy)
    assert "not the images the run was started with" in refusal("evaluate", run_copy.path)


def test_evaluate_averages_over_more_draws(answer, finished_run, digits):
    values = answer("evaluate", finished_run.path, "--samples", 7)
    expected = evaluate(finished_run.vae(), digits.test, 7)
    assert (values["n_samples"], values["test_distortion"]) == (7, expected.distortion)


def test_evaluate_tells_a_bound_with_its_errors_beside_the_same_elbo(
    cli, answer, finished_run, digits
):
    asked = ("evaluate", finished_run.path, "--samples", 3)
    plain = answer(*asked)
    code, out, said = cli(*asked, "--importance", 30, "--widen", 1.4, "--json")
    values = json.loads(out)
    assert (code, said) == (0, "Weighing 30 draws for each of 96 images ...\n")
    found = summarise_bound(finished_run.vae(), digits.test, 30, 1.4, n_samples=3)
    assert plain.pop("test_negative_elbo_error") == pytest.approx(found.elbo_error)
    assert values == plain | {
        "n_importance": 30,
        "widen": 1.4,
        "test_negative_elbo_error": found.elbo_error,
        "test_negative_bound": found.negative_bound,
        "test_negative_bound_error": found.bound_error,
        "elbo_to_bound": found.gap,
        "elbo_to_bound_error": found.gap_error,
        "median_ess": found.ess_median,
        "median_ess_error": found.ess_median_error,
        "n_ess_below_10": found.n_few,
        "n_pareto_k_above_0.7": found.n_heavy,
    }
    difference = values["test_negative_elbo"] - values["test_negative_bound"]
    assert values["elbo_to_bound"] == pytest.approx(difference, abs=1e-4)
    assert "pareto" not in cli(*asked, "--importance", 5)[1]  # too few draws to tell

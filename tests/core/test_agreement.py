"""Page, command line and table tell one value of each quantity."""

from __future__ import annotations

import io
import math
from functools import cache

import pandas as pd
import pytest

from pages.ui.drawing import numbers
from pages.ui.drawing.numbers import fixed
from pages.ui.measure import aggregate, bounds, diagnostics_text, kl, lamps
from pages.ui.session.summary import line
from tests.pages.app import MODELS
from vae_core.analysis import (
    Estimate,
    Holes,
    LabelGap,
    RateParts,
    class_surgery,
    codes_table,
    collapse,
    csv_bytes,
    holes,
    image_bounds,
    label_gap,
    rate_parts,
    rate_table,
)
from vae_core.comparison import score_error
from vae_core.data import load_dataset

RUNS = {run.id: run for run in MODELS}
DRAWS = 200
SIX = ["digits-2d", "digits-map", "mnist-2d", "mnist-full-2d", "mnist-dirichlet-3", "mnist-ones-2d"]
six_models = pytest.mark.parametrize("name", SIX)


_measured: dict[str, dict] = {}


def measured(answer, name: str) -> dict:
    """What the command line prints of a model, asked once."""
    if name not in _measured:
        root = RUNS[name].path.parent
        _measured[name] = answer("measure", name, "--runs", root, "--draws", DRAWS)
    return _measured[name]


@cache
def parts_of(name: str) -> RateParts:
    return rate_parts(RUNS[name].codes(), DRAWS)


def csv_of(run, bound=None) -> pd.DataFrame:
    """The table of codes as it comes out of its file."""
    return pd.read_csv(io.BytesIO(csv_bytes(codes_table(run.codes(), run.terms(), bound))))


@six_models
def test_the_parts_of_the_rate_agree(answer, name: str) -> None:
    """Mean KL and its error, both ends of four brackets, the active units: 1 to 6."""
    run = RUNS[name]
    codes, vae = run.codes(), run.vae()
    printed, parts, found = measured(answer, name), parts_of(name), collapse(vae, codes, 2)
    on_aggregate = {label: (value, error) for label, value, error in aggregate.metrics(parts)}
    on_diagnostics = diagnostics_text.collapse_numbers(found, parts)
    on_kl, table = kl.numbers(codes, rate_table(codes)), csv_of(run)

    mean = Estimate(printed["mean_kl"], printed["mean_kl_error"])
    assert on_aggregate["Mean KL, nats per image"] == (
        fixed(mean.value),
        f"{numbers.error(mean)} over images",
    )
    assert on_diagnostics["Mean KL, nats per image"] == numbers.estimate(mean)
    assert on_kl["Rate: mean KL, nats per image"] == numbers.estimate(mean)
    if found.verdict != "collapsed":
        assert numbers.estimate(mean) in lamps.collapse_lamp(found).evidence
    assert table["rate"].mean() == pytest.approx(mean.value, abs=0.01)
    assert table["rate"].std() / math.sqrt(len(table)) == pytest.approx(
        mean.standard_error, rel=0.01
    )
    assert run.metrics().rate == pytest.approx(mean.value, abs=0.01)

    labels = {"mutual_information": "I(x; z)", "marginal_kl": "KL(q(z) ‖ p)"}
    if codes.family.is_additive:
        labels |= {"total_correlation": "Total correlation", "dimension_kl": "Dimension-wise KL"}
    for key, label in labels.items():
        low, high = (fixed(printed[f"{key}_{end}"]) for end in ("low", "high"))
        shown = low if low == high else f"{low} to {high}"
        assert on_aggregate[f"{label}, nats"][0] == shown
        for end in ("low", "high"):
            error = Estimate(0.0, printed[f"{key}_{end}_error"])
            assert numbers.error(error).strip() in on_aggregate[f"{label}, nats"][1]
    assert on_diagnostics["I(x; z), nats"].startswith(on_aggregate["I(x; z), nats"][0])

    active = f"{printed['active_units']} of {printed['latent_dimensions']}"
    assert on_kl["Active dimensions"] == active
    means = table[[column for column in table if column.startswith("mean_")]]
    prior = codes.prior().variance.flatten().numpy()
    moving = (means.var(ddof=0).to_numpy() / prior > 0.01).sum()
    assert f"{moving} of {means.shape[1]}" == active


@six_models
def test_the_scores_and_their_error_agree(answer, name: str) -> None:
    """Distortion, rate, negative ELBO and its standard error: 7 to 10."""
    run = RUNS[name]
    printed, table = answer("show", run.path)["metrics"], csv_of(run)
    for column in ("distortion", "rate", "negative_elbo"):
        assert table[column].mean() == pytest.approx(printed[f"test_{column}"], abs=0.01)
    error = printed["test_negative_elbo_error"]
    assert table["negative_elbo"].std() / math.sqrt(len(table)) == pytest.approx(error)
    metrics, shape = run.metrics(), run.data().image_shape
    said = line(run.config, shape, metrics, "", score_error(run))
    assert f"negative ELBO {printed['test_negative_elbo']:.1f} = " in said
    assert f"nats per image ± {error:.1f}" in said
    assert len(table) == printed["n_test"]


@six_models
def test_holes_classes_and_label_gap_agree(answer, name: str) -> None:
    """Of the command line and the page; they are no columns of a table: 11 to 13."""
    run = RUNS[name]
    whole, printed = run.codes(), measured(answer, name)
    found: Holes = holes(whole, DRAWS)
    share = Estimate(printed["prior_holes_at_most"], printed["prior_holes_at_most_error"])
    assert numbers.percent(found.prior) == numbers.percent(share)
    if len(whole.labels.unique()) < 2:
        assert "label_gap" not in printed
        return
    surgery = class_surgery(whole, DRAWS, 0, parts_of(name))
    for key in ("mean_class_kl", "label_information"):
        ends = [printed[f"{key}_{end}"] for end in ("low", "high")]
        shown = numbers.bracket(getattr(surgery, key))
        assert all(fixed(end) in shown for end in ends)
    gap: LabelGap = label_gap(whole, DRAWS)
    shown = diagnostics_text.label_numbers(gap)["Label gap"]
    for end in ("low", "high"):
        assert fixed(printed[f"label_gap_{end}"], 3) in shown
        assert numbers.error(Estimate(0.0, printed[f"label_gap_{end}_error"]), 3).strip() in shown


@pytest.mark.parametrize("name", ["digits-2d", "digits-map"])
def test_the_bound_of_page_command_line_and_table_agree(cli, tmp_path, name: str) -> None:
    run, file = RUNS[name], tmp_path / "codes.csv"
    assert cli("export", run.path, "--to", file, "--bound", 10)[0] == 0
    data = load_dataset(run.config.data)
    found = image_bounds(run.vae(), data.test, (10,))
    label, value, error = bounds.numbers(found.summary())[1]
    each = pd.read_csv(file)["negative_bound"]
    assert label == "Bound with 10 samples, nats"
    assert value == fixed(each.mean())
    assert error.startswith(f"± {fixed(each.std() / math.sqrt(len(each)))} ")
    pd.testing.assert_series_equal(csv_of(run, found)["negative_bound"], each)

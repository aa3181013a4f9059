"""Page, command line and table tell one value of each quantity."""

from __future__ import annotations

import pytest

from pages.ui.drawing.numbers import fixed
from pages.ui.measure import aggregate, diagnostics_text, kl
from tests.pages.app import MODELS
from vae_core.analysis import codes_table, collapse, rate_parts, rate_table

RUNS = {run.id: run for run in MODELS}
DRAWS = 200


@pytest.mark.parametrize(
    "name",
    ["digits-2d", "digits-map", "mnist-2d", "mnist-full-2d", "mnist-dirichlet-3", "mnist-ones-2d"],
)
def test_pages_command_line_and_table_agree(answer, name: str) -> None:
    """On the mean KL, both ends of four brackets, the active units and the terms of each image."""
    run = RUNS[name]
    codes, vae = run.codes(), run.vae()
    printed = answer("measure", name, "--runs", run.path.parent, "--draws", DRAWS)
    parts = rate_parts(codes, DRAWS)
    on_aggregate = {label: value for label, value, _ in aggregate.metrics(parts)}
    on_diagnostics = diagnostics_text.collapse_numbers(collapse(vae, codes, 2), parts)
    on_kl = kl.numbers(codes, rate_table(codes))

    mean = fixed(printed["mean_kl"])
    assert on_aggregate["Mean KL, nats per image"] == mean
    assert on_diagnostics["Mean KL, nats per image"] == mean
    assert on_kl["Rate: mean KL, nats per image"] == mean
    assert codes_table(codes)["rate"].mean() == pytest.approx(
        printed["mean_kl"], rel=1e-4
    )  # of a Dirichlet, float32 keeps so many digits
    assert run.metrics().rate == pytest.approx(printed["mean_kl"], abs=0.01)

    labels = {"mutual_information": "I(x; z)", "marginal_kl": "KL(q(z) ‖ p)"}
    if codes.family.is_additive:
        labels |= {"total_correlation": "Total correlation", "dimension_kl": "Dimension-wise KL"}
    for key, label in labels.items():
        low, high = (fixed(printed[f"{key}_{end}"]) for end in ("low", "high"))
        shown = low if low == high else f"{low} to {high}"
        assert on_aggregate[f"{label}, nats"] == shown
    assert on_diagnostics["I(x; z), nats"].startswith(on_aggregate["I(x; z), nats"])
    active = f"{printed['active_units']} of {printed['latent_dimensions']}"
    assert on_kl["Active: Var μ > 0.01 of the prior's"] == active

    terms, metrics = run.terms(), run.metrics()
    assert terms is not None
    table = codes_table(codes, terms)
    for column in ("distortion", "rate", "negative_elbo"):
        assert table[column].mean() == pytest.approx(getattr(metrics, column), abs=0.01)

"""Diagnostics, Collapse law: what is done against collapse, side by side, on models that ship."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from pages.ui.drawing import numbers
from pages.ui.library import listing
from vae_core import Run
from vae_core.analysis.diagnosis.collapse_law import NO_KL
from vae_core.analysis.estimates import Estimate, mean_estimate, paired_difference

DIFFERENCE = "difference from plain training"
USED = f"dimensions with KL ≥ {NO_KL}"


def show() -> None:
    """The table; nothing where its models are not here."""
    runs = listing.remedies()
    if not runs:
        return
    st.markdown("### Do remedies bring dimensions back?")
    st.dataframe(table(runs), hide_index=True)
    model = runs[0].config.model
    st.caption(
        f"MLP with {model.latent_shape[0]} latent dimensions and σ = {model.sigma_value:g} on the "
        "small digits, test images; the models differ in how they are trained alone, one seed "
        "each. Warm-up: β rises from 0 over half of the epochs. Free bits: no dimension gains by "
        "less than 0.1 nats. Encoder steps: five updates of the encoder for each of the decoder. "
        "±: one standard error over images, of the difference over the same images; another seed "
        "may differ by more."
    )


def table(runs: Sequence[Run]) -> pd.DataFrame:
    """A row for each way of training, the plain one first."""
    return pd.DataFrame([_row(run, runs[0]) for run in runs])


def _row(run: Run, plain: Run) -> dict[str, object]:
    own, other = run.terms(), plain.terms()
    assert own is not None, "they ship"
    assert other is not None, "they ship"
    kl = run.codes().kl.double().flatten(1).mean(0)
    difference = (
        Estimate(0.0, 0.0)
        if run is plain
        else paired_difference(other.negative_elbo, own.negative_elbo)
    )
    return {
        "trained with": run.config.name,
        USED: int((kl >= NO_KL).sum()),
        "KL, nats per image": numbers.estimate(mean_estimate(own.rate)),
        "negative ELBO, nats per image": numbers.estimate(mean_estimate(own.negative_elbo)),
        DIFFERENCE: numbers.estimate(difference),
    }

"""The two gaps of other models of the same images, beside those of the chosen one."""

from __future__ import annotations

import pandas as pd
import streamlit as st
import torch

from pages.ui.drawing import charts
from pages.ui.drawing.numbers import estimate
from pages.ui.library import cached, listing
from pages.ui.measure import truth
from vae_core import Dataset, Run
from vae_core.analysis import has_quadrature
from vae_core.analysis.estimates import mean_estimate, paired_difference
from vae_core.comparison import comparable
from vae_core.figures.gap_split import PARTS, gap_split

MAX_MODELS = 8
ABOUT = (
    "log p(x) by quadrature for every model with one or two free latent dimensions that is scored "
    "on the same pixels. ± is one standard error over images. Models differ in their decoders as "
    "well: the differences of −log p(x) are of the same images, and of one training run each."
)


def peers(run: Run) -> dict[str, Run]:
    """The chosen run, then others whose log p(x) of the same images can be had by quadrature."""
    runs = listing.openable()
    (own,) = (label for label, other in runs.items() if other.path == run.path)
    alike = [
        label
        for label, other in runs.items()
        if label != own and comparable(run, other) and has_quadrature(cached.vae(other))
    ]
    return {label: runs[label] for label in [own, *alike[: MAX_MODELS - 1]]}


def means(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Means of the gaps of each model and their errors: see `gap_split`."""
    rows = []
    for model, table in tables.items():
        row: dict[str, object] = {"model": model}
        for name in PARTS:
            found = mean_estimate(torch.tensor(table[name].to_numpy()))
            row |= {name: found.value, f"{name}_error": found.standard_error}
        rows.append(row)
    return pd.DataFrame(rows)


def in_words(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The same as text, with -log p(x) and how far it is from that of the first model."""
    first = next(iter(tables.values()))
    rows = []
    for model, table in tables.items():
        nll, other = (-torch.tensor(each["log_evidence"].to_numpy()) for each in (table, first))
        whole = torch.tensor((table["log_evidence"] - table["elbo"]).to_numpy())
        rows.append(
            {
                "model": model,
                "−log p(x)": estimate(mean_estimate(nll)),
                "less the first model's": ""
                if table is first
                else estimate(paired_difference(other, nll)),
                "ELBO to log p(x)": estimate(mean_estimate(whole)),
                **{
                    title: estimate(mean_estimate(torch.tensor(table[name].to_numpy())))
                    for name, title in truth.TITLES.items()
                },
            }
        )
    return pd.DataFrame(rows)


def show(run: Run, data: Dataset, count: int) -> None:
    """A toggle; then bars and a table of all models, measured on the same images."""
    st.markdown("## The same for other models of these images")
    if not st.toggle("Compare models", key="model_gaps", bind="query-params"):
        return
    found = peers(run)
    if len(found) == 1:
        st.caption("There is no other model of these pixels with one or two latent dimensions.")
        return
    tables = {label: truth.measure(other, data, count) for label, other in found.items()}
    charts.draw("model-gaps", gap_split, means(tables))
    st.dataframe(in_words(tables), hide_index=True)
    st.caption(ABOUT)

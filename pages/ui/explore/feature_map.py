"""Statistics of a feature map's channels, as a table."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from pages.ui.library import cached
from vae_core import Codes, Run
from vae_core.analysis import channel_statistics
from vae_core.analysis.rate.channel_statistics import ALL
from vae_core.vae import VAE

DIGITS = "%.4f"
COLUMNS = {
    "mean": st.column_config.NumberColumn("mean of z", format=DIGITS),
    "std": st.column_config.NumberColumn("standard deviation of z", format=DIGITS),
    "scale": st.column_config.NumberColumn("scale factor of z, 1 / std", format=DIGITS),
    "mu_std": st.column_config.NumberColumn("standard deviation of μ", format=DIGITS),
    "mu_scale": st.column_config.NumberColumn("scale factor of μ, 1 / std", format=DIGITS),
}
USE = (
    "A model that is trained on the codes, such as a diffusion model, takes them multiplied by a "
    "scale factor, so that their standard deviation is 1, as that of its noise. Latent diffusion "
    "has one factor for all channels (Rombach et al. 2022): 0.18215 in Stable Diffusion."
)


def headline(vae: VAE) -> str:
    """What the cells hold in this model, and what to try."""
    h, w, channels = vae.latent_shape
    if vae.family.has_entries:
        count = vae.config.prior_components
        return (
            f"## Each of {h} × {w} cells is one of {count} codebook entries, of {channels} numbers "
            "each. **Try this:** pick a cell and swap its entry, and see which pixels change."
        )
    parts = "its own mean and variance" if vae.family.has_rate else "its own value"
    if not vae.family.is_additive:
        parts = "its share of its cell, whose dimensions add up to 1"
    return (
        f"## The latent is an array of {channels} × {h} × {w} dimensions, each with {parts}. "
        "**Try this:** move one cell, and see which pixels change."
    )


@cached.per_run(max_entries=32)
def _channels(run: Run) -> pd.DataFrame:
    return channel_statistics(cached.codes(run))


def show_channels(run: Run) -> None:
    """The table, what the factors are for, and what the numbers are of."""
    codes = cached.codes(run)
    st.markdown(USE)
    st.dataframe(shown(_channels(run), codes), hide_index=True, column_config=COLUMNS)
    st.caption(conditions(codes))


def shown(table: pd.DataFrame, codes: Codes) -> pd.DataFrame:
    """The table without factors that are infinite; of points, z is μ."""
    finite = table.replace(math.inf, math.nan).replace({"channel": {ALL: "all together"}})
    finite["mean"] = finite["mean"].round(4) + 0.0  # no -0.0000
    return finite if codes.family.has_density else finite.drop(columns=["mu_std", "mu_scale"])


def conditions(codes: Codes) -> str:
    """What the numbers are of."""
    h, w, _ = codes.latent_shape
    said = f"Over {len(codes):,} test images and {h} × {w} cells, in units of z."
    if not codes.family.has_density:
        what = "an entry of the codebook" if codes.family.has_entries else "a point"
        return f"{said} Every code is {what}."
    return (
        f"{said} z: samples of q(z), whose variance is the mean of σ² plus the variance of μ, so "
        "nothing was drawn. μ: means of q(z|x) alone, which hardly vary in a channel that is not "
        "used."
    )

"""How many outputs the encoder's head has, as a table: KL page."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from pages.ui.session import keys
from vae_core import Run
from vae_core.analysis import head_sizes
from vae_core.analysis.rate.head_sizes import DIAGONAL, FULL, FULL_CELL
from vae_core.config import POSTERIORS, shape_in_words

KEY = "head-sizes"  # by which a lesson hides it until a step shows it
NOTE = (
    "A diagonal Gaussian takes a mean and a variance for each of d dimensions: 2 d outputs. A full "
    "covariance takes d means and d (d + 1) / 2 entries of a triangular matrix: d (d + 3) / 2. "
    "“Full at each cell” has one covariance of the channels at each cell of a feature map, as "
    "*full* has in this app."
)


def show(run: Run) -> None:
    """An expander with the table, which is arithmetic; in a lesson, where it is part of it."""
    lesson = keys.LESSON_READ.get()
    if keys.LESSON_PLACE.get() and lesson and KEY not in lesson.hide:
        return
    with st.expander("How many numbers the encoder gives for one image"):
        st.markdown(f"{own(run)} {NOTE}")
        st.dataframe(
            table(run), hide_index=True, width="content",
            column_config={
                name: st.column_config.NumberColumn(format="localized")
                for name in (DIAGONAL, FULL_CELL, FULL)
            },
        )  # fmt: skip


def table(run: Run) -> pd.DataFrame:
    """The counts for this model's latent, and for vectors of some lengths."""
    found = head_sizes(run.config.model.latent_shape)
    shown = found.drop(columns="latent")
    latents = [shape_in_words(shape) for shape in found["latent"]]
    latents[0] += ", as here"
    if len(run.config.model.latent_shape) == 1:  # the same for all
        shown = shown.drop(columns=FULL_CELL)
    shown.insert(0, "latent", latents)
    return shown


def own(run: Run) -> str:
    """What this model's encoder gives."""
    *sites, channels = shape = run.config.model.latent_shape
    family = POSTERIORS[run.config.model.posterior]
    n = math.prod(sites) * family.n_params(channels)
    return f"This model's {family.title} takes {n:,} for a latent of {shape_in_words(shape)}."

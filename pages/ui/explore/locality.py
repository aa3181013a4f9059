"""Sensitivity, effect and correlation of a feature map's cells, for the chosen run."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray
from torch import Tensor

from pages.ui.library import cached, images
from vae_core import Run
from vae_core.analysis import cell_correlation, decode_mean, decoder_difference, encoder_sensitivity
from vae_core.analysis.space.receptive_fields import Field
from vae_core.vae import VAE

N_IMAGES = 16
MAX_NUMBERS = 256  # of a map whose cells are all shown at once

Cell = tuple[int, int]
NO_PAIRS = "There are no two cells with an active channel in common, and so no correlation."


def inputs(run: Run) -> tuple[Tensor, str]:
    """Images to look at the encoder with, and what they are."""
    data = images.images_of(run)
    codes = cached.codes(run)
    n = min(N_IMAGES, len(codes))
    if data is not None:
        return data.test.batch(slice(0, n)), f"the first {n} test images"
    some = codes.first(n)
    means = decode_mean(cached.vae(run).given(some.labels), some.mean)
    return means, f"reconstructions of the first {n} test images"


def sees(run: Run, cells: list[Cell]) -> NDArray[np.float32]:
    """|d mu / d x| of these cells, (k, H, W)."""
    return _sees(run, inputs(run)[0], cells)


@cached.per_run("Differentiating by every pixel …", max_entries=256)
def _sees(run: Run, x: Tensor, cells: list[Cell]) -> NDArray[np.float32]:
    found: NDArray[np.float32] = encoder_sensitivity(_given(run), x, cells).numpy()
    return found


def _given(run: Run) -> VAE:
    """The model, with the labels of these images if it takes any."""
    return cached.vae(run).given(cached.codes(run).first(N_IMAGES).labels)


@cached.per_run("Changing every dimension …", max_entries=256)
def paints(run: Run, cells: list[Cell]) -> NDArray[np.float32]:
    """Change of the decoded picture by these cells, (k, H, W)."""
    z = cached.codes(run).mean[:N_IMAGES]
    found: NDArray[np.float32] = decoder_difference(_given(run), z, cells).numpy()
    return found


@cached.per_run("Comparing cells over all images …", max_entries=32)
def correlation(run: Run) -> pd.DataFrame:
    """Correlation between cells, by their distance."""
    return cell_correlation(cached.codes(run))


def padding_note(field: Field, sides: tuple[int, int]) -> str:
    """What else is in a cell's window: beyond the image there is padding."""
    if sides == field.size:
        return "its whole window"
    return f"of a window of {field.size[0]} × {field.size[1]}: the rest is padding"


def of_all(run: Run, of: Callable[[Run, list[Cell]], NDArray[np.float32]]) -> NDArray[np.float32]:
    """What `sees` or `paints` finds of every cell, (h, w, H, W)."""
    h, w, _ = cached.codes(run).latent_shape
    found = of(run, list(itertools.product(range(h), range(w))))
    return found.reshape(h, w, *found.shape[1:])


def pick(run: Run) -> Cell:
    """The chosen cell, in the address."""
    h, w, _ = cached.codes(run).latent_shape
    place = []
    for name, count in (("Row", h), ("Column", w)):
        key = name.lower()
        options = list(range(count))
        if st.session_state.get(key) not in (None, *options):  # of another model
            del st.session_state[key]
        chosen = st.segmented_control(
            name, options, default=count // 2, key=key, bind="query-params", required=True,
            persist_state="session",  # while another view is shown, which has no such choice
        )  # fmt: skip
        place.append(chosen)
    row, column = place
    return row, column

"""The true posteriors of all measured images together, beside q(z) and the prior."""

from __future__ import annotations

import numpy as np
import streamlit as st
import torch
from torch import Tensor

from pages.ui.drawing import charts
from pages.ui.library import cached
from pages.ui.library.background import run_in_background
from vae_core import Dataset, Run
from vae_core.analysis import random_images
from vae_core.analysis.evidence.posterior_mass import (
    PosteriorMass,
    has_posterior_mass,
    posterior_mass,
)
from vae_core.figures.posterior_mass import posterior_maps

REACH, CELLS = 4.0, 40  # half the side of the plane, and cells along it
AT_ONCE = 50  # images between two looks at whether a control has changed
ABOUT = (
    "Left: the mean of p(z | x) over these {count:,} images; middle: the mean of the encoder's "
    "q(z | x) over the same, a sample of the aggregate posterior q(z); right: the prior. Were the "
    "images samples of the model, the left map would tend to the right one as images are added. "
    "Where left and middle differ, the encoder puts images elsewhere than the decoder would: the "
    "amortisation gap on the plane."
)


@cached.per_run(max_entries=64)
def _part(run: Run, data: Dataset, start: int, stop: int) -> PosteriorMass:
    """Of the images from `start` to `stop`, as `truth.measure` takes them."""
    images = data.test.take(random_images(len(data.test))[start:stop])
    x = images.batch(slice(0, len(images)), torch.Generator().manual_seed(start))
    return run_in_background(posterior_mass, cached.vae(run), x, edges())


def edges() -> Tensor:
    """Of the cells along both dimensions."""
    return torch.linspace(-REACH, REACH, CELLS + 1, dtype=torch.float64)


def measure(run: Run, data: Dataset, count: int) -> PosteriorMass:
    """Means over the first `count` images, a few at a time."""
    starts = range(0, count, AT_ONCE)
    bar = st.progress(0.0)
    parts = []
    for start in starts:
        stop = min(start + AT_ONCE, count)
        bar.progress(start / count, f"p(z | x) of images {start + 1} to {stop} of {count} …")
        parts.append((stop - start, _part(run, data, start, stop)))
    bar.empty()
    truth, encoder = (
        torch.stack([n * part[k] for n, part in parts]).sum(0) / count for k in (0, 1)
    )
    return PosteriorMass(truth, encoder, parts[0][1].prior)


def show(run: Run, data: Dataset, count: int) -> None:
    """A toggle, then three maps of one plane; nothing for a model without such a plane."""
    vae = cached.vae(run)
    if not has_posterior_mass(vae) or vae.is_conditional:  # p(x|y): a mixture over y is another
        return
    st.markdown("## All of them on one plane")
    if not st.toggle("Show p(z | x) of all images", key="together", bind="query-params"):
        return
    found = measure(run, data, count)
    cell = (2.0 * REACH / CELLS) ** 2
    titles = ("mean of p(z | x)", "mean of q(z | x)", "prior p(z)")
    maps = {title: mass.numpy() / cell for title, mass in zip(titles, found, strict=True)}
    middles = np.asarray(0.5 * (edges()[1:] + edges()[:-1]))
    charts.draw("posterior-maps", posterior_maps, maps, middles, ("z0", "z1"))
    beyond = 1.0 - float(found.truth.sum())
    far = f" {beyond:.1%} of the left map lies beyond this plane." if beyond >= 0.001 else ""
    st.caption(ABOUT.format(count=count) + far)

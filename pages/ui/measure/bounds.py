"""Bounds on log p(x) for the chosen run, computed once for each setting."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st
import torch

from pages.ui.drawing.numbers import fixed
from pages.ui.library import cached
from pages.ui.library.background import run_in_background
from vae_core import Dataset, Run
from vae_core.analysis import (
    BoundSummary,
    ImageBounds,
    codes_table,
    csv_bytes,
    image_bounds,
    parquet_bytes,
    random_images,
)
from vae_core.analysis.estimates import share_estimate
from vae_core.analysis.evidence.bounds import FEW
from vae_core.analysis.evidence.pareto import HEAVY
from vae_core.config import LIKELIHOODS, PRIORS
from vae_core.likelihoods.bits import why_negative

HEADING = (
    "## The negative ELBO lies above −log p(x). Importance-weighted samples give a tighter "
    "bound; the more, the tighter. **Try this:** raise the samples, then show log p(x) itself."
)
STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
ELBO_DRAWS = 100  # of z for each image: their noise is small beside that of the images
AT_ONCE = 50  # images between two looks at whether a control has changed


@cached.per_run(max_entries=512)
def _part(
    run: Run, data: Dataset, start: int, stop: int, steps: tuple[int, ...], widen: float
) -> ImageBounds:
    """Of the images from `start` to `stop` of the test split in random order."""
    images = data.test.take(random_images(len(data.test))[start:stop])
    return run_in_background(image_bounds, cached.vae(run), images, steps, widen, start, ELBO_DRAWS)


def measure(run: Run, data: Dataset, count: int, most: int, widen: float) -> ImageBounds:
    """Bounds with every step up to `most` draws, on a random sample of `count` test images.

    A few images at a time: changing a control meanwhile stops the work after them.
    """
    steps = tuple(k for k in STEPS if k <= most)
    parts = []
    bar = st.progress(0.0)
    for start in range(0, count, AT_ONCE):
        stop = min(start + AT_ONCE, count)
        bar.progress(stop / count, f"{most} samples for each of images {start + 1} to {stop} …")
        parts.append(_part(run, data, start, stop, steps, widen))
    bar.empty()
    return ImageBounds.joined(parts)


def with_error(value: float, error: float) -> str:
    """A mean and its standard error."""
    return f"{fixed(value)} ± {fixed(error)}"


def numbers(found: BoundSummary) -> list[tuple[str, str, str]]:
    """The metrics beside the curve: label, value, and its error or what it is of."""
    most, n = found.n_importance, found.n_images
    over_images = "± {} over images"
    shown = [
        (
            "Negative ELBO, nats per image",
            fixed(found.negative_elbo),
            over_images.format(fixed(found.elbo_error)),
        ),
        (
            f"Bound with {most:,} samples, nats",
            fixed(found.negative_bound),
            over_images.format(fixed(found.bound_error)),
        ),
        (
            "ELBO to the bound, nats",
            fixed(found.gap),
            f"± {fixed(found.gap_error)}, same images",
        ),
        (
            f"Effective sample size, of {most:,}",
            f"{found.ess_median:.1f}",
            f"{_median(found)}; below {FEW}: {found.n_few:,} of {n:,}"
            if most > FEW
            else _median(found),
        ),
    ]
    if found.n_heavy is not None:
        heavy = share_estimate(torch.arange(n) < found.n_heavy)
        shown.append(
            (
                f"Pareto k above {HEAVY:g}",
                f"{heavy.value:.0%}",
                f"± {heavy.standard_error:.0%}: {found.n_heavy:,} of {n:,} images",
            )
        )
    no_bound = over_images.format(fixed(found.at_mean_error))
    return [*shown, ("At z = mean: no bound, nats", fixed(found.at_mean), no_bound)]


def _median(found: BoundSummary) -> str:
    """What stands below the median effective sample size."""
    error = found.ess_median_error
    return "median" if math.isnan(error) else f"± {error:.1f}, median"


def verdict(found: BoundSummary, widen: float) -> str:
    """How far the bound is from the ELBO, and whether that is more than chance."""
    most, gap = f"the bound with {found.n_importance:,} samples", abs(found.gap)
    far = with_error(gap, found.gap_error)
    if found.n_importance == 1 and widen == 1.0:
        return "With one sample the bound is the negative ELBO."
    if math.isnan(found.gap_error):
        return f"On this one image, the negative ELBO less {most} is {fixed(found.gap)} nats."
    if gap <= 2.0 * found.gap_error or fixed(gap) == fixed(0.0):
        return (
            f"On the same images, the negative ELBO and {most} are {far} nats apart: equal within "
            "2 standard errors."
        )
    if found.gap > 0.0:
        return f"On the same images, {most} lies {far} nats below the negative ELBO."
    return (
        f"On the same images, {most} lies {far} nats **above** the negative ELBO: for this "
        "proposal, so many samples are too few."
    )


def formula(widen: float) -> str:
    """The bound in LaTeX. Only the encoder's own q as proposal keeps it above the ELBO."""
    mean = r"\mathbb E\,\log\frac1k\sum_{i=1}^k \frac{p(x\mid z_i)\,p(z_i)}{r(z_i)}"
    if widen == 1.0:
        return (
            rf"\log p(x)\;\ge\;{mean}\;\ge\;\mathrm{{ELBO}}(x),"
            r"\qquad\allowbreak {z_i\sim r(z)=q(z\mid x)}"
        )
    scaled = rf"r(z)=q(z\mid x)\text{{ with }}\sigma\times{widen:g}"
    return rf"\log p(x)\;\ge\;{mean},\qquad\allowbreak {{z_i\sim {scaled}}}"


def gaps(table: pd.DataFrame) -> pd.DataFrame:
    """The table as text: every bound, and how far it is below the ELBO and the one before."""
    columns = {
        "bound, nats per image": ("negative_bound", "standard_error"),
        "ELBO to the bound, nats": ("gap", "gap_error"),
        "previous k to this k, nats": ("gain", "gain_error"),
    }
    shown: dict[str, list[Any]] = {"samples k": table["n_importance"].tolist()}
    for title, (mean, error) in columns.items():
        shown[title] = [
            "" if pd.isna(value) else with_error(value, spread)
            for value, spread in zip(table[mean], table[error], strict=True)
        ]
    return pd.DataFrame(shown)


def codes_with_bounds(run: Run, data: Dataset, found: ImageBounds) -> pd.DataFrame:
    """The codes of all test images with their scores, and the bounds of those measured here."""
    bounded = random_images(len(data.test))[: len(found.ess)]
    return codes_table(cached.codes(run), cached.image_terms(run, data), found, bounded)


def offer_table(run: Run, data: Dataset, found: ImageBounds) -> None:
    """The codes with these bounds to download, made when they are asked for."""

    def make(to_bytes: Callable[[pd.DataFrame], bytes]) -> bytes:
        return to_bytes(codes_with_bounds(run, data, found))

    with st.container(horizontal=True):
        for ending, to_bytes in (("csv", csv_bytes), ("parquet", parquet_bytes)):
            st.download_button(
                f"Codes with these bounds, .{ending}",
                partial(make, to_bytes),
                file_name=f"{run.id}-bounds.{ending}",
                icon=":material/table:",
                on_click="ignore",
                key=f"bounds-{ending}",
            )


TAIL = (
    f"Pareto k is of the tail of an image's weights: above {HEAVY:g} the bound rests on a few "
    "samples, and more of them would raise it. Importance sampling from q misses modes of p(z | x) "
    "that q does not cover: where no sample comes, neither the effective sample size nor Pareto k "
    "tells."
)


def conditions(run: Run, count: int, n_all: int, *nats: float) -> str:
    """What the numbers are of; and why one of them is negative, where one is."""
    of = f"All {count:,}" if count == n_all else f"A random {count:,} (seed 0) of the {n_all:,}"
    prior = PRIORS[run.config.model.prior]
    rate = "its KL in closed form, its reconstruction term"
    if prior.is_learned:
        rate = "its KL and its reconstruction term"
    said = (
        f"{of} test images ({run.pixels} pixels). The negative ELBO is of the encoder's own "
        f"q(z | x), {rate} by {ELBO_DRAWS} samples. ± is one standard "
        "error over images, and of gaps, over differences on the same images."
    )
    if run.config.model.is_conditional:
        said += (
            " All is given the label, of log p(x | y): what the label itself costs is left out, "
            "so that it cannot be ranked with log p(x)."
        )
    if prior.wants_labels:
        said += (
            " All is of p(z), the mixture over the labels, and so of log p(x): the scores of "
            "training are of log p(x | y)."
        )
    likelihood = LIKELIHOODS[run.config.model.likelihood]
    if not likelihood.is_normalised_on(run.config.data.binarisation):
        said += (
            f" On {run.pixels} pixels the Bernoulli is not a normalised density: these numbers "
            "compare models, but are not log-likelihoods of pictures."
        )
    if likelihood.is_unbounded:
        said += (
            " A density may exceed 1: pixels that are always black earn nats without bound as "
            "training goes on."
        )
    return f"{said} {why_negative(*nats)}".rstrip()

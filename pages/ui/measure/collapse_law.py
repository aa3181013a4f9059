"""Diagnostics, Collapse law: the KL of every dimension along a sweep, beside that of the law."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd
import streamlit as st
import torch
from torch import Tensor

from pages.ui.drawing import charts, escaping, numbers
from pages.ui.library import cached, images, listing
from pages.ui.library.background import run_in_background
from pages.ui.measure import diagnostics_text, remedies
from pages.ui.session import problems
from vae_core import Dataset, Run, Split, encode_dataset
from vae_core.analysis import (
    collapse_law,
    collapse_points,
    has_law,
    noise_spectrum,
    swept,
    water_level,
)
from vae_core.analysis.diagnosis.collapse_law import NO_KL
from vae_core.config import LIKELIHOODS
from vae_core.figures import collapse_curves

N_IMAGES = cached.N_SPECTRUM
ALONE = "This model alone"
NO_LAW = (
    "There is no such law for {model}: it is known for diagonal Gaussian posteriors against "
    "N(0, I), trained on reconstruction term + β · KL term. Shown are other models, for which it "
    "is known."
)
SETTINGS = ("beta", "sigma-value")  # that move the level
FIRST = 5  # dimensions whose deviation is told
WHY_IMAGES = "The law is that of the training images."
FORMULA = (
    r"\mathrm{KL}_j=\tfrac12\ln\frac{\lambda_j}{\beta\sigma^2}\ \text{ while }\ "
    r"\lambda_j>\beta\sigma^2,\qquad 0\ \text{ from there on}"
)


def sources(run: Run) -> dict[str, list[Run]]:
    """Sweeps over the level, those of the chosen model's images and pixels first; and it alone."""
    found = {
        name: runs
        for name, runs in (listing.laws() | listing.sweeps()).items()
        if len(runs) > 1
        and swept([one.config for one in runs]) in SETTINGS
        and all(has_law(one.config) for one in runs)
    }

    def after(name: str) -> tuple[bool, bool]:
        """Those whose images are not here come last, the likeliest first."""
        other, model = found[name][0], run.config.model
        is_like = other.config.data.name == run.config.data.name and (
            other.config.model.likelihood == model.likelihood
        )
        return not images.are_on_disk(other), not is_like

    ordered = {name: found[name] for name in sorted(found, key=after)}
    return ordered | ({ALONE: [run]} if has_law(run.config) else {})


def _train(data: Dataset) -> Split:
    return data.train.take(torch.arange(min(len(data.train), N_IMAGES)))


@cached.per_run("Measuring the directions of the images …", max_entries=16)
def spectrum_of(run: Run, data: Dataset) -> Tensor:
    """Eigenvalues of the first training images, in units of the noise of the run's pixels."""
    likelihood = LIKELIHOODS[run.config.model.likelihood]
    return run_in_background(noise_spectrum, _train(data), likelihood)


@cached.per_run("Measuring the dimensions …", max_entries=64)
def law_of(run: Run, data: Dataset, spectrum: Tensor) -> pd.DataFrame:
    """The law beside the KL of a run, both over the first training images."""
    vae, beta = cached.vae(run), run.effective_beta
    assert beta is not None, "see has_law"
    return collapse_law(encode_dataset(vae, _train(data)), spectrum, water_level(vae, beta))


@problems.fragment
def show(run: Run) -> None:
    """The choice of runs, the chart, and what it comes to."""
    if not has_law(run.config):
        st.info(NO_LAW.format(model=escaping.markdown(run.title)), icon=":material/block:")
    found = sources(run)
    chart, side = st.columns([3, 1], gap="large")
    name = side.selectbox(
        "Models", list(found), key="collapse_runs", bind="query-params",
        format_func=escaping.plain,
    )  # fmt: skip
    runs = found[name]
    data = images.images_of(runs[0])
    if data is None:
        with chart:
            images.offer_images_of(runs[0], WHY_IMAGES)
        return
    spectrum = spectrum_of(runs[0], data)
    tables = {one.path: law_of(one, data, spectrum) for one in runs}
    law = pd.concat(tables.values(), ignore_index=True)
    found_points = collapse_points(law)
    holds = pd.Series([point.holds for point in found_points], dtype=object)
    points = pd.DataFrame(found_points).assign(holds=holds)
    here = float(tables[run.path]["level"].iloc[0]) if run.path in tables else None
    with chart:
        charts.draw("collapse-law", collapse_curves, law, points, unit(runs[0]), here)
    with side:
        diagnostics_text.show_numbers(told(law, points))
    with st.container(key="diagnostics-numbers--formula"):
        st.latex(FORMULA)
    with st.container(key="diagnostics-numbers--law"):
        table = law if len(runs) == 1 else points
        st.dataframe(numbers.rounded(named(table), 3), hide_index=True, placeholder="")
    st.caption(conditions(runs, len(data.train)))
    with st.container(key="diagnostics-numbers--remedies"):
        remedies.show()


def unit(run: Run) -> str:
    """Of the level, in words."""
    has_sigma = LIKELIHOODS[run.config.model.likelihood].has_sigma
    return "level βσ², squared grey values" if has_sigma else "level β (pixels in units of noise)"


def told(law: pd.DataFrame, points: pd.DataFrame) -> dict[str, str]:
    """Where all is lost, by the law and as measured; and how far the KLs are from the law."""
    first = points.iloc[0]
    shown = {"All is lost at λ₁, by the law": f"{first['predicted']:.3g}"}
    if len(law["level"].unique()) > 1:
        shown["Measured: between"] = between(first["last"], first["first"])
    worst = deviation(law)
    shown[f"Largest |KL − law|, first {FIRST}"] = numbers.fixed(worst, 2)
    return shown


def deviation(law: pd.DataFrame) -> float:
    """The largest difference of a KL from the law among the first dimensions."""
    some = law[law["rank"] <= FIRST]
    return float((some["kl"] - some["predicted"]).abs().max())


def between(last: float, first: float) -> str:
    if math.isnan(last):
        return f"below {first:.2g}"
    return f"above {last:.2g}" if math.isnan(first) else f"{last:.2g} and {first:.2g}"


def named(table: pd.DataFrame) -> pd.DataFrame:
    """A table by the names that are shown."""
    names = {
        **{"rank": "dimension, by KL", "name": "latent", "eigenvalue": "λ", "predicted": "law: KL"},
        **{"kl": "KL", "standard_error": "± over images"},
        **{"vanishes_at": "extrapolated: vanishes at", "vanishes_at_error": "± of it"},
    }
    if "kl" not in table:
        return table.rename(columns={
            **names, "predicted": "law: collapses at λ", "last": f"last model with KL ≥ {NO_KL}",
            "first": "first without", "holds": "law between them",
        })  # fmt: skip
    return table.drop(columns="level").rename(columns=names)


def conditions(runs: Sequence[Run], n_train: int) -> str:
    """What the numbers are of."""
    first = runs[0].config
    layers = " and ".join(map(str, first.model.hidden or ()))
    net = f"{first.model.network.upper()} with hidden layers of {layers}" if layers else "linear"
    likelihood = LIKELIHOODS[first.model.likelihood]
    which = (
        "λ are the eigenvalues of the pixels' covariance (Lucas et al. 2019)"
        if likelihood.has_sigma
        else "pixels are divided by √(p(1 − p)), p the mean picture, before λ are taken: exact "
        "where a model is about to collapse, an approximation elsewhere"
    )
    exact = (
        "The law is exact for the best linear VAE of Gaussian pixels."
        if not layers and likelihood.has_sigma
        else "The law is that of a linear model; what a network with hidden layers does beyond it "
        "is the finding."
    )
    n = min(n_train, N_IMAGES)
    pixels = runs[0].pixels
    return (
        f"{len(runs)} model{'s' if len(runs) > 1 else ''}, {net}. λ and KL over the first {n:,} "
        f"training images ({pixels} pixels); {which}. {exact} A dimension counts as collapsed "
        f"below {NO_KL} nats. Dimensions are in the order of their KL, so the j-th of one model "
        "need not be the j-th of another. ±: one standard error over images."
    )

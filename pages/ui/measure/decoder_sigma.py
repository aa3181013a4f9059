"""Diagnostics, Decoder sigma: the distortion at any sigma, by the squared errors of a run."""

from __future__ import annotations

import math

import streamlit as st

from pages.ui.drawing import charts
from pages.ui.drawing.numbers import estimate, fixed
from pages.ui.library import cached
from pages.ui.measure import diagnostics_text
from pages.ui.session import keys, problems
from vae_core import Run
from vae_core.analysis import Estimate, SigmaCurve, sigma_curve
from vae_core.analysis.estimates import mean_estimate
from vae_core.figures import distortion_curve

SIGMAS = [float(f"{10 ** (k / 20):.3g}") for k in range(-40, 7)]  # 0.01 to 2
BEST = "best-sigma"  # what a lesson hides while it is looked for
FORMULA = r"-\ln p(x\mid z)=D\ln\sigma+\tfrac D2\ln2\pi+\frac{\mathrm{SSE}}{2\sigma^2}"


@cached.per_run(max_entries=32)
def curve(run: Run) -> SigmaCurve:
    """The curve of a run whose decoder has one sigma; with the test images' terms its errors."""
    sigma, terms = cached.vae(run).likelihood.sigma, run.terms()
    assert sigma is not None  # the page has asked
    error = mean_estimate(terms.distortion).standard_error if terms else math.nan
    n_pixels = math.prod(run.data().image_shape)
    return sigma_curve(n_pixels, sigma, Estimate(run.metrics().distortion, error))


@problems.fragment
def show(run: Run) -> None:
    """The curve, a slider for sigma, and the terms there."""
    found = curve(run)
    chart, side = st.columns([3, 1], gap="large")
    with side:
        chosen = st.select_slider(
            "Decoder sigma", SIGMAS, 1.0, key="decoder_sigma", bind="query-params",
            format_func=lambda sigma: f"{sigma:g}",
        )  # fmt: skip
        diagnostics_text.show_numbers(numbers(found, chosen))
        diagnostics_text.show_numbers(best_numbers(found), key=BEST)
    is_told = BEST not in keys.HIDDEN.get_or(())
    own, best = (found.sigma, found.best.value) if is_told else (None, None)
    with chart:
        charts.draw("sigma-curve", distortion_curve, found.table(SIGMAS), own, best, chosen)
    with st.container(key="formulas"):
        st.latex(FORMULA)


def numbers(found: SigmaCurve, chosen: float) -> dict[str, str]:
    """The term and its parts at the chosen sigma."""
    return {
        "Distortion at this σ, nats": estimate(found.at(chosen), 1),
        "of which D ln σ + D/2 ln 2π": fixed(found.log_part(chosen), 1),
        "of which SSE / (2σ²)": estimate(found.error_part(chosen), 1),
    }


def best_numbers(found: SigmaCurve) -> dict[str, str]:
    """The sigma with the lowest term, and the decoder's own."""
    return {
        "Best σ = √MSE": estimate(found.best, 4),
        "Its own σ": fixed(found.sigma, 4),
    }


def conditions(run: Run) -> str:
    """What the numbers are of."""
    n = run.metrics().n_samples
    draws = "one sample of z" if n == 1 else f"{n} samples of z"
    if not cached.codes(run).family.has_density:
        draws = "z at its point"
    return (
        f"{draws.capitalize()} for each image, encoder and decoder as they are; ± one standard "
        "error over images. SSE: squared errors of an image, summed over its "
        f"{math.prod(run.data().image_shape):,} pixel values. Models that were trained with "
        "another σ would have other errors. Nats are negative where the density is above 1 "
        "(Rybkin et al. 2021)."
    )

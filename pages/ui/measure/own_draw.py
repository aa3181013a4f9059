"""log p(x) of a picture that the model drew itself, held from both sides, on Bound and truth."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st
import torch

from pages.ui.drawing import charts
from pages.ui.drawing.given_label import given
from pages.ui.drawing.numbers import fixed
from pages.ui.library import cached
from pages.ui.library.background import run_in_background
from vae_core import Run
from vae_core.analysis import has_quadrature, log_evidence
from vae_core.analysis.evidence.own_draw import OwnDraw, can_hold, evidence_ends, own_draw
from vae_core.figures import contact_sheet, data_uri
from vae_core.figures.evidence_ends import evidence_ends_curve

MAX_SEED = 999
STYLE = "width:100%;max-width:12rem;image-rendering:pixelated"
ABOUT = (
    "Sample z from the prior, then x from p(x | z): of this picture, z is an exact sample of the "
    "true posterior. Annealed importance sampling forward, from q(z | x) to p(z | x), is a lower "
    "bound on log p(x) in expectation; backwards from that z it is an upper bound. Of a test image "
    "no such z is known: it has the lower end alone (Grosse et al. 2015). ± is one standard error "
    "over 16 chains."
)


@cached.per_run(max_entries=64)
def _measured(run: Run, seed: int) -> tuple[OwnDraw, pd.DataFrame, float | None]:
    """The draw, both ends of its log p(x), and log p(x) itself where quadrature has it."""
    codes = cached.codes(run)
    vae = cached.vae(run).given(codes.labels[seed % len(codes)])
    draw = own_draw(vae, seed)
    ends = run_in_background(evidence_ends, vae, draw, seed)
    known = float(log_evidence(vae, draw.x).value) if has_quadrature(vae) else None
    return draw, ends, known


def show(run: Run) -> None:
    """A toggle; then the picture beside the two ends. Nothing for latents on a simplex."""
    if not can_hold(cached.vae(run)):
        return
    st.markdown(given("## A picture that the model samples itself: log p(x) from both sides", run))
    asked = given("Sample a picture and bound its log p(x)", run)
    if not st.toggle(asked, key="own", bind="query-params"):
        return
    side, chart = st.columns([1, 3], gap="large")
    with side:
        seed = st.number_input("Sample number", 0, MAX_SEED, 0, key="own_seed", bind="query-params")
    with st.spinner("Annealing forward and back …"):
        draw, ends, known = _measured(run, int(seed))
    with side:
        st.html(f"<img alt='the picture' style='{STYLE}' src='{_picture(draw.x)}'>")
    with chart:
        charts.draw("own-draw", evidence_ends_curve, ends, known, given("log p(x)", run))
    st.markdown(given(sentence(ends, known), run))
    st.caption(given(ABOUT, run))


def sentence(ends: pd.DataFrame, known: float | None) -> str:
    """What the slowest annealing leaves open, and whether quadrature agrees."""
    last = ends.iloc[-1]
    low, high = (f"{fixed(last[end])} ± {last[f'{end}_error']:.2f}" for end in ("lower", "upper"))
    said = (
        f"With {int(last['n_temperatures']):,} steps, log p(x) of this picture lies between {low} "
        f"and {high} nats: {fixed(max(last['upper'] - last['lower'], 0.0))} nats apart."
    )
    if last["upper"] < last["lower"]:
        error = math.hypot(last["lower_error"], last["upper_error"])
        said = (
            f"With {int(last['n_temperatures']):,} steps the two ends of log p(x) of this picture, "
            f"{low} from below and {high} from above, have met: they differ by "
            f"{fixed(last['lower'] - last['upper'])} nats, with an error of {error:.2f}."
        )
    if known is not None:
        said += f" Quadrature finds {fixed(known)}."
    return said


def _picture(x: torch.Tensor) -> str:
    return data_uri(contact_sheet(x.numpy(), 1, scale=6))

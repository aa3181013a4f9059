"""Bound and truth: importance-weighted bounds beside log p(x) itself, and what the ELBO misses."""

from __future__ import annotations

import streamlit as st

from pages.ui.drawing import charts
from pages.ui.drawing.given_label import given
from pages.ui.library import cached, images
from pages.ui.measure import bounds, gaps, model_gaps, own_draw, together, truth
from pages.ui.session import chosen, first, links, problems
from vae_core.figures import bound_curve

run = chosen.chosen()
links.need_density(
    run,
    "without a density over z there is no bound on log p(x).",
    "Its posterior has one entry with certainty, so more samples of z are the same z, and tighten "
    "no bound: the ELBO, −distortion − rate, is all that it says of log p(x).",
)
data = images.images_of(run)
if data is None:
    images.offer_images_of(run, "Bounds score the images themselves, so they need the data set.")
    problems.end_page()

st.markdown(given(bounds.HEADING, run))
how = truth.way(cached.vae(run))
by_grid = how == truth.QUADRATURE
chart, side = st.columns([3, 1], gap="large")
with side:
    is_known = st.toggle(
        given("Show log p(x) itself", run), key="truth", bind="query-params",
        help=given(truth.HELP[by_grid], run),
    )  # fmt: skip
    if is_known and not by_grid:
        st.caption(given(truth.HELP[by_grid], run))
        count = st.select_slider(
            "Test images", truth.FEW_COUNTS, 4, key="annealed_images", bind="query-params"
        )
    else:
        count = st.select_slider(
            "Test images", truth.COUNTS, 100, key="bound_images", bind="query-params"
        )
    count = min(count, len(data.test))
    most = st.select_slider(
        "Samples per image, at most", [10, 100, 1000], 100, key="bound_draws", bind="query-params"
    )
    widen = st.slider(
        "Proposal scale: σ times", 0.8, 2.0, 1.0, 0.1, key="widen", bind="query-params"
    )
with chart, st.container(key="bounds-room"):
    found = bounds.measure(run, data, count, most, widen)
    table, summary = found.table(), found.summary()
    missed = truth.measure(run, data, count) if is_known else None
    evidence = None if missed is None else truth.negative_evidence(missed)
    levels = (summary.negative_elbo, summary.at_mean, widen, evidence)
    charts.draw("bounds", bound_curve, table, *levels, of=given("−log p(x)", run))
    first.pause()
    with st.container(key="bounds-numbers--verdict"):
        st.markdown(bounds.verdict(summary, widen))
        if missed is not None:
            bound = found.negative_bounds[-1]
            said = truth.sentence(missed, bound, summary.n_importance, how)
            st.markdown(given(said, run))
    if missed is not None:
        with st.container(key="bounds-numbers--gaps"):
            gaps.show(run, data, missed)
            if by_grid:
                together.show(run, data, count)
                model_gaps.show(run, data, count)
    with st.container(key="bounds-numbers--own"):
        own_draw.show(run)
    with st.container(key="formulas"):
        st.latex(given(bounds.formula(widen), run))
    with st.container(key="bounds-numbers--table"), st.expander("Every number of samples"):
        st.dataframe(bounds.gaps(table), hide_index=True)
        bounds.offer_table(run, data, found)
with side, st.container(key="bounds-numbers"):
    known = [] if missed is None else truth.metrics(missed)
    for label, value, error in [*known, *bounds.numbers(summary)]:
        st.metric(given(label, run), value, error, delta_color="off", delta_arrow="off")

nats = (summary.negative_elbo, summary.negative_bound, summary.at_mean)
with st.container(key="bounds-numbers--notes"):
    if summary.n_heavy is not None:
        st.caption(given(bounds.TAIL, run))
    st.caption(bounds.conditions(run, count, len(data.test), *nats))

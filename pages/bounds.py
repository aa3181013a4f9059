"""Bounds: importance-weighted bounds on log p(x), beside the ELBO."""

from __future__ import annotations

import streamlit as st

from pages.ui.drawing import charts
from pages.ui.library import cached, images
from pages.ui.measure import bounds, truth
from pages.ui.session import chosen, links, problems
from vae_core.analysis import has_quadrature
from vae_core.figures import bound_curve

run = chosen.chosen()
links.need_density(run, "without a density over z there is no bound on log p(x).")
data = images.images_of(run)
if data is None:
    images.offer_images_of(run, "Bounds score the images themselves, so they need the data set.")
    problems.end_page()

st.markdown(
    "##### The negative ELBO lies above −log p(x). Importance-weighted samples give a tighter "
    "bound; the more, the tighter. **Try this:** raise the draws, then widen the proposal."
)
chart, side = st.columns([3, 1], gap="large")
with side:
    count = st.select_slider(
        "Test images", [50, 100, 200, 500, 1000], 100, key="bound_images", bind="query-params"
    )
    count = min(count, len(data.test))
    most = st.select_slider(
        "Draws per image, at most", [10, 100, 1000], 100, key="bound_draws", bind="query-params"
    )
    widen = st.slider(
        "Proposal scale: σ times", 0.8, 2.0, 1.0, 0.1, key="widen", bind="query-params"
    )
    is_known = has_quadrature(cached.vae(run)) and st.toggle(
        "Show log p(x) itself", key="truth", bind="query-params",
        help="With one or two latent dimensions the integral over z can be had by quadrature.",
    )  # fmt: skip
with chart:
    found = bounds.measure(run, data, count, most, widen)
    table, summary = found.table(), found.summary()
    gaps = truth.measure(run, data, count) if is_known else None
    evidence = None if gaps is None else truth.negative_evidence(gaps)
    levels = (summary.negative_elbo, summary.at_mean, widen, evidence)
    charts.draw("bounds", bound_curve, table, *levels)
    with st.container(key="bounds-numbers--verdict"):
        st.markdown(bounds.verdict(summary, widen))
        if gaps is not None:
            st.markdown(truth.sentence(gaps, found.negative_bounds[-1], summary.n_importance))
    with st.container(key="formulas"):
        st.latex(bounds.formula(widen))
    with st.container(key="bounds-numbers--table"), st.expander("Every number of draws"):
        st.dataframe(bounds.gaps(table), hide_index=True)
        bounds.offer_table(run, data, found)
with side, st.container(key="bounds-numbers"):
    known = [] if gaps is None else truth.metrics(gaps)
    for label, value, error in [*known, *bounds.numbers(summary)]:
        st.metric(label, value, error, delta_color="off", delta_arrow="off")

nats = (summary.negative_elbo, summary.negative_bound, summary.at_mean)
with st.container(key="bounds-numbers--notes"):
    if summary.n_heavy is not None:
        st.caption(bounds.TAIL)
    st.caption(bounds.conditions(run, count, len(data.test), *nats))

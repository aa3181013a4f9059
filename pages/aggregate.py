"""Aggregate: the aggregate posterior q(z), and the parts of the rate."""

from __future__ import annotations

import streamlit as st

from pages.ui.drawing import charts
from pages.ui.library import cached
from pages.ui.measure import aggregate, mixture
from pages.ui.session import chosen, first, links
from vae_core.figures import surgery_bar

run = chosen.chosen()
codes = cached.codes(run)
links.need_density(
    run,
    "its posteriors are points, and so q(z) has no density either.",
    "So q(z) is no density but a histogram over the entries, which is on the page KL.",
)
st.markdown(
    "## The mean KL splits in two: the information I(x; z) that z carries about x, and the "
    "distance of the aggregate posterior q(z) from the prior."
)
chart, side = st.columns([3, 1], gap="large")
with side, st.container(key="mixture-controls"):
    mixture.choose(run)
of = mixture.of(run)
parts = mixture.parts(run, of)
with chart:
    if aggregate.is_nothing_to_split(parts):
        st.info(aggregate.NOTHING_TO_SPLIT, icon=":material/block:")
    elif parts.saturated:
        st.warning(aggregate.saturated(parts), icon=":material/vertical_align_top:")
    else:
        charts.draw("surgery", surgery_bar, parts.to_series())
first.pause()
with chart, st.container(key="formulas"):
    st.latex(
        r"\underbrace{\mathbb E_x\,\mathrm{KL}\big(q(z\mid x)\,\|\,p\big)}_{\text{mean KL}}"
        r"=I(x;z)+\mathrm{KL}\big(q(z)\,\|\,p\big)"
    )
    if codes.is_additive:
        st.latex(
            r"\mathrm{KL}\big(q(z)\,\|\,p\big)=\mathrm{TC}(z)"
            r"+\sum_j\mathrm{KL}\big(q(z_j)\,\|\,p(z_j)\big)"
        )
with side, st.container(key="aggregate-numbers"):
    for label, value, error in aggregate.metrics(parts):
        st.metric(label, value, error, delta_color="off", delta_arrow="off")
view = st.segmented_control(
    "All images", ["Class by class", "Classes together", "Within and between images"],
    default="Class by class", key="mixture", bind="query-params", required=True,
    label_visibility="collapsed",
)  # fmt: skip
if view != "Within and between images" and aggregate.is_nothing_to_split(parts):
    st.info(aggregate.ALL_ALIKE, icon=":material/block:")
elif view == "Class by class":
    aggregate.one_by_one(run, of)
elif view == "Classes together":
    aggregate.together(run, of)
else:
    aggregate.variances(run)
st.caption(aggregate.conditions(run, of))

"""Aggregate: the aggregate posterior q(z), and the parts of the rate."""

from __future__ import annotations

import streamlit as st

from pages.ui.drawing import charts
from pages.ui.library import cached
from pages.ui.measure import aggregate
from pages.ui.session import chosen
from vae_core.figures import surgery_bar

run = chosen.chosen()
codes = cached.codes(run)
family = codes.family
chosen.need_density(run, "its posteriors are points, and so q(z) has no density either.")
st.markdown(
    "##### The mean KL: what z says of the image, and how far the aggregate posterior q(z) is from "
    "the prior. **Try this:** open the collapsed model."
)
chart, side = st.columns([3, 1], gap="large")
with side:
    draws = st.select_slider("Draws of z", [500, 2000, 10_000], 2000, key="aggregate_draws")
parts = cached.surgery(run, draws)
with chart:
    if parts["saturated"]:
        st.warning(
            f"**Saturated at ln N = {parts['ceiling']:.2f} nats.** {len(codes):,} images are told "
            "apart by their posteriors, so they cannot say how much of the mean KL is mutual "
            "information or total correlation. What each dimension alone costs is still known.",
            icon=":material/vertical_align_top:",
        )
    else:
        charts.draw("surgery", surgery_bar, parts)
    st.latex(
        r"\underbrace{\mathbb E_x\,\mathrm{KL}\big(q(z\mid x)\,\|\,p\big)}_{\text{mean KL}}"
        r"=I(x;z)+\mathrm{KL}\big(q(z)\,\|\,p\big)"
    )
    if family.is_additive:
        st.latex(
            r"\mathrm{KL}\big(q(z)\,\|\,p\big)=\mathrm{TC}(z)"
            r"+\sum_j\mathrm{KL}\big(q(z_j)\,\|\,p(z_j)\big)"
        )
with side:
    for label, value in aggregate.numbers(parts, family.is_additive).items():
        st.metric(label, value)
view = st.segmented_control(
    "All images", ["Class by class", "Classes together", "Within and between images"],
    default="Class by class", key="mixture", bind="query-params", required=True,
    label_visibility="collapsed",
)  # fmt: skip
if view == "Class by class":
    aggregate.one_by_one(run, draws)
elif view == "Classes together":
    aggregate.together(run, draws)
else:
    aggregate.variances(run)
st.caption(
    f"Test split, {len(codes):,} images ({run.config.data.binarisation} pixels), {draws:,} draws "
    "of z for each estimate; the mean KL is exact. The lower end of I(x; z) keeps each image in "
    "q(z), the upper end leaves it out."
)

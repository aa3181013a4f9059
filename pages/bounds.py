"""Bounds: importance-weighted bounds on log p(x), beside the ELBO."""

from __future__ import annotations

import streamlit as st

from pages.ui.drawing import charts
from pages.ui.library import images
from pages.ui.measure import bounds
from pages.ui.session import chosen
from vae_core.figures import bound_curve

run = chosen.chosen()
chosen.need_density(run, "without a density over z there is no bound on log p(x).")
data = images.images_of(run)
if data is None:
    images.offer_images_of(run, "Bounds score the images themselves, so they need the data set.")
    st.stop()

st.markdown(
    "##### The negative ELBO lies above −log p(x). More draws per image, well weighed, come down "
    "closer. **Try this:** raise the draws, then widen the proposal."
)
chart, side = st.columns([3, 1], gap="large")
with side:
    count = st.select_slider("Test images", [50, 100, 200, 500, 1000], 100, key="bound_images")
    count = min(count, len(data.test))
    most = st.select_slider("Draws per image, at most", [10, 100, 1000], 100, key="bound_draws")
    widen = st.slider("Proposal scale: σ times", 0.8, 2.0, 1.0, 0.1, key="widen")
with chart:
    table, at_mean = bounds.measure(run, data, count, most, widen)
    charts.draw("bounds", bound_curve, table, at_mean)
with side:
    for label, value, error in bounds.numbers(table, at_mean):
        st.metric(label, value, error, delta_color="off", delta_arrow="off")

st.latex(
    r"\log p(x)\;\ge\;\mathbb E\,\log\frac1k\sum_{i=1}^k \frac{p(x\mid z_i)\,p(z_i)}{q(z_i\mid x)}"
    r"\;\ge\;\mathrm{ELBO}(x),\qquad z_i\sim q(z\mid x)"
)
st.caption(bounds.conditions(run, count, *table["negative_bound"], at_mean))

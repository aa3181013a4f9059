"""Aggregate: all posteriors together, and what the rate is made of."""

from __future__ import annotations

import math

import streamlit as st

from pages.ui import cached, charts, state
from vae_core.figures import class_bars, surgery_bar, variance_bars

run = state.chosen()
codes, table = cached.codes(run), cached.rates(run)
family = codes.kind
if not family.has_density:
    st.info(
        f"{run.title} is a deterministic auto-encoder: its posteriors are points, and points "
        "together have no density either. Choose a VAE in the box above.",
        icon=":material/all_inclusive:",
    )
    st.stop()

st.markdown(
    "##### The mean KL: what z says of the image, and how far all images together are from the "
    "prior. **Try this:** open the collapsed model."
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
            "information or total correlation. What each number alone costs is still known.",
            icon=":material/vertical_align_top:",
        )
    else:
        charts.show(surgery_bar(parts), key="surgery")
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
    st.metric("Mean KL, nats per image", f"{parts['mean_kl']:.2f}")
    if family.is_additive:
        st.metric("Dimension-wise KL", f"{parts['dimension_kl']:.2f}")
    if not parts["saturated"]:
        low, high = parts["mutual_information"], parts["mutual_information_upper"]
        st.metric("I(x; z) of the population, between", f"{low:.2f} and {high:.2f}")
left, right = st.columns(2, gap="large")
with left:
    st.markdown("##### Class by class")
    surgery = cached.class_surgery(run, draws)
    known = surgery.table.dropna(subset=["class_kl"])
    names = [run.data()["class_names"][y] for y in known["label"]]
    if len(known):
        charts.show(class_bars(known, names), key="class_kl")
    if math.isfinite(surgery.label_information):
        st.markdown(
            f"Mean over classes {surgery.mean_class_kl:.2f} = I(y; z) "
            f"{surgery.label_information:.2f} + KL(q(z) ‖ p) {surgery.marginal_kl:.2f} nats. A "
            "class need not look like the prior: only all of them together."
        )
    else:
        st.markdown(
            "Left out are classes whose images are told apart by their posteriors: too few to tell."
        )
with right:
    st.markdown("##### Within images and between them")
    ordered = table.iloc[cached.order(run)]
    charts.show(variance_bars(ordered, 1.0 if family.is_additive else None), key="variance")
    st.markdown(
        "Both bars together are the variance of q(z_j)"
        + (": where it matches the prior's they reach the line." if family.is_additive else ".")
    )
st.caption(
    f"Test split, {len(codes):,} images ({run.config.data.binarisation} pixels), {draws:,} draws "
    "of z for each estimate; the mean KL is exact. The lower end of I(x; z) keeps each image in "
    "the mixture, the upper end leaves it out."
)

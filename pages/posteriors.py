"""Posteriors: images, classes and the prior on one plane, to scale."""

from __future__ import annotations

import streamlit as st

from pages.ui.drawing import charts, escaping
from pages.ui.explore import posteriors
from pages.ui.library import cached
from pages.ui.session import chosen

run = chosen.chosen()
codes, table = cached.codes(run), cached.rates(run)
class_names = run.data().class_names
labels = codes.labels.unique().tolist()

plane, side = st.columns([2, 1], gap="medium")
with side:
    triangle = codes.is_triangle
    j, k = (0, 1) if triangle else posteriors.pick_axes(cached.order(run), table["name"].tolist())
    picked = st.pills(
        "Classes (none chosen: all)", labels, selection_mode="multi", key="classes",
        bind="query-params", wrap=True, format_func=lambda y: escaping.markdown(class_names[y]),
    )  # fmt: skip
    layer = st.segmented_control(
        "Images as", posteriors.LAYERS, default=posteriors.MEANS, key="points", bind="query-params",
        required=True,
    )  # fmt: skip
    outlines = "Bars" if codes.mean[0].numel() == 1 else "Ellipses"  # on a line, or a plane
    ellipses = st.toggle(f"{outlines} of q(z|y)", True, key="ellipses", bind="query-params")
    count = st.select_slider(
        "Images shown", [500, 1000, 2000, 5000, 10000], 2000, key="count", bind="query-params"
    )

asked = posteriors.Asked(tuple(picked or labels), count, (j, k), layer, ellipses)
shown, marginals = posteriors.plane(run, asked), posteriors.marginals(run, asked)
with plane:
    charts.show(shown.figures[0], key="plane")

if codes.family.has_rate:
    st.container(key="words--try").markdown(posteriors.advice(codes, outlines))
else:
    rings = "marks" if outlines == "Bars" else "rings"
    st.markdown(
        "**A point mass** is trained without a prior: nothing pulls the codes to N(0, I), and the "
        f"dotted {rings} are only a scale."
    )

places = ("across", "up")[: len(marginals.figures)]
for column, figure, place in zip(st.columns(len(places)), marginals.figures, places, strict=True):
    with column:
        charts.show(figure, key=f"marginal-{place}")
drawn = f" {shown.n:,} {layer} shown;" if shown.n else ""
n_images = len(codes.of_class(*asked.classes))
st.caption(
    f"Test split, {n_images:,} images;{drawn} marginals from {marginals.n:,} draws of z, one "
    f"for each of as many images drawn at random. {posteriors.notes(run, asked)}"
)

"""Where the posteriors lie: images, classes and the prior in one plane, to scale."""

from __future__ import annotations

import streamlit as st

from pages.ui import cached, charts, state
from vae_core.analysis import class_draws, class_posteriors
from vae_core.figures import marginal, posterior_plane

run = state.chosen()
codes, table = cached.codes(run), cached.rates(run)
class_names = run.data()["class_names"]
labels = codes.labels.unique().tolist()

plane, side = st.columns([2, 1], gap="medium")
with side:
    j, k = charts.pick_axes(cached.order(run), table["name"].tolist())
    picked = st.pills(
        "Classes (none chosen: all)", labels, selection_mode="multi", key="classes",
        bind="query-params", wrap=True, format_func=lambda y: class_names[y],
    )  # fmt: skip
    layer = st.segmented_control(
        "Points", ["means μ(x)", "draws z ~ q(z|x)", "none"], default="means μ(x)", key="points",
        bind="query-params", required=True,
    )  # fmt: skip
    ellipses = st.toggle("Ellipses of q(z|y)", True, key="ellipses", bind="query-params")
    count = st.select_slider("Images shown", [500, 1000, 2000, 5000, 10000], 2000, key="count")

shown = charts.of_classes(codes, picked or labels)
draws = class_draws(shown, count)
with plane:
    points = charts.points_frame(shown, draws, layer, count, (j, k), class_names)
    outlines = charts.outlines(class_posteriors(shown), (j, k), class_names) if ellipses else []
    axes = (table["name"][j], table["name"][k])
    charts.show(posterior_plane(points, outlines, axes), key="plane")

if run.config.model.posterior == "delta":
    st.markdown(
        "**A point mass** is trained without a prior: nothing pulls the codes to N(0, I), and the "
        "dotted rings are only a scale."
    )
else:
    st.markdown(
        "**Try this:** choose one class. Its ellipse is not the prior, and need not be: only "
        "the mixture of all classes is pulled towards N(0, I). Ellipses match the mean and "
        "covariance of q(z|y), a mixture that is not itself Gaussian."
    )

left, right = st.columns(2)
for column, index in ((left, j), (right, k)):
    with column:
        frame = charts.draws_frame(draws, index, class_names)
        charts.show(marginal(frame, str(table["name"][index])), key=f"marginal-{column is right}")
st.caption(
    f"Test split: {min(count, len(shown)):,} of {len(shown):,} images shown; marginals from "
    f"{len(draws):,} draws of z, one for each of as many images drawn at random."
)

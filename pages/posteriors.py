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
    triangle = codes.is_triangle
    j, k = (0, 1) if triangle else charts.pick_axes(cached.order(run), table["name"].tolist())
    picked = st.pills(
        "Classes (none chosen: all)", labels, selection_mode="multi", key="classes",
        bind="query-params", wrap=True, format_func=lambda y: class_names[y],
    )  # fmt: skip
    layer = st.segmented_control(
        "Images as", charts.LAYERS, default=charts.MEANS, key="points", bind="query-params",
        required=True,
    )  # fmt: skip
    ellipses = st.toggle("Ellipses of q(z|y)", True, key="ellipses", bind="query-params")
    count = st.select_slider("Images shown", [500, 1000, 2000, 5000, 10000], 2000, key="count")

shown = charts.of_classes(codes, picked or labels)
draws = class_draws(shown, count)
count = {charts.WIDTHS: charts.MOST_WIDTHS, charts.NOTHING: 0}.get(layer, count)
some = charts.first(draws if layer == charts.DRAWS else shown, count)
with plane:
    layout = charts.Plane(codes, (j, k))
    points = layout.points(charts.first(some, 0) if layer == charts.WIDTHS else some, class_names)
    widths = layout.posteriors(some, class_names) if layer == charts.WIDTHS else []
    outlines = layout.outlines(class_posteriors(shown), class_names) if ellipses else []
    charts.draw(
        "plane", posterior_plane, points, outlines, layout.titles, prior=layout.prior(),
        corners=layout.corners, images=widths,
    )  # fmt: skip

if codes.kind.has_rate:
    st.markdown(
        "**Try this:** choose one class. It does not fill the prior, and need not: only "
        "the mixture of all classes is pulled towards it. Ellipses match the mean and "
        "covariance of q(z|y), a mixture that is not itself Gaussian."
    )
else:
    st.markdown(
        "**A point mass** is trained without a prior: nothing pulls the codes to N(0, I), and the "
        "dotted rings are only a scale."
    )

left, right = st.columns(2)
for column, index in ((left, j), (right, k)):
    with column:
        frame = charts.draws_frame(draws, index, class_names)
        charts.draw(
            f"marginal-{'up' if column is right else 'across'}", marginal, frame,
            charts.prior_frame(codes, index), codes.kind.prior_title, table["name"][index],
        )  # fmt: skip
drawn = f" {len(some):,} {layer} shown;" if len(some) else ""
st.caption(
    f"Test split, {len(shown):,} images;{drawn} marginals from {len(draws):,} draws of z, one for "
    "each of as many images drawn at random."
)

"""KL: the rate, dimension by dimension."""

from __future__ import annotations

import streamlit as st

from pages.ui.drawing import charts
from pages.ui.library import cached
from pages.ui.measure.kl import kl_history
from pages.ui.session import chosen
from vae_core.analysis import class_rates, rate_rest, stick_rates, total_rate
from vae_core.figures import kl_bars, kl_by_class, kl_cells, kl_channels, kl_over_epochs

run = chosen.chosen()
codes, table, order = cached.codes(run), cached.rates(run), cached.order(run)
family = codes.family
chosen.need_density(
    run,
    "its posterior is a point, whose KL to any density is infinite. It has no finite rate.",
)
chart, numbers = st.columns([3, 1], gap="large")
with numbers:
    st.metric("Rate: mean KL, nats per image", f"{total_rate(codes):.2f}")
    if family.rest_title:
        st.metric(f"of which {family.rest_title}, nats", f"{rate_rest(codes):.2f}")
    st.metric("Active: Var μ > 0.01 of the prior's", f"{table['active'].sum()} of {len(table)}")
    st.metric("Most informative dimension, nats", f"{table['kl'].max():.2f}")

views = ["Bars", "By class", "Over epochs"]
if len(run.config.model.latent_shape) == 3:
    views.insert(2, "By cell")
if not family.is_additive:
    views.insert(1, "Stick-breaking")
rest = (family.rest_title, rate_rest(codes)) if family.rest_title else None
with chart:
    view = st.segmented_control(
        "View", views, default="Bars", key="view", bind="query-params", required=True
    )
    if view == "By cell":
        cells = table["kl"].to_numpy().reshape(run.config.model.latent_shape)
        charts.draw("kl", kl_cells, cells.sum(-1), "all channels", height=380)
        charts.draw("channels", kl_channels, cells)
    elif view == "By class":
        kl = class_rates(codes).flatten(1)[:, order].numpy()
        names = [run.data().class_names[y] for y in codes.labels.unique().tolist()]
        charts.draw("kl", kl_by_class, kl, table["name"].iloc[order].tolist(), names)
    elif view == "Over epochs":
        if records := run.history():
            history = kl_history(records, order, table["name"].tolist(), family.rest_title)
            charts.draw("kl", kl_over_epochs, history, family.is_additive)
        else:
            st.info("This model was opened from a file, which came without its history.")
    elif view == "Stick-breaking":
        charts.draw("kl", kl_bars, stick_rates(codes), ordered=False)
    else:
        charts.draw("kl", kl_bars, table, rest)

st.latex(family.rate_tex)
note = family.bars_note if view != "Stick-breaking" else (
    "Each number's share of what the ones before it left over: these KLs add up to the rate, "
    "and change with the order."
)  # fmt: skip
st.caption(
    f"Means over {len(codes):,} test images ({run.config.data.binarisation} pixels). {note} "
    "KL compares the posterior with the prior, not its parameters with each other."
)

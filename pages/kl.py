"""KL: the rate, dimension by dimension."""

from __future__ import annotations

import streamlit as st

from pages.ui.components import bell
from pages.ui.drawing import charts
from pages.ui.drawing.given_label import given
from pages.ui.library import cached
from pages.ui.measure import diagnostics_text, entries, head_sizes, kl
from pages.ui.session import chosen, first, links, problems
from pages.ui.train import overfitted
from vae_core.analysis import class_rates, rate_rest, stick_rates
from vae_core.analysis.diagnosis.collapse import is_collapsed
from vae_core.figures import kl_bars, kl_by_class, kl_cells, kl_channels, kl_over_epochs

run = chosen.chosen()
codes, table, order = cached.codes(run), cached.rates(run), cached.order(run)
links.need_rate(
    run,
    "its posterior is a point, whose KL to any density is infinite. It has no finite rate.",
)
if codes.family.has_entries:
    entries.show(run)
    problems.end_page()

st.markdown(kl.headline(codes, table))
view = st.segmented_control(
    "View", kl.views(codes), default=kl.BARS, key="view", bind="query-params", required=True,
    label_visibility="collapsed",
)  # fmt: skip
if view == kl.ONE_GAUSSIAN:
    bell.show(codes)
    st.caption(kl.conditions(codes, view, run.pixels))
    problems.end_page()
bell.leave()
chart, numbers = st.columns([3, 1], gap="large")
rest = (codes.rest_title, rate_rest(codes)) if codes.rest_title else None
with chart:
    if is_collapsed(codes) and view != kl.OVER_EPOCHS:
        st.info(kl.NOTHING, icon=":material/block:")
    elif view == kl.BY_CELL:
        cells = table["kl"].to_numpy().reshape(run.config.model.latent_shape)
        charts.draw("kl", kl_cells, cells.sum(-1), "all channels", height=380)
        charts.draw("channels", kl_channels, cells)
    elif view == kl.BY_CLASS:
        rates = class_rates(codes).flatten(1)[:, order].numpy()
        names = [run.data().class_names[y] for y in codes.labels.unique().tolist()]
        charts.draw("kl", kl_by_class, rates, table["name"].iloc[order].tolist(), names)
    elif view == kl.OVER_EPOCHS:
        if records := run.history():
            history = kl.kl_history(records, order, table["name"].tolist(), codes.rest_title)
            found = run.overfitting()
            chosen_epoch = found.epoch if found else None
            charts.draw("kl", kl_over_epochs, history, codes.is_additive, chosen=chosen_epoch)
            if found:
                st.caption(overfitted.choice(found))
        else:
            st.info("This model was opened from a file, which came without its history.")
    elif view == kl.STICKS:
        charts.draw("kl", kl_bars, stick_rates(codes), ordered=False)
    else:
        charts.draw("kl", kl_bars, table, rest)
with numbers, st.container(key="kl-numbers"):  # below the chart on a phone, and so after it
    diagnostics_text.show_numbers(kl.numbers(codes, table))

first.pause()
with st.container(key="formulas"):
    st.latex(given(codes.rate_tex, run))
st.caption(kl.conditions(codes, view, run.pixels))
with st.container(key=head_sizes.KEY):
    head_sizes.show(run)

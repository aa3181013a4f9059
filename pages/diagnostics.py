"""Diagnostics: is this model healthy, and what says so."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.ui import cached, charts, conditions, diagnosis, findings, images, state
from vae_core.analysis.rates import ACTIVE_VARIANCE
from vae_core.figures import activity, label_bars, number_evidence, shell_density

run = state.chosen()
codes = cached.codes(run)
view = st.segmented_control(
    "View", list(findings.HEADINGS), default=findings.VERDICT, key="diagnosis",
    bind="query-params", required=True, label_visibility="collapsed",
)  # fmt: skip
if reason := findings.not_for(codes, view):
    st.info(reason, icon=":material/all_inclusive:")
    st.stop()
st.markdown(f"##### {findings.HEADINGS[view]}")

if view == findings.SAMPLES:
    distances = diagnosis.distances(run)
    st.html(diagnosis.samples(run).html(distances))
    findings.show_numbers(findings.sample_numbers(run, codes, distances), across=True)
    if distances is None:
        images.offer_images_of(run, "The distance to training images needs the data set.")
    st.caption(conditions.describe(run, codes, view))
    st.stop()

verdict = st.container()
chart, side = st.columns([3, 1], gap="large")
figure: tuple[Any, ...]  # what draws it, and of what
if view == findings.VERDICT:
    found = diagnosis.collapse(run)
    figure = (number_evidence, found.table.head(found.n_measured))
    numbers = findings.collapse_numbers(found)
    with verdict:
        findings.show_verdict(found)
elif view == findings.UNITS:
    table = diagnosis.collapse(run).table
    figure, numbers = (activity, table, ACTIVE_VARIANCE), findings.unit_numbers(table)
elif view == findings.LABELS:
    with side:
        draws = st.select_slider("Draws of z", [500, 1000, 5000], 1000, key="label_draws")
    gap = diagnosis.label_gap(run, draws)
    figure, numbers = (label_bars, gap.table, gap.entropy), findings.label_numbers(gap)
else:
    shell = diagnosis.shell(run)
    figure = (shell_density, shell.norms, shell.density, shell.interval)
    numbers = findings.shell_numbers(shell)
with chart:
    charts.draw("diagnostics", *figure)
with side:
    findings.show_numbers(numbers)
if view == findings.LABELS:
    st.latex(
        r"\text{label gap}=\frac{I(z_{(1)};y)-I(z_{(2)};y)}{H(y)},\qquad "
        r"I(z_j;y)=\mathbb E\,\ln\frac{q(z_j\mid y)}{q(z_j)}"
    )
if view == findings.VERDICT:
    findings.show_table(found.table)
st.caption(conditions.describe(run, codes, view))

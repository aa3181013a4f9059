"""Diagnostics: four lamps, active units, label gap, samples, sigma, norms, worst, training."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.ui.library import cached
from pages.ui.measure import (
    diagnostics,
    diagnostics_conditions,
    diagnostics_text,
    lamps,
    mixture,
)
from pages.ui.session import chosen, first, links, problems
from pages.ui.train import curves, overfitted
from vae_core.analysis.diagnosis.collapse import COLLAPSED
from vae_core.analysis.rate.rates import ACTIVE_VARIANCE
from vae_core.figures import activity, dimension_evidence, label_bars, shell_density

run = chosen.chosen()
codes = cached.codes(run)
view = st.segmented_control(
    "View", list(diagnostics_text.HEADINGS), default=diagnostics_text.VERDICT, key="diagnosis",
    bind="query-params", required=True, label_visibility="collapsed",
)  # fmt: skip
if reason := diagnostics_text.not_for(run, codes, view):
    links.dead_end(
        run, lambda other: diagnostics_text.fits(other, view), reason,
        ("train",) if view == diagnostics_text.CLASSIFIER else (), icon=":material/all_inclusive:",
    )  # fmt: skip
is_collapsed = (
    view in (diagnostics_text.VERDICT, diagnostics_text.UNITS)
    and diagnostics.collapse(run).verdict == COLLAPSED
)
has_rate = codes.family.has_rate
st.markdown(f"## {diagnostics_text.heading(view, is_collapsed, has_rate, run.id)}")
links.try_models(diagnostics_text.to_try(view, is_collapsed), run)

if view == diagnostics_text.TRAINING:
    if history := run.history():
        curves.show(run, history)
    else:
        st.info(curves.NO_HISTORY)
    problems.end_page()

if view in diagnostics_conditions.ALONE:
    diagnostics_conditions.ALONE[view](run)
    if view != diagnostics_text.LAW:  # whose numbers are of other models, too
        st.caption(diagnostics_conditions.describe(run, codes, view))
    problems.end_page()

verdict = st.container()
chart, side = st.columns([3, 1], gap="large")
figure: tuple[Any, ...]  # what draws it, and of what
if view == diagnostics_text.VERDICT:
    found = diagnostics.collapse(run)
    figure = (dimension_evidence, found.table.head(found.n_measured))
    parts = mixture.parts(run, mixture.of(run)) if codes.family.has_density else None
    numbers = diagnostics_text.collapse_numbers(found, parts)
    with verdict, st.container(key="diagnostics-numbers--verdict"):
        lamps.show(diagnostics.verdict(run))
        if chosen_epoch := run.overfitting():
            overfitted.offer(run, chosen_epoch)
elif view == diagnostics_text.UNITS:
    table = diagnostics.collapse(run).table
    figure, numbers = (activity, table, ACTIVE_VARIANCE), diagnostics_text.unit_numbers(table)
elif view == diagnostics_text.LABELS:
    with side:
        draws = st.select_slider(
            "Samples of z", [500, 1000, 5000], 1000, key="label_draws", bind="query-params"
        )
    gap = diagnostics.label_gap(run, draws)
    figure = (label_bars, gap.table, gap.entropy)
    numbers = diagnostics_text.label_numbers(gap) | diagnostics_text.probe_numbers(run)
else:
    shell = diagnostics.shell(run)
    figure = (shell_density, shell.norms, shell.density, shell.interval)
    numbers = diagnostics_text.shell_numbers(shell)
with chart:
    diagnostics_text.show_figure(view, codes, figure)
with side:
    diagnostics_text.show_numbers(numbers)
first.pause()
if view == diagnostics_text.LABELS:
    st.latex(diagnostics_text.LABEL_GAP)
if view == diagnostics_text.VERDICT:
    with st.container(key="diagnostics-numbers--table"):
        diagnostics_text.show_table(found.table)
st.caption(diagnostics_conditions.describe(run, codes, view))

"""Train: choose settings, watch the curves, and look at the result on every page."""

from __future__ import annotations

import streamlit as st

from pages.ui import images, importing, state, sweeping, training, watching
from pages.ui.forms import PRESETS, run_form, use_preset
from vae_core.errors import ConfigError, JobError

form, watch = st.columns([2, 3], gap="large")
with watch:
    runs = st.container()
    asks = importing.open_file()
with form:
    st.markdown("##### A new model")
    st.selectbox(
        "Preset", list(PRESETS), index=None, key="preset", on_change=use_preset,
        placeholder="Fill the form with …",
    )  # fmt: skip
    action = st.container()
    try:
        config = run_form(images.data_dir())
        with action:
            training.offer(sweeping.plan(config, state.sweep_names()), asks)
    except (ConfigError, JobError) as error:
        action.error(str(error))
with runs:
    entries = state.entries()
    watching.watch(entries)
    watching.unfinished(entries)

"""Train: settings, training curves, and the runs in training."""

from __future__ import annotations

import streamlit as st

from pages.ui.library import images, listing
from pages.ui.session import keys, problems
from pages.ui.train import in_page, offer, open_file, progress, sweep_form
from pages.ui.train.form import PRESETS, beginning, run_form, use_preset
from pages.ui.train.form_text import PRESET_HELP
from vae_core.errors import ConfigError, JobError

if in_page.is_chosen():
    in_page.show()
    problems.end_page()
form, watch = st.columns([2, 3], gap="large")
with watch.container(key="watch"):
    runs = st.container()
    asks = open_file.open_file()
with form:
    st.markdown("## A new model")
    st.selectbox(
        "Preset", list(PRESETS), index=None, key=keys.PRESET.name,
        on_change=problems.callback(use_preset), placeholder="Fill the form with …",
        help=PRESET_HELP,
    )  # fmt: skip
    action = st.container(key="action")
    begin = keys.FORM_BEGIN.setdefault(beginning(images.are_here("mnist")))
    config = run_form(images.data_dir(), begin)
    with action:
        try:
            if isinstance(config, str):
                sweep_form.is_wanted()
                offer.not_yet(config)
            else:
                offer.offer(sweep_form.plan(config, listing.sweep_names()), asks)
        except (ConfigError, JobError) as error:
            problems.show(error)
            offer.not_yet("A setting")
with runs:
    entries = listing.entries()
    progress.watch(entries)
    progress.unfinished(entries)

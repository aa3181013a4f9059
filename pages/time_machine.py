"""Time machine: a sweep's codes and pictures, by beta and by epoch."""

from __future__ import annotations

import streamlit as st

from pages.ui.components import time_machine
from pages.ui.drawing import escaping
from pages.ui.library import listing
from pages.ui.session import links, mistakes, problems
from vae_core.comparison import first_seeds

sweeps = listing.sweeps()
if not sweeps:
    st.info(
        "There is no sweep to go through yet: several runs, trained with different β or another "
        "setting, that kept their epochs.",
        icon=":material/history:",
    )
    links.to_pages("train")
    problems.end_page()

words, picker = st.columns([3, 1], gap="small")
words.markdown(
    "##### Saved epochs of a sweep, rotated onto each other (Procrustes): what moves was learned. "
    "**Try this:** play the epochs, then drag the other bar."
)
name = picker.selectbox(
    "Sweep", list(sweeps), key="sweep", bind="query-params", label_visibility="collapsed"
)
runs = first_seeds(sweeps[name])
mistakes.warn_of(runs)
version = time_machine.version(runs)
shown = time_machine.read(version, runs)
for problem in shown.problems:
    st.warning(escaping.message(problem), icon=":material/history_toggle_off:")
if not shown.plane.has_plane:
    st.info(
        "The codes of this sweep have one latent dimension, which makes no plane. Choose a sweep "
        "with two or more.",
        icon=":material/history:",
    )
    problems.end_page()


@problems.fragment
def machine() -> None:
    time_machine.show(shown, version)


machine()
st.caption(time_machine.explain(shown))

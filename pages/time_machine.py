"""Time machine: the epochs of a sweep by beta and by epoch, or one training by its frames."""

from __future__ import annotations

import streamlit as st

from pages.ui.compare import one_training
from pages.ui.components import time_machine
from pages.ui.drawing import escaping
from pages.ui.library import listing
from pages.ui.session import links, mistakes, problems
from vae_core.comparison import first_seeds

sweeps, filmed = listing.sweeps(), listing.filmed()
if not sweeps and not filmed:
    st.info(
        "There is nothing to go through yet. Train a model, or a sweep: several runs, trained with "
        "different β or another setting, that kept their epochs.",
        icon=":material/history:",
    )
    links.to_pages("train")
    problems.end_page()

words, picker = st.columns([3, 1], gap="small")
name = picker.selectbox(
    "Sweep or training", [*sweeps, *filmed], key="sweep", bind="query-params",
    label_visibility="collapsed",
)  # fmt: skip
if name in filmed:
    words.markdown(one_training.TITLE)
    one_training.show(filmed[name])
    problems.end_page()
words.markdown(
    "## Saved epochs of a sweep, rotated onto each other (Procrustes): what moves was learned. "
    "**Try this:** play the epochs, then drag the other bar."
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

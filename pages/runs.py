"""Runs: what is kept in the folder of runs, how much room it takes, and what may go."""

from __future__ import annotations

import streamlit as st

from pages.ui import room, shelf, state, turns
from vae_core import RunStore

entries = RunStore(state.RUNS).list()
shelf.say()
if not entries:
    st.info(
        "There is no run yet. Train a model on the Train page, and it is kept here until it is "
        "deleted.",
        icon=":material/inventory_2:",
    )
    st.stop()

st.markdown(
    "##### Every run that this server keeps, newest first. **Try this:** select rows on the left "
    "to open, pin or delete them."
)
turns.show()
shelf.offer_room(entries, room.show(len(entries)))
shelf.offer(shelf.table(entries))
st.caption(
    "Size: all files of a run. Training and interrupted: epochs done, of those asked for. Pinned "
    "runs are not offered for deletion. Models that ship with ELBO Room are not here."
)

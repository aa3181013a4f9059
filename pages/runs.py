"""Runs: the runs on disk, the room that they take, the queue."""

from __future__ import annotations

import streamlit as st

from pages.ui.session import links, mistakes, paths, problems
from pages.ui.train import disk, queue_panel, run_table
from vae_core import RunStore

entries = RunStore(paths.RUNS).list()
run_table.say()
if not entries:
    st.info(
        "There is no run yet. Train a model on the page New model, and it is kept here until it is "
        "deleted.",
        icon=":material/inventory_2:",
    )
    links.to_pages("train", "")
    problems.end_page()

st.markdown(
    "## Every run that this server keeps, newest first. **Try this:** select rows on the left "
    "to open, pin or delete them."
)
queue_panel.show()
run_table.offer_room(entries, disk.show(len(entries)))
run_table.offer(run_table.table(entries))
mistakes.warn_of([entry.run for entry in entries if entry.run])
st.caption(
    "Size: all files of a run. Training and interrupted: epochs done, of those asked for. Pinned "
    "runs are not deleted. Models that ship with ELBO Room are not here."
)

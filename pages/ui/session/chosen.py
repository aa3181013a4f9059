"""The chosen run: shared by every page, kept in the address."""

from __future__ import annotations

import secrets

import streamlit as st

from pages.ui.drawing import escaping
from pages.ui.library import listing
from pages.ui.session import keys, paths, problems
from vae_core.config import POSTERIORS
from vae_core.runs.run import Run

GONE = ":material/delete:"


def visitor() -> str:
    """A secret name for this session."""
    return keys.VISITOR.setdefault(secrets.token_hex(8))


def choose(run_id: str) -> None:
    """Make this the chosen run from the next script run on."""
    keys.NEXT_RUN.set(run_id)


def pick_run() -> Run | None:
    """The picker in the frame; returns the chosen run."""
    runs = listing.openable()
    if not runs:
        problems.show(
            f"No model could be opened in {paths.BUNDLED} or {paths.RUNS}. Train one on the Train "
            "page."
        )
        return None
    wanted = keys.NEXT_RUN.pop()
    for label, run in runs.items():
        if run.id == wanted:
            keys.RUN_LABEL.set(label)
    asked = keys.RUN_LABEL.get() or st.query_params.get("run")
    meant = listing.label_meant(asked, runs) if asked else None
    if meant and meant != asked:  # a link from before its title changed
        keys.RUN_LABEL.set(meant)
        asked = meant
    label = st.selectbox(
        "Model",
        list(runs),
        key=keys.RUN_LABEL.name,
        bind="query-params",
        label_visibility="collapsed",
    )
    if asked and asked not in runs:  # the text of the address is not repeated: it may be anything
        shown = escaping.markdown(label)
        st.toast(f"The model asked for is not here any more: {shown} is shown.", icon=GONE)
    keys.CHOSEN.set(runs[label])
    return runs[label]


def chosen() -> Run:
    """The run that `pick_run` returned. Stops the page when there is none."""
    run = keys.CHOSEN.get()
    if run is None:
        problems.end_page()
    return run


def need_density(run: Run, why: str) -> None:
    """Stop the page when the run's posteriors are points, with what that means here."""
    if POSTERIORS[run.config.model.posterior].has_density:
        return
    st.info(
        f"{escaping.markdown(run.title)} is a deterministic auto-encoder: {why} Choose a VAE in "
        "the box above.",
        icon=":material/all_inclusive:",
    )
    problems.end_page()

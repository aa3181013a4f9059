"""The chosen run: shared by every page, kept in the address."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

import streamlit as st

from pages.ui.drawing import escaping
from pages.ui.library import listing
from pages.ui.session import keys, paths, problems
from vae_core.runs.run import Run

GONE = ":material/delete:"
MAX_WIDTH = 300  # pixels of the box on a phone, where it stands below the title if it has to
FRAME, LETTER = 48, 6.8  # around the name in it, and of each of its letters


def visitor() -> str:
    """A secret name for this session."""
    return keys.VISITOR.setdefault(secrets.token_hex(8))


def choose(run_id: str) -> None:
    """Make this the chosen run from the next script run on."""
    keys.NEXT_RUN.set(run_id)


def pick_run(is_shown: bool = True) -> Run | None:
    """The picker in the frame; returns the chosen run.

    Parameters
    ----------
    is_shown : bool
        False where the choice does nothing: the run stays chosen for the pages that show it.
    """
    runs = listing.openable()
    if not runs:
        problems.show(
            f"No model could be opened in {paths.BUNDLED} or {paths.RUNS}. Train one on the page "
            "New model."
        )
        return None
    asked, label = _label(runs, is_shown)
    if label is not None and keys.RUN_LABEL.get() != label:
        keys.RUN_LABEL.set(label)
    if is_shown:
        label = st.selectbox(
            "Model",
            list(runs),
            key=keys.RUN_LABEL.name,
            bind="query-params",
            label_visibility="collapsed",
            width=box_width(label or next(iter(runs))),
        )
    label = label or next(iter(runs))
    if not is_shown:
        keys.RUN_LABEL.set(label)
    keys.LINKED.set((_linked(), is_shown))
    if asked and asked not in runs:  # the text of the address is not repeated: it may be anything
        shown = escaping.markdown(label)
        st.toast(f"The model asked for is not here any more: {shown} is shown.", icon=GONE)
    elif not is_shown and runs[label] != keys.CHOSEN.get() and keys.CHOSEN.get() is not None:
        st.toast(f"{escaping.markdown(label)} is now the chosen model.", icon=":material/check:")
    keys.CHOSEN.set(runs[label])
    return runs[label]


def box_width(name: str) -> int:
    """Pixels that the box takes at least where room is scarce: the whole name is read in it."""
    return min(MAX_WIDTH, round(FRAME + LETTER * len(name)))


def _linked() -> str | None:
    """What the address has."""
    return st.query_params.get(keys.RUN_LABEL.name)


def _label(runs: Mapping[str, Run], has_picker: bool) -> tuple[str | None, str | None]:
    """The label that is asked for, and the one of the run to show; None for the first.

    Asked for is a run chosen on a page, else what is new in the address, as it is when the reader
    goes back, else what the picker has or had. The first one is not in the address.
    """
    by_id = {run.id: label for label, run in runs.items()}
    if (wanted := by_id.get(keys.NEXT_RUN.pop() or "")) is not None:
        return wanted, wanted
    linked, before = _linked(), keys.CHOSEN.get()
    last, had_picker = keys.LINKED.get_or((None, False))
    asked: str | None
    if linked != last and (linked or (has_picker and had_picker)):
        asked = linked or next(iter(runs))
    else:
        asked = keys.RUN_LABEL.get() or (listing.label_of(before) if before else None)
    meant = listing.label_meant(asked, runs) if asked else None  # from before its title changed
    return meant or asked, meant


def chosen() -> Run:
    """The run that `pick_run` returned. Stops the page when there is none."""
    run = keys.CHOSEN.get()
    if run is None:
        problems.end_page()
    return run

"""The list of models beside the picker: in groups, with one line each of what to see.

It is made only while it is open, and then alone: a page costs nothing for it.
"""

from __future__ import annotations

import streamlit as st

from pages.ui.drawing import escaping
from pages.ui.library import listing, passcode
from pages.ui.library.guide import GROUPS, YOURS, own_line
from pages.ui.session import chosen, keys, links, paths, problems
from vae_core.runs.run import Run
from vae_core.runs.store import RunStore

WIDTH = 520  # pixels, where there are so many
MAX_OWN = 30  # the Runs page has them all
NOW = ":material/check:"
NEW_NAME = "new-name"


@problems.fragment
def show() -> None:
    """The button that opens the list, and while it is open the list."""
    with st.popover(
        "Models", icon=":material/list:", key=keys.MODELS_OPEN.name, on_change="rerun"
    ) as opened:
        if opened.open:
            with st.container(width=WIDTH, gap="xsmall"):
                _list()
    if st.session_state.get(keys.NEXT_RUN.name):
        st.rerun()


def _list() -> None:
    now, shipped = keys.CHOSEN.get(), {run.id: run for run in listing.shipped()}
    for group in GROUPS:
        st.markdown(f"**{group.title}**")
        for name, line in group.lines.items():
            if name in shipped:
                _row(shipped[name], line, now)
    own = [entry.run for entry in listing.own().list() if entry.run and entry.run.is_finished]
    if not own:
        return
    st.markdown(f"**{YOURS}**")
    for run in own[:MAX_OWN]:
        _row(run, escaping.markdown(own_line(run), 200), now)
    if len(own) > MAX_OWN:
        links.to_page("runs", f"{len(own) - MAX_OWN} older ones are on Runs")


def _row(run: Run, line: str, now: Run | None) -> None:
    """A model: its name opens it; an own one has a pencil to write another name."""
    is_own, is_now = listing.is_own(run), now is not None and now.path == run.path
    with st.container(gap=None):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.button(
                escaping.markdown(listing.label_of(run)),
                type="tertiary",
                icon=NOW if is_now else None,
                key=f"choose-{run.id}",
                on_click=problems.callback(_choose),
                args=(run.id,),
            )
            if is_own:
                st.button(
                    f"Rename {escaping.markdown(run.title)}",
                    icon=":material/edit:",
                    type="tertiary",
                    key=f"rename-{run.id}",
                    on_click=problems.callback(keys.RENAMED.set),
                    args=(run.id,),
                    disabled=not passcode.is_granted(),
                )
        st.caption(line)
        if is_own and keys.RENAMED.get() == run.id:
            st.text_input(
                "New name: letters, digits, spaces or . , ( ) = + - _", run.config.name or "",
                key=NEW_NAME, on_change=problems.callback(_rename), args=(run.id,),
            )  # fmt: skip


def _choose(run_id: str) -> None:
    keys.MODELS_OPEN.set(False)
    chosen.choose(run_id)


@passcode.guarded
def _rename(run_id: str) -> None:
    """Give the run the name that was written; the page is then drawn anew with it."""
    rename(run_id, str(st.session_state.get(NEW_NAME) or ""))
    keys.RENAMED.pop()
    if (now := keys.CHOSEN.get()) is not None:
        chosen.choose(now.id)  # whose name may be another, as may one in the picker


def rename(run_id: str, name: str) -> None:
    """Rename an own run; blank gives it back the name of what it is.

    Raises
    ------
    ConfigError, RunError
        When the name is not allowed, or the run is not there or is training.
    """
    RunStore(paths.RUNS).rename(run_id, name.strip() or None)

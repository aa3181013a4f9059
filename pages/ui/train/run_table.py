"""The reader's own runs as a table, to be opened, pinned and deleted."""

from __future__ import annotations

import hashlib

import pandas as pd
import streamlit as st

from pages.ui.drawing import escaping
from pages.ui.library import passcode
from pages.ui.session import browser, chosen, keys, paths, problems, summary
from pages.ui.train import disk, open_epoch, progress, queue
from vae_core import Run, RunStore
from vae_core.config import POSTERIORS, shape_in_words
from vae_core.errors import RunError
from vae_core.runs.entries import Entry
from vae_core.runs.run import PIN

MAX_NAMED = 8  # in the dialog
COLUMNS = {
    "Size, MB": st.column_config.NumberColumn(format="%.2f"),
    "Pinned": st.column_config.CheckboxColumn(help="Kept: not deleted while it is pinned"),
}


def status(entry: Entry) -> str:
    """How far a run has come, in a few words."""
    run = entry.run
    if run is None or run.is_finished:
        return entry.status
    done, epochs = len(run.history()), run.config.train.epochs
    if queue.place(run):
        return "waiting"
    if queue.is_running(run):
        return f"training, {done} of {epochs}"
    return f"interrupted, {done} of {epochs}" if run.has_model else "new"


def _row(entry: Entry) -> dict[str, object]:
    run, size = entry.run, RunStore(paths.RUNS).size(entry.id)
    row = {"Status": status(entry), "Size, MB": size / 1e6, "Folder": escaping.plain(entry.id, 200)}
    if run is None:
        return row | {"Name": escaping.plain(entry.id), "Data": "", "Model": ""}
    model = run.config.model
    shape = shape_in_words(model.latent_shape)
    return row | {
        "Name": escaping.plain(run.title),
        "Data": escaping.plain(run.config.data.name),
        "Model": f"{model.network}, {POSTERIORS[model.posterior].title}, {shape}{_loss(run)}",
        "Made": pd.to_datetime(run.created, utc=True, errors="coerce"),
        "Pinned": run.is_pinned,
    }


def _loss(run: Run) -> str:
    """How it is trained, where that is not by the plain ELBO and the data are known."""
    try:
        loss = summary.training(run.config, run.data().image_shape)
    except RunError:  # not begun
        return ""
    return f", {loss}" if loss else ""


def frame(entries: list[Entry]) -> pd.DataFrame:
    """One row per run, in the order given."""
    order = ["Name", "Data", "Model", "Status", "Size, MB", "Made", "Pinned", "Folder"]
    return pd.DataFrame([_row(entry) for entry in entries], columns=order)


def table(entries: list[Entry]) -> list[Entry]:
    """The runs as a table; returns those that are selected."""
    ids = "\n".join(entry.id for entry in entries)  # rows of other runs would not be those selected
    selected = st.dataframe(
        frame(entries), hide_index=True, column_config=COLUMNS | {"Made": browser.times()},
        on_select="rerun",
        selection_mode="multi-row", key=f"runs-{hashlib.sha256(ids.encode()).hexdigest()[:12]}",
    )  # fmt: skip
    for entry in entries:
        if entry.problem:
            name, problem = escaping.markdown(entry.id), escaping.message(entry.problem)
            st.caption(f"{name} cannot be opened. {problem}")
    return [entries[row] for row in selected["selection"]["rows"] if row < len(entries)]


def offer(selected: list[Entry]) -> None:
    """What can be done with the runs selected."""
    runs = [entry.run for entry in selected if entry.run]
    one = runs[0] if len(selected) == 1 and runs and can_open(runs[0]) else None
    are_pinned = bool(runs) and all(run.is_pinned for run in runs)
    closed = not passcode.is_granted()
    with st.container(horizontal=True):
        st.button(
            "Open", icon=":material/folder_open:", disabled=one is None,
            on_click=problems.callback(open_run), args=(one,),
            help="Choose this model on every page: one run, finished, or interrupted after an "
            "epoch",
        )  # fmt: skip
        st.button(
            "Unpin" if are_pinned else "Pin", icon=":material/keep:", disabled=closed or not runs,
            on_click=problems.callback(pin), args=([run.id for run in runs], not are_pinned),
            key="pin",
        )  # fmt: skip
        if st.button("Delete …", icon=":material/delete:", disabled=closed or not selected):
            confirm([entry.id for entry in selected])
    passcode.ask("Pinning and deleting runs")
    if one is not None and one == keys.CHOSEN.get():
        st.success(f"{escaping.markdown(one.title)} is open.", icon=":material/check:")
        progress.onward((one,))


def can_open(run: Run) -> bool:
    """Whether there is a model to look at: finished, or interrupted after an epoch."""
    return run.is_finished or (open_epoch.last_epoch(run) is not None and not queue.is_running(run))


def open_run(run: Run | None) -> None:
    """Choose a finished run; of an interrupted one, its last epoch as a model of its own."""
    if run is not None and run.is_finished:
        chosen.choose(run.id)
    elif run is not None:
        open_epoch.open_last(run)


def offer_room(entries: list[Entry], n_bytes: int) -> None:
    """Where runs take too much, the oldest that are not pinned, to be deleted at once."""
    if n_bytes <= 0:
        return
    busy = [entry.id for entry in entries if entry.run and queue.is_running(entry.run)]
    oldest = RunStore(paths.RUNS).to_free(n_bytes, keep=busy)
    said = "There is no room for more runs, or soon will be none."
    if not oldest:
        st.warning(f"{said} Every run is pinned or in training: select some to delete.")
        return
    names = ", ".join(escaping.markdown(run.title) for run in oldest[:5]) + (
        ", …" if len(oldest) > 5 else ""
    )
    several = f"{len(oldest)} oldest runs" if len(oldest) > 1 else "oldest run"
    st.warning(f"{said} The {several} that nobody pinned: {names}; {disk.taken(oldest)}.")
    if st.button(f"Delete the {several} …", disabled=not passcode.is_granted()):
        confirm([run.id for run in oldest])


@passcode.guarded
def pin(ids: list[str], is_pinned: bool) -> None:
    """Pin runs, or let them go; errors are shown on the page."""
    for run_id in ids:
        try:
            RunStore(paths.RUNS).pin(run_id, is_pinned)
        except RunError as error:
            keys.RUN_MESSAGES.setdefault([]).append(str(error))


@st.dialog("Delete for good?")
def confirm(ids: list[str]) -> None:
    """Name what would be lost, and ask."""
    entries = [entry for entry in RunStore(paths.RUNS).list() if entry.id in ids]
    if pinned := [entry for entry in entries if is_pinned(entry.id)]:
        st.info(f"Pinned runs are kept: {len(pinned)} of those selected. Unpin them first.")
        entries = [entry for entry in entries if entry not in pinned]
    ids = [entry.id for entry in entries]
    names = [_name(entry) for entry in entries]
    more = [f"and {len(names) - MAX_NAMED} more"] if len(names) > MAX_NAMED else []
    st.markdown("\n".join(f"- {name}" for name in names[:MAX_NAMED] + more))
    freed = disk.amount(sum(RunStore(paths.RUNS).size(run_id) for run_id in ids))
    st.markdown(
        f"Model, codes, curves and kept epochs are lost, for everyone: {freed}. To keep a copy, "
        "choose *Take home* first."
    )
    with st.container(horizontal=True):
        st.button(
            "Delete", type="primary", icon=":material/delete:", key="delete-for-good",
            on_click=problems.callback(delete), args=(ids,), disabled=not ids,
        )  # fmt: skip
        if keys.RUN_MESSAGES.get():  # of what was deleted: nothing is left to confirm
            st.rerun()
        if st.button("Keep"):
            st.rerun()


def _name(entry: Entry) -> str:
    if entry.run is None:
        return f"{escaping.markdown(entry.id)}, damaged"
    pinned = ", pinned" if entry.run.is_pinned else ""
    return f"{escaping.markdown(entry.run.title)}, {status(entry)}{pinned}"


@passcode.guarded
def delete(ids: list[str]) -> None:
    """Delete runs that are not in training; the result is shown on the page."""
    store, said, done, freed = RunStore(paths.RUNS), [], 0, 0
    for run_id in ids:
        size = store.size(run_id)
        try:
            if _is_busy(run_id):
                raise RunError(f"{run_id} is in training: stop it on the page New model first.")
            if is_pinned(run_id):
                raise RunError(f"{run_id} is pinned and is kept: unpin it first.")
            store.delete(run_id)
        except RunError as error:
            said.append(str(error))
            continue
        done, freed = done + 1, freed + size
    if done:
        runs = "1 run is" if done == 1 else f"{done} runs are"
        said.append(f"{runs} deleted; {disk.amount(freed)} are free again.")
    keys.RUN_MESSAGES.set(said)


def _is_busy(run_id: str) -> bool:
    try:
        return queue.is_running(RunStore(paths.RUNS).load(run_id))
    except RunError:  # damaged: it cannot be trained
        return False


def is_pinned(run_id: str) -> bool:
    """Whether the run of this id is pinned, damaged or not."""
    return (paths.RUNS / run_id / PIN).exists()


def say() -> None:
    """The result of the last action, once."""
    for sentence in keys.RUN_MESSAGES.pop() or []:
        st.info(escaping.message(sentence))

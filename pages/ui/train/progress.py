"""Progress of runs on the Train page: position in the queue, epochs, end."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.ui.components import film
from pages.ui.drawing import escaping, numbers
from pages.ui.library import listing, passcode
from pages.ui.session import chosen, keys, links, paths, problems
from pages.ui.session.doors import has_rate, is_map
from pages.ui.train import change, curves, form, open_epoch, overfitted, queue
from vae_core import Run
from vae_core.comparison.resemblance import most_alike, unlike
from vae_core.runs.entries import Entry

EVERY = 1.0  # seconds


@passcode.guarded
def resume(*runs: Run, shared: bool = False) -> None:
    """Start, or go on with, a run or those of a sweep, and watch. `shared`: it was there before."""
    keys.WATCHED.set(runs[0])
    keys.SHARED.set(shared)
    with problems.refusals():
        queue.start(*runs)


@passcode.guarded
def stop(*runs: Run) -> None:
    """End their training, or take them out of the queue."""
    with problems.refusals():
        queue.stop(*runs)


def watch(entries: list[Entry]) -> None:
    """The run being trained, polled once a second; found again after a reload of the page."""
    problems.say_refused()
    running = (e.run for e in entries if e.run and queue.is_running(e.run))
    watched = keys.WATCHED.get()
    run = watched if watched and watched.path.is_dir() else next(running, None)
    if run is None:
        form.offer_presets()
        return
    run = queue.current(run)
    keys.WATCHED.set(run)
    polled = queue.is_running(run)
    problems.fragment(_progress, run_every=EVERY if polled else None)(run, polled)


def _progress(run: Run, polled: bool) -> None:
    run, runs = queue.current(run), queue.together(run)
    records = run.history()
    history = pd.DataFrame(records)
    running, done = queue.is_running(run), len(history)
    if polled and not running:
        st.rerun()
    turn = f", run {runs.index(run) + 1} of {len(runs)}" if len(runs) > 1 else ""
    head, moving = st.container(), st.container()  # what moves stays in its place, whatever ends
    with head:
        st.markdown(f"## {escaping.markdown(run.title)}{turn}")
        if running:
            _under_way(run, runs, history)
        else:  # in the same place: what moves stays where it is, and the doors are in sight
            _ended(run, done)
        change.show(run)
    with moving:
        if (frames := film.read(run)) is not None:
            film.show(frames, is_live=running)
    if done:
        curves.show(run, records, opens=not running)


def _under_way(run: Run, runs: tuple[Run, ...], history: pd.DataFrame) -> None:
    """How far it is, and what can be done with it."""
    st.progress(len(history) / run.config.train.epochs, how_far(run, history))
    with st.container(horizontal=True):
        if st.button("Stop", icon=":material/stop:", disabled=not passcode.is_granted()):
            stop(*runs)
            st.rerun()
        change.offer(run)
        if len(runs) == 1 and film.has_frames(run):
            links.to_page("time-machine", "Watch it large", {"sweep": listing.label_of(run)})
    if keys.SHARED.get() or queue.others(run):
        st.caption(_shared(run))


def how_far(run: Run, history: pd.DataFrame) -> str:
    """Its place in the queue, or its epoch and how long it will take."""
    place, epochs, done = queue.place(run), run.config.train.epochs, len(history)
    if place:
        before = "1 run is" if place == 1 else f"{place} runs are"
        return f"Waiting: {before} before it in the queue, or in training"
    if queue.is_stopping(run):
        return "Stopping"
    if not queue.is_beating(run):
        return "Starting: a process takes it up"
    where = "" if place == 0 else " on another server"
    if not done:
        return f"Training{where}: the first epoch is under way; its point appears when it ends"
    left = numbers.duration(history["seconds"].mean() * (epochs - done))
    return f"Epoch {done} of {epochs}{where}, about {left} left"


def _shared(run: Run) -> str:
    said = "The same settings are trained once, for all; stopping ends it for all."
    if n := queue.others(run):
        said = f"{n} other {'visitor wants' if n == 1 else 'visitors want'} it, too. {said}"
    return said


def _ended(run: Run, done: int) -> None:
    runs = queue.together(run)
    if run.is_finished:
        if keys.ANNOUNCED.get() != run.id:
            keys.ANNOUNCED.set(run.id)
            chosen.choose(run.id)
            st.rerun()
        st.success(_finished(runs), icon=":material/check:")
        onward(runs)
        for one in runs:
            found = one.overfitting()
            if one.id != run.id and found and found.is_clear:
                overfitted.show(one, found)
        return
    if (problem := queue.failure(run)) is not None:
        problems.show(problem)
    else:
        st.warning(f"Interrupted after epoch {done} of {run.config.train.epochs}.")
    with st.container(horizontal=True):
        _offer_to_go_on(*runs, key=f"go-on-{run.id}")
        open_epoch.offer_last(run, run.id)


def _offer_to_go_on(*runs: Run, key: str) -> None:
    st.button(
        "Go on",
        on_click=problems.callback(resume),
        args=runs,
        key=key,
        disabled=not passcode.is_granted(),
    )


def onward(runs: tuple[Run, ...]) -> None:
    """Where to look at what was trained: pages that show it at their best."""
    with st.container(horizontal=True):
        for url_path, label, query in doors_onward(runs):
            links.to_page(url_path, label, query)


Door = tuple[str, str, dict[str, str]]  # address of a page, label, parameters


def doors_onward(runs: tuple[Run, ...]) -> list[Door]:
    """The pages for a finished run, or for those of a sweep."""
    run = runs[0]
    if len(runs) > 1:
        kept = any(one.config.train.keep_epochs for one in runs)
        compared = ["rate-distortion"] if has_rate(run) else []
        moving = ["time-machine"] if kept else []
        return [(page, OF_SWEEP[page], {}) for page in (*compared, *moving, "compare")]
    cells = [("feature-map", "Move its cells")] if is_map(run) else []
    cost = [("kl", "What each dimension costs")] if has_rate(run) else []
    doors = [("", "Decode with it"), *cells, ("posteriors", "See its codes"), *cost]
    return [*((page, label, {}) for page, label in doors), *_played(run), _compared(run)]


OF_SWEEP = {
    "rate-distortion": "Compare them by rate and distortion",
    "time-machine": "Watch them train",
    "compare": "Put two side by side",
}


def _played(run: Run) -> list[Door]:
    """Where its training can be watched again."""
    if not film.has_frames(run):
        return []
    return [("time-machine", "Watch its training large", {"sweep": listing.label_of(run)})]


def _compared(run: Run) -> Door:
    """Two models, with the one beside it that resembles it most."""
    found = most_alike(run, listing.openable().values()) if run.is_finished else None
    if found is None:
        return "compare", "Compare it with another", {}
    other = listing.label_of(found.run)
    how = unlike(found, run)
    return "compare", f"Compare with {escaping.markdown(other)}: {how}", {"other": other}


def _finished(runs: tuple[Run, ...]) -> str:
    if len(runs) > 1:
        return f"All {len(runs)} runs are finished."
    if keys.SHARED.get():
        return (
            f"These settings have been trained already, as {escaping.markdown(runs[0].title)}: it "
            "is now the chosen model on every page. Another seed makes another run."
        )
    return "Finished: it is now the chosen model on every page."


def unfinished(entries: list[Entry]) -> None:
    """Runs and sweeps that can go on, and runs that cannot be opened, with the reason."""
    watched = keys.WATCHED.get()
    shown = {run.id for run in queue.together(watched)} if watched else set()
    groups: dict[str, list[Run]] = {}
    for run in (e.run for e in reversed(entries) if e.run and e.run.path.parent == paths.RUNS):
        groups.setdefault(run.config.sweep or run.id, []).append(run)
    idle = [
        runs for runs in groups.values()
        if not all(run.is_finished or queue.is_running(run) or run.id in shown for run in runs)
    ]  # fmt: skip
    damaged = [e for e in entries if e.run is None]
    if not idle and not damaged:
        return
    with st.expander(f"Unfinished runs ({len(idle) + len(damaged)})"):
        for runs in idle:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(_standing(runs))
                _offer_to_go_on(*runs, key=f"resume-{runs[0].id}")
                if len(runs) == 1:
                    open_epoch.offer_last(runs[0], f"resume-{runs[0].id}")
        for entry in damaged:
            st.markdown(f"{escaping.markdown(entry.id)}: {escaping.message(entry.problem)}")


def _standing(runs: list[Run]) -> str:
    """How far a run, or the runs of a sweep, have come."""
    first = runs[0]
    if first.config.sweep is None:
        done, epochs = len(first.history()), first.config.train.epochs
        return f"{escaping.markdown(first.title)}: {done} of {epochs} epochs"
    done = sum(run.is_finished for run in runs)
    return f"Sweep {escaping.markdown(first.config.sweep)}: {done} of {len(runs)} runs finished"

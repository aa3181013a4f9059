"""What the Train page shows around a job: what it will cost, how it goes, how it ended."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from pages.ui import access, cached, charts, images, jobs, room, state
from vae_core import Dataset, Run, RunConfig, RunStore, build_vae, estimate_seconds
from vae_core.analysis import directions_used
from vae_core.config import POSTERIORS
from vae_core.data.sources import SOURCES
from vae_core.errors import DataError
from vae_core.figures import training_curves
from vae_core.objective import Reduction
from vae_core.store import Entry


@st.cache_data(max_entries=64, show_spinner="Timing a few steps …")
def _cost(config: RunConfig, image_shape: tuple[int, int, int], n_train: int) -> tuple[int, float]:
    """Parameters, and seconds of training here."""
    seconds = estimate_seconds(config.model, config.train, image_shape, n_train)
    return build_vae(config.model, image_shape).n_parameters, seconds


def offer(configs: list[RunConfig], asked: bool = False) -> None:
    """The Train button beside what it will cost; or what is missing.

    Several configs are a sweep on the same data. `asked` says that the page asks for images
    already, which it can do only once.
    """
    if not access.ask("Training"):
        return
    config = configs[0]
    try:
        data = cached.dataset(config.data)
    except DataError as error:
        why = "Training needs the images."
        if config.data.name not in SOURCES:
            st.error(str(error))
        elif asked:
            st.info(f"{why} {error}", icon=":material/image:")
        else:
            images.offer_images(config.data.name, why, str(error))
        return
    room.check(configs, data)
    costs = [_cost(one, data.image_shape, len(data.train)) for one in configs]
    seconds = sum(cost for _, cost in costs)
    n_parameters = " or ".join(f"{n:,}" for n in sorted({n for n, _ in costs}))
    label = "Train" if len(configs) == 1 else f"Train {len(configs)} runs"
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(label, type="primary", icon=":material/play_arrow:", key="train"):
            resume(*(RunStore(state.RUNS).create(one) for one in configs))
        st.caption(
            f"{n_parameters} parameters, {len(data.train):,} training images, "
            f"about {duration(seconds)} on this machine."
        )
    if len(configs) > 1:
        kept = ", ".join(map(str, max(configs, key=_n_kept).train.keep_epochs))
        st.caption(f"One after another; epochs {kept} of each are kept.")
        return
    if meaning := _meaning(config, data):
        st.caption(meaning)


def _n_kept(config: RunConfig) -> int:
    return len(config.train.keep_epochs)


def _meaning(config: RunConfig, data: Dataset) -> str:
    """What the weights of the loss come to, in the terms of the ELBO."""
    model, train = config.model, config.train
    if not POSTERIORS[model.posterior].has_rate:
        return ""
    reduction = Reduction.of(train.reduction, data.image_shape, model.latent_shape)
    beta = train.beta * reduction.implied_beta
    said = []
    if beta != 1.0:
        said.append(f"This loss is the ELBO's with β = {beta:.3g}.")
    if model.likelihood == "gaussian" and model.sigma == "fixed":
        sigma = reduction.implied_sigma(model.sigma_value, train.beta)
        used = directions_used(cached.spectrum(config.data), sigma)
        said.append(
            f"It stands for a decoder with σ = {sigma:.3g}, σ² = {sigma**2:.3g}. A linear model "
            f"then uses {min(used, math.prod(model.latent_shape))} of its "
            f"{math.prod(model.latent_shape)} latent numbers: the first 10,000 training images "
            f"vary by more than σ² in {used} directions."
        )
    return " ".join(said)


def duration(seconds: float) -> str:
    """3 s, 2 min 10 s, 1 h 5 min."""
    if seconds < 60:
        return f"{max(1, round(seconds))} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


@access.guarded
def resume(*runs: Run) -> None:
    """Start, or go on with, a run or those of a sweep, and watch."""
    if not all(run.path.is_dir() for run in runs):  # deleted meanwhile
        return
    jobs.start(*runs)
    st.session_state["watched"] = jobs.current(runs[0])


def watch(entries: list[Entry]) -> None:
    """The run being trained, polled once a second; found again after a reload of the page."""
    running = (e.run for e in entries if e.run and jobs.is_running(e.run))
    watched = st.session_state.get("watched")
    run = watched if watched and watched.path.is_dir() else next(running, None)
    if run is None:
        st.markdown("##### Choose a preset, press *Train*, and the curves appear here.")
        return
    st.session_state["watched"] = run = jobs.current(run)
    st.fragment(_progress, run_every=1.0 if jobs.is_running(run) else None)(run)


def _progress(run: Run) -> None:
    run, runs = jobs.current(run), jobs.together(run)
    epochs, history = run.config.train.epochs, pd.DataFrame(run.history())
    running, done = jobs.is_running(run), len(history)
    turn = f", run {runs.index(run) + 1} of {len(runs)}" if len(runs) > 1 else ""
    st.markdown(f"##### {run.title}{turn}")
    if running:
        left = (
            f", about {duration(history['seconds'].mean() * (epochs - done))} left" if done else ""
        )
        st.progress(done / epochs, f"Epoch {done} of {epochs}{left}")
        if st.button("Stop", icon=":material/stop:", disabled=not access.is_granted()):
            access.guarded(jobs.stop)(run)
            st.rerun()
    if done:
        charts.show(training_curves(history, epochs), key="curves")
        st.caption(
            "Nats per image, one draw each, both splits with the weights at the end of the epoch: "
            f"train on as many training images as there are test images. Pixels: "
            f"{run.config.data.binarisation}."
        )
    elif running:
        st.caption("The first epoch is under way; its point appears when it ends.")
    if not running:
        _ended(run, done)


def _ended(run: Run, done: int) -> None:
    if run.is_finished:
        if st.session_state.get("announced") != run.id:
            st.session_state["announced"] = run.id
            state.choose(run.id)
            st.rerun()
        if len(runs := jobs.together(run)) > 1:
            said = f"All {len(runs)} runs are finished: compare them on *Rate and distortion*."
        else:
            said = "Finished: it is now the chosen model on every page."
        st.success(said, icon=":material/check:")
    elif (problem := jobs.failure(run)) is not None:
        st.error(problem)
    else:
        st.warning(f"Stopped after epoch {done} of {run.config.train.epochs}.")
        _offer_to_go_on(*jobs.together(run), key=f"go-on-{run.id}")


def _offer_to_go_on(*runs: Run, key: str) -> None:
    st.button("Go on", on_click=resume, args=runs, key=key, disabled=not access.is_granted())


def unfinished(entries: list[Entry]) -> None:
    """Runs and sweeps that can go on, and runs that cannot be opened, with the reason."""
    watched = st.session_state.get("watched")
    shown = {run.id for run in jobs.together(watched)} if watched else set()
    groups: dict[str, list[Run]] = {}
    for run in (e.run for e in reversed(entries) if e.run and e.run.path.parent == state.RUNS):
        groups.setdefault(run.config.sweep or run.id, []).append(run)
    idle = [
        runs for runs in groups.values()
        if not all(run.is_finished or jobs.is_running(run) or run.id in shown for run in runs)
    ]  # fmt: skip
    damaged = [e for e in entries if e.run is None]
    if not idle and not damaged:
        return
    with st.expander(f"Unfinished runs ({len(idle) + len(damaged)})"):
        for runs in idle:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(_standing(runs))
                _offer_to_go_on(*runs, key=f"resume-{runs[0].id}")
        for entry in damaged:
            st.markdown(f"{entry.id}: {entry.problem}")


def _standing(runs: list[Run]) -> str:
    """How far a run, or the runs of a sweep, have come."""
    first = runs[0]
    if first.config.sweep is None:
        return f"{first.title}: {len(first.history())} of {first.config.train.epochs} epochs"
    done = sum(run.is_finished for run in runs)
    return f"Sweep {first.config.sweep}: {done} of {len(runs)} runs finished"

"""What the Train page shows around a job: what it will cost, how it goes, how it ended."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from pages.ui import cached, charts, images, jobs, state
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


def offer(config: RunConfig, asked: bool = False) -> None:
    """The Train button beside what it will cost; or what is missing.

    `asked` says that the page asks for images already, which it can do only once.
    """
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
    n_parameters, seconds = _cost(config, data.image_shape, len(data.train))
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Train", type="primary", icon=":material/play_arrow:"):
            resume(RunStore(state.RUNS).create(config))
        st.caption(
            f"{n_parameters:,} parameters, {len(data.train):,} training images, "
            f"about {duration(seconds)} on this machine."
        )
    if meaning := _meaning(config, data):
        st.caption(meaning)


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


def resume(run: Run) -> None:
    """Start, or go on with, a run, and watch it."""
    jobs.start(run)
    st.session_state["watched"] = run


def watch(entries: list[Entry]) -> None:
    """The run being trained, polled once a second; found again after a reload of the page."""
    running = (e.run for e in entries if e.run and jobs.is_running(e.run))
    run = st.session_state.get("watched") or next(running, None)
    if run is None:
        st.markdown("##### Choose a preset, press *Train*, and the curves appear here.")
        return
    st.session_state["watched"] = run
    st.fragment(_progress, run_every=1.0 if jobs.is_running(run) else None)(run)


def _progress(run: Run) -> None:
    epochs, history = run.config.train.epochs, pd.DataFrame(run.history())
    running, done = jobs.is_running(run), len(history)
    st.markdown(f"##### {run.title}")
    if running:
        left = (
            f", about {duration(history['seconds'].mean() * (epochs - done))} left" if done else ""
        )
        st.progress(done / epochs, f"Epoch {done} of {epochs}{left}")
        if st.button("Stop", icon=":material/stop:"):
            jobs.stop(run)
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
        st.success("Finished: it is now the chosen model on every page.", icon=":material/check:")
    elif (problem := jobs.failure(run)) is not None:
        st.error(problem)
    else:
        st.warning(f"Stopped after epoch {done} of {run.config.train.epochs}.")
        st.button("Go on", on_click=resume, args=(run,), key=f"go-on-{run.id}")


def unfinished(entries: list[Entry]) -> None:
    """Runs that can go on, and runs that cannot be opened, with the reason."""
    watched = st.session_state.get("watched")
    idle = [
        e.run for e in entries
        if e.run and not e.run.is_finished and not jobs.is_running(e.run)
        and (watched is None or e.run.id != watched.id)
    ]  # fmt: skip
    damaged = [e for e in entries if e.run is None]
    if not idle and not damaged:
        return
    with st.expander(f"Unfinished runs ({len(idle) + len(damaged)})"):
        for run in idle:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(
                    f"{run.title}: {len(run.history())} of {run.config.train.epochs} epochs"
                )
                st.button("Go on", on_click=resume, args=(run,), key=f"resume-{run.id}")
        for entry in damaged:
            st.markdown(f"{entry.id}: {entry.problem}")

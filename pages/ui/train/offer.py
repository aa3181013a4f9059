"""What the Train page offers: a run or a sweep, what it will cost, and the button."""

from __future__ import annotations

import math
from dataclasses import replace
from threading import Lock

import streamlit as st

from pages.ui.drawing import escaping, numbers
from pages.ui.library import cached, images, passcode
from pages.ui.library.background import run_soon
from pages.ui.session import mistakes, paths, problems
from pages.ui.train import disk, progress, queue
from vae_core import Dataset, RunConfig, RunStore, estimate_seconds
from vae_core.analysis import directions_used
from vae_core.config import LIKELIHOODS, POSTERIORS, ModelConfig, TrainConfig
from vae_core.data.sources import SOURCES
from vae_core.errors import DataError
from vae_core.objective import Reduction, effective_beta
from vae_core.settings import bound_in_words
from vae_core.vae import without_weights

ICON = ":material/play_arrow:"
_beginning = Lock()


def _cost(config: RunConfig, data: Dataset) -> tuple[int, float]:
    """Parameters, and seconds of training here."""
    train, n = config.train, len(data.train)
    step = TrainConfig(1, min(train.batch_size, n), reduction=train.reduction)
    step = replace(step, tc_weight=float(train.tc_weight > 0), encoder_steps=train.encoder_steps)
    step = replace(step, importance=train.importance, gradient=train.gradient)
    step = replace(step, augmentation=train.augmentation)
    n_parameters, seconds = _one_step(config.model, step, data.image_shape)
    return n_parameters, seconds * train.epochs * -(-n // step.batch_size)


@st.cache_data(max_entries=256, show_spinner="Timing a few steps …")
def _one_step(
    model: ModelConfig, train: TrainConfig, image_shape: tuple[int, int, int]
) -> tuple[int, float]:
    seconds = run_soon(estimate_seconds, model, train, image_shape, train.batch_size)
    return without_weights(model, image_shape).n_parameters, seconds


def offer(configs: list[RunConfig], asked: bool = False) -> None:
    """The Train button beside what it will cost; or what is missing.

    Several configs are a sweep on the same data. `asked` says that the page asks for images
    already, which it can do only once.
    """
    if not passcode.ask("Training"):
        return
    config = configs[0]
    try:
        data = cached.dataset(config.data)
    except DataError as error:
        why = "Training needs the images."
        if config.data.name not in SOURCES:
            problems.show(error)
            not_yet("A setting")
        elif asked:
            st.info(f"{why} {escaping.message(error)}", icon=":material/image:")
        else:
            images.offer_images(config.data.name, why, str(error))
        return
    disk.check(configs, data)
    costs = [_cost(one, data) for one in configs]
    seconds = sum(cost for _, cost in costs)
    n_parameters = " or ".join(f"{n:,}" for n in sorted({n for n, _ in costs}))
    label = "Train" if len(configs) == 1 else f"Train {len(configs)} runs"
    with st.container(horizontal=True, vertical_alignment="center"):
        # No callback: it would train what the page showed before the last setting was typed.
        pressed = st.button(label, type="primary", icon=ICON, key="train")
        st.caption(
            f"{n_parameters} parameters, {len(data.train):,} training images, "
            f"about {numbers.duration(seconds)} on this machine."
        )
    if pressed:
        _begin(data.fingerprint, *configs)
    if len(configs) > 1:
        kept = ", ".join(map(str, max(configs, key=_n_kept).train.keep_epochs))
        st.caption(f"Each waits its turn; epochs {kept} of each are kept.")
        return
    if words := meaning(config, data):
        st.caption(words)


def not_yet(label: str) -> None:
    """The same button while the setting of a label has a wrong value: there, and waiting."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Train", type="primary", icon=ICON, key="train", disabled=True)
        st.caption(f"{escaping.markdown(label)} has a value that is not allowed.")


@passcode.guarded
def _begin(fingerprint: str, *configs: RunConfig) -> None:
    """Train what is asked for, or share a run of the very same settings and images."""
    store = RunStore(paths.RUNS)
    with problems.refusals(), _beginning:
        found = store.find_same(configs, fingerprint)
        if not found:
            disk.limits().check_jobs(queue.asked_by_me(), len(configs))
            queue.queue().check_room(len(configs))
            disk.check_disk()  # others may have begun since the page was drawn
        runs = found or [store.create(config) for config in configs]
        progress.resume(*runs, shared=bool(found))


def _n_kept(config: RunConfig) -> int:
    return len(config.train.keep_epochs)


EXPECT_COLLAPSE = " So expect posterior collapse."


def meaning(config: RunConfig, data: Dataset) -> str:
    """What the loss is: its effective weights in the terms of the ELBO, or another bound."""
    model, train = config.model, config.train
    if not POSTERIORS[model.posterior].has_rate:
        return ""
    if bound := bound_in_words(train):
        return (
            f"This trains {bound}, which in expectation lies between the ELBO and log p(x). Scores "
            "and curves stay those of the ELBO."
        )
    if train.mistake != "none":
        return (
            f"This loss has a mistake on purpose: {mistakes.WORDS[train.mistake]}. Scores and "
            "curves are those of the right code."
        )
    beta = effective_beta(train, data.image_shape, model.latent_shape)
    d, said = math.prod(model.latent_shape), []
    if beta != 1.0:
        said.append(f"This loss is the ELBO's with β = {beta:.3g}.")
    if LIKELIHOODS[model.likelihood].has_sigma and model.sigma == "fixed":
        reduction = Reduction.of(train.reduction, data.image_shape, model.latent_shape)
        sigma = reduction.implied_sigma(model.sigma_value, train.beta)
        used = directions_used(cached.spectrum(config.data), sigma)
        said.append(
            f"It equals the ELBO with decoder noise σ = {sigma:.3g}, σ² = {sigma**2:.3g}. A linear "
            "VAE uses a direction only where the pixel variance along it exceeds σ²: "
            f"{min(used, d)} of its {d} latent dimensions, for {which_images(len(data.train))} "
            f"vary so in {used} directions.{EXPECT_COLLAPSE if used == 0 else ''}"
        )
    return " ".join(said)


def which_images(n_train: int) -> str:
    """The training images that the spectrum is of."""
    if n_train <= cached.N_SPECTRUM:
        return f"all {n_train:,} training images"
    return f"the first {cached.N_SPECTRUM:,} of {n_train:,} training images"

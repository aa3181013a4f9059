"""The part of the training form that turns one experiment into a sweep."""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Collection
from dataclasses import replace

import streamlit as st

from pages.ui.session import keys, problems
from vae_core import RunConfig
from vae_core.analysis import sweep
from vae_core.config import ModelConfig, TrainConfig
from vae_core.runs.checkpoints import spaced_epochs
from vae_core.settings import choices, flag_of
from vae_core.sweep import MAX_SEEDS, SEED

SETTINGS = [
    flag_of(field)
    for kind in (TrainConfig, ModelConfig)
    for field in dataclasses.fields(kind)
    if field.name not in ("keep_epochs", "threads", "device")
]
SETTINGS.remove("beta")
SETTINGS.insert(0, "beta")
SUGGESTED = {
    "beta": "0.1, 0.5, 1, 2, 4",
    "latent": "1, 2, 4, 8, 16",
    "hidden": "16, 64, 256, 256x128",
    "free-bits": "0, 0.1, 0.5",
    "tc-weight": "0, 2, 5",
    "seed": "0, 1, 2, 3",
    "lr": "0.0003, 0.001, 0.003",
    "batch-size": "32, 128, 512",
    "warmup-epochs": "0, 5, 20",
    "sigma-value": "0.1, 0.3, 1",
    "epochs": "1, 3, 10, 30",
}


def plan(config: RunConfig, taken: Collection[str]) -> list[RunConfig]:
    """What the button would train: this config, or with the toggle on, one for each value and seed.

    Runs of a sweep keep some of their epochs. Raises ConfigError for values out of range.

    Parameters
    ----------
    config : RunConfig
    taken : names of the sweeps that are there already
    """
    if not is_wanted():
        return [config]
    left, right, last = st.columns([3, 4, 2])
    setting = left.selectbox(
        "Setting",
        SETTINGS,
        key=keys.SWEEP_SETTING.name,
        on_change=problems.callback(_suggest),
        persist_state="session",
    )
    begin = _suggested(setting) if keys.SWEEP_VALUES.get() is None else ""
    text = right.text_input("Values", begin, key=keys.SWEEP_VALUES.name, persist_state="session")
    n_seeds = last.number_input(
        "Seeds", 1, MAX_SEEDS, 1, key="sweep-seeds", persist_state="session",
        disabled=setting == SEED, help="Runs of each value that differ by their seed alone: the "
        "spread of these is the noise of training.",
    )  # fmt: skip
    n_seeds = 1 if setting == SEED else int(n_seeds)
    values = [value for value in re.split(r"[\s,;]+", text) if value]
    base = config.name or f"{config.data.plain_name} {setting}"
    names = itertools.chain([base], (f"{base} {k}" for k in itertools.count(2)))
    name = next(name for name in names if name not in taken)
    return [_keeping(one) for one in sweep(replace(config, sweep=name), setting, values, n_seeds)]


def is_wanted() -> bool:
    """The switch between one run and a sweep."""
    return bool(
        st.toggle(
            "Sweep over several values of one setting", key="sweep-on", persist_state="session"
        )
    )


def _suggest() -> None:
    """Values to begin with, when another setting is chosen."""
    keys.SWEEP_VALUES.set(_suggested(keys.SWEEP_SETTING.get_or("beta")))


def _suggested(setting: str) -> str:
    return ", ".join(choices().get(setting, ())) or SUGGESTED.get(setting, "")


def _keeping(config: RunConfig) -> RunConfig:
    """The config with epochs to keep, unless the form names some."""
    kept = config.train.keep_epochs or spaced_epochs(config.train.epochs)
    return replace(config, train=replace(config.train, keep_epochs=kept))

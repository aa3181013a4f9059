"""Training in the page: the component that trains a small model without the server, and its data.

Its code is in assets/components/training. Steps are taken in a worker, whose script comes with the
facts, as do the digits.
"""

from __future__ import annotations

import base64
import gzip
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import streamlit as st
import torch

from pages.ui.components.bundle import bundle
from pages.ui.components.component import ASSETS, Component
from pages.ui.session import keys
from vae_core import DataConfig, ModelConfig, RunConfig, TrainConfig, load_dataset
from vae_core.figures import theme
from vae_core.runs.records import DataFacts

TRAINING = Component("training", "training/training.js", ("page/page.css", "training/training.css"))
WORKER = "training/worker.js"
SETTINGS = (
    "set", "hidden", "likelihood", "sigma", "beta", "rate", "epochs", "pace", "seed",
)  # fmt: skip  # as settings.js has them
COLOURS = {
    "classes": theme.CLASS_COLOURS,
    "distortion": theme.DISTORTION,
    "rate": theme.RATE,
    "elbo": theme.NEGATIVE_ELBO,
    "prior": theme.PRIOR,
}


def show() -> None:
    """Put it on the page, and what is set into the address."""
    query = st.query_params
    start = keys.at_start(keys.TRAINING_START, "training", lambda: read(query.to_dict()))
    result = TRAINING.mount(
        key="in-page-training", data=facts(start), on_training_change=lambda: None
    )
    here = read(result.training) if result.training else start
    for name in SETTINGS:
        if name in here:
            query[name] = here[name]
        else:
            query.pop(name, None)


def leave() -> None:
    """Another view is shown: nothing of this one stays in the address."""
    if keys.TRAINING_START.pop() is not None:
        for name in SETTINGS:
            st.query_params.pop(name, None)


def read(given: object) -> dict[str, str]:
    """Settings of the page, or of an address. The component passes over values it does not know."""
    known = given if isinstance(given, Mapping) else {}
    return {
        name: value
        for name in SETTINGS
        if isinstance(value := known.get(name), str) and re.fullmatch(r"[\w.-]{1,20}", value)
    }


def facts(state: Mapping[str, str]) -> dict[str, Any]:
    """What the component gets: where it begins, its worker, the digits, colours."""
    return {
        "state": dict(state),
        "worker": _worker(),
        "digits": _digits(),
        "colours": COLOURS,
        "hide": list(keys.HIDDEN.get_or(())),
    }


@cache
def _worker() -> str:
    return bundle(ASSETS, WORKER)


@st.cache_resource(show_spinner="Reading the digits …")
def _digits() -> dict[str, Any]:
    """The digits, a label and 64 levels a row, training rows first; and what a run of them says."""
    config = RunConfig(DataConfig(), ModelConfig(latent_shape=(2,)), TrainConfig())
    data = load_dataset(config.data)
    rows = [
        torch.cat([split.labels[:, None].to(torch.uint8), split.pixels.flatten(1)], 1)
        for split in (data.train, data.test)
    ]
    packed = gzip.compress(torch.cat(rows).numpy().tobytes(), 9, mtime=0)
    return {
        "packed": base64.b64encode(packed).decode(),
        "n_train": len(data.train),
        "levels": data.train.levels,
        "run": {"config": config.to_dict(), "data": DataFacts.of(data).to_dict()},
    }

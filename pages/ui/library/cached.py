"""Caches shared by all sessions, keyed by a run's folder and its version."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import cache, wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import pandas as pd
import streamlit as st
import torch
from torch import Tensor

from pages.ui.library.background import run_in_background
from pages.ui.session import paths
from vae_core import Codes, Dataset, ImageTerms, Run, comparison, evaluate_images, load_dataset
from vae_core.analysis import channel_order, data_spectrum, rate_table
from vae_core.analysis.estimates import mean_estimate
from vae_core.config import DataConfig
from vae_core.data import data_version
from vae_core.data.dataset import prepare
from vae_core.errors import DataError, RunError
from vae_core.lessons import Lesson
from vae_core.runs.run import TRAINING_CODES
from vae_core.runs.terms import TERMS
from vae_core.vae import VAE

N_SPECTRUM = 10_000  # training images, the first of them

P = ParamSpec("P")
T = TypeVar("T")
CONTENTS: dict[str | type, Callable[[Any], Any]] = {  # by which two arguments are the same
    Dataset: lambda data: data.fingerprint,
    Run: lambda run: version(run),
    Lesson: lambda lesson: (lesson.id, lesson.digest),
    Tensor: lambda z: z.numpy().tobytes(),
}


def version(run: Run) -> str:
    """Changes when the run's weights or codes do."""
    return _shipped(run.path) if paths.ASSETS in run.path.parents else _changed(run.path)


def _changed(path: Path) -> str:
    names = ("weights.safetensors", "codes.safetensors", TERMS, TRAINING_CODES)
    files = [path / name for name in names]
    return f"{path}:" + ":".join(str(f.stat().st_mtime_ns) for f in files if f.exists())


_shipped = cache(_changed)  # which do not change while the server runs


def per_run(
    spinner: str | bool = False, max_entries: int = 64
) -> Callable[[Callable[Concatenate[Run, P], T]], Callable[Concatenate[Run, P], T]]:
    """Decorator of a function of a run and more: computed once for all readers, then kept.

    It is computed again when the run's weights or codes change, or anything else that is handed
    over does. Results are shared, and not to be changed.

    Parameters
    ----------
    spinner : str or bool
        What is shown while it is computed.
    max_entries : int
        Results that are kept; the oldest go first.
    """

    def decorate(compute: Callable[Concatenate[Run, P], T]) -> Callable[Concatenate[Run, P], T]:
        def kept(version: str, args: Any, options: Any, _run: Run) -> T:
            return compute(_run, *args, **options)

        # by these, Streamlit tells one function's results from another's
        kept.__module__, kept.__qualname__ = compute.__module__, compute.__qualname__
        keep = st.cache_resource(
            max_entries=max_entries, show_spinner=spinner, hash_funcs=CONTENTS
        )(kept)

        @wraps(compute)
        def of(run: Run, /, *args: P.args, **options: P.kwargs) -> T:
            return keep(version(run), args, options, run)

        return of

    return decorate


@st.cache_resource(max_entries=4, show_spinner="Reading the images …")
def files(name: str, path: str | None, seed: int, version: str) -> Dataset:
    """All images of a data set, grey. Raises DataError when it is not on this machine."""
    return load_dataset(DataConfig(name, path, seed=seed), download=False)


@st.cache_resource(max_entries=8, show_spinner=False)
def prepared(config: DataConfig, version: str) -> Dataset:
    """The data set of a config, in this version of it."""
    return prepare(files(config.name, config.path, config.seed, version), config)


def dataset(config: DataConfig) -> Dataset:
    """The data set of a config. Raises DataError when it is not on this machine."""
    return prepared(config, data_version(config))


@st.cache_resource(max_entries=8, show_spinner="Looking at how the pixels vary …")
def _spectrum(config: DataConfig, version: str) -> Tensor:
    train = prepared(config, version).train
    return data_spectrum(train.take(torch.arange(min(len(train), N_SPECTRUM))))


def spectrum(config: DataConfig) -> Tensor:
    """Eigenvalues of the pixels' covariance over the first training images."""
    return _spectrum(config, data_version(config))


@per_run(max_entries=32)
def vae(run: Run) -> VAE:
    """The run's model."""
    return run.vae()


@per_run(max_entries=32)
def codes(run: Run) -> Codes:
    """Posteriors of the run's test split."""
    return run.codes()


@per_run(max_entries=64)
def labels(run: Run) -> list[int]:
    """Classes that the test split has, in their order."""
    found: list[int] = codes(run).labels.unique().tolist()
    return found


@per_run("Scoring every test image …", max_entries=32)
def image_terms(run: Run, data: Dataset) -> ImageTerms:
    """ELBO terms of every image of the test split, with the draws that the run's metrics have."""
    return run_in_background(evaluate_images, vae(run), data.test, run.metrics().n_samples)


@per_run(max_entries=4)
def training_codes(run: Run) -> Codes | None:
    """Posteriors of the run's training split, where they were kept."""
    return run.training_codes()


@per_run(max_entries=64)
def score_error(run: Run) -> float:
    """Standard error over the test images of the run's score; nan where it is not known."""
    return comparison.score_error(run)


@per_run(max_entries=64)
def distortion_error(run: Run) -> float:
    """Standard error over the test images of the run's distortion; nan where it is not known."""
    try:
        terms = run.terms()
    except RunError:  # told where the terms themselves are asked for
        return math.nan
    return math.nan if terms is None else mean_estimate(terms.distortion).standard_error


@per_run(max_entries=32)
def rates(run: Run) -> pd.DataFrame:
    """KL and activity of every latent dimension."""
    return rate_table(codes(run))


@per_run(max_entries=32)
def order(run: Run) -> list[int]:
    """Latent dimensions, the most informative first."""
    return channel_order(codes(run))


def images_of(run: Run, data_dir: str | None) -> Dataset | str:
    """The images a run was trained on, or one sentence why they are not there."""
    try:
        found = dataset(replace(run.config.data, path=data_dir))
    except DataError as error:
        return str(error)
    if found.fingerprint != run.data().fingerprint:
        return f"The {found.name} images on this machine are not those the model was trained on."
    return found

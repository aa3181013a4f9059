"""What is loaded once and shared by all sessions, keyed by a run's folder and its version."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import pandas as pd
import streamlit as st
import torch
from torch import Tensor

from pages.ui.aside import aside
from vae_core import Codes, Dataset, Run, analysis, load_dataset
from vae_core.analysis import channel_order, data_spectrum, rate_table
from vae_core.config import DataConfig
from vae_core.data.dataset import prepare
from vae_core.errors import DataError
from vae_core.vae import VAE

ASSETS = Path(__file__).resolve().parents[2] / "assets"


def version(run: Run) -> str:
    """Changes when the run's weights or codes do."""
    return _shipped(run.path) if ASSETS in run.path.parents else _changed(run.path)


def _changed(path: Path) -> str:
    files = (path / "weights.safetensors", path / "codes.safetensors")
    return f"{path}:" + ":".join(str(f.stat().st_mtime_ns) for f in files if f.exists())


_shipped = cache(_changed)  # which do not change while the server runs


@st.cache_resource(max_entries=32, show_spinner=False)
def _vae(version: str, _run: Run) -> VAE:
    return _run.vae()


@st.cache_resource(max_entries=32, show_spinner=False)
def _codes(version: str, _run: Run) -> Codes:
    return _run.codes()


@st.cache_resource(max_entries=32, show_spinner=False)
def _rate_table(version: str, _run: Run) -> pd.DataFrame:
    return rate_table(codes(_run))


@st.cache_resource(max_entries=32, show_spinner=False)
def _channel_order(version: str, _run: Run) -> list[int]:
    return channel_order(codes(_run))


@st.cache_resource(max_entries=4, show_spinner="Reading the images …")
def files(name: str, path: str | None, seed: int) -> Dataset:
    """All images of a data set, grey. Raises DataError when it is not on this machine."""
    return load_dataset(DataConfig(name, path, seed=seed), download=False)


@st.cache_resource(max_entries=8, show_spinner=False)
def dataset(config: DataConfig) -> Dataset:
    """What a config asks of a data set. Raises DataError when it is not on this machine."""
    return prepare(files(config.name, config.path, config.seed), config)


@st.cache_resource(max_entries=8, show_spinner="Looking at how the pixels vary …")
def spectrum(config: DataConfig) -> Tensor:
    """Eigenvalues of the pixels' covariance over the first training images."""
    train = dataset(config).train
    return data_spectrum(train.take(torch.arange(min(len(train), 10_000))))


@st.cache_resource(max_entries=64, show_spinner="Adding up all posteriors …")
def _surgery(version: str, _run: Run, n_samples: int) -> pd.Series[float]:
    return aside(analysis.elbo_surgery, codes(_run), n_samples)


def vae(run: Run) -> VAE:
    """The run's model."""
    return _vae(version(run), run)


def codes(run: Run) -> Codes:
    """Posteriors of the run's test split."""
    return _codes(version(run), run)


def rates(run: Run) -> pd.DataFrame:
    """KL and activity of every latent dimension."""
    return _rate_table(version(run), run)


def order(run: Run) -> list[int]:
    """Latent dimensions, most informative first."""
    return _channel_order(version(run), run)


def surgery(run: Run, n_samples: int) -> pd.Series[float]:
    """The mean rate in parts."""
    return _surgery(version(run), run, n_samples)


def images_of(run: Run, data_dir: str | None) -> Dataset | str:
    """The images a run was trained on, or one sentence why they are not there."""
    try:
        found = dataset(replace(run.config.data, path=data_dir))
    except DataError as error:
        return str(error)
    if found.fingerprint != run.data()["fingerprint"]:
        return f"The {found.name} images on this machine are not those the model was trained on."
    return found

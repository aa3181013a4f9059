"""Data sets: one source per file, each a function registered in DATASETS."""

from dataclasses import replace
from pathlib import Path

from vae_core.config import DATASETS, OWN, DataConfig, is_own
from vae_core.data import cifar, digits, dsprites, mnist, own  # noqa: F401  (registers sources)
from vae_core.data.dataset import Dataset, Split, prepare


def load_dataset(config: DataConfig, download: bool = True) -> Dataset:
    """Read a data set and prepare it by its config.

    Parameters
    ----------
    config : DataConfig
    download : bool
        Whether a data set that is not on this machine may be fetched.

    Returns
    -------
    Dataset
        `.train` and `.test` with `.images` (n, c, H, W) in [0, 1] and `.labels` (n,).

    Raises
    ------
    DataError
        When files are missing, damaged or inconsistent.
    ConfigError
        When no training image is left beside those held out for validation.
    """
    if is_own(config.name):
        return prepare(own.read(config.name.removeprefix(OWN), config.path), config)
    return prepare(DATASETS[config.name](config, download), config)


def data_version(config: DataConfig) -> str:
    """Changes when a data set becomes another one under its name, as own sets can."""
    return own.version(config.name.removeprefix(OWN), config.path) if is_own(config.name) else ""


def reload_dataset(config: DataConfig, folder: str | None = None, download: bool = True) -> Dataset:
    """The data of a run: from the folder given now, else where they were, else anywhere.

    Parameters and errors are those of `load_dataset`.
    """
    recorded = config.path if config.path and Path(config.path).exists() else None
    return load_dataset(replace(config, path=folder or recorded), download)


__all__ = ["Dataset", "Split", "data_version", "load_dataset", "reload_dataset"]

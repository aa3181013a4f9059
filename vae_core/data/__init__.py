"""Data sets: one source per file, each a function registered in DATASETS."""

from vae_core.config import DATASETS, DataConfig
from vae_core.data import cifar, digits, mnist  # noqa: F401  (their import registers the sources)
from vae_core.data.dataset import Dataset, Split, prepare


def load_dataset(config: DataConfig, download: bool = True) -> Dataset:
    """Read a data set and prepare it as the config asks.

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
    """
    return prepare(DATASETS[config.name](config, download), config)


__all__ = ["Dataset", "Split", "load_dataset"]

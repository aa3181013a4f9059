"""ELBO Room's library: variational auto-encoders, their training and their analysis.

data -> Dataset -> build_vae -> fit -> Run -> encode_dataset -> Codes -> analysis.
Never imports the app's user interface.
"""

import sys

if sys.argv[:1] == ["-m"]:  # `python -m vae_core`, which imports this package first
    from vae_core.cli import interrupt

    interrupt.watch()

from vae_core.codes import Codes, encode_dataset
from vae_core.config import DataConfig, ModelConfig, RunConfig, TrainConfig
from vae_core.data import Dataset, Split, load_dataset
from vae_core.errors import ConfigError, DataError, RunError, TrainingError, VAECoreError
from vae_core.evaluate import ImageTerms, evaluate, evaluate_images
from vae_core.objective import ElboTerms, Objective, elbo_terms
from vae_core.runs.run import Run
from vae_core.runs.store import RunStore
from vae_core.trainer import EpochRecord, TrainState, estimate_seconds, fit
from vae_core.vae import VAE, build_vae

__all__ = [
    "VAE",
    "Codes",
    "ConfigError",
    "DataConfig",
    "DataError",
    "Dataset",
    "ElboTerms",
    "EpochRecord",
    "ImageTerms",
    "ModelConfig",
    "Objective",
    "Run",
    "RunConfig",
    "RunError",
    "RunStore",
    "Split",
    "TrainConfig",
    "TrainState",
    "TrainingError",
    "VAECoreError",
    "build_vae",
    "elbo_terms",
    "encode_dataset",
    "estimate_seconds",
    "evaluate",
    "evaluate_images",
    "fit",
    "load_dataset",
]

"""Configuration of an experiment: frozen dataclasses, validated on construction.

Choices such as the posterior family are not listed here. Each lives in a `Registry` that the
module defining the family fills, so a new family is one class.
"""

from vae_core.config.data import (
    BINARISATIONS,
    MAX_IMAGES,
    MAX_LABEL,
    MAX_OWN_NAME,
    MAX_SEED,
    OWN,
    DataConfig,
    is_own,
    own_name,
    pixels_in_words,
)
from vae_core.config.fields import (
    MAX_NAME,
)
from vae_core.config.model import (
    LABELS,
    MAX_COMPONENTS,
    MAX_LATENTS,
    SIGMA_MAX,
    SIGMA_MIN,
    SIGMAS,
    ModelConfig,
    shape_in_words,
)
from vae_core.config.registry import (
    ACTIVATIONS,
    DATASETS,
    LIKELIHOODS,
    NETWORKS,
    POSTERIORS,
    PRIORS,
    Registry,
)
from vae_core.config.run import (
    RunConfig,
)
from vae_core.config.train import (
    AUGMENTATIONS,
    BATCH_SCHEDULES,
    DEVICES,
    GRADIENTS,
    LR_SCHEDULES,
    MAX_EPOCHS,
    MISTAKES,
    REDUCTIONS,
    TrainConfig,
)

__all__ = [
    "ACTIVATIONS",
    "AUGMENTATIONS",
    "BATCH_SCHEDULES",
    "BINARISATIONS",
    "DATASETS",
    "DEVICES",
    "GRADIENTS",
    "LABELS",
    "LIKELIHOODS",
    "LR_SCHEDULES",
    "MAX_COMPONENTS",
    "MAX_EPOCHS",
    "MAX_IMAGES",
    "MAX_LABEL",
    "MAX_LATENTS",
    "MAX_NAME",
    "MAX_OWN_NAME",
    "MAX_SEED",
    "MISTAKES",
    "NETWORKS",
    "OWN",
    "POSTERIORS",
    "PRIORS",
    "REDUCTIONS",
    "SIGMAS",
    "SIGMA_MAX",
    "SIGMA_MIN",
    "DataConfig",
    "ModelConfig",
    "Registry",
    "RunConfig",
    "TrainConfig",
    "is_own",
    "own_name",
    "pixels_in_words",
    "shape_in_words",
]

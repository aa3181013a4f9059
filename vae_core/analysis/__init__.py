"""Functions of a VAE or its Codes that return arrays and tables. Nothing here trains."""

from vae_core.analysis.classes import ClassPosterior, class_draws, class_posteriors
from vae_core.analysis.codes import Codes, encode_dataset
from vae_core.analysis.rates import (
    active_units,
    channel_order,
    class_rates,
    latent_names,
    rate_table,
    total_rate,
)
from vae_core.analysis.single import Passage, follow
from vae_core.analysis.traversals import decode_mean, traverse
from vae_core.posteriors import kl_per_dim

__all__ = [
    "ClassPosterior",
    "Codes",
    "Passage",
    "active_units",
    "channel_order",
    "class_draws",
    "class_posteriors",
    "class_rates",
    "decode_mean",
    "encode_dataset",
    "follow",
    "kl_per_dim",
    "latent_names",
    "rate_table",
    "total_rate",
    "traverse",
]

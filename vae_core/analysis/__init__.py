"""Functions of a VAE or its Codes that return arrays and tables. Nothing here trains."""

from vae_core.analysis.aggregate import (
    AggregatePosterior,
    ClassSurgery,
    aggregate_posterior,
    class_surgery,
    elbo_surgery,
)
from vae_core.analysis.classes import ClassPosterior, class_draws, class_posteriors
from vae_core.analysis.codes import Codes, encode_dataset
from vae_core.analysis.evidence import (
    BoundSummary,
    ImportanceBound,
    at_mean_no_bound,
    iwae_bound,
    summarise_bound,
)
from vae_core.analysis.linear import data_spectrum, directions_used
from vae_core.analysis.neighbours import nearest_codes
from vae_core.analysis.projections import Projection, project
from vae_core.analysis.rates import (
    active_units,
    channel_order,
    class_rates,
    latent_names,
    rate_rest,
    rate_table,
    stick_rates,
    total_rate,
)
from vae_core.analysis.traversals import decode_mean, traverse
from vae_core.posteriors import kl_per_dim

__all__ = [
    "AggregatePosterior",
    "BoundSummary",
    "ClassPosterior",
    "ClassSurgery",
    "Codes",
    "ImportanceBound",
    "Projection",
    "active_units",
    "aggregate_posterior",
    "at_mean_no_bound",
    "channel_order",
    "class_draws",
    "class_posteriors",
    "class_rates",
    "class_surgery",
    "data_spectrum",
    "decode_mean",
    "directions_used",
    "elbo_surgery",
    "encode_dataset",
    "iwae_bound",
    "kl_per_dim",
    "latent_names",
    "nearest_codes",
    "project",
    "rate_rest",
    "rate_table",
    "stick_rates",
    "summarise_bound",
    "total_rate",
    "traverse",
]

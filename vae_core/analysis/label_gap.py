"""The label gap: information of single latent dimensions about the class label."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor

from vae_core.analysis.aggregate import aggregate_posterior
from vae_core.analysis.rates import channel_order, latent_names
from vae_core.codes import Codes
from vae_core.errors import ConfigError

MAX_DIMS = 64  # dimensions that are measured, the most informative ones


@dataclass(frozen=True)
class LabelGap:
    """How far one latent dimension alone determines the class, and no other does.

    Attributes
    ----------
    table : DataFrame
        One row per latent dimension, the most informative about the label first: name,
        information = I(z_j; y) and its standard_error over draws, in nats.
    entropy : float
        H(y) in nats, the upper bound of the information.
    gap : float
        (largest - second largest information) / H(y), from 0 to 1. With one dimension
        alone the second is 0.
    standard_error : float
        Of the gap, over draws.
    """

    table: pd.DataFrame
    entropy: float
    gap: float
    standard_error: float


def label_gap(codes: Codes, n_samples: int = 1000, seed: int = 0) -> LabelGap:
    """The mutual information gap (Chen et al. 2018, eq. 6) with the class label as the one factor.

    A gap of 1: one dimension determines the class, the others have no information about it. A
    gap of 0: two have equally much, or none has any. It is not the MIG, which is over the
    factors that generated the data; a model may encode the class in several dimensions jointly.

    I(z_j; y) = E log q(z_j|y) / q(z_j), both of them mixtures in one dimension over all
    images, at draws of z_j. Each z's own image is one of them, which is
    negligible where many posteriors overlap.

    Parameters
    ----------
    codes : Codes
        Of at least two classes. Of more than MAX_DIMS latent dimensions the most
        informative ones are measured.
    n_samples : int
        Draws of z.

    Raises
    ------
    ConfigError
        For a point mass, and where there is one class only.
    """
    labels, counts = codes.labels.unique(return_counts=True)
    if len(labels) < 2:
        raise ConfigError(
            f"the label gap needs at least 2 classes; got {len(labels)}. Choose a model of more."
        )
    share = counts.double() / len(codes)
    entropy = float(torch.special.entr(share).sum())
    dims = channel_order(codes)[:MAX_DIMS]
    gains = _gains(codes, dims, n_samples, seed)
    names = latent_names(codes.latent_shape)
    table = pd.DataFrame(
        {
            "name": [names[j] for j in dims],
            "information": gains.mean(0).numpy(),
            "standard_error": (gains.std(0) / math.sqrt(len(gains))).numpy(),
        }
    ).sort_values("information", ascending=False, ignore_index=True)
    best = gains[:, gains.mean(0).argsort(descending=True)[:2]]
    apart = best[:, 0] - best[:, 1] if best.shape[1] > 1 else best[:, 0]
    error = float(apart.std()) / math.sqrt(len(apart)) / entropy
    return LabelGap(table, entropy, float(apart.mean()) / entropy, error)


def _gains(codes: Codes, dims: list[int], n_samples: int, seed: int) -> Float[Tensor, " m k"]:
    """log q(z_j|y) - log q(z_j) at draws of z and their labels, (m, dims), in nats."""
    whole = aggregate_posterior(codes)
    z, index = whole.sample(n_samples, torch.Generator().manual_seed(seed))
    joint = []  # log pi_y + log q(z_j|y), class by class
    classes = codes.labels.unique()
    for label in classes:
        of_class = codes.of_class(int(label))
        log_prob = aggregate_posterior(of_class).marginal_log_prob(z, dims)
        joint.append(math.log(len(of_class) / len(codes)) + log_prob)
    nats = torch.stack(joint)  # (classes, m, k)
    own = torch.searchsorted(classes, codes.labels[index])
    log_share = (codes.labels.bincount()[codes.labels[index]].double() / len(codes)).log()
    return nats[own, torch.arange(len(z))] - log_share[:, None] - nats.logsumexp(0)

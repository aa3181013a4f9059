"""The label gap: information of single latent dimensions about the class label."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor

from vae_core.analysis.estimates import Bracket, Estimate, mean_estimate
from vae_core.analysis.rate.aggregate import aggregate_posterior
from vae_core.analysis.rate.rates import channel_order, latent_names
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
        information = I(z_j; y) and its standard_error over draws, in nats; information_lower,
        without each draw's own image.
    entropy : float
        H(y) in nats, the upper bound of the information.
    gap : Bracket
        (largest - second largest information) / H(y), from 0 to 1, with standard errors over
        draws. With one dimension alone the second is 0.
    """

    table: pd.DataFrame
    entropy: float
    gap: Bracket


def label_gap(codes: Codes, n_samples: int = 1000, seed: int = 0) -> LabelGap:
    """The mutual information gap (Chen et al. 2018, eq. 6) with the class label as the one factor.

    A gap of 1: one dimension determines the class, the others have no information about it. A
    gap of 0: two have equally much, or none has any. It is not the MIG, which is over the
    factors that generated the data; a model may encode the class in several dimensions jointly.

    I(z_j; y) = E log q(z_j|y) / q(z_j), both of them mixtures in one dimension over all
    images, at draws of z_j. With each z's own image among them an image tells its own class:
    too much. Without it, from fewer images than there are: in expectation too little. Both ends
    are told, in order.

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
    gains, left_out = _gains(codes, dims, n_samples, seed)
    names = latent_names(codes.latent_shape)
    table = pd.DataFrame(
        {
            "name": [names[j] for j in dims],
            "information": gains.mean(0).numpy(),
            "information_lower": left_out.mean(0).clamp(min=0.0).numpy(),
            "standard_error": (gains.std(0) / math.sqrt(len(gains))).numpy(),
        }
    ).sort_values("information", ascending=False, ignore_index=True)
    ends = Bracket(_gap(left_out, entropy), _gap(gains, entropy))
    return LabelGap(table, entropy, ends.in_order())


def _gap(gains: Float[Tensor, " m k"], entropy: float) -> Estimate:
    """How far the two largest means are apart; 0 where a class of one image tells nothing."""
    if not gains.isfinite().all():
        return Estimate(0.0, 0.0)
    best = gains[:, gains.mean(0).argsort(descending=True)[:2]]
    apart = mean_estimate(best[:, 0] - best[:, 1] if best.shape[1] > 1 else best[:, 0])
    return Estimate(apart.value / entropy, apart.standard_error / entropy).at_least_zero()


def _gains(
    codes: Codes, dims: list[int], n_samples: int, seed: int
) -> tuple[Float[Tensor, " m k"], Float[Tensor, " m k"]]:
    """log q(z_j|y) - log q(z_j) at draws of z and their labels, (m, dims), in nats.

    And the same without each draw's own image.
    """
    whole = aggregate_posterior(codes)
    z, index = whole.sample(n_samples, torch.Generator().manual_seed(seed))
    labels, flat = codes.labels[index], z.flatten(1)
    joint = []  # log pi_y + log q(z_j|y), class by class; and without the own image in its class
    left_out = []
    for label in codes.labels.unique():
        of_class, mine = codes.of_class(int(label)), labels == label
        q, place = aggregate_posterior(of_class), torch.searchsorted(of_class.index, index[mine])
        log_share = math.log(len(of_class) / len(codes))
        kept = log_share + q.marginal_log_prob(z, dims)
        others = [q.dim_log_probs(flat[mine, j], j, place)[1] for j in dims]
        fewer = kept.clone()
        fewer[mine] = log_share + torch.stack(others, 1)
        joint.append(kept)
        left_out.append(fewer)
    own = torch.searchsorted(codes.labels.unique(), labels)
    log_shares = (codes.labels.bincount()[labels].double() / len(codes)).log()[:, None]
    return _gain(torch.stack(joint), own, log_shares), _gain(torch.stack(left_out), own, log_shares)


def _gain(
    joint: Float[Tensor, "classes m k"], own: Tensor, log_shares: Tensor
) -> Float[Tensor, " m k"]:
    """log q(z|y) - log q(z) from log pi_y + log q(z|y) of all classes."""
    gain: Tensor = joint[own, torch.arange(len(own))] - log_shares - joint.logsumexp(0)
    return gain

"""KL dimension by dimension, and which dimensions the model uses."""

from __future__ import annotations

import pandas as pd
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from vae_core.codes import Codes

ACTIVE_VARIANCE = 0.01


def active_units(codes: Codes) -> Bool[Tensor, "*latent"]:
    """Which latent dimensions move with the image: Var_x(mu_j) > 0.01 (Burda et al. 2016).

    In units of the prior's variance, which is 1 but for a simplex.

    Returns
    -------
    Tensor of bool, (*latent,)
    """
    return codes.mean.var(0, correction=0) > ACTIVE_VARIANCE * codes.prior().variance


def latent_names(latent_shape: tuple[int, ...]) -> list[str]:
    """Names of the latent dimensions in the order of z.flatten().

    `z3` for a vector; `c2 (0, 1)`, channel then row and column of the cell, for a map.
    """
    if len(latent_shape) == 1:
        return [f"z{j}" for j in range(latent_shape[0])]
    h, w, channels = latent_shape
    return [f"c{c} ({i}, {j})" for i in range(h) for j in range(w) for c in range(channels)]


def rate_table(codes: Codes) -> pd.DataFrame:
    """One row per latent dimension: its KL, and whether it is used.

    Returns
    -------
    DataFrame
        Columns name, kl (nats per image), active, mean_variance (Var_x mu_j),
        posterior_variance (E_x sigma_j^2); rows in the order of z.flatten().
    """
    return pd.DataFrame(
        {
            "name": latent_names(codes.latent_shape),
            "kl": codes.kl.mean(0).flatten().numpy(),
            "active": active_units(codes).flatten().numpy(),
            "mean_variance": codes.mean.var(0, correction=0).flatten().numpy(),
            "posterior_variance": codes.variance.mean(0).flatten().numpy(),
        }
    )


def class_rates(codes: Codes) -> Float[Tensor, " classes *latent"]:
    """KL_j averaged over the images of each class present, (n_classes, *latent), nats per image.

    Rows follow `codes.labels.unique()`. Weighted by class size they average to the whole.
    """
    labels = codes.labels
    return torch.stack([codes.kl[labels == label].mean(0) for label in labels.unique()])


def channel_order(codes: Codes) -> list[int]:
    """Indices into z.flatten(), most informative first.

    Ordered by mean KL; by the variance of the location where that is infinite. In a codebook all
    KLs are the same: there by the variance of whole sites, for an entry is of all channels.
    """
    kl, variance = codes.kl.mean(0).flatten(), codes.mean.var(0, correction=0)
    if codes.family.has_entries:
        key = variance.sum(-1, keepdim=True).expand_as(variance).flatten()
    else:
        key = kl if bool(kl.isfinite().all()) else variance.flatten()
    return [int(j) for j in key.argsort(descending=True, stable=True)]


def total_rate(codes: Codes) -> float:
    """Mean over the images of KL(q(z|x) || p(z)), nats per image; infinite for a point mass."""
    return float(codes.rate.double().mean())


def relative_width(codes: Codes) -> float:
    """How wide the posteriors are beside the prior: the median of sigma_j(x) / sigma_j of p.

    Over the images and the active dimensions; over all dimensions where none is active.
    """
    active = active_units(codes).flatten()
    chosen = active if bool(active.any()) else torch.ones_like(active)
    ratio = (codes.variance / codes.prior().variance).sqrt().flatten(1)[:, chosen]
    return float(ratio.median())


def rate_rest(codes: Codes) -> float:
    """`total_rate` less the sum over `rate_table`: the KL of the correlations.

    Zero to rounding for a family without correlations, nan for a point mass.
    """
    return total_rate(codes) - float(codes.kl.double().sum() / len(codes))


def stick_rates(codes: Codes) -> pd.DataFrame:
    """The rate of a Dirichlet in parts that add up, in the order of its dimensions.

    Returns
    -------
    DataFrame
        Columns name, kl (nats per image), active: one row per site and dimension but the
        last of its site, which follows from the others.
    """
    prior = codes.family.prior(codes.latent_shape, codes.params)
    kl = codes.posterior().kl_parts(prior).mean(0)  # (*sites, C - 1)
    names = latent_names(codes.latent_shape)
    channels = codes.latent_shape[-1]
    kept = [name for k, name in enumerate(names) if (k + 1) % channels]
    return pd.DataFrame({"name": kept, "kl": kl.flatten().numpy(), "active": True})

"""Class posteriors q(z|y), whose mixture is q(z), each against the prior."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor

from vae_core.analysis.aggregate import aggregate_posterior, marginal_kl
from vae_core.analysis.classes import ClassPosterior, class_posteriors
from vae_core.codes import Codes


@dataclass(frozen=True)
class ClassSurgery:
    """The posteriors of classes against the prior, in nats per image.

    Attributes
    ----------
    table : DataFrame
        One row per class: label, n_images, class_kl = KL(q(z|y) || p), of which matched_kl
        is that of the Gaussian with its moments and non_gaussian_kl the rest, exactly
        KL(q(z|y) || that Gaussian). nan where its images are too few, or the prior is not
        N(0, I).
    mean_class_kl : float
        Mean of class_kl, weighted by class size.
    label_information : float
        I(y; z), information of z about the class: mean_class_kl less marginal_kl.
    marginal_kl : float
        KL(q(z) || p), of all classes.
    """

    table: pd.DataFrame
    mean_class_kl: float
    label_information: float
    marginal_kl: float


def class_surgery(codes: Codes, n_samples: int = 2000, seed: int = 0) -> ClassSurgery:
    """KL(q(z|y) || p) of every class, and its parts.

    sum_y pi_y KL(q(z|y) || p) = I(y; z) + KL(q(z) || p), exactly.

    Parameters
    ----------
    codes : Codes
    n_samples : int
        Draws of z, for each class and for q(z).

    Raises
    ------
    ConfigError
        For a point mass.
    """
    is_gaussian = codes.family.is_rotation_invariant
    rows = []
    for moments in class_posteriors(codes):
        own = codes.of_class(moments.label)
        class_kl = marginal_kl(own, n_samples, seed)
        matched = _kl_to_standard_normal(moments) if is_gaussian else math.nan
        rows.append(
            {
                "label": moments.label,
                "n_images": len(own),
                "class_kl": class_kl,
                "matched_kl": matched,
                "non_gaussian_kl": class_kl - matched,
            }
        )
    table = pd.DataFrame(rows)
    mean = float((table["class_kl"] * table["n_images"]).sum(skipna=False) / len(codes))
    marginal = marginal_kl(codes, n_samples, seed)
    return ClassSurgery(table, mean, mean - marginal, marginal)


def class_buildup(codes: Codes, j: int, n_samples: int = 2000, seed: int = 0) -> pd.DataFrame:
    """KL to the prior of the first k classes together, in order of label.

    Parameters
    ----------
    codes : Codes
    j : int
        Dimension of z.flatten() that is also measured alone.
    n_samples : int
        Draws of z for each row.

    Returns
    -------
    DataFrame
        One row for the first k classes together, k = 1, 2, ...: label (of the last of them),
        n_images, kl = KL(q(z | first k) || p), nan when saturated, and number_kl, the same of
        dimension j alone, which is never saturated. In nats.

    Raises
    ------
    ConfigError
        For a point mass.
    """
    rows = []
    present: list[int] = codes.labels.unique().tolist()
    for k, label in enumerate(present):
        some = codes.of_class(*present[: k + 1])
        rows.append(
            {
                "label": label,
                "n_images": len(some),
                "kl": marginal_kl(some, n_samples, seed),
                "number_kl": _dim_kl(some, j, n_samples, seed),
            }
        )
    return pd.DataFrame(rows)


def _dim_kl(codes: Codes, j: int, n_samples: int, seed: int) -> float:
    """KL(q(z_j) || p(z_j))."""
    q = aggregate_posterior(codes)
    z, _ = q.sample(n_samples, torch.Generator().manual_seed(seed))
    log_prior = codes.prior().marginals().log_prob(z).flatten(1)[:, j]
    return float((q.number_log_prob(z.flatten(1)[:, j], j) - log_prior).double().mean())


def class_densities(
    codes: Codes, j: int, places: Float[Tensor, " m"]
) -> Float[Tensor, "classes m"]:
    """Each class's part of the density of one latent dimension: n_y / n times q(z_j | y).

    Rows follow `codes.labels.unique()` and add up to q(z_j).

    Parameters
    ----------
    codes : Codes
    j : int
        Which dimension of z.flatten().
    places : Tensor, (m,)
        Values of z_j.

    Raises
    ------
    ConfigError
        For a point mass.
    """
    rows = []
    for label in codes.labels.unique().tolist():
        own = codes.of_class(label)
        density = aggregate_posterior(own).number_log_prob(places, j).exp()
        rows.append(density * (len(own) / len(codes)))
    return torch.stack(rows)


def _kl_to_standard_normal(moments: ClassPosterior) -> float:
    """KL(N(m, C) || N(0, I)) = 0.5 (tr C + |m|^2 - d - ln det C)."""
    mean, covariance = moments.mean, moments.covariance
    squares = covariance.trace() + mean.square().sum() - len(mean)
    return float(0.5 * (squares - torch.logdet(covariance)))

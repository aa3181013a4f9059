"""Class posteriors q(z|y), whose mixture is q(z), each against the prior."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor

from vae_core.analysis.classes import ClassPosterior, class_posteriors
from vae_core.analysis.estimates import Bracket, Estimate, weighted_sum
from vae_core.analysis.rate.aggregate import aggregate_posterior
from vae_core.analysis.rate.rate_parts import RateParts, dim_kl, rate_parts
from vae_core.codes import Codes


@dataclass(frozen=True)
class ClassSurgery:
    """The posteriors of classes against the prior, in nats per image.

    Attributes
    ----------
    table : DataFrame
        One row per class: label, n_images, class_kl = KL(q(z|y) || p) over its images, the high
        end, with class_kl_lower and the standard error class_kl_error of the high end; of it
        matched_kl is that of the Gaussian with the class's moments and non_gaussian_kl the rest,
        exactly KL(q(z|y) || that Gaussian). nan where its images are too few, or the prior is
        not N(0, I).
    mean_class_kl : Bracket
        Mean of class_kl, weighted by class size; nan when that of a class is.
    label_information : Bracket
        I(y; z), information of z about the class: mean_class_kl less KL(q(z) || p), both with
        each z's own image or both without; no more than H(y).
    marginal_kl : Bracket
        KL(q(z) || p), of all classes, as in `rate_parts`.
    """

    table: pd.DataFrame
    mean_class_kl: Bracket
    label_information: Bracket
    marginal_kl: Bracket


def class_surgery(
    codes: Codes, n_samples: int = 2000, seed: int = 0, whole: RateParts | None = None
) -> ClassSurgery:
    """KL(q(z|y) || p) of every class, and its parts.

    sum_y pi_y KL(q(z|y) || p) = I(y; z) + KL(q(z) || p), exactly.

    Parameters
    ----------
    codes : Codes
    n_samples : int
        Draws of z, for each class and for q(z).
    whole : RateParts, optional
        Those of all these codes, if they are known already.

    Raises
    ------
    ConfigError
        For a point mass.
    """
    is_gaussian = codes.is_rotation_invariant
    rows, brackets = [], []
    for moments in class_posteriors(codes):
        own = codes.of_class(moments.label)
        class_kl = _known_marginal_kl(own, n_samples, seed)
        matched = kl_to_standard_normal(moments) if is_gaussian else math.nan
        brackets.append(class_kl)
        rows.append(
            {
                "label": moments.label,
                "n_images": len(own),
                "class_kl": class_kl.high.value,
                "class_kl_lower": class_kl.low.value,
                "class_kl_error": class_kl.high.standard_error,
                "matched_kl": matched,
                "non_gaussian_kl": class_kl.high.value - matched,
            }
        )
    table = pd.DataFrame(rows)
    shares = [n / len(codes) for n in table["n_images"]]
    low = weighted_sum(shares, [bracket.low for bracket in brackets])
    high = weighted_sum(shares, [bracket.high for bracket in brackets])
    whole = whole or rate_parts(codes, n_samples, seed, by_dimension=False)
    marginal = whole.marginal_kl
    entropy = -sum(share * math.log(share) for share in shares)
    information = Bracket(low - marginal.low, high - marginal.high).in_order()
    possible = Bracket(
        information.low.at_least_zero(), information.high.at_least_zero().at_most(entropy)
    )
    return ClassSurgery(table, Bracket(low, high).in_order(), possible, marginal)


def _known_marginal_kl(codes: Codes, n_samples: int, seed: int) -> Bracket:
    """KL(q(z) || p) of these codes; nan when saturated."""
    parts = rate_parts(codes, n_samples, seed, by_dimension=False)
    unknown = Estimate(math.nan, math.nan)
    return Bracket(unknown, unknown) if parts.saturated else parts.marginal_kl


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
        n_images, kl = KL(q(z | first k) || p), nan when saturated, and dim_kl, the same of
        dimension j alone, which is never saturated; each followed by its *_lower and *_error.
        In nats.

    Raises
    ------
    ConfigError
        For a point mass.
    """
    rows = []
    present: list[int] = codes.labels.unique().tolist()
    for k, label in enumerate(present):
        some = codes.of_class(*present[: k + 1])
        row: dict[str, float] = {"label": label, "n_images": len(some)}
        for name, bracket in (
            ("kl", _known_marginal_kl(some, n_samples, seed)),
            ("dim_kl", dim_kl(some, j, n_samples, seed)),
        ):
            row |= {
                name: bracket.high.value,
                f"{name}_lower": bracket.low.value,
                f"{name}_error": bracket.high.standard_error,
            }
        rows.append(row)
    return pd.DataFrame(rows)


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
        density = aggregate_posterior(own).dim_log_prob(places, j).exp()
        rows.append(density * (len(own) / len(codes)))
    return torch.stack(rows)


def kl_to_standard_normal(moments: ClassPosterior) -> float:
    """KL(N(m, C) || N(0, I)) = 0.5 (tr C + |m|^2 - d - ln det C)."""
    mean, covariance = moments.mean, moments.covariance
    squares = covariance.trace() + mean.square().sum() - len(mean)
    return float(0.5 * (squares - torch.logdet(covariance)))

"""Posterior collapse as a law: what a dimension costs, and where a linear VAE gives it up.

Of a linear Gaussian VAE, probabilistic PCA, everything is known (Lucas et al. 2019, "Don't blame
the ELBO!"): with a weight beta of the rate, dimension j follows the j-th eigenvector of the pixels'
covariance, and over the data

    KL_j = 0.5 ln(lambda_j / (beta sigma^2))    as long as lambda_j > beta sigma^2, else 0.

The level beta sigma^2 is a water line: at lambda_j dimension j collapses, at lambda_1 all is lost.
Bernoulli pixels have no sigma, but a variance p (1 - p) around the mean picture. Near the collapsed
model, where every weight is small, the loss is to second order that of a Gaussian whose pixels are
divided by their standard deviation: lambda are then the eigenvalues of *that* covariance, and the
level is beta. There the law tells where the collapsed model stops to be the best, for any network,
and is an approximation away from it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor

from vae_core.analysis.diagnosis.linear_vae import pixel_moments
from vae_core.analysis.estimates import mean_estimate
from vae_core.analysis.rate.rates import channel_order, latent_names
from vae_core.codes import Codes
from vae_core.config import LIKELIHOODS, POSTERIORS, PRIORS, RunConfig
from vae_core.data.dataset import Split
from vae_core.likelihoods import Likelihood
from vae_core.vae import VAE

NO_KL = 0.01  # nats: a dimension with less has collapsed
MIN_VARIANCE = 1e-4  # of a pixel's noise: one that is lit more rarely is left out


def has_law(config: RunConfig) -> bool:
    """Whether the law is known for such models.

    For dimensions with Gaussian posteriors, independent given x, against N(0, I), pixels whose
    noise is known, and a loss that is distortion + beta * rate.
    """
    model, train = config.model, config.train
    family, likelihood = POSTERIORS[model.posterior], LIKELIHOODS[model.likelihood]
    is_diagonal = family.is_rotation_invariant and not family.is_correlated and family.has_rate
    has_noise = likelihood.pixel_variance(torch.ones(1)) is not None
    has_one_sigma = not likelihood.has_sigma or model.sigma != "per-image"
    is_plain = not (train.free_bits or train.tc_weight) and train.importance == 1
    has_one_prior = not (PRIORS[model.prior].is_learned or model.is_conditional)
    is_right = train.mistake == "none" and has_one_prior
    return bool(is_diagonal and has_noise and has_one_sigma and is_plain and is_right)


def noise_spectrum(split: Split, likelihood: type[Likelihood]) -> Float[Tensor, " D"]:
    """Eigenvalues of the covariance of pixels measured by their noise, largest first.

    For Gaussian pixels `data_spectrum`, in squared grey values; for Bernoulli ones those of
    (x - p) / sqrt(p (1 - p)), p the mean picture, without a unit. Pixels that are drawn anew in
    every batch have the variance of the draws, too.
    """
    mean, covariance = pixel_moments(split)
    noise = likelihood.pixel_variance(mean)
    assert noise is not None, "see has_law"
    scale = torch.where(noise > MIN_VARIANCE, noise.clamp(min=MIN_VARIANCE).rsqrt(), 0.0)
    spectrum: Tensor = torch.linalg.eigvalsh(covariance * scale[:, None] * scale)
    return spectrum.flip(0)


def water_level(vae: VAE, beta: float) -> float:
    """The level beta sigma^2 that eigenvalues have to exceed; beta where there is no sigma.

    Parameters
    ----------
    vae : VAE
    beta : float
        Effective, as `effective_beta` has it.
    """
    sigma = vae.likelihood.sigma
    return beta if sigma is None else beta * sigma**2


def collapse_law(codes: Codes, spectrum: Float[Tensor, " D"], level: float) -> pd.DataFrame:
    """The KL of every dimension beside the law.

    Parameters
    ----------
    codes : Codes
        Of a model for which `has_law`.
    spectrum : Tensor, (D,)
        `noise_spectrum` of the training images.
    level : float
        `water_level` of the model.

    Returns
    -------
    DataFrame
        One row per latent dimension, the largest KL first: rank (1, 2, ...), name, level,
        eigenvalue (0 beyond the last), predicted and kl (nats per image), standard_error of kl
        over images, vanishes_at and vanishes_at_error: level * exp(2 kl), the level at which this
        dimension would collapse if its KL went on falling as the law says; nan for one that has.
    """
    order = channel_order(codes)
    kl = codes.kl.double().flatten(1)[:, order]
    found = [mean_estimate(kl[:, j]) for j in range(kl.shape[1])]
    lost = torch.zeros(max(0, len(order) - len(spectrum))).double()
    eigenvalues = torch.cat([spectrum.double().clamp(min=0.0), lost])[: len(order)]
    measured = torch.tensor([one.value for one in found]).double()
    errors = torch.tensor([one.standard_error for one in found]).double()
    vanishes_at = torch.where(measured >= NO_KL, level * (2.0 * measured).exp(), math.nan)
    names = latent_names(codes.latent_shape)
    return pd.DataFrame(
        {
            "rank": range(1, len(order) + 1),
            "name": [names[j] for j in order],
            "level": level,
            "eigenvalue": eigenvalues.numpy(),
            "predicted": predicted_kl(eigenvalues, level).numpy(),
            "kl": measured.numpy(),
            "standard_error": errors.numpy(),
            "vanishes_at": vanishes_at.numpy(),
            "vanishes_at_error": (2.0 * vanishes_at * errors).numpy(),
        }
    )


def predicted_kl(eigenvalues: Float[Tensor, " n"], level: float) -> Float[Tensor, " n"]:
    """0.5 ln(lambda / level) where lambda exceeds the level, else 0; nats per image."""
    return 0.5 * (eigenvalues / level).clamp(min=1.0).log()


@dataclass(frozen=True)
class CollapsePoint:
    """Where dimension `rank` collapses along a sweep: by the law, and between which runs.

    predicted : its eigenvalue.
    last, first : the highest level with a KL of it, and the lowest one without, above that; nan
        where there is no such run.
    """

    rank: int
    predicted: float
    last: float
    first: float

    @property
    def holds(self) -> bool | None:
        """Whether the law's point is between the two; None where one of them is missing."""
        if math.isnan(self.last) or math.isnan(self.first):
            return None
        return self.last <= self.predicted <= self.first


def collapse_points(law: pd.DataFrame) -> list[CollapsePoint]:
    """The points of collapse along a sweep, from the tables of its runs, one after the other."""
    points = []
    for rank in sorted(set(law["rank"].tolist())):
        rows = law[law["rank"] == rank]
        is_used = rows["kl"] >= NO_KL
        used, lost = rows.loc[is_used, "level"], rows.loc[~is_used, "level"]
        last = float(used.max()) if len(used) else math.nan
        beyond = lost[lost > last] if len(used) else lost
        first = float(beyond.min()) if len(beyond) else math.nan
        points.append(CollapsePoint(int(rank), float(rows["eigenvalue"].iloc[0]), last, first))
    return points

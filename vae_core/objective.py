"""The evidence lower bound per image, and the training loss.

negative ELBO = distortion + rate
distortion    = -E_q log p(x|z)      reconstruction term, in nats
rate          = KL(q(z|x) || p(z))   KL term, in nats
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from vae_core.config import TrainConfig
from vae_core.errors import ConfigError
from vae_core.likelihoods import Pixels
from vae_core.posteriors import LatentDistribution, Posterior
from vae_core.priors import rate, rate_per_dim
from vae_core.vae import VAE

MAX_SAMPLES = 100_000


@dataclass(frozen=True)
class ElboTerms:
    """The two terms for every image of a batch, in nats per image."""

    distortion: Float[Tensor, " n"]
    rate: Float[Tensor, " n"]
    posterior: Posterior
    prior: LatentDistribution
    z: Float[Tensor, ...]  # (*samples, n, *latent), what the distortion was measured with
    pixels: Pixels  # p(x|z) of those draws, (*samples, n)

    @property
    def negative_elbo(self) -> Float[Tensor, " n"]:
        """distortion + rate: an upper bound on -log p(x), in expectation over the draws."""
        return self.distortion + self.rate

    @property
    def rate_per_dim(self) -> Float[Tensor, " n *latent"]:
        """KL of every latent dimension's marginal, (n, *latent)."""
        return rate_per_dim(self.posterior, self.prior, self.z)


def elbo_terms(
    vae: VAE,
    x: Float[Tensor, "n c H W"],
    n_samples: int = 1,
    generator: torch.Generator | None = None,
    labels: Int[Tensor, " n"] | None = None,
) -> ElboTerms:
    """Distortion by `n_samples` draws of z per image; rate in closed form, or by the same draws.

    Parameters
    ----------
    vae : VAE
    x : Tensor, (n, c, H, W)
    n_samples : int
        Draws averaged per image; more of them lower the noise, not the mean.
    generator : torch.Generator, optional
        Source of the draws; torch's global one by default.
    labels : Tensor, (n,), optional
        Of the images, for a model that is conditional, or that charges each against the prior of
        its label; without them the rate of the latter is that against p(z).

    Raises
    ------
    ConfigError
        When n_samples is not positive, or absurdly large.
    """
    if not 1 <= n_samples <= MAX_SAMPLES:
        raise ConfigError(f"n_samples must be from 1 to {MAX_SAMPLES}; got {n_samples}.")
    vae = vae.given(labels)
    q, p = vae.encode(x), vae.prior().given(labels)
    if n_samples == 1:  # as in training: spared an axis
        z = q.rsample((), generator)
        pixels = vae.decode(z)
        distortion = -pixels.log_prob(x)
    else:
        z = q.rsample((n_samples,), generator)  # (n_samples, n, *latent)
        pixels = vae.decode(z)
        distortion = -pixels.log_prob(x).mean(0)
    return ElboTerms(distortion, rate(q, p, z), q, p, z, pixels)


@dataclass(frozen=True)
class Reduction:
    """Factors on the summed terms of a loss that takes means where the ELBO sums.

    Many published losses average over pixels, latents or cells. Such a loss is not the ELBO, but
    equivalent to training with another beta, or another sigma of the decoder.
    """

    distortion: float = 1.0
    rate: float = 1.0

    @classmethod
    def of(
        cls, name: str, image_shape: tuple[int, ...], latent_shape: tuple[int, ...]
    ) -> Reduction:
        """Of a name in REDUCTIONS: over pixels / over latents.

        sum/sum is the ELBO; mean/sum and mean/mean are the losses with `reduction="mean"`;
        sum/mean averages the KL alone, as code with `-0.5 * mean(1 + logvar - ...)` does;
        sum/cell divides the KL by the number of cells, as in arXiv 2004.06271, Eq. 3.
        """
        over_pixels, over_latents = name.split("/")
        latents = {
            "sum": 1,
            "mean": math.prod(latent_shape),
            "cell": math.prod(latent_shape[:-1]),
        }
        pixels = 1 if over_pixels == "sum" else math.prod(image_shape)
        return cls(1.0 / pixels, 1.0 / latents[over_latents])

    @property
    def implied_beta(self) -> float:
        """The weight of the summed KL beside the summed distortion."""
        return self.rate / self.distortion

    def implied_sigma(self, sigma: float, beta: float = 1.0) -> float:
        """The sigma at which a Gaussian decoder's ELBO (beta = 1) has the same optimum.

        ||x - y||^2 / (2 sigma^2) + b KL has that of ||x - y||^2 / (2 b sigma^2) + KL.
        """
        return sigma * math.sqrt(beta * self.implied_beta)


def effective_beta(
    train: TrainConfig, image_shape: tuple[int, ...], latent_shape: tuple[int, ...]
) -> float:
    """The weight of the summed KL beside the summed distortion, once a warm-up is over.

    `train.beta`, times the factor of the loss's reduction; 1 is the ELBO.
    """
    return train.beta * Reduction.of(train.reduction, image_shape, latent_shape).implied_beta


@dataclass(frozen=True)
class Objective:
    """The training loss: mean over the batch of distortion + beta * rate, and optional terms.

    beta : Higgins et al. (2017); 1 is the ELBO.
    warmup_epochs : beta rises linearly from 0 over this many epochs (Bowman et al. 2016).
    free_bits : lambda of Kingma et al. (2016), Eq. 15: sum_j max(lambda, mean_x KL_j).
    tc_weight : adds tc_weight * total correlation (Chen et al. 2018; their beta less 1).
    n_images : size of the training set, which the total correlation needs.
    reduction : means in place of sums, to see what they do.
    """

    beta: float = 1.0
    warmup_epochs: int = 0
    free_bits: float = 0.0
    tc_weight: float = 0.0
    n_images: int = 1
    reduction: Reduction = Reduction()

    @classmethod
    def of(cls, config: TrainConfig, vae: VAE, n_images: int) -> Objective:
        """The objective of a TrainConfig, with this model and so many training images."""
        return cls(
            config.beta,
            config.warmup_epochs,
            config.free_bits,
            config.tc_weight,
            n_images,
            Reduction.of(config.reduction, vae.image_shape, vae.latent_shape),
        )

    def beta_at(self, epoch: int) -> float:
        """beta in force during epoch 1, 2, ..."""
        if not self.warmup_epochs:
            return self.beta
        return self.beta * min(1.0, (epoch - 1) / self.warmup_epochs)

    def __call__(self, terms: ElboTerms, epoch: int = 1) -> Float[Tensor, ""]:
        """Scalar loss; in nats per image while the reduction is the ELBO's.

        Without a rate (point mass) it is the distortion.
        """
        if not terms.posterior.has_rate:  # infinite: skipped, for 0 * inf is nan
            return self.reduction.distortion * terms.distortion.mean()
        penalty = terms.posterior.penalty
        beta = self.beta_at(epoch) * self.reduction.implied_beta
        loss = torch.add(terms.distortion, terms.rate, alpha=beta).mean()
        if penalty is not None:
            loss = loss + penalty.mean()
        if self.free_bits:
            floor = (self.free_bits - terms.rate_per_dim.mean(0)).clamp(min=0.0)
            loss = loss + beta * floor.sum()
        if self.tc_weight:
            weight = self.tc_weight * self.reduction.implied_beta  # it is a part of the rate
            loss = loss + weight * total_correlation(terms, self.n_images)
        if self.reduction.distortion == 1.0:
            return loss
        return self.reduction.distortion * loss


def total_correlation(terms: ElboTerms, n_images: int) -> Float[Tensor, ""]:
    """KL(q(z) || prod_j q(z_j)) estimated from one batch, in nats (Chen et al. 2018).

    q(z), the aggregate posterior, is over all `n_images` images, of which a batch holds a few:
    minibatch stratified sampling weights them so that the estimate of q(z_i) is unbiased.
    """
    q, n, ndim = terms.posterior, len(terms.rate), len(terms.posterior.event_shape)
    if n < 2:
        return terms.rate.new_zeros(())
    z = terms.z.unsqueeze(-ndim - 1)  # every image's draw under every image's posterior
    log_weight = stratified_weights(n, n_images).to(z).log()  # (n, n)
    joint = (log_weight + q.log_prob(z)).logsumexp(-1)  # (*samples, n)
    each = q.marginals().log_prob(z).flatten(-ndim)  # (*samples, n, n, d)
    product = (log_weight[..., None] + each).logsumexp(-2).sum(-1)
    return (joint - product).mean()


def stratified_weights(batch: int, n_images: int) -> Float[Tensor, "batch batch"]:
    """Weights W with E[sum_j W_ij q(z_i|x_j)] = q(z_i) over random batches around image i.

    The image itself weighs 1 / N, one other (N - M) / (N M), the rest 1 / M, M = batch - 1.
    """
    m, n = batch - 1, max(n_images, batch)
    weights = torch.full((batch, batch), 1.0 / m)
    rows = torch.arange(batch)
    weights[rows, rows] = 1.0 / n
    weights[rows, (rows + 1) % batch] = (n - m) / (n * m)
    return weights

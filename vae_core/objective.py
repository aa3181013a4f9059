"""The evidence lower bound, per image, and what training minimises instead of it.

negative ELBO = distortion + rate
distortion    = -E_q log p(x|z)      how badly the picture is explained, in nats
rate          = KL(q(z|x) || p(z))   how much the code says about the image, in nats
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import Distribution, kl_divergence

from vae_core.config import TrainConfig
from vae_core.data.dataset import Split
from vae_core.errors import ConfigError
from vae_core.posteriors import Posterior, kl_per_dim
from vae_core.vae import VAE

EVALUATION_BLOCK = 1000  # pictures decoded at once
MAX_SAMPLES = 100_000


@dataclass(frozen=True)
class ElboTerms:
    """The two terms for every image of a batch, in nats per image."""

    distortion: Float[Tensor, " n"]
    rate: Float[Tensor, " n"]
    posterior: Posterior
    prior: Distribution

    @property
    def negative_elbo(self) -> Float[Tensor, " n"]:
        """distortion + rate: an upper bound on -log p(x), in expectation over the draws."""
        return self.distortion + self.rate

    @property
    def rate_per_dim(self) -> Float[Tensor, " n *latent"]:
        """KL of every latent number's marginal, (n, *latent)."""
        return kl_per_dim(self.posterior, self.prior)


def elbo_terms(
    vae: VAE,
    x: Float[Tensor, "n c H W"],
    n_samples: int = 1,
    generator: torch.Generator | None = None,
) -> ElboTerms:
    """Distortion by `n_samples` draws of z per image, rate in closed form.

    Parameters
    ----------
    vae : VAE
    x : Tensor, (n, c, H, W)
    n_samples : int
        Draws averaged per image; more of them lower the noise, not the mean.
    generator : torch.Generator, optional
        Source of the draws; torch's global one by default.

    Raises
    ------
    ConfigError
        When n_samples is not positive, or absurdly large.
    """
    if not 1 <= n_samples <= MAX_SAMPLES:
        raise ConfigError(f"n_samples must be from 1 to {MAX_SAMPLES}; got {n_samples}.")
    q, p = vae.encode(x), vae.prior()
    if n_samples == 1:  # as in training: spared an axis
        distortion = -vae.decode(q.rsample((), generator)).log_prob(x)
    else:
        z = q.rsample((n_samples,), generator)  # (n_samples, n, *latent)
        distortion = -vae.decode(z).log_prob(x).mean(0)
    return ElboTerms(distortion, kl_divergence(q, p), q, p)


@dataclass(frozen=True)
class Objective:
    """What is minimised: mean over the batch of distortion + beta * rate.

    beta : Higgins et al. (2017); 1 is the ELBO.
    warmup_epochs : beta rises linearly from 0 over this many epochs (Bowman et al. 2016).
    free_bits : lambda of Kingma et al. (2016), Eq. 15: sum_j max(lambda, mean_x KL_j).
    """

    beta: float = 1.0
    warmup_epochs: int = 0
    free_bits: float = 0.0

    @classmethod
    def of(cls, config: TrainConfig) -> Objective:
        """The objective a TrainConfig asks for."""
        return cls(config.beta, config.warmup_epochs, config.free_bits)

    def beta_at(self, epoch: int) -> float:
        """beta in force during epoch 1, 2, ..."""
        if not self.warmup_epochs:
            return self.beta
        return self.beta * min(1.0, (epoch - 1) / self.warmup_epochs)

    def __call__(self, terms: ElboTerms, epoch: int = 1) -> Float[Tensor, ""]:
        """Scalar loss in nats per image. Without a rate (point mass): the distortion."""
        if not terms.posterior.has_rate:  # infinite: skipped, for 0 * inf is nan
            return terms.distortion.mean()
        beta = self.beta_at(epoch)
        if self.free_bits:
            rate = terms.rate_per_dim.mean(0).clamp(min=self.free_bits).sum()
            return terms.distortion.mean() + beta * rate
        return torch.add(terms.distortion, terms.rate, alpha=beta).mean()


@dataclass(frozen=True)
class Evaluation:
    """Means over a split at beta = 1, in nats per image."""

    distortion: float
    rate: float
    rate_per_dim: tuple[float, ...]  # in the order of z.flatten()
    n_images: int
    n_samples: int

    @property
    def negative_elbo(self) -> float:
        """distortion + rate; infinite for a point mass."""
        return self.distortion + self.rate


def evaluate(vae: VAE, split: Split, n_samples: int = 1, seed: int = 0) -> Evaluation:
    """Mean ELBO terms over every image of a split, each image weighing the same.

    The draws are those of `seed`, so that two evaluations differ by the model alone.
    """
    like = next(vae.parameters())
    generator = torch.Generator(like.device).manual_seed(seed)
    distortion = rate = 0.0
    per_dim = torch.zeros(vae.latent_shape, dtype=torch.float64)
    with torch.inference_mode():
        for block in blocks(len(split), max(1, EVALUATION_BLOCK // max(1, n_samples))):
            x = split.batch(block, generator, like.device).to(like.dtype)
            terms = elbo_terms(vae, x, n_samples, generator)
            distortion += terms.distortion.double().sum().item()
            rate += terms.rate.double().sum().item()
            per_dim += terms.rate_per_dim.double().sum(0).cpu()
    n = len(split)
    return Evaluation(
        distortion / n, rate / n, tuple((per_dim / n).flatten().tolist()), n, n_samples
    )


def blocks(n: int, size: int = EVALUATION_BLOCK) -> Iterator[slice]:
    """Slices that cover 0 ... n in order."""
    return (slice(start, min(start + size, n)) for start in range(0, n, size))

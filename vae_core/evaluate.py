"""Mean ELBO terms of a model over the images of a split, at beta = 1, in nats per image."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch

from vae_core.data.dataset import Split
from vae_core.objective import elbo_terms
from vae_core.posteriors import Posterior
from vae_core.vae import VAE

EVALUATION_BLOCK = 1000  # pictures decoded at once


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

    def is_finite(self, family: type[Posterior]) -> bool:
        """Whether the terms are numbers: of a point mass, the distortion."""
        return math.isfinite(self.negative_elbo if family.has_rate else self.distortion)


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

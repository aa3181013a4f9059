"""ELBO terms over the images of a split, at beta = 1, in nats: their means, and every image's."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from vae_core.data.dataset import Split
from vae_core.objective import ElboTerms, elbo_terms
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
    error: float = math.nan  # standard error of their sum over images; of the distortion alone

    @property
    def negative_elbo(self) -> float:
        """distortion + rate; infinite for a point mass."""
        return self.distortion + self.rate

    def is_finite(self, family: type[Posterior]) -> bool:
        """Whether the terms are numbers: of a point mass, the distortion."""
        return math.isfinite(self.negative_elbo if family.has_rate else self.distortion)


@dataclass(frozen=True)
class ImageTerms:
    """ELBO terms of every image of a split at beta = 1, in nats, as float64.

    Attributes
    ----------
    distortion : Tensor, (n,)
        Mean over the image's draws of z: one draw leaves it as noisy as the posterior is wide.
    rate : Tensor, (n,)
        Infinite for a point mass.
    n_samples : int
        Draws of z for each image.
    """

    distortion: Float[Tensor, " n"]
    rate: Float[Tensor, " n"]
    n_samples: int

    def __len__(self) -> int:
        return len(self.distortion)

    @property
    def negative_elbo(self) -> Float[Tensor, " n"]:
        """distortion + rate; infinite for a point mass."""
        return self.distortion + self.rate


def evaluate(vae: VAE, split: Split, n_samples: int = 1, seed: int = 0) -> Evaluation:
    """Mean ELBO terms over every image of a split, each image weighing the same.

    The draws are those of `seed`, so that two evaluations differ by the model alone.
    """
    distortion = rate = 0.0
    per_dim = torch.zeros(vae.latent_shape, dtype=torch.float64)
    scores = []
    with torch.inference_mode():
        for terms in _by_block(vae, split, n_samples, seed):
            distortion += terms.distortion.double().sum().item()
            rate += terms.rate.double().sum().item()
            per_dim += terms.rate_per_dim.double().sum(0).cpu()
            whole = terms.distortion + terms.rate if vae.family.has_rate else terms.distortion
            scores.append(whole.double().cpu())
    n = len(split)
    error = torch.cat(scores).std().item() / math.sqrt(n) if n > 1 else math.nan
    return Evaluation(
        distortion / n, rate / n, tuple((per_dim / n).flatten().tolist()), n, n_samples, error
    )


def evaluate_images(vae: VAE, split: Split, n_samples: int = 1, seed: int = 0) -> ImageTerms:
    """ELBO terms of every image of a split, in its order.

    The draws are those of `evaluate` with the same `n_samples` and `seed`, whose numbers are the
    means of these. Pictures are decoded a block at a time; what is kept is two numbers an image.

    Raises
    ------
    ConfigError
        When n_samples is not positive, or absurdly large.
    """
    pairs = []
    with torch.inference_mode():
        for terms in _by_block(vae, split, n_samples, seed):
            pairs.append(torch.stack([terms.distortion.double(), terms.rate.double()]).cpu())
    distortion, rate = torch.cat(pairs, 1)  # outside: a tensor like others
    return ImageTerms(distortion, rate, n_samples)


def _by_block(vae: VAE, split: Split, n_samples: int, seed: int) -> Iterator[ElboTerms]:
    """The terms of a split, a block of images at a time, with the draws of a seed."""
    like = next(vae.parameters())
    generator = torch.Generator(like.device).manual_seed(seed)
    for block in blocks(len(split), max(1, EVALUATION_BLOCK // max(1, n_samples))):
        x = split.batch(block, generator, like.device).to(like.dtype)
        yield elbo_terms(vae, x, n_samples, generator, split.labels[block])


def blocks(n: int, size: int = EVALUATION_BLOCK) -> Iterator[slice]:
    """Slices that cover 0 ... n in order."""
    return (slice(start, min(start + size, n)) for start in range(0, n, size))

"""What code with a mistake reports as the negative ELBO of a model, and what it really has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import torch
from torch.distributions import kl_divergence

from vae_core.analysis.estimates import Estimate, mean_estimate
from vae_core.data.dataset import Split
from vae_core.evaluate import blocks
from vae_core.mistakes import NOISES, mistaken_terms
from vae_core.objective import ElboTerms
from vae_core.posteriors import DiagonalGaussian
from vae_core.vae import VAE


def reported_loss(vae: VAE, split: Split, mistake: str, seed: int = 0) -> Estimate:
    """The mean over a split that the wrong code computes, one draw of z per image, in nats.

    `mistake` is one of `config.MISTAKES`; of "none" it is the negative ELBO. The error is that
    over the images. Raises ConfigError for another posterior than a diagonal Gaussian.
    """
    parts = [terms.negative_elbo.double() for terms in _terms(vae, split, mistake, seed)]
    return mean_estimate(torch.cat(parts))


def drawn_loss(vae: VAE, split: Split, mistake: str, seed: int = 0) -> Estimate:
    """The negative ELBO of the z that the wrong code draws, with the same draws, in nats.

    A wrong line of noise draws z ~ N(mu, s^2), s being the size of its noise and not the sigma
    that the encoder gives: this is the ELBO with N(mu, s^2) for q. A wrong KL draws z as it should.
    """
    parts = []
    for terms in _terms(vae, split, mistake, seed):
        q = terms.posterior
        if mistake in NOISES:
            wrong = cast(DiagonalGaussian, q)  # the only family that has mistakes
            size = NOISES[mistake](wrong.logvar).abs()
            q = DiagonalGaussian(wrong.loc, 2.0 * size.log(), len(wrong.event_shape))
        parts.append((terms.distortion + kl_divergence(q, terms.prior)).double())
    return mean_estimate(torch.cat(parts))


@torch.inference_mode()
def _terms(vae: VAE, split: Split, mistake: str, seed: int) -> Iterator[ElboTerms]:
    generator = torch.Generator().manual_seed(seed)
    for some in blocks(len(split)):
        yield mistaken_terms(vae, split.batch(some, generator), mistake, generator)

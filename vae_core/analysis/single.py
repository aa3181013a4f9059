"""One image on its way through a model: x -> q(z|x) -> z -> p(x|z)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import kl_divergence

from vae_core.analysis.codes import Codes
from vae_core.vae import VAE


@dataclass(frozen=True)
class Passage:
    """What happened to one image. Latents are flattened; terms are in nats.

    `distortion` is that of the drawn z, None without the image; `rate` is None without a
    finite one.
    """

    mu: Float[Tensor, " d"]
    sigma: Float[Tensor, " d"]
    z: Float[Tensor, " d"]
    picture: Float[Tensor, "c H W"]  # the decoder's mean
    distortion: float | None
    rate: float | None


def follow(
    vae: VAE, codes: Codes, index: int, draw: int = 0, x: Float[Tensor, "1 c H W"] | None = None
) -> Passage:
    """Draw one z for an encoded image and decode it.

    Parameters
    ----------
    index : int
        Which of the codes.
    draw : int
        Seed of the noise: the same number draws the same z.
    x : Tensor, optional
        The image itself, to score it.
    """
    with torch.no_grad():
        q = codes.take(torch.tensor([index])).posterior()
        z = q.sample((), torch.Generator().manual_seed(draw))
        p = vae.decode(z)
        return Passage(
            q.mean.flatten(),
            q.variance.sqrt().flatten(),
            z.flatten(),
            p.mean[0].clamp(0.0, 1.0),
            None if x is None else float(-p.log_prob(x)),
            float(kl_divergence(q, vae.prior())) if vae.family.has_rate else None,
        )

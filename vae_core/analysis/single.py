"""One image on its way through a model: x -> q(z|x) -> z -> p(x|z)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import kl_divergence

from vae_core.analysis.codes import Codes
from vae_core.posteriors import kl_rest
from vae_core.vae import VAE


@dataclass(frozen=True)
class Passage:
    """What happened to one image. Latents are flattened; terms are in nats.

    `distortion` is that of the drawn z, None without the image; `rate` is None without a
    finite one, and `rest` is the part of it that no single number's marginal accounts for.
    """

    index: int
    mu: Float[Tensor, " d"]
    sigma: Float[Tensor, " d"]
    z: Float[Tensor, " d"]
    picture: Float[Tensor, "c H W"]  # the decoder's mean
    drawn: Float[Tensor, "c H W"]  # a draw from p(x|z)
    distortion: float | None
    rate: float | None
    rest: float | None


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
    p_z, generator = codes.prior(), torch.Generator().manual_seed(draw)
    with torch.no_grad():
        q = codes.take(torch.tensor([index])).posterior()
        z = q.sample((), generator)
        p = vae.decode(z)
        return Passage(
            index,
            q.mean.flatten(),
            q.variance.sqrt().flatten(),
            z.flatten(),
            p.mean[0].clamp(0.0, 1.0),
            p.sample((), generator)[0].clamp(0.0, 1.0),
            None if x is None else float(-p.log_prob(x)),
            float(kl_divergence(q, p_z)) if vae.family.has_rate else None,
            float(kl_rest(q, p_z)) if vae.family.rest_title else None,
        )

"""The best posterior of any family for one image, by gradient ascent on the parameters of q.

For Gaussians of one or two dimensions `best_posterior` is quicker and free of noise.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from vae_core.priors import rate
from vae_core.vae import VAE

STEPS = 200
DRAWS = 32  # of q at each step
SCORES = 64  # draws that tell how far a parameter is from another
FIRST, LAST = 0.1, 0.005  # of a step, in standard deviations that a parameter stands for


def ascended(
    vae: VAE,
    x: Float[Tensor, "n c H W"],
    params: Float[Tensor, " n *sites P"],
    generator: torch.Generator,
) -> Float[Tensor, " n *sites P"]:
    """Parameters from which the ELBO of each image does not rise much further.

    Steps of Adam on reparameterised draws; the mean of the last half of the way is taken. A
    parameter is measured in units of 1 / sqrt(F), F its Fisher information where the way begins:
    a standard deviation for a mean, and about as much change of q for any other.
    """
    unit = _information(vae, params, generator).rsqrt()
    away = torch.zeros_like(params, requires_grad=True)
    optimiser = torch.optim.Adam([away], lr=FIRST)
    total, prior = torch.zeros_like(params), vae.prior()
    for step in range(STEPS):
        share = 0.5 * (1.0 + math.cos(math.pi * step / STEPS))
        optimiser.param_groups[0]["lr"] = LAST + share * (FIRST - LAST)
        q = vae.family.from_params(params + unit * away)
        z = q.rsample((DRAWS,), generator)
        fit = vae.decode(z).log_prob(x).mean(0)
        loss = (rate(q, prior, z) - fit).sum()
        (away.grad,) = torch.autograd.grad(loss, away)
        optimiser.step()
        if step >= STEPS // 2:
            total += away.detach() / (STEPS - STEPS // 2)
    return params + unit * total


def _information(vae: VAE, params: Tensor, generator: torch.Generator) -> Tensor:
    """Mean square of the score of each parameter, as `params`."""
    z = vae.family.from_params(params).sample((SCORES,), generator)
    many = params.expand(SCORES, *params.shape).flatten(0, 1).requires_grad_()
    log_q = vae.family.from_params(many).log_prob(z.flatten(0, 1))
    (score,) = torch.autograd.grad(log_q.sum(), many)
    squares = score.reshape(SCORES, *params.shape).square().mean(0)
    return squares.clamp(min=1e-6)

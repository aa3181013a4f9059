"""log p(x) of a picture that the model drew itself, held from below and from above.

Of such a picture an exact draw of p(z|x) is at hand: the z that it was drawn from. Annealed
importance sampling forward gives a lower bound, and backwards from that z an upper one, both in
expectation; the slower the annealing, the closer they come (Grosse et al. 2015).
"""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import constraints

from vae_core.analysis.evidence.annealing import annealed
from vae_core.vae import VAE

TEMPERATURES = (3, 10, 30, 100)


class OwnDraw(NamedTuple):
    """z from the prior, (1, *latent), and x from p(x|z), (1, c, H, W)."""

    z: Float[Tensor, " one *latent"]
    x: Float[Tensor, "one c H W"]


def own_draw(vae: VAE, seed: int = 0) -> OwnDraw:
    """A picture as the model makes them, pixel noise and all."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        z = vae.prior().sample((1,), generator)
        return OwnDraw(z, vae.decode(z).sample((), generator))


def can_hold(vae: VAE) -> bool:
    """Whether `evidence_ends` takes a model: its z are real vectors with a density."""
    return vae.family.has_density and vae.family.support is constraints.real_vector


def evidence_ends(
    vae: VAE, draw: OwnDraw, seed: int = 0, temperatures: tuple[int, ...] = TEMPERATURES
) -> pd.DataFrame:
    """Lower and upper end of log p(x), in nats, for each number of annealing steps.

    Columns: n_temperatures; lower, upper; lower_error, upper_error, their standard errors over
    chains. Chains begin at the widened q(z|x) of the encoder, and go back to it.

    Raises
    ------
    ConfigError
        For a point mass, and for latents on a simplex.
    """
    generator = torch.Generator().manual_seed(seed)
    rows = []
    for count in temperatures:
        lower = annealed(vae, draw.x, generator, n_temperatures=count)
        upper = annealed(vae, draw.x, generator, n_temperatures=count, exact=draw.z)
        rows.append(
            {
                "n_temperatures": count,
                "lower": float(lower.value),
                "lower_error": float(lower.standard_error),
                "upper": float(upper.value),
                "upper_error": float(upper.standard_error),
            }
        )
    return pd.DataFrame(rows)

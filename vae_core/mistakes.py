"""Mistakes that code on the web makes in the loss of a VAE, to be trained on purpose.

A run that is trained with one reports what the wrong code computes, which may look better than the
right code's. Nothing else here computes with a mistake: records, metrics and pages are those of
the right code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import kl_divergence

from vae_core.errors import ConfigError
from vae_core.objective import ElboTerms
from vae_core.posteriors import DiagonalGaussian
from vae_core.vae import VAE

# mistake -> what the code multiplies eps by, of log sigma^2; right: exp(0.5 logvar)
NOISES: dict[str, Callable[[Tensor], Tensor]] = {
    "seed-noise": lambda logvar: (0.5 * (0.5 * logvar).exp()).log(),
    "exp-logvar": lambda logvar: logvar.exp(),
}
# mistake -> what the code takes for the KL of every image, of q and the true KL
RATES: dict[str, Callable[[DiagonalGaussian, Tensor], Tensor]] = {
    "sign-slip": lambda q, kl: kl + q.logvar.flatten(1).sum(1),
    "mean-kl": lambda q, kl: kl / q.event_shape.numel(),
}


def mistaken_terms(
    vae: VAE,
    x: Float[Tensor, "n c H W"],
    mistake: str,
    generator: torch.Generator | None = None,
) -> ElboTerms:
    """What code with a mistake takes for distortion and rate, with one draw of z per image.

    "seed-noise" draws z = mu + log(0.5 sigma) eps, "exp-logvar" z = mu + exp(log sigma^2) eps;
    "sign-slip" takes sum_j [log sigma_j + (mu_j^2 + sigma_j^2 - 1) / 2] for the KL, "mean-kl" the
    mean over the latent dimensions.

    Raises
    ------
    ConfigError
        For another posterior than a diagonal Gaussian, whose formulas these are.
    """
    family = vae.family
    if not family.has_density or not family.is_rotation_invariant or family.is_correlated:
        raise ConfigError(f"mistake: expected a diagonal Gaussian; got a {family.title}.")
    q, p = cast(DiagonalGaussian, vae.encode(x)), vae.prior()
    rate: Tensor = kl_divergence(q, p)
    if mistake in RATES:
        rate = RATES[mistake](q, rate)
    if mistake in NOISES:
        eps = torch.randn(q.loc.shape, generator=generator, dtype=x.dtype, device=x.device)
        z = q.loc + NOISES[mistake](q.logvar) * eps
    else:
        z = q.rsample((), generator)
    pixels = vae.decode(z)
    return ElboTerms(-pixels.log_prob(x), rate, q, p, z, pixels)

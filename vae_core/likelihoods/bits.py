"""Bits per dimension: the negative ELBO per pixel and channel, where the likelihood is normalised.

A probability's are those of a code for the images, up to the bound's gap. A density's are
differential: they depend on the unit of the pixels, and may be negative.
"""

from __future__ import annotations

import math

from vae_core.config import LIKELIHOODS, RunConfig
from vae_core.likelihoods.base import Likelihood

LEVEL_BITS = math.log2(255)  # per dimension, from a density on [0, 1] to grey levels 1/255 apart


def bits_per_dimension(nats: float, image_shape: tuple[int, ...]) -> float:
    """nats / (D ln 2), D = c H W: one nat is 1.44 bits.

    Parameters
    ----------
    nats : float
        Per image, summed over its dimensions.
    image_shape : (c, H, W)
    """
    return nats / (math.prod(image_shape) * math.log(2.0))


def score_in_bits(
    nats: float, config: RunConfig, image_shape: tuple[int, int, int]
) -> float | None:
    """A run's negative ELBO in bits per dimension; None where that is no number of bits.

    It is none where the likelihood is neither a probability nor a density of the pixels, which
    the Bernoulli is not of grey ones, and where the rate is infinite.

    A density p on [0, 1] gives a level of width w the mass p w, as long as it hardly changes
    within the level: its code is -log2 w bits longer, `LEVEL_BITS` for 8-bit pixels. A density
    that was trained on levels without noise that fills them can become narrower than they are,
    and its bits are then too few (Theis et al. 2016).

    Parameters
    ----------
    nats : float
        Per image.
    config : RunConfig
        Of the run that scored it: its likelihood, and its pixels.
    image_shape : (c, H, W)
    """
    if not (math.isfinite(nats) and _kind(config).is_normalised_on(config.data.binarisation)):
        return None
    return bits_per_dimension(nats, image_shape)


def unit_note(config: RunConfig) -> str:
    """One sentence about the bits of a density, with what a code of 8-bit pixels takes; or ""."""
    if not _kind(config).is_density:
        return ""
    if config.data.binarisation == "grey":
        return (
            "Bits of a density are differential: codes of 8-bit pixels take log₂ 255 = 7.99 more "
            "per dimension."
        )
    return "Bits of a density are differential: they are no code's of pixels that are 0 or 1."


def why_negative(*nats: float) -> str:
    """One sentence why a number of nats may be negative, where one of these is; else ""."""
    if min(nats, default=0.0) >= 0.0:
        return ""
    return (
        "Nats may be negative here: this likelihood is a density, which may exceed 1, and they "
        "depend on the unit of the pixels."
    )


def _kind(config: RunConfig) -> type[Likelihood]:
    kind: type[Likelihood] = LIKELIHOODS[config.model.likelihood]
    return kind

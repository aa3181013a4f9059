"""Bits-back coding: images into about their negative ELBO of bits, and back, without loss.

To put an image on the stack, with the model's encoder, prior and decoder:

    take z off the stack, with q(z|x)      the stack is log2 1 / q(z|x) bits shorter
    put x on it, with p(x|z)               log2 1 / p(x|z) longer
    put z on it, with p(z)                 log2 1 / p(z) longer

The sum is in expectation -ELBO / ln 2. To have it back, everything is undone in reverse, which
leaves the bits that z was taken off: they are not lost, they hold the images before (Frey and
Hinton 1997; Townsend, Bird and Barber 2019, "Practical lossless compression with latent variables
using bits back coding").
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from vae_core.compression.coordinates import UNIFORM, Coordinates, pixel_bins
from vae_core.compression.rans import Stack
from vae_core.config import LIKELIHOODS, POSTERIORS, PRIORS, ModelConfig
from vae_core.errors import ConfigError, DataError
from vae_core.vae import VAE

Levels = NDArray[np.uint8]
MAX_LANES = 20
IMAGES_A_LANE = 500  # so many make a lane worth its 64 bits
IMAGES_BEFORE = 16  # on the stack for each further one that is coded at once


@dataclass(frozen=True)
class Cost:
    """Bits that some images took, all of them together.

    images : how many.
    pixels : of x given z.
    prior : of z by the prior.
    back : of z that came back, by q(z|x).
    """

    images: int
    pixels: float
    prior: float
    back: float

    @property
    def total(self) -> float:
        """What the stack grew by."""
        return self.pixels + self.prior - self.back


def check_model(config: ModelConfig) -> int:
    """The number of levels of a pixel under a model that can code images.

    Raises
    ------
    ConfigError
        When its likelihood is no probability of levels, or its posterior has no density.
    """
    likelihood, family = LIKELIHOODS[config.likelihood], POSTERIORS[config.posterior]
    if likelihood.n_levels is None:
        able = [name for name, one in LIKELIHOODS.items() if one.n_levels is not None]
        raise ConfigError(
            f"only a probability of pixel levels can be coded; the {likelihood.title} likelihood "
            f"is a density. Choose a run with the likelihood {' or '.join(able)}."
        )
    if not family.has_density:
        raise ConfigError(
            f"bits come back from a density q(z|x); a {family.title} has none. Choose a run with "
            "another posterior, such as diagonal."
        )
    if config.is_conditional:
        raise ConfigError(
            "a conditional model asks for the labels, which are not in the images that are coded. "
            "Choose a run with labels unused."
        )
    prior = PRIORS[config.prior]
    if prior.is_learned:
        raise ConfigError(
            f"z is cut into bins of the same mass, one dimension by itself; under a {prior.title} "
            "its dimensions depend on each other. Choose a run with the prior standard."
        )
    n_levels: int = likelihood.n_levels
    return n_levels


def lanes_for(n: int) -> int:
    """How many images are coded side by side."""
    return min(MAX_LANES, max(1, n // IMAGES_A_LANE))


class BitsBack:
    """A coder of images by one model.

    Parameters
    ----------
    vae : VAE
        Used in double precision, a copy of it, so that the numbers of packing and unpacking are
        the same.
    before : int
        So many images are on the stack for each further one that is coded at once.

    Raises
    ------
    ConfigError
        See `check_model`.
    """

    def __init__(self, vae: VAE, before: int = IMAGES_BEFORE) -> None:
        self.before = before
        self.n_levels = check_model(vae.config)
        self.vae = copy.deepcopy(vae).cpu().double().eval()
        self.coordinates = Coordinates(self.vae)

    def check(self, levels: Levels) -> None:
        """Raise DataError unless these are images that it can code."""
        shape = self.vae.image_shape
        if levels.shape[1:] != shape or not len(levels) or levels.max() >= self.n_levels:
            raise DataError(
                f"expected one or more images of shape (n, {', '.join(map(str, shape))}) with "
                f"levels 0 to {self.n_levels - 1}; got shape {levels.shape}."
            )

    def put(self, levels: Levels, stack: Stack) -> Iterator[Cost]:
        """Put images on the stack, as many at once as it has lanes; what they took.

        Parameters
        ----------
        levels : uint8 array, (n, c, H, W)
            0 ... n_levels - 1.
        """
        for block in self._blocks(len(levels), len(stack.heads)):
            with torch.inference_mode():
                yield self._put(levels[block], stack)

    def take(self, n: int, stack: Stack) -> Iterator[Levels]:
        """Take n images off the stack, the last ones first: the inverse of `put`."""
        for block in reversed(list(self._blocks(n, len(stack.heads)))):
            with torch.inference_mode():
                yield self._take(block.stop - block.start, stack)

    def _blocks(self, n: int, lanes: int) -> Iterator[slice]:
        """Images that are coded at once: one at first, then more, up to one a lane.

        The z of a block is taken off the stack before any of its images is on it. What is not
        there has to be borrowed, and a file holds it.
        """
        start = 0
        while start < n:
            stop = min(n, start + min(lanes, 1 + start // self.before))
            yield slice(start, stop)
            start = stop

    def _put(self, levels: Levels, stack: Stack) -> Cost:
        lengths = [stack.length]
        stack.stir()
        z = self._pop_latents(levels, stack)
        lengths.append(stack.length)
        pixels = pixel_bins(self.vae.decode(self.coordinates.latents(z)), self.n_levels)
        for values, bins in zip(_by_pixel(levels), pixels, strict=True):
            stack.push(values, bins)
        lengths.append(stack.length)
        for j in reversed(range(self.coordinates.n)):
            stack.push(z[:, j], UNIFORM)
        lengths.append(stack.length)
        back, of_pixels, of_prior = np.diff(lengths).tolist()
        return Cost(len(levels), of_pixels, of_prior, -back)

    def _take(self, n: int, stack: Stack) -> Levels:
        z = np.stack([stack.pop(n, UNIFORM) for _ in range(self.coordinates.n)], 1)
        pixels = pixel_bins(self.vae.decode(self.coordinates.latents(z)), self.n_levels)
        values = [stack.pop(n, bins) for bins in reversed(pixels)]
        shape = (n, *self.vae.image_shape)
        levels = np.stack(values[::-1], 1).astype(np.uint8).reshape(shape)
        self._push_latents(levels, z, stack)
        stack.stir()
        return levels

    def _pop_latents(self, levels: Levels, stack: Stack) -> NDArray[np.int64]:
        """Bins of a z of every image, (n, coordinates), drawn from q(z|x) by bits of the stack."""
        q, before = self.vae.encode(self._images(levels)), torch.empty(len(levels), 0).double()
        columns = []
        for j in range(self.coordinates.n):
            columns.append(stack.pop(len(levels), self.coordinates.posterior(q, j, before)))
            before = torch.cat([before, self.coordinates.values(columns[j], j)[:, None]], 1)
        return np.stack(columns, 1)

    def _push_latents(self, levels: Levels, z: NDArray[np.int64], stack: Stack) -> None:
        """Undo `_pop_latents`."""
        q = self.vae.encode(self._images(levels))
        u = [self.coordinates.values(z[:, j], j) for j in range(self.coordinates.n)]
        for j in reversed(range(self.coordinates.n)):
            before = torch.stack(u[:j], 1) if j else u[0][:, None][:, :0]
            stack.push(z[:, j], self.coordinates.posterior(q, j, before))

    def _images(self, levels: Levels) -> torch.Tensor:
        return torch.from_numpy(levels).double() / (self.n_levels - 1)


def _by_pixel(levels: Levels) -> NDArray[np.int64]:
    """(pixels, n)."""
    return levels.reshape(len(levels), -1).T.astype(np.int64)


def to_levels(images: torch.Tensor, n_levels: int) -> Levels:
    """Images in [0, 1] as levels 0 ... n_levels - 1, the nearest ones: at two, a threshold."""
    levels: Levels = (images * (n_levels - 1)).round().to(torch.uint8).numpy()
    return levels

"""Checkpoints of a sweep on one plane: every kept epoch of every run.

The difference between two checkpoints is then what the model learned, not the arbitrary
orientation of its latent space; see `alignment`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.distributions import constraints

from vae_core.analysis.classes import class_posteriors
from vae_core.analysis.rate.rates import channel_order
from vae_core.analysis.space.alignment import Rotation, align, can_rotate, plane_basis
from vae_core.codes import Codes

REACH = 2.25  # of a walk over an unbounded prior: 97.6 % of N(0, 1)


@dataclass(frozen=True)
class Frame:
    """One checkpoint on the plane.

    Attributes
    ----------
    points : posterior means of the images, (n, 2)
    centres, covariances : of q(z|y) for every class present, in order of label, (k, 2) and
        (k, 2, 2): E[z], and Cov(E[z|x]) + E[Cov(z|x)]
    """

    points: Float[Tensor, "n 2"]
    centres: Float[Tensor, "k 2"]
    covariances: Float[Tensor, "k 2 2"]


@dataclass(frozen=True)
class Walk:
    """Latents at the points of an even grid on the plane, row by row from the top left.

    `is_inside` is false where there is no latent: beyond the edge of a simplex.
    """

    places: Float[Tensor, "m 2"]
    z: Float[Tensor, " m *latent"]
    is_inside: Bool[Tensor, " m"]


@dataclass(frozen=True)
class SweepPlane:
    """Checkpoints of a sweep, rotated onto each other and laid on one plane.

    Attributes
    ----------
    sweep : sequence over runs of sequences over epochs of Codes
        Of the same images.
    reference : int
        The run whose last codes stay as they are, and give the plane its two dimensions:
        the most informative ones there.
    """

    sweep: Sequence[Sequence[Codes]]
    reference: int

    @property
    def model(self) -> Codes:
        """The codes that all others are rotated onto."""
        return self.sweep[self.reference][-1]

    @cached_property
    def rotations(self) -> list[list[Rotation]]:
        """The rotation of each checkpoint, (C, C), acting on the last axis of z."""
        return align(self.sweep, self.reference)

    @cached_property
    def axes(self) -> tuple[int, int]:
        """Indices into z.flatten(), after rotation: the dimensions across and up."""
        first, *others = channel_order(self.model)
        free = [j for j in others if not self._adds_up(first, j)]
        across, up = sorted((first, free[0]))
        return across, up

    def _adds_up(self, j: int, k: int) -> bool:
        """Whether one of these dimensions is 1 less the other."""
        channels = self.model.latent_shape[-1]
        return channels == 2 and j // 2 == k // 2 and self.is_simplex

    @property
    def is_turned(self) -> bool:
        """Whether checkpoints were rotated at all."""
        return can_rotate(self.model)

    @property
    def is_simplex(self) -> bool:
        """Whether the dimensions of a cell are proportions."""
        return self.model.family.support is constraints.simplex

    @property
    def has_plane(self) -> bool:
        """Whether z has two free dimensions: more than one, and not two that add up to 1."""
        shape = self.model.latent_shape
        free = shape[-1] - self.is_simplex
        return torch.Size(shape[:-1]).numel() * free > 1

    def basis(self, run: int, epoch: int) -> Float[Tensor, "d 2"]:
        """From a checkpoint's own z.flatten() to the plane; its transpose leads back."""
        return plane_basis(self.rotations[run][epoch], self.model.latent_shape, self.axes)

    def frame(self, run: int, epoch: int) -> Frame:
        """A checkpoint as it lies on the plane; `epoch` counts those that were kept."""
        codes, basis = self.sweep[run][epoch], self.basis(run, epoch)
        classes = class_posteriors(codes)
        return Frame(
            self.place(run, epoch),
            torch.stack([each.mean @ basis for each in classes]),
            torch.stack([basis.T @ each.covariance @ basis for each in classes]),
        )

    @property
    def square(self) -> tuple[float, float]:
        """The range of walks, across and up alike."""
        return (0.0, 1.0) if self.is_simplex else (-REACH, REACH)

    def reach(self, run: int, share: float = 0.995) -> float:
        """Half the side of a square around the middle of `square` that shows a run.

        It includes the prior, and this fraction of the codes of the most extended epoch.
        """
        low, high = self.square
        least = 3.4 if low < 0 else 0.55
        middle = (low + high) / 2
        farthest = [
            float(torch.quantile((self.place(run, epoch) - middle).abs().amax(1), share))
            for epoch in range(len(self.sweep[run]))
        ]
        return max(least, 1.05 * max(farthest))

    def place(self, run: int, epoch: int) -> Float[Tensor, "n 2"]:
        """Where the posterior means of a checkpoint lie on the plane."""
        means: Tensor = self.sweep[run][epoch].mean.flatten(1).double()
        return means @ self.basis(run, epoch)

    def walk(self, run: int, epoch: int, n: int) -> Walk:
        """n x n points of the plane, and the z of this checkpoint at each."""
        if self.is_simplex:
            return self._simplex_walk(n)
        places = _grid(torch.linspace(-REACH, REACH, n, dtype=torch.float64))
        z = places @ self.basis(run, epoch).T
        z = z.reshape(-1, *self.model.latent_shape)
        return Walk(places, z.float(), torch.ones(len(z), dtype=torch.bool))

    def _simplex_walk(self, n: int) -> Walk:
        """Two proportions on an even grid; the others of their cell share the rest equally."""
        places = _grid((torch.arange(n, dtype=torch.float64) + 0.5) / n)
        z = self.model.prior().mean.expand(len(places), *self.model.latent_shape).clone()
        channels = z.shape[-1]
        flat = z.reshape(len(places), -1, channels)  # shares memory: (m, sites, C)
        sites = [axis // channels for axis in self.axes]
        is_inside = places.sum(1) < 1.0 + 1e-9 if sites[0] == sites[1] else places[:, 0] > 0
        for site in set(sites):
            moved = [k for k in (0, 1) if sites[k] == site]
            rest = (1.0 - places[:, moved].sum(1)).clamp(min=0.0) / (channels - len(moved))
            flat[:, site] = rest[:, None].float()
            for k in moved:
                flat[:, site, self.axes[k] % channels] = places[:, k].float()
        return Walk(places, z, is_inside)


def _grid(steps: Float[Tensor, " n"]) -> Float[Tensor, "m 2"]:
    """Points (x, y), row by row from the top: y falls, x rises."""
    y, x = torch.meshgrid(steps.flip(0), steps, indexing="ij")
    return torch.stack([x.flatten(), y.flatten()], 1)

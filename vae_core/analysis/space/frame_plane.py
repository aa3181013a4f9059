"""Frames of a run in training on one plane: two latent dimensions, the same in every frame.

Within one training nothing has to be rotated: what moves from frame to frame was learned.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import constraints

from vae_core.analysis.rate.rates import channel_order
from vae_core.codes import Codes
from vae_core.runs.frames import Frame

AHEAD = 1.5  # times the KL of a dimension on the plane that another one needs to take its place

Axes = tuple[int, int]


def has_plane(codes: Codes) -> bool:
    """Whether z has two free dimensions: more than one, and not two that add up to 1."""
    *sites, channels = codes.latent_shape
    is_simplex = codes.family.support is constraints.simplex
    return math.prod(sites) * (channels - is_simplex) > 1


def strengths(frame: Frame) -> Float[Tensor, " d"]:
    """How much each latent dimension tells: its KL, of a point mass the variance of its means."""
    if bool(frame.kl.isfinite().all()):
        return frame.kl
    return frame.codes.mean.var(0, correction=0).flatten()


def first_axes(codes: Codes) -> Axes:
    """The two most informative dimensions that do not add up to 1, in their order."""
    order = channel_order(codes)
    for pair in combinations(order, 2):
        if not _adds_up(codes, *pair):
            return (min(pair), max(pair))
    return (0, 0)


def plane_axes(each: Sequence[Float[Tensor, " d"]], begin: Axes) -> Axes:
    """The dimensions across and up after these frames, by `strengths` in each.

    A dimension keeps its place until another tells half as much again, so that the plane stands
    still while two of them are equal but for noise.
    """
    axes = begin
    for told in each:
        weaker, stronger = sorted(axes, key=lambda j: float(told[j]))
        others = told.clone()
        others[list(axes)] = -math.inf
        best = int(others.argmax())
        if float(others[best]) > AHEAD * float(told[weaker]):
            axes = (min(stronger, best), max(stronger, best))
    return axes


def class_moments(codes: Codes, axes: Axes) -> Float[Tensor, "k 5"]:
    """Of every class present: mean x, y and covariance xx, xy, yy of q(z|y) on the plane.

    As `class_posteriors` has them, without the other dimensions, which may be thousands.
    """
    means = codes.mean.flatten(1)[:, list(axes)].double()
    found = []
    for label in codes.labels.unique():
        own = codes.labels == label
        mean = means[own].mean(0)
        centred = means[own] - mean
        covariance = centred.T @ centred / len(centred) + _within(codes.of_class(int(label)), axes)
        found.append(torch.cat([mean, covariance.flatten()[[0, 1, 3]]]))
    return torch.stack(found)


def _within(codes: Codes, axes: Axes) -> Float[Tensor, "2 2"]:
    """Mean of Cov(z|x) of two dimensions: sites are independent given x."""
    channels = codes.latent_shape[-1]
    per_site = codes.posterior().mean_covariance().double().reshape(-1, channels, channels)
    (a, i), (b, j) = (divmod(axis, channels) for axis in axes)
    both = per_site[a, i, j] if a == b else per_site.new_zeros(())
    return torch.stack([per_site[a, i, i], both, both, per_site[b, j, j]]).reshape(2, 2)


def _adds_up(codes: Codes, j: int, k: int) -> bool:
    """Whether one of these dimensions is 1 less the other."""
    channels = codes.latent_shape[-1]
    is_simplex = codes.family.support is constraints.simplex
    return is_simplex and channels == 2 and j // 2 == k // 2

"""Procrustes alignment: codes of different checkpoints, rotated to be comparable.

Two trainings of the same model, or two epochs of one, may end in latent spaces that differ by
a rotation only: a standard normal prior is invariant under rotation, so the ELBO of a
full-covariance posterior does not fix the orientation of the codes. Side by side they then seem
to differ more than they do.

Codes are rotated about the origin, and reflected where that fits better. They are not moved or
scaled: that would change the prior, and with it the rate. Where the prior is not N(0, I),
nothing is rotated: no rotation leaves a Laplace prior or a simplex as it is.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from vae_core.codes import Codes

Rotation = Float[Tensor, "C C"]

TIE = 1e-9  # weight of the identity relative to the codes


def can_rotate(codes: Codes) -> bool:
    """Whether the prior is invariant under rotation: N(0, I)."""
    return codes.is_rotation_invariant


def procrustes(source: Float[Tensor, "n d"], target: Float[Tensor, "n d"]) -> Rotation:
    """The rotation, or reflection, that brings one set of codes nearest to another.

    R = argmin ||source R - target||_F over all R with R^T R = I, which is U V^T of the singular
    value decomposition source^T target = U S V^T. Directions in which the codes do not vary
    (those of a collapsed model) are rotated as little as possible.

    Parameters
    ----------
    source, target : Tensor, (n, d)
        Codes of the same n images, in the same order.

    Returns
    -------
    Tensor, (d, d), double
        `source @ R` is what lies nearest to `target`; `z @ R.T` leads back.

    References
    ----------
    Schoenemann (1966), A generalized solution of the orthogonal Procrustes problem,
    Psychometrika 31.
    """
    product = source.double().T @ target.double()
    scale = float(product.abs().max()) or 1.0
    identity = torch.eye(len(product), dtype=torch.float64)
    u, _, v = torch.linalg.svd(product / scale + TIE * identity)
    rotation: Tensor = u @ v
    return rotation


def align(sweep: Sequence[Sequence[Codes]], reference: int) -> list[list[Rotation]]:
    """Rotations that align all checkpoints of a sweep.

    The last codes of every run are rotated onto those of its neighbour on the way to the
    reference, and earlier codes of a run onto the next later ones. So every step along either
    bar is between codes that were matched directly.

    In a feature map all cells share one rotation of the channels: a cell keeps its position in
    the image.

    Parameters
    ----------
    sweep : sequence over runs of sequences over epochs of Codes
        Of the same images and latent shape; runs may have kept different epochs, at least one.
    reference : int
        The run whose last codes stay as they are.

    Returns
    -------
    list of list of Tensor, (C, C), double
        One per checkpoint, acting on the last axis of z: the identity where `can_rotate` is
        false.
    """
    if not can_rotate(sweep[reference][-1]):
        return [[_unturned(codes) for codes in run] for run in sweep]
    last = {reference: _unturned(sweep[reference][-1])}
    after = range(reference + 1, len(sweep))
    before = range(reference - 1, -1, -1)
    for k, neighbour in [(k, k - 1) for k in after] + [(k, k + 1) for k in before]:
        last[k] = _onto(sweep[k][-1], sweep[neighbour][-1], last[neighbour])
    return [_through_epochs(run, last[k]) for k, run in enumerate(sweep)]


def _through_epochs(run: Sequence[Codes], last: Rotation) -> list[Rotation]:
    """Backwards from the last epoch, each onto the one after it."""
    rotations = [last]
    for earlier, later in zip(run[-2::-1], run[:0:-1], strict=True):
        rotations.insert(0, _onto(earlier, later, rotations[0]))
    return rotations


def _onto(source: Codes, target: Codes, rotation: Rotation) -> Rotation:
    """The rotation of `source` onto a `target` that is itself rotated."""
    channels = source.latent_shape[-1]
    means = [codes.mean.double().reshape(-1, channels) for codes in (source, target)]
    return procrustes(means[0], means[1] @ rotation)


def _unturned(codes: Codes) -> Rotation:
    return torch.eye(codes.latent_shape[-1], dtype=torch.float64)


def plane_basis(
    rotation: Rotation, latent_shape: tuple[int, ...], axes: tuple[int, int]
) -> Float[Tensor, "d 2"]:
    """The basis of the plane of two rotated latent dimensions.

    `z.flatten() @ basis` are coordinates on the plane. The columns are orthonormal, so
    `coordinates @ basis.T` is the z, in the model's own dimensions, that lies there and is zero
    in all other rotated dimensions: the input of the decoder for that point.

    Parameters
    ----------
    rotation : Tensor, (C, C)
    latent_shape : (*sites, C)
    axes : two indices into z.flatten(), after rotation

    Returns
    -------
    Tensor, (d, 2), double
    """
    channels = latent_shape[-1]
    n_sites = torch.Size(latent_shape[:-1]).numel()
    basis = torch.zeros(n_sites, channels, 2, dtype=torch.float64)
    for k, axis in enumerate(axes):
        basis[axis // channels, :, k] = rotation[:, axis % channels]
    return basis.flatten(0, 1)

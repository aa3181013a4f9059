"""Correlations within q(z|x), of a full covariance."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from vae_core.errors import LessonError
from vae_core.lessons.quantities.loading import codes_of, per_run, place
from vae_core.lessons.quantities.registry import quantity
from vae_core.runs.run import Run


@per_run
def _covariances(run: Run) -> Tensor:
    """Covariance of z0 and z1 given x of every image, (n, 2, 2)."""
    codes = codes_of(run).double()
    if not codes.family.is_correlated or codes.latent_shape != (2,):
        raise LessonError(f"expected a full covariance of two dimensions; {run.title} has none.")
    factor: Tensor = codes.posterior().factor()  # type: ignore[attr-defined]
    return factor @ factor.mT


def _correlations(run: Run) -> Tensor:
    covariance = _covariances(run)
    return covariance[:, 0, 1] / covariance.diagonal(dim1=1, dim2=2).prod(1).sqrt()


@quantity("correlation")
def rho(run: Run, image: float) -> float:
    """Correlation of z0 and z1 given one test image."""
    return float(_correlations(run)[place(run, image)])


@quantity("nats")
def correlation_cost(run: Run, image: float) -> float:
    """What the correlation of z0 and z1 of a test image adds to its KL: −0.5 ln(1 − rho²)."""
    return -0.5 * math.log1p(-(rho(run, image) ** 2))


@quantity("correlation")
def mean_abs_rho(run: Run) -> float:
    """Mean over the test images of |rho|."""
    return float(_correlations(run).abs().mean())


@quantity("share")
def share_rho_above(run: Run, bound: float) -> float:
    """Share of the test images with |rho| above a bound."""
    return float((_correlations(run).abs() > bound).double().mean())


@quantity("share")
def share_axes(run: Run, low: float, high: float) -> float:
    """Share of the test images whose ellipse's long axis points between two angles, 0 to 180."""
    _, vectors = torch.linalg.eigh(_covariances(run))
    long = vectors[:, :, 1]
    angle = torch.rad2deg(torch.atan2(long[:, 1], long[:, 0])) % 180.0
    return float(((angle >= low) & (angle < high)).double().mean())

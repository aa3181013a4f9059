"""The KL of a diagonal Gaussian by its mu and sigma, and what mistakes in its formula print."""

from __future__ import annotations

from torch import Tensor

from vae_core.analysis.rate.rates import total_rate
from vae_core.errors import LessonError
from vae_core.lessons.quantities.loading import codes_of
from vae_core.lessons.quantities.registry import quantity
from vae_core.runs.run import Run


def _diagonal(run: Run) -> tuple[Tensor, Tensor]:
    """mu and sigma of all images, (n, d), float64. Raises LessonError for another family."""
    codes = codes_of(run)
    family = codes.family
    if not (family.has_density and codes.is_rotation_invariant) or family.is_correlated:
        raise LessonError(
            f"expected a diagonal Gaussian against N(0, I); {run.title} has a {family.title}."
        )
    codes = codes.double()
    return codes.mean.flatten(1), codes.variance.flatten(1).sqrt()


@quantity("nats per image")
def rate_of_means(run: Run) -> float:
    """What the means cost: 0.5 E_x sum_j mu_j². With `rate_of_widths` it is the rate."""
    loc, _ = _diagonal(run)
    return float(0.5 * loc.square().sum(1).mean())


@quantity("nats per image")
def rate_of_widths(run: Run) -> float:
    """What the widths cost: 0.5 E_x sum_j (sigma_j² − ln sigma_j² − 1)."""
    _, scale = _diagonal(run)
    return float((0.5 * (scale.square() - 1.0) - scale.log()).sum(1).mean())


@quantity("nats per image")
def rate_if_log_sigma(run: Run) -> float:
    """What −0.5 sum(1 + s − mu² − exp(s)) gives when s is ln sigma in place of ln sigma²."""
    loc, scale = _diagonal(run)
    return float(-0.5 * (1.0 + scale.log() - loc.square() - scale).sum(1).mean())


@quantity("nats per image")
def kl_slip(run: Run) -> float:
    """The rate with the wrong sign of its logarithm: sum_j [ln sigma + (mu² + sigma² − 1) / 2]."""
    loc, scale = _diagonal(run)
    return float((scale.log() + 0.5 * (loc.square() + scale.square() - 1.0)).sum(1).mean())


@quantity("nats per image")
def kl_flipped(run: Run) -> float:
    """The rate with the wrong sign of the whole."""
    return -total_rate(codes_of(run))


@quantity("count")
def count_close(run: Run, distance: float) -> float:
    """Pairs of image and latent dimension with |mu − sigma| below a distance."""
    loc, scale = _diagonal(run)
    return float(((loc - scale).abs() < distance).sum())


@quantity("nats")
def kl_close(run: Run, distance: float) -> float:
    """Mean KL of one dimension over the pairs with |mu − sigma| below a distance."""
    return _kl_where(run, distance, True)


@quantity("nats")
def kl_far(run: Run, distance: float) -> float:
    """Mean KL of one dimension over the other pairs."""
    return _kl_where(run, distance, False)


def _kl_where(run: Run, distance: float, is_close: bool) -> float:
    loc, scale = _diagonal(run)
    chosen = ((loc - scale).abs() < distance) == is_close
    if not chosen.any():
        raise LessonError(f"no mu and sigma of {run.title} are that close, or that far.")
    return float(codes_of(run).kl.flatten(1)[chosen].double().mean())

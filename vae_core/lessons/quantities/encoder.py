"""What the encoder gives for one image: q(z|x), and draws of it."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch

from vae_core.analysis.estimates import Estimate
from vae_core.errors import LessonError
from vae_core.lessons.quantities.loading import axis, codes_of, generator, place
from vae_core.lessons.quantities.registry import quantity
from vae_core.runs.run import Run

CODINGS: dict[
    str, Callable[[torch.Tensor], torch.Tensor]
] = {  # standard deviation of the noise of each line of code, of the true sigma
    "right": lambda sigma: sigma,  # mu + exp(0.5 logvar) eps
    "seed": lambda sigma: (0.5 * sigma).log().abs(),  # mu + log(0.5 sigma) eps
    "exp-logvar": lambda sigma: sigma.square(),  # mu + exp(logvar) eps
}


def noise_of(coding: float | str, sigma: torch.Tensor) -> torch.Tensor:
    """Standard deviation of the noise that a line of code adds, of the sigma it was given.

    Raises LessonError for a line that is not among CODINGS.
    """
    if coding not in CODINGS:
        raise LessonError(f"expected a coding of {', '.join(CODINGS)}; got {coding}.")
    return CODINGS[str(coding)](sigma)


@quantity("units of z")
def mu(run: Run, image: float, dimension: float) -> float:
    """Mean of q(z_j|x) of a test image."""
    return float(codes_of(run).mean.flatten(1)[place(run, image), axis(run, dimension)])


@quantity("units of z")
def sigma(run: Run, image: float, dimension: float) -> float:
    """Standard deviation of q(z_j|x) of a test image."""
    return math.sqrt(variance(run, image, dimension))


@quantity("units of z squared")
def variance(run: Run, image: float, dimension: float) -> float:
    """Variance of q(z_j|x) of a test image, sigma²."""
    return float(codes_of(run).variance.flatten(1)[place(run, image), axis(run, dimension)])


@quantity("log of units of z squared")
def logvar(run: Run, image: float, dimension: float) -> float:
    """ln sigma² of a test image: what the encoder's second head gives.

    Of a diagonal Gaussian only; other families have other heads.
    """
    family = codes_of(run).family
    if not (family.has_density and family.is_rotation_invariant) or family.is_correlated:
        raise LessonError(f"the encoder of a {family.title} posterior gives no log-variances.")
    return math.log(variance(run, image, dimension))


@quantity("units of z")
def sd_of_draws(run: Run, image: float, dimension: float, n: float = 1000) -> Estimate:
    """Standard deviation of n draws of q(z_j|x); its error is sd / sqrt(2 (n − 1))."""
    q = codes_of(run).take(torch.tensor([place(run, image)])).posterior()
    z = q.sample((max(2, int(n)),), generator())[:, 0].flatten(1)[:, axis(run, dimension)]
    sd = float(z.double().std())
    return Estimate(sd, sd / math.sqrt(2.0 * (len(z) - 1)))


@quantity("units of z")
def coding_sd(run: Run, coding: str, image: float, dimension: float) -> float:
    """Standard deviation of z around mu as a line of code draws it.

    "right": mu + exp(0.5 logvar) eps. "seed": mu + log(0.5 sigma) eps, whose noise is
    |ln(sigma / 2)|, for eps is symmetric. "exp-logvar": mu + exp(logvar) eps.
    """
    return float(noise_of(coding, torch.tensor(sigma(run, image, dimension)).double()))


@quantity("units of z")
def distance_of_means(run: Run, image: float, other: float) -> float:
    """Distance |mu(x) − mu(x')| of two test images."""
    one, two = (codes_of(run).mean[place(run, i)].double() for i in (image, other))
    return float((one - two).norm())


@quantity("units of z")
def widest_sigma(run: Run, image: float) -> float:
    """The largest sigma_j of a test image."""
    return float(codes_of(run).variance[place(run, image)].double().max().sqrt())


@quantity("class")
def class_of(run: Run, image: float) -> float:
    """The label of a test image."""
    return float(codes_of(run).labels[place(run, image)])

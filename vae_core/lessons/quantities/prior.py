"""The prior: draws of it, codes where it puts them, and what a learned one is made of."""

from __future__ import annotations

import math

from vae_core.analysis.diagnosis.prior_classes import prior_classes
from vae_core.analysis.estimates import Estimate
from vae_core.errors import LessonError
from vae_core.lessons.quantities.loading import axis, codes_of, whole
from vae_core.lessons.quantities.registry import quantity
from vae_core.posteriors import Posterior
from vae_core.runs.run import Run


@quantity("count")
def prior_hits(run: Run, label: float, n: float = 200) -> Estimate:
    """How many of n draws of the prior lie nearest to the mean of an image of a class.

    The error is that of another n draws: sqrt(n p (1 − p)).
    """
    count = max(1, whole(n, "draws"))
    found = prior_classes(codes_of(run), count).set_index("label")["hits"]
    hits = int(found.get(whole(label, "a class"), 0))
    return Estimate(float(hits), math.sqrt(hits * (1.0 - hits / count)))


@quantity("units of z")
def code_sd(run: Run, dimension: float) -> float:
    """Standard deviation of the posterior means over the test images."""
    loc = codes_of(run).mean.flatten(1)[:, axis(run, dimension)]
    return float(loc.double().std(correction=0))


@quantity("share")
def share_in_prior(run: Run, share: float = 0.95) -> float:
    """Share of the posterior means inside the ball that holds this share of N(0, I)."""
    from scipy.special import gammaincinv

    loc = codes_of(run).mean.flatten(1).double()
    if not 0.0 < share < 1.0:
        raise LessonError(f"expected a share between 0 and 1; got {share:g}.")
    radius = 2.0 * gammaincinv(0.5 * loc.shape[1], share)  # of chi², squared
    return float((loc.square().sum(1) < radius).double().mean())


@quantity("share")
def share_corner(run: Run, t: float) -> float:
    """Share of the test images whose largest mean proportion E[z_j] is above t."""
    if codes_of(run).family.is_additive:
        raise LessonError(f"{run.title} has no proportions: its z lies on no simplex.")
    largest = codes_of(run).mean.flatten(1).max(1).values
    return float((largest > t).double().mean())


@quantity("units of z")
def prior_sd(run: Run, component: float, dimension: float) -> float:
    """Standard deviation of z_j in one component of a learned mixture."""
    parts = _components(run, component).variance.flatten(1)
    return float(parts[int(component), axis(run, dimension)].sqrt())


@quantity("units of z")
def prior_distance(run: Run, one: float, other: float) -> float:
    """Distance between the means of two components of a learned mixture."""
    means = _components(run, max(one, other)).mean.flatten(1)
    return float((means[int(one)] - means[int(other)]).norm())


def _components(run: Run, last: float) -> Posterior:
    """Components of the learned prior, up to `last` at least. Raises LessonError for another."""
    learned = codes_of(run).learned_prior
    parts = None if learned is None else learned.components
    if parts is None:
        raise LessonError(f"the prior of {run.title} is no mixture.")
    if whole(last, "a component") >= len(parts.mean):
        raise LessonError(f"expected a component from 0 to {len(parts.mean) - 1}; got {last:g}.")
    return parts

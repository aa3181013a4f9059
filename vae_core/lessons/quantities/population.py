"""The aggregate posterior q(z), of all images or of a class, against the prior.

Finitely many images leave a bracket; a last word "low" or "high" takes one of its ends.
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor

from vae_core.analysis import ClassProbes, class_probes
from vae_core.analysis.classes import ClassPosterior, class_posteriors
from vae_core.analysis.estimates import Bracket, Estimate
from vae_core.analysis.rate.class_surgery import ClassSurgery, class_surgery, kl_to_standard_normal
from vae_core.analysis.rate.rate_parts import RateParts, rate_parts
from vae_core.codes import Codes
from vae_core.errors import LessonError
from vae_core.lessons.quantities.loading import axis, codes_of, of_class, per_run
from vae_core.lessons.quantities.registry import quantity
from vae_core.runs.run import Run

ALL = "all"


@per_run
def _parts(run: Run) -> RateParts:
    """The rate in parts, as on the page of the aggregate posterior."""
    codes = codes_of(run)
    parts = rate_parts(codes, by_dimension=codes.mean[0].numel() <= 3)
    if parts.saturated:
        raise LessonError(
            f"the {len(codes):,} test images of {run.title} cannot resolve its mutual information."
        )
    return parts


@per_run
def _classes(run: Run) -> ClassSurgery:
    return class_surgery(codes_of(run), whole=_parts(run))


def _some(run: Run, what: float | str) -> Codes:
    """All codes, or those of a class."""
    return codes_of(run) if what == ALL else of_class(run, float(what))


def _marginal(codes: Codes) -> Bracket:
    return rate_parts(codes, by_dimension=False).marginal_kl


def _moments(codes: Codes) -> ClassPosterior:
    """Mean and covariance of the mixture of these posteriors."""
    return class_posteriors(replace(codes, labels=torch.zeros_like(codes.labels)))[0]


def _ends(bracket: Bracket, end: str) -> Bracket | Estimate:
    """A bracket, or its "low" or "high" end.

    The high end of a KL and the low end of an information are those of the mixture over exactly
    these test images, and add up. Raises LessonError for another end.
    """
    found: dict[str, Bracket | Estimate] = {"": bracket, "low": bracket.low, "high": bracket.high}
    if end not in found:
        raise LessonError(f'expected "low" or "high"; got {end}.')
    return found[end]


@quantity("share")
def class_share(run: Run, label: float) -> float:
    """Share of a class among the test images."""
    return len(of_class(run, label)) / len(codes_of(run))


@quantity("nats")
def class_surprise(run: Run, label: float) -> float:
    """−ln of the share of a class among the test images: nats that naming the class takes."""
    return -math.log(class_share(run, label))


@quantity("nats")
def class_kl(run: Run, label: float, end: str = "") -> Bracket | Estimate:
    """KL(q(z|y) || p(z)) of a class over its images, see `rate_parts`."""
    return _ends(_marginal(of_class(run, label)), end)


@quantity("nats")
def buildup_kl(run: Run, label: float, end: str = "") -> Bracket | Estimate:
    """KL(q(z | classes 0 ... y) || p(z)): of all classes up to one together."""
    return _ends(_marginal(codes_of(run).of_class(*range(int(label) + 1))), end)


@quantity("nats per image")
def mean_class_kl(run: Run, end: str = "") -> Bracket | Estimate:
    """sum_y pi_y KL(q(z|y) || p(z)): label_information() + marginal_kl()."""
    return _ends(_classes(run).mean_class_kl, end)


@quantity("nats per image")
def label_information(run: Run, end: str = "") -> Bracket | Estimate:
    """I(y; z), what z tells of the class."""
    return _ends(_classes(run).label_information, end)


@quantity("nats per image")
def marginal_kl(run: Run, end: str = "") -> Bracket | Estimate:
    """KL(q(z) || p(z)) of all images together (Hoffman & Johnson 2016)."""
    return _ends(_parts(run).marginal_kl, end)


@quantity("nats per image")
def mutual_information(run: Run, end: str = "") -> Bracket | Estimate:
    """I(x; z): with marginal_kl() it is the rate (Hoffman & Johnson 2016)."""
    return _ends(_parts(run).mutual_information, end)


@quantity("nats per image")
def total_correlation(run: Run, end: str = "") -> Bracket | Estimate:
    """TC(z) = KL(q(z) || prod_j q(z_j)) over the data (Chen et al. 2018)."""
    found = _parts(run).total_correlation
    if found is None:
        raise LessonError(f"{run.title} has too many latent dimensions for this, or proportions.")
    return _ends(found, end)


@quantity("nats")
def non_gaussian(run: Run, what: float | str, end: str = "") -> Bracket | Estimate:
    """KL of q(z), of "all" images or of a class, to the Gaussian with its moments.

    KL(q || p) less that of this Gaussian to p, which is exact for a prior N(0, I).
    """
    codes = _some(run, what)
    if not codes.is_rotation_invariant:
        raise LessonError(f"the prior of {run.title} is not N(0, I).")
    whole, matched = _marginal(codes), Estimate(kl_to_standard_normal(_moments(codes)), 0.0)
    found = Bracket((whole.low - matched).at_least_zero(), whole.high - matched)
    return _ends(found, end)


@quantity("share")
def class_read(run: Run) -> Estimate:
    """Share of the test images whose class a linear classifier reads from one sample of z."""
    return _probes(run).linear


@quantity("share")
def class_guess(run: Run) -> float:
    """The same by naming the most frequent class each time."""
    return _probes(run).guess


@per_run
def _probes(run: Run) -> ClassProbes:
    return class_probes(codes_of(run))


@quantity("correlation")
def correlation(run: Run, what: float | str) -> float:
    """Correlation of z0 and z1 over "all" images or a class: of the mixture, exactly."""
    return float(_correlations(_some(run, what))[0, 1])


@quantity("correlation")
def largest_correlation(run: Run, what: float | str) -> float:
    """Largest |correlation| of two latent dimensions over "all" images or a class."""
    return float(_correlations(_some(run, what)).abs().triu(1).max())


@quantity("correlation")
def largest_class_correlation(run: Run) -> float:
    """Largest |correlation| of two latent dimensions within any class."""
    labels = codes_of(run).labels.unique().tolist()
    return max(largest_correlation(run, label) for label in labels)


def _correlations(codes: Codes) -> Tensor:
    covariance = _moments(codes).covariance
    sd = covariance.diagonal().sqrt()
    if len(sd) < 2:
        raise LessonError("one latent dimension has nothing to be correlated with.")
    return covariance / sd.outer(sd)


@quantity("units of z")
def mean_sigma(run: Run, dimension: float) -> float:
    """Mean over the test images of sigma_j."""
    scale = codes_of(run).double().variance.flatten(1)[:, axis(run, dimension)].sqrt()
    return float(scale.mean())


@quantity("units of z squared")
def variance_within(run: Run, dimension: float) -> float:
    """E_x sigma_j²: with variance_between() it is the variance of q(z_j)."""
    return float(codes_of(run).double().variance.flatten(1)[:, axis(run, dimension)].mean())


@quantity("units of z squared")
def variance_between(run: Run, dimension: float) -> float:
    """Var_x mu_j, of the means over the test images."""
    loc = codes_of(run).double().mean.flatten(1)[:, axis(run, dimension)]
    return float(loc.var(correction=0))


@quantity("units of z squared")
def variance_of_z(run: Run, dimension: float) -> float:
    """Variance of q(z_j) = E_x sigma_j² + Var_x mu_j."""
    return variance_within(run, dimension) + variance_between(run, dimension)

"""The sweep over beta that a run belongs to; of a run outside of any, the one that ships."""

from __future__ import annotations

from vae_core.analysis.estimates import Estimate, mean_estimate
from vae_core.analysis.estimates import paired_difference as paired
from vae_core.errors import LessonError
from vae_core.lessons.models import sweep_of
from vae_core.lessons.quantities.loading import per_run, terms_of
from vae_core.lessons.quantities.registry import quantity
from vae_core.runs.run import Run


@per_run
def _by_beta(run: Run) -> dict[float, Run]:
    found = {one.config.train.beta: one for one in sweep_of(run)}
    if len(found) < 2:
        raise LessonError(f"{run.title} belongs to no sweep over beta.")
    return dict(sorted(found.items()))


def _at(run: Run, beta: float) -> Run:
    if beta not in (runs := _by_beta(run)):
        known = ", ".join(f"{value:g}" for value in runs)
        raise LessonError(f"the sweep has beta {known}; got {beta:g}.")
    return runs[beta]


@quantity("nats per image")
def sweep_distortion(run: Run, beta: float) -> float:
    """Distortion of the model of the sweep that was trained with this beta."""
    return _at(run, beta).metrics().distortion


@quantity("nats per image")
def sweep_rate(run: Run, beta: float) -> float:
    """Rate of the model of the sweep that was trained with this beta."""
    return _at(run, beta).metrics().rate


@quantity("nats per image")
def sweep_negative_elbo(run: Run, beta: float) -> Estimate:
    """Negative ELBO (beta = 1) of the model that was trained with this beta, with its error."""
    found = _at(run, beta)
    error = mean_estimate(terms_of(found).negative_elbo).standard_error
    return Estimate(found.metrics().negative_elbo, error)


@quantity("factor")
def sweep_best_beta(run: Run) -> float:
    """The beta whose model has the lowest negative ELBO."""
    runs = _by_beta(run)
    return min(runs, key=lambda beta: runs[beta].metrics().negative_elbo)


@quantity("nats per image")
def sweep_loss(run: Run, beta: float) -> Estimate:
    """By how much the negative ELBO with this beta is above the best, image by image."""
    best = _at(run, sweep_best_beta(run))
    return paired(terms_of(best).negative_elbo, terms_of(_at(run, beta)).negative_elbo)


@quantity("nats per nat")
def sweep_slope(run: Run, low: float, high: float) -> float:
    """Change of the distortion by change of the rate between the models of two betas."""
    one, two = _at(run, low).metrics(), _at(run, high).metrics()
    return (two.distortion - one.distortion) / (two.rate - one.rate)

"""Tables of runs: how each was made, its test scores, and their spread over seeds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from vae_core.analysis.estimates import mean_estimate, paired_difference
from vae_core.comparison.points import Point, by_value, first_seeds, points
from vae_core.config import shape_in_words
from vae_core.runs.run import Run
from vae_core.settings import value_in_words
from vae_core.sweep import swept, value_of


def run_table(runs: Iterable[Run]) -> pd.DataFrame:
    """`point_table` with a row for every finished run, seeds apart."""
    return _table([Point((run,)) for run in runs])


def point_table(runs: Iterable[Run]) -> pd.DataFrame:
    """One row per point: how it was made, and its test numbers in nats per image.

    Returns
    -------
    DataFrame
        Columns run (title of the first seed's), sweep, beta (effective), posterior, latent,
        epochs, n_seeds; distortion, rate, negative_elbo: means over the seeds, the last two nan
        for a point mass; standard_error of negative_elbo over the images, nan where it is not
        known; distortion_sd, rate_sd, negative_elbo_sd over the seeds, nan for one seed. Index:
        the id of the first seed's run.
    """
    return _table(points(runs))


def _table(rows: Sequence[Point]) -> pd.DataFrame:
    return pd.DataFrame(map(_row, rows), index=[point.first.id for point in rows])


def _row(point: Point) -> dict[str, Any]:
    config, terms = point.first.config, point.terms()
    model, beta = config.model, point.first.effective_beta
    metrics = [run.metrics() for run in point.runs]
    rates = [one.rate if one.has_rate else math.nan for one in metrics]
    distortions = [one.distortion for one in metrics]
    sums = [distortion + rate for distortion, rate in zip(distortions, rates, strict=True)]
    error = math.nan if terms is None else mean_estimate(terms.negative_elbo).standard_error
    scores = {"distortion": distortions, "rate": rates, "negative_elbo": sums}
    return {
        "run": point.first.title,
        "sweep": config.sweep,
        "beta": math.nan if beta is None else beta,
        "posterior": model.posterior,
        "latent": shape_in_words(model.latent_shape),
        "epochs": config.train.epochs,
        "n_seeds": len(point.runs),
        **{name: float(np.mean(values)) for name, values in scores.items()},
        "standard_error": error,
        **{f"{name}_sd": _spread(values) for name, values in scores.items()},
    }


def _spread(values: Sequence[float]) -> float:
    """Sample standard deviation; nan for one value."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else math.nan


def epoch_table(runs: Iterable[Run]) -> pd.DataFrame:
    """One row per run and epoch: columns run, epoch, distortion, rate, on the test images."""
    return pd.DataFrame(
        [
            (run.title, r.epoch, r.test_distortion, r.test_rate)
            for run in runs
            for r in run.history()
            if math.isfinite(r.test_rate)
        ],
        columns=["run", "epoch", "distortion", "rate"],
    )


def trained_value(run: Run, setting: str) -> Any:
    """What a run was trained with for a setting given by its flag; of beta, the effective one."""
    beta = run.effective_beta if setting == "beta" else None
    return value_of(run.config, setting) if beta is None else beta


def sweep_table(runs: Sequence[Run]) -> pd.DataFrame:
    """`point_table` of a sweep, by value; the values in a first column named by the setting.

    Those of beta are effective, as in the column it replaces.
    Each run of a sweep over the seed has a row.
    """
    ordered = by_value(runs)
    setting = swept([run.config for run in ordered])
    firsts = first_seeds(ordered)
    table = run_table(ordered) if len(firsts) == len(ordered) else point_table(ordered)
    if setting is not None:
        values = [trained_value(first, setting) for first in firsts]
        shown = [value_in_words(setting, value) for value in values]
        table = table.drop(columns=setting, errors="ignore")
        table.insert(0, setting, shown)
    return table


@dataclass(frozen=True)
class Best:
    """The point with the lowest negative ELBO, and those that may be as good.

    Attributes
    ----------
    point : Point
    equal : tuple of Point
        Others that are equal within two standard errors of the paired difference.
    unknown : tuple of Point
        Others whose difference has no known error.
    """

    point: Point
    equal: tuple[Point, ...]
    unknown: tuple[Point, ...]


def best_point(runs: Iterable[Run]) -> Best | None:
    """The best of runs on the same images with finite rates; None where there is none."""
    found = points(runs)
    if not found:
        return None
    scores = [np.mean([run.metrics().negative_elbo for run in point.runs]) for point in found]
    best = found.pop(int(np.argmin(scores)))
    own, equal, unknown = best.terms(), list[Point](), list[Point]()
    for point in found:
        terms = point.terms()
        if own is None or terms is None:
            unknown.append(point)
        elif paired_difference(own.negative_elbo, terms.negative_elbo).is_zero:
            equal.append(point)
    return Best(best, tuple(equal), tuple(unknown))

"""Points: what is one point in a comparison, a run, or those of a sweep that differ by the seed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from vae_core.errors import RunError
from vae_core.evaluate import ImageTerms
from vae_core.runs.run import Run
from vae_core.runs.terms import mean_terms
from vae_core.sweep import SEED, swept, value_of


@dataclass(frozen=True)
class Point:
    """Finished runs that differ by the seed of training alone; most often one.

    Attributes
    ----------
    runs : tuple of Run
        In the order of their seeds.
    """

    runs: tuple[Run, ...]

    @property
    def first(self) -> Run:
        """The run of the first seed, which stands for all of them."""
        return self.runs[0]

    def terms(self) -> ImageTerms | None:
        """The mean over the seeds of every test image's terms; None where one does not know them.

        Those that are damaged are not known: the comparison goes on without their error.
        """
        found = []
        for run in self.runs:
            with suppress(RunError):
                found.append(run.terms())
        known = [terms for terms in found if terms is not None]
        return mean_terms(known) if len(known) == len(self.runs) else None


def points(runs: Iterable[Run]) -> list[Point]:
    """Runs that differ by their seed alone, within one sweep, as one point each.

    Points come in the order of their first runs.
    """
    found, seen = defaultdict[Any, list[Run]](list), Counter[Any]()
    for run in runs:
        key: Any = run.path
        if run.config.sweep:
            data, model, train = run.config.experiment
            key = (run.config.sweep, run.path.parent, data, model, replace(train, seed=0))
            seen[key, train.seed] += 1  # the same experiment again is no further seed
            key = (*key, seen[key, train.seed])
        found[key].append(run)
    return [Point(tuple(sorted(alike, key=_seed))) for alike in found.values()]


def first_seeds(runs: Iterable[Run]) -> list[Run]:
    """The run of the first seed for each value of a sweep; all runs of a sweep over the seed."""
    several = list(runs)
    if swept([run.config for run in several]) == SEED:
        return several
    return [point.first for point in points(several)]


def by_value(runs: Sequence[Run]) -> list[Run]:
    """The runs of a sweep in the order of what it changes: numbers first to last, then words.

    Those of one value come in the order of their seeds.
    """
    setting = swept([run.config for run in runs])
    if setting is None:
        return list(runs)

    def key(run: Run) -> tuple[bool, str, object, int]:
        value = value_of(run.config, setting)
        is_number = isinstance(value, int | float)
        return value is not None, "" if is_number else type(value).__name__, value, _seed(run)

    return sorted(runs, key=key)


def _seed(run: Run) -> int:
    return run.config.train.seed

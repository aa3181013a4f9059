"""The codebook: how many entries are used, and what naming them costs under priors of the code."""

from __future__ import annotations

import torch

from vae_core.analysis.estimates import Estimate
from vae_core.analysis.rate.entry_use import (
    EntryUse,
    code_priors,
    code_rate,
    entry_use,
    fitted_and_measured,
)
from vae_core.errors import LessonError
from vae_core.lessons.quantities.loading import codes_of, per_run
from vae_core.lessons.quantities.registry import quantity
from vae_core.runs.run import Run


@per_run
def _use(run: Run) -> EntryUse:
    if not codes_of(run).family.has_entries:
        raise LessonError(f"{run.title} has no codebook.")
    return entry_use(codes_of(run))


@quantity("count")
def entries(run: Run) -> float:
    """K: how many entries the codebook has."""
    return float(_use(run).n_entries)


@quantity("count")
def entries_used(run: Run) -> float:
    """How many entries stand in some cell of some test image."""
    return float(_use(run).n_used)


@quantity("count")
def code_cells(run: Run) -> float:
    """How many entries make one code: the cells of the map, 1 of a vector."""
    return float(len(_use(run).counts))


@quantity("count")
def perplexity(run: Run) -> float:
    """exp of the entropy of the entries' shares over all cells of all test images."""
    return _use(run).perplexity


@quantity("nats per image")
def code_rate_under(run: Run, prior: str) -> Estimate:
    """Mean cost of the code under "uniform", "all cells" or "each cell": histograms of the code.

    They are fitted to four fifths of the test images and measured on the rest.
    """
    _use(run)  # which says so where there is no codebook
    fit, measured = fitted_and_measured(codes_of(run))
    found = {one.title.removeprefix("histogram of "): one for one in code_priors(fit)}
    if prior not in found:
        raise LessonError(f"expected one of {', '.join(found)}; got {prior}.")
    return code_rate(found[prior], measured)


@quantity("nats per image")
def spread_of_rate(run: Run) -> float:
    """Standard deviation of the rate over the test images."""
    rate = codes_of(run).rate.double()
    return float(torch.std(rate, correction=0))

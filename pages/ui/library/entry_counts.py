"""How often a run uses each entry of its codebook."""

from __future__ import annotations

from pages.ui.library import cached
from vae_core import Run
from vae_core.analysis.estimates import Estimate
from vae_core.analysis.rate.entry_use import EntryUse, entry_use, perplexity_estimate


@cached.per_run(max_entries=32)
def use(run: Run) -> EntryUse:
    """How often each entry stands at each site, over the test images."""
    return entry_use(cached.codes(run))


@cached.per_run(max_entries=32)
def perplexity(run: Run) -> Estimate:
    """Of the entries, with its standard error over the images."""
    return perplexity_estimate(cached.codes(run))

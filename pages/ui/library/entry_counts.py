"""How often a run uses each entry of its codebook."""

from __future__ import annotations

from pages.ui.library import cached
from vae_core import Codes, Run
from vae_core.analysis.estimates import Estimate, mean_estimate
from vae_core.analysis.rate.entry_use import EntryUse, entry_indices, entry_use


@cached.per_run(max_entries=32)
def use(run: Run) -> EntryUse:
    """How often each entry stands at each site, over the test images."""
    return entry_use(cached.codes(run))


def perplexity(codes: Codes, found: EntryUse) -> Estimate:
    """Of the entries, with its standard error over the images."""
    per_image = -found.shares.log()[entry_indices(codes)].mean(1)
    entropy = mean_estimate(per_image)
    return Estimate(found.perplexity, found.perplexity * entropy.standard_error)

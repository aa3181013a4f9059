"""The heading of Latent sliders, from the codes of the model."""

from __future__ import annotations

from vae_core import Codes
from vae_core.analysis.diagnosis.collapse import is_collapsed


def headline(codes: Codes) -> str:
    """What the sliders are and how they are sorted, and what to try, which is to show something."""
    one = "## Each slider sets one latent dimension."
    if is_collapsed(codes):
        return (
            f"{one} Here the posterior is the prior, whatever the image: every KL is 0, and no "
            "order means anything. **Try this:** move any of them. Does the picture change?"
        )
    is_told = codes.family.has_rate and not codes.family.has_entries  # which KLs then do not tell
    by = "their KL" if is_told else "the variance of their means"
    return (
        f"{one} They are sorted by {by}, largest first. **Try this:** move the first one "
        "slowly, then the last."
    )

"""Texts of the Overview page, written from the chosen model."""

from __future__ import annotations

from pages.ui.drawing.numbers import fixed
from vae_core import Codes
from vae_core.analysis import total_rate
from vae_core.analysis.collapse import NO_KL
from vae_core.analysis.rates import relative_width

CLOSE, WIDE = 0.1, 0.9  # of the prior's standard deviation
TO_TRY = "**Try this:** drag z."


def heading(codes: Codes) -> str:
    """What encoder and decoder do in this model."""
    if not codes.family.has_density:
        does = "The encoder maps an image x to one *point*, the latent vector z, and the decoder"
        return f"##### {does} maps z to an image. {TO_TRY}"
    does = "The encoder maps an image x to a distribution q(z|x)."
    if is_collapsed(codes):
        does = "The encoder maps every image x to one distribution: q(z|x) is the prior."
    return f"##### {does} We sample z from it, and the decoder maps z to an image. {TO_TRY}"


def about_sampling(codes: Codes) -> str:
    """What to see when z is drawn again: how wide q(z|x) is decides."""
    width = relative_width(codes)
    where = ""
    if width < CLOSE:
        where = ", so a new z lies close to the last one"
    elif width > WIDE:
        where = ", so a new z may lie anywhere under the prior"
    of = "images" if is_collapsed(codes) else "images and active dimensions"
    return (
        "**Try this:** press *Draw z again* a few times. The wider q(z|x), the more the decoded "
        f"image varies between samples. Here its σ is {fixed(width)} of the prior's (median over "
        f"{of}){where}. The KL term depends on q(z|x) only, not on the sampled z, so it stays the "
        "same."
    )


def is_collapsed(codes: Codes) -> bool:
    """Whether the posterior is the prior whatever the image."""
    return codes.family.has_rate and total_rate(codes) < NO_KL

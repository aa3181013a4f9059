"""Texts of the Overview page, written from the chosen model."""

from __future__ import annotations

from typing import Any

from pages.ui.components.lens_state import LensState
from pages.ui.drawing.numbers import fixed
from pages.ui.library import cached
from vae_core import Codes, Run
from vae_core.analysis.diagnosis.collapse import is_collapsed
from vae_core.analysis.diagnosis.sample_change import varied_image
from vae_core.analysis.rate.rates import relative_width

CLOSE, WIDE = 0.1, 0.9  # of the prior's standard deviation
TO_TRY = "**Try this:** drag z."
PURPOSE = "This room shows what a variational auto-encoder (VAE) does to it."
COSTS = (
    "What x̂ misses, plus the KL of the cloud to the prior, is −ELBO: minus the evidence lower "
    "bound. Training makes it small."
)
NO_NEIGHBOURS = "No test image is nearer to z than others: the codes of all lie at one place."
MOVES = {  # whether the posterior has collapsed -> what is seen when z is dragged
    False: "The decoder maps every z to an image x̂. How far from μ is it still this image?",
    True: "The decoder maps every z to an image x̂. Does it change at all?",
}


def heading(codes: Codes) -> str:
    """What encoder and decoder do in this model."""
    if codes.family.has_entries:
        where = "each cell of z" if len(codes.latent_shape) == 3 else "z"
        does = f"The encoder chooses {where} from a codebook, and the decoder maps z to an image."
        return f"## {does} {TO_TRY}"
    if not codes.family.has_density:
        does = "The encoder maps an image x to one *point*, the latent vector z, and the decoder"
        return f"## {does} maps z to an image. {TO_TRY}"
    does = "The encoder maps an image x to a distribution q(z|x)."
    if is_collapsed(codes):
        does = "The encoder maps every image x to one distribution: q(z|x) is the prior."
    return f"## {does} We sample z from it, and the decoder maps z to an image. {TO_TRY}"


def about_sampling(codes: Codes) -> str:
    """What to see when z is sampled again: how wide q(z|x) is decides."""
    width = relative_width(codes)
    where = ""
    if width < CLOSE:
        where = ", so a new z lies close to the last one"
    elif width > WIDE:
        where = ", so a new z may lie anywhere under the prior"
    of = "images" if is_collapsed(codes) else "images and active dimensions"
    return (
        "Try this: press Sample z again a few times. The wider q(z|x), the more the decoded image "
        f"varies. Here its σ is {fixed(width)} of the prior's (median over {of}){where}. The KL "
        "term stays the same: it depends on q(z|x) only, not on the sampled z."
    )


def words(codes: Codes) -> dict[str, Any]:
    """Texts of the lens: about sampling, and of the three steps of the start."""
    sampling = about_sampling(codes) if codes.family.has_density else ""
    return {"sampling": sampling, "start": steps(codes)}


def steps(codes: Codes) -> list[tuple[str, str]]:
    """Title and sentence of each step of the start, as they are true of this model."""
    pick = ("Pick an image x.", f"{PURPOSE} Its encoder reads the pixels of x.")
    if codes.family.has_entries:
        return [
            pick,
            (
                "See its code.",
                "The encoder's output is replaced by the nearest entry of a codebook, a point "
                "without a width. Circles: the entries.",
            ),
            (
                "Drag z away from its entry.",
                "The decoder has seen entries only. What does it make of a z between them? "
                "Naming the entries costs the same for every image.",
            ),
        ]
    if not codes.family.has_density:
        return [
            pick,
            ("See its code.", "The encoder maps x to one point μ, without a width: z = μ."),
            (
                "Drag z away from μ.",
                "The decoder maps every z to an image x̂, also between the codes. "
                "What x costs is only what x̂ misses.",
            ),
        ]
    sees = "The encoder answers x with a cloud of codes z: its middle is μ, its width σ."
    if is_collapsed(codes):
        sees = "It is the prior, whatever x is: the encoder does not tell images apart."
    rings = "Dotted" if codes.is_rotation_invariant else "Grey dots"
    prior = f"{rings}: the prior p(z), the cloud when no image is known."
    return [
        pick,
        ("See its posterior q(z|x).", f"{sees} {prior}"),
        ("Drag z out of the cloud.", f"{MOVES[is_collapsed(codes)]} {COSTS}"),
    ]


@cached.per_run(max_entries=64)
def _varied_image(run: Run) -> int:
    return varied_image(cached.vae(run), cached.codes(run))


def first_state(run: Run) -> LensState:
    """Where a reader begins: at the start, with an image whose samples differ visibly."""
    return LensState(image=_varied_image(run), tour=1)

"""Four lamps of the verdict: collapse, use of dimensions, overfitting, holes of the prior.

Each is about one thing alone. A model may pass three and fail the fourth.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Literal

import streamlit as st

from pages.ui.drawing import escaping, numbers
from pages.ui.measure import collapse_text
from pages.ui.train import overfitted
from vae_core.analysis import Collapse, Holes
from vae_core.analysis.diagnosis.collapse import COLLAPSED, GREY_LEVEL, HEALTHY, NO_RATE
from vae_core.analysis.diagnosis.epochs import EpochScore
from vae_core.analysis.diagnosis.prior_holes import FEW_HOLES
from vae_core.analysis.estimates import ERRORS, Estimate
from vae_core.analysis.rate.entry_use import EntryUse
from vae_core.runs.overfitting import NOISE, Overfitting

COLLAPSE, USE, OVERFITTING = "Posterior collapse", "Use of dimensions", "Overfitting"
HOLES, ENTRIES = "Holes of the prior", "Use of entries"
MIN_USED = 0.9  # of the entries of a codebook, from which on their use is called good


class State(Enum):
    """What a lamp shows: its colour and its icon. The word beside them is the lamp's own."""

    GOOD = ("green", ":material/check_circle:")
    PARTLY = ("orange", ":material/rule:")
    BAD = ("red", ":material/error:")
    UNKNOWN = ("gray", ":material/help:")

    @property
    def colour(self) -> Literal["green", "orange", "red", "gray"]:
        """Of Streamlit's badges."""
        colour: Literal["green", "orange", "red", "gray"] = self.value[0]
        return colour

    @property
    def icon(self) -> str:
        """Another shape for every state."""
        icon: str = self.value[1]
        return icon


@dataclass(frozen=True)
class Lamp:
    """One question about a model.

    Attributes
    ----------
    title : str
        What it is about.
    state : State
    word : str
        The answer in a few words.
    evidence : str
        One or two sentences with the number behind it.
    """

    title: str
    state: State
    word: str
    evidence: str


def collapse_lamp(found: Collapse) -> Lamp:
    """Whether the posterior is the prior whatever the image."""
    evidence = collapse_text.kl_evidence(found)
    if found.verdict == NO_RATE:
        return Lamp(COLLAPSE, State.UNKNOWN, "does not apply", evidence)
    if found.verdict == COLLAPSED:
        return Lamp(COLLAPSE, State.BAD, "collapsed", evidence)
    word = "none" if found.verdict == HEALTHY else "not as a whole"
    return Lamp(COLLAPSE, State.GOOD, word, evidence)


def use_lamp(found: Collapse) -> Lamp:
    """How many latent dimensions are used by both encoder and decoder."""
    n = len(found.table)
    used = n - found.n_unused
    evidence = collapse_text.use_evidence(found)
    if used == n:
        return Lamp(USE, State.GOOD, "used" if n == 1 else f"all {n} used", evidence)
    if used == 0:
        return Lamp(USE, State.BAD, "none used", evidence)
    return Lamp(USE, State.PARTLY, f"{used} of {n} used", evidence)


def overfitting_lamp(found: Overfitting | None, last: EpochScore | None) -> Lamp:
    """Whether the loss on images not trained on has risen; else whether training ones are ahead.

    `last` is the last epoch's score; both are None where there is no history.
    """
    if found is None or last is None:
        why = "This model came from a file without its history, which would tell."
        return Lamp(OVERFITTING, State.UNKNOWN, "no history", why)
    evidence = (
        f"{overfitted.sentence(found)} Test less train in epoch {last.epoch}: "
        f"{numbers.estimate(last.gap)} nats per image."
    )
    if found.is_clear:
        word = f"rises since epoch {found.epoch}"
        return Lamp(OVERFITTING, State.BAD, word, f"{evidence} {overfitted.choice(found)}")
    if is_ahead(last):
        return Lamp(OVERFITTING, State.PARTLY, "train ahead, no clear rise", evidence)
    return Lamp(OVERFITTING, State.GOOD, "none seen", evidence)


def is_ahead(score: EpochScore) -> bool:
    """Whether training images are explained better than chance and NOISE account for."""
    error = score.gap.standard_error
    least = 0.0 if math.isnan(error) else ERRORS * error
    return score.gap.value > max(least, NOISE * max(1.0, abs(score.test.value)))


def entry_lamps(use: EntryUse, perplexity: Estimate, found: Collapse) -> tuple[Lamp, Lamp]:
    """Of a codebook: whether its reconstructions differ, and how many of its entries are used.

    They stand in place of `collapse_lamp` and `use_lamp`, for its KL is constant.
    """
    spread = numbers.estimate(found.spread, 3)
    told = (
        f"Reconstructions differ from their mean picture by {spread} (RMS per pixel). The KL of a "
        "codebook is the same whether they do or not."
    )
    is_flat = found.spread.value < GREY_LEVEL
    collapse = Lamp(
        COLLAPSE,
        State.BAD if is_flat else State.GOOD,
        "all pictures alike" if is_flat else "none",
        told,
    )
    share = use.n_used / use.n_entries
    state = State.GOOD if share >= MIN_USED else State.PARTLY if use.n_used > 1 else State.BAD
    evidence = (
        f"{use.n_used} of {use.n_entries} entries stand in some cell of some test image; their "
        f"perplexity is {numbers.estimate(perplexity, 1)}: so many, used equally often, would be "
        "as varied."
    )
    word = "all used" if share == 1.0 else f"{use.n_used} of {use.n_entries} used"
    return collapse, Lamp(ENTRIES, state, word, evidence)


def holes_lamp(found: Holes | None, n_images: int, images: str, has_entries: bool = False) -> Lamp:
    """Where the prior has room without codes. `found` is None where q(z) has no density.

    `images` names the split whose `n_images` posteriors make q(z).
    """
    of = f"{n_images:,} {images}"
    if has_entries:
        why = (
            "A codebook's q(z) has no density. What the uniform prior over its entries charges too "
            "much is on the page KL."
        )
        return Lamp(HOLES, State.UNKNOWN, "does not apply", why)
    if found is None:
        why = (
            "An auto-encoder's codes are points without a density, and it is trained without a "
            "prior: nothing can be told of holes."
        )
        return Lamp(HOLES, State.UNKNOWN, "does not apply", why)
    if found.saturated:
        why = f"The posteriors of {of} are too few to know q(z) between them."
        return Lamp(HOLES, State.UNKNOWN, "cannot be told", why)
    share = found.prior
    fall = f"At most {numbers.percent(share)} of {found.n_samples:,} prior samples fall"
    if share.value == 0.0:
        fall = f"No prior sample of {found.n_samples:,} falls"
    evidence = (
        f"{fall} where q(z) is ten times rarer than p(z): an upper bound from {of}, which more of "
        "them would lower."
    )
    if share.value + ERRORS * share.standard_error <= FEW_HOLES:
        return Lamp(HOLES, State.GOOD, "few", evidence)
    return Lamp(HOLES, State.PARTLY, f"up to {100.0 * share.value:.0f} %", evidence)


def show(lamps: Sequence[Lamp]) -> None:
    """Side by side; below each other on a narrow screen."""
    for k, (column, lamp) in enumerate(zip(st.columns(len(lamps)), lamps, strict=True)):
        with column.container(border=True, height="stretch", key=f"lamp-{k}"):
            st.markdown(f"**{lamp.title}**")
            st.badge(lamp.word, icon=lamp.state.icon, color=lamp.state.colour)
            st.caption(escaping.message(lamp.evidence))

"""The bell: one Gaussian that is dragged against the prior, and what mistakes make of its KL."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import streamlit as st

from pages.ui.components.component import Component
from pages.ui.session import keys, problems
from vae_core import Codes
from vae_core.figures import theme

BELL = Component("bell", "bell/bell.js", ("page/page.css", "bell/bell.css"))
LIMITS = {"mu": (-3.0, 3.0), "sigma": (0.01, 3.0)}  # units of z
CHOICES = {
    "formula": ("right", "slip", "flipped", "mean"),
    "noise": ("right", "exp-logvar", "seed"),
}
COLOURS = {
    "prior": theme.PRIOR,
    "rate": theme.RATE,
    "darker": theme.DARKER,
    "elbo": theme.NEGATIVE_ELBO,
}


@dataclass(frozen=True)
class BellState:
    """Where the Gaussian stands, and what is computed of it; it begins off the prior.

    Attributes
    ----------
    mu, sigma : of q, in units of z
    formula : of the KL: "right", or "slip" (the sign of its logarithm), "flipped" (all its
        signs), "mean" (over the latent dimensions)
    noise : the line that draws z: "right", "exp-logvar" or "seed", see the quantity `coding_sd`
    """

    mu: float = 1.0
    sigma: float = 0.5
    formula: str = "right"
    noise: str = "right"

    @classmethod
    def read(cls, given: object) -> BellState:
        """Of the page, or of an address; what makes no sense is as it begins."""
        found: dict[str, Any] = {}
        known = given if isinstance(given, Mapping) else {}
        for name, (least, most) in LIMITS.items():
            try:
                value = float(known.get(name, math.nan))
            except (TypeError, ValueError):
                continue
            if math.isfinite(value):
                found[name] = min(max(round(value, 2), least), most)
        for name, choices in CHOICES.items():
            if known.get(name) in choices:
                found[name] = known[name]
        return cls(**found)

    def to_address(self) -> dict[str, str | None]:
        """Parameters of the page's address; None for what is as it begins, to be left out."""
        first = asdict(BellState())
        return {
            name: (f"{value:g}" if name in LIMITS else value) if value != first[name] else None
            for name, value in asdict(self).items()
        }


@problems.fragment
def show(codes: Codes) -> None:
    """Put the bell on the page, and where it was let go into the address.

    Parameters
    ----------
    codes : Codes
        Of the chosen model, of which only the number of latent dimensions counts.
    """
    d = math.prod(codes.latent_shape)
    query = st.query_params
    start = keys.at_start(keys.BELL_START, "bell", lambda: BellState.read(query.to_dict()))
    with st.container(key="bell"):
        result = BELL.mount(key="one-gaussian", data=facts(start, d), on_bell_change=lambda: None)
    here = BellState.read(result.bell) if result.bell else start
    for name, value in here.to_address().items():
        if value is None:
            query.pop(name, None)
        else:
            query[name] = value


def leave() -> None:
    """Another view is shown: the bell begins again where the address has it."""
    keys.BELL_START.pop()


def facts(state: BellState, d: int) -> dict[str, Any]:
    """What the component gets: where it begins, and what it may not know by itself."""
    return {
        "state": asdict(state),
        "limits": {name: list(ends) for name, ends in LIMITS.items()},
        "d": d,
        "colours": COLOURS,
        "hide": list(keys.HIDDEN.get_or(())),
    }

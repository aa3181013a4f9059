"""Densities as they are of a model that is given the label: p(x | y) where another has p(x)."""

from __future__ import annotations

import re

from vae_core import Run

# p or q of one variable, or of one given another, in words or in LaTeX
DENSITY = re.compile(r"\b([pq])\((x|z(?:_i)?)(?:(\s*(?:\\mid|\|)\s*)(x|z(?:_i)?))?\)")
OF_X = "(x)"  # what the encoder gives, in LaTeX


def given(text: str, run: Run) -> str:
    """The text with the label behind every bar, for a run whose model is given it.

    p(z) and q(z) stay: the prior does not know the label, and all codes together have many.
    """
    return of_label(text) if run.config.model.is_conditional else text


def of_label(text: str) -> str:
    """A text about p(x) as one about p(x | y)."""
    is_latex = "\\" in text
    said = DENSITY.sub(lambda found: _density(found, is_latex), text)
    return said.replace(OF_X, "(x,y)") if is_latex else said


def _density(found: re.Match[str], is_latex: bool) -> str:
    kind, what, bar, known = found.groups()
    if known:
        return f"{kind}({what}{bar}{known},{'' if is_latex else ' '}y)"
    if what != "x":
        return found[0]
    return rf"{kind}(x\mid y)" if is_latex else f"{kind}(x | y)"

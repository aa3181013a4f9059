"""Hidden parts of a page: widgets, charts and containers by their keys, parts of components too.

Streamlit gives what has a key the class `st-key-KEY`. One key may stand for several elements:
those whose own keys begin with `KEY--`. A chart takes its ways to save it along. Inside a
component, whose root no style of the page reaches, the same names are classes of its root.
"""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from pages.ui.session import keys
from vae_core.lessons.head import KEY

HIDE = "hide"  # the parameter of an address
PAGE, WORDS = "page", "words"
MAX_KEYS = 40
# Headings of a page are h2, written "## " in Markdown.
# What competes with the lesson's card: the page's question, and what the page proposes to try.
IN_A_LESSON = (
    "h1.door",
    f".st-key-{PAGE} .stElementContainer:has(h2 strong)",
    f'[class*="st-key-{WORDS}--try"]',
)
TRY = "try"  # the same inside components
WORDS_OF_A_PAGE = (
    f".st-key-{PAGE} .stElementContainer:has(h2)",
    f".st-key-{PAGE} .stElementContainer:has([data-testid='stCaptionContainer'])",
)


def from_address(text: str) -> tuple[str, ...]:
    """The keys of `?hide=a,b`; what is no key is left out."""
    named = [name.strip() for name in text.split(",")[:MAX_KEYS]]
    return tuple(dict.fromkeys(name for name in named if KEY.fullmatch(name)))


def selectors(hidden: Iterable[str]) -> list[str]:
    """What the style of these keys is of."""
    found = []
    for key in hidden:
        found += [f".st-key-{key}", f'[class*="st-key-{key}--"]', f".st-key-save-{key}"]
        if key == WORDS:
            found += WORDS_OF_A_PAGE
    return found


def style(hidden: Iterable[str], in_a_lesson: bool = False) -> str:
    """One style element, or nothing where nothing is hidden."""
    of = [*(IN_A_LESSON if in_a_lesson else ()), *selectors(hidden)]
    return f"<style>{', '.join(of)} {{display: none}}</style>" if of else ""


def apply(lesson: Iterable[str] | None) -> None:
    """Hide what a lesson's step hides, and what the address asks for; for the components, too.

    Parameters
    ----------
    lesson : iterable of str or None
        The keys that the step hides; None outside a lesson.
    """
    asked = from_address(st.query_params.get(HIDE, ""))
    hidden = tuple(dict.fromkeys((*(lesson or ()), *asked)))
    keys.HIDDEN.set(hidden if lesson is None else (*hidden, TRY))
    if made := style(hidden, in_a_lesson=lesson is not None):
        st.html(made)

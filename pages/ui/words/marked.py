"""What the page is told of the terms that it marks, and which of them stand in a text."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from pages.ui.words.terms import NO_TERM, TERMS, forms


@cache
def keys_of_forms() -> dict[str, str]:
    """The key of every written form; of a phrase that is no term's, an empty one."""
    known = dict.fromkeys(NO_TERM, "")
    return known | {form: term.key for term in TERMS for form in forms(term)}


@cache
def _pattern() -> re.Pattern[str]:
    """Forms that stand by themselves; of two that begin at one letter, the longer."""
    longest = sorted(keys_of_forms(), key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, longest))})(?![\w-])")


def found_in(text: str) -> list[tuple[str, str]]:
    """Each form in a text with its term's key, in order. The page finds the same."""
    known = keys_of_forms()
    pairs = [(m[0], known[m[0]]) for m in _pattern().finditer(text)]
    return [(form, key) for form, key in pairs if key]


@cache
def facts() -> dict[str, Any]:
    """All that the page needs to mark terms and to show their cards."""
    return {
        "forms": keys_of_forms(),
        "terms": {
            term.key: {
                "title": term.title,
                "sentence": term.sentence,
                "formula": term.formula_text,
                "drawing": term.drawing,
            }
            for term in TERMS
        },
    }

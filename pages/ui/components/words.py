"""The words layer: terms of the glossary are marked and explained wherever they stand."""

from __future__ import annotations

import hashlib
import json
from functools import cache

import streamlit as st

from pages.ui.components.component import Component
from pages.ui.server import routes
from pages.ui.words import marked
from pages.ui.words.terms import TERMS

WORDS = Component("words", "words/words.js", ("words/words.css",))
PARAMETER = "word"  # of the glossary's address: the entry that is shown


def mount(url_path: str) -> str | None:
    """Put the layer on the page at this address; returns the entry that a reader asks for."""
    with st.container(key="words-layer"):  # takes no room, not even while the script comes
        result = WORDS.mount(
            key="words",
            data={"address": address(), "at": entry_asked() if url_path == "glossary" else ""},
            on_open_change=lambda: None,
        )
    asked: str | None = result.open
    return asked if asked in _keys() else None


def entry_asked() -> str:
    """The entry that the address names, if there is one."""
    asked = str(st.query_params.get(PARAMETER, ""))
    return asked if asked in _keys() else ""


@cache
def _keys() -> frozenset[str]:
    return frozenset(term.key for term in TERMS)


@cache
def _content() -> bytes:
    return json.dumps(marked.facts(), ensure_ascii=False).encode()


@cache
def _version() -> str:
    return hashlib.sha256(_content()).hexdigest()[:16]


def address() -> str:
    """Of the file with all terms, which a browser fetches once."""
    place = routes.offer(f"words-{_version()}", lambda: routes.Offer({"terms": _content}))
    return f"{place}terms"

"""Entries of the page Glossary: a term's drawing, sentence and formula, and where it is shown."""

from __future__ import annotations

import streamlit as st

from pages.ui.session.doors import door_of
from pages.ui.words.terms import GROUPS, TERMS, Term


def show() -> None:
    """All entries, in groups, two beside each other where there is room."""
    for group in GROUPS:
        st.markdown(f"## {group}")
        own = [term for term in TERMS if term.group == group]
        for left in range(0, len(own), 2):
            for column, term in zip(st.columns(2, gap="large"), own[left : left + 2], strict=False):
                with column:
                    _entry(term)


def _entry(term: Term) -> None:
    with st.container(key=f"word-{term.key}", gap="small"):
        st.markdown(
            f"<div class='word'>{term.drawing}<p><strong>{term.title}.</strong> {term.sentence}</p>"
            "</div>",
            unsafe_allow_html=True,  # all of it is ours; st.html shows no SVG
        )
        st.latex(term.formula)
        door = door_of(term.page)
        st.page_link(door.script, label=f"Shown on: {door.title}")

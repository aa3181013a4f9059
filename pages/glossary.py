"""Glossary: every term that the pages use, in one sentence, one formula and one drawing."""

from __future__ import annotations

import streamlit as st

from pages.ui.words import entries

st.markdown(
    "On every page these words have a dotted line below them. **Try this:** rest the mouse on one, "
    "or tap it."
)
entries.show()

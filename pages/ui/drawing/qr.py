"""QR codes of links, for phones before a projector."""

from __future__ import annotations

import io

import streamlit as st

MAX_LETTERS = 600  # of a link: more of them make squares too small for a phone


@st.cache_data(max_entries=50, show_spinner=False)
def qr_code(address: str) -> bytes | None:
    """A QR code as a PNG, with the quiet border that readers need; None for a long link."""
    import segno  # of all pages with a lesson, only a wall and a link maker need it

    if len(address.encode()) > MAX_LETTERS:
        return None
    file = io.BytesIO()
    segno.make(address, error="m", micro=False).save(file, kind="png", scale=6, border=4)
    return file.getvalue()

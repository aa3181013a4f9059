"""A link to the view at hand with parts of it hidden, and a lesson's file to begin from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import urlencode, urlsplit, urlunsplit

import streamlit as st

from pages.ui.drawing import escaping
from pages.ui.drawing.qr import qr_code
from pages.ui.lesson import hideable, place
from pages.ui.lesson.hidden import HIDE, from_address
from pages.ui.lesson.skeleton import skeleton
from pages.ui.library import cached
from pages.ui.session import chosen, keys, problems, projector

TOUR = "tour"  # the step of the Overview's start, which a link opens without
NOT_OF_THE_VIEW = {
    TOUR,
    HIDE,
    projector.PARAMETER,
    keys.RUN_LABEL.name,
    place.LESSON,
    place.STEP,
    place.SAID,
    place.DONE,
    place.MODEL,
    place.ROOM,
    place.WHO,
}


def link(
    address: str, url_path: str, query: Mapping[str, str | list[str]], hide: Iterable[str]
) -> str:
    """The address of the view with these keys hidden.

    Parameters
    ----------
    address : str
        Of the page as the browser has it; the path alone is given where it is not known.
    url_path : str
    query : mapping
        Parameters of the address.
    hide : iterable of str
    """
    kept = {name: value for name, value in query.items() if name not in (HIDE, TOUR)}
    if hidden := ",".join(hide):
        kept[HIDE] = hidden
    parts = urlsplit(address or f"/{url_path}")
    written = urlencode(kept, doseq=True, safe=",:")
    return urlunsplit((parts.scheme, parts.netloc, parts.path, written, ""))


def view_of(query: Mapping[str, str | list[str]]) -> dict[str, str]:
    """The parameters of an address that a lesson's `view` may have."""
    return {
        name: value if isinstance(value, str) else ",".join(value)
        for name, value in query.items()
        if name not in NOT_OF_THE_VIEW
    }


def offer(url_path: str) -> None:
    """The button at the foot of a page that shows a model, for teachers."""
    if keys.CHOSEN.get() is not None and url_path in hideable.PAGES:
        _button(url_path)


@problems.fragment
def _button(url_path: str) -> None:
    if st.button("Make a lesson link", icon=":material/link:", type="tertiary", key="lesson-link"):
        _make(url_path)


@st.dialog("Make a lesson link")
def _make(url_path: str) -> None:
    """The parts to hide, the link, and the file."""
    linked = from_address(st.query_params.get(HIDE, ""))
    st.markdown("Choose what the link hides. It opens this page as it is now.")
    has_entries = cached.codes(chosen.chosen()).family.has_entries
    hide = [
        key
        for key, words in hideable.of_page(url_path, has_entries).items()
        if st.checkbox(f"Hide {words}", key in linked, key=f"hide-{url_path}-{key}")
    ]
    query, run = _query(), chosen.chosen()
    address = link(st.context.url or "", url_path, query, hide)
    st.code(address, language=None, wrap_lines=True)
    if code := qr_code(address):
        st.image(code, width=200)
        st.caption("The link as a QR code, for phones.")
    st.download_button(
        "Start a lesson file from this view", icon=":material/edit_document:",
        data=skeleton(run.id, url_path, view_of(query), hide), file_name="my-lesson.md",
        on_click="ignore", key="lesson-skeleton",
    )  # fmt: skip
    st.caption(
        f"The file opens on {escaping.markdown(run.title)}. Put it into the folder that "
        "ELBO_ROOM_LESSONS names, and it stands on the page Lessons."
    )


def _query() -> dict[str, str | list[str]]:
    """The parameters of the address, those of several values as lists."""
    return {
        name: values[0] if len(values) == 1 else values
        for name in st.query_params
        if (values := st.query_params.get_all(name))
    }

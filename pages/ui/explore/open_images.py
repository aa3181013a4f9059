"""Open an image that a page shows: in the lens here, on Overview, or as the start of a walk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from pages.ui.components import lens
from pages.ui.drawing import escaping
from pages.ui.library import cached
from pages.ui.session import links, problems
from pages.ui.session.keys import Key
from vae_core import Run

HERE = Key["int | None"]("open-here")  # widgets, which keep nothing for other pages
PICKED = "open-image"


def name_of(label: str, index: int) -> str:
    """What an image is called on a button."""
    return f"{label} · image {index}"


def offer(run: Run, index: Sequence[int]) -> None:
    """Small buttons, one for each image of the test split that is shown; then its doors."""
    if (picked := _pills("Open an image", run, index, PICKED)) is not None:
        doors(picked)


def offer_here(run: Run, index: Sequence[int]) -> None:
    """The same on a page with the lens, which opens the image at once."""
    _pills("Open here", run, index, HERE.name, problems.callback(_open), (run,))


def _pills(label: str, run: Run, index: Sequence[int], key: str, *then: Any) -> int | None:
    names, labels = run.data().class_names, cached.codes(run).labels
    on_change, args = then or (None, None)
    picked = st.pills(
        label,
        [int(i) for i in index],
        key=key,
        format_func=lambda i: escaping.markdown(name_of(names[int(labels[i])], i)),
        on_change=problems.callback(on_change) if on_change else None,
        args=args,
        wrap=True,
    )
    return None if picked is None else int(picked)


def _open(run: Run) -> None:
    if (index := HERE.get()) is not None:
        lens.open_image(run, index)
    HERE.set(None)  # nothing stays pressed


def doors(index: int, is_here: bool = False) -> None:
    """Links that open one image elsewhere: on Overview, unless it is there, and on Walks."""
    with st.container(horizontal=True):
        if not is_here:
            links.to_page("", f"Image {index} on Overview", {"image": str(index)})
        links.to_page("walks", f"Walk from image {index}", {"from": str(index)})

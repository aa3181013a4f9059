"""What a class draws with, and the sheet of its drawings."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from pages.ui.components.component import Component
from pages.ui.drawing import escaping
from vae_core.lessons.drawings import MAX_LETTERS, Drawing

STYLES = ("page/page.css", "class_drawing/class_drawing.css")
PAD = Component("class_pad", "class_drawing/draw.js", STYLES)
GALLERY = Component("gallery", "class_drawing/gallery.js", STYLES)


def plain(labels: Sequence[str]) -> list[str]:
    """Labels as the components show them: text and nothing but text."""
    return [escaping.plain(label, MAX_LETTERS) for label in labels]


def sheet(
    drawings: Sequence[Drawing], labels: Sequence[str], picks: bool = False, are_all: bool = True
) -> dict[str, Any]:
    """What the gallery shows.

    Parameters
    ----------
    drawings : sequence of Drawing
    labels : sequence of str
    picks : bool
        Whether a click opens a drawing; else it marks it.
    are_all : bool
        Whether there are no others, so that they can be counted.
    """
    pixels = b"".join(drawing.pixels.tobytes() for drawing in drawings)
    of = [drawing.label for drawing in drawings]
    return {
        "labels": plain(labels),
        "counts": [of.count(k) for k in range(len(labels))] if are_all else [],
        "names": [drawing.name for drawing in drawings],
        "of": of,
        "pixels": base64.b64encode(pixels).decode(),
        "picks": picks,
    }

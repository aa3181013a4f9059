"""Rows of pictures: the first of every class, under the names of the classes."""

from __future__ import annotations

import torch

from pages.ui.drawing.escaping import html
from pages.ui.drawing.strips import STYLE
from vae_core import Split
from vae_core.data import own
from vae_core.figures import data_uri, to_png


def rows_html(split: Split, class_names: tuple[str, ...]) -> str:
    """A row for each of the first classes, and how many classes have none here."""
    counts = torch.bincount(split.labels, minlength=len(class_names)).tolist()
    rows = [
        _row(split, label, f"{name}: {counts[label]:,}")
        for label, name in enumerate(class_names[: own.MAX_ROWS])
    ]
    rest = len(class_names) - own.MAX_ROWS
    more = f"<p>and {rest:,} more classes</p>" if rest > 0 else ""
    return f"{STYLE}<div class='rows'>{''.join(rows)}{more}</div>"


def _row(split: Split, label: int, title: str) -> str:
    picture, said = data_uri(to_png(own.row(split, label))), html(title)
    return f"<figure><figcaption>{said}</figcaption><img alt='{said}' src='{picture}'></figure>"

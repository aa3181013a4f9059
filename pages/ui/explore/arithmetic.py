"""Arithmetic with the means of classes: which classes, the line of pictures, the outcome."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
import torch
from torch import Tensor
from torch.distributions import constraints

from pages.ui.drawing import escaping
from pages.ui.drawing.strips import MAX_TITLE, NEIGHBOURS, STYLE, neighbours_html
from pages.ui.library import cached
from vae_core import Codes, Dataset, Run
from vae_core.analysis import class_arithmetic, class_mean, decode_mean, nearest_codes
from vae_core.figures import contact_sheet, data_uri
from vae_core.vae import VAE

ONE_PLACE = "The means of all classes are one place: sums and differences of them tell nothing."


def pick_classes(labels: list[int], names: Sequence[str]) -> tuple[int, int, int]:
    """The classes of A - B + C."""
    chosen = []
    with st.container(horizontal=True):
        for place, (sign, key) in enumerate((("Mean of", "A"), ("less", "B"), ("plus", "C"))):
            label = st.selectbox(
                sign, labels, min((7, 1, 0)[place], len(labels) - 1), key=f"class-{key}",
                format_func=lambda y: f"class {escaping.plain(names[y])}", bind="query-params",
                width=170,
            )  # fmt: skip
            chosen.append(int(label))
    return chosen[0], chosen[1], chosen[2]


@cached.per_run(max_entries=200)
def outcome(run: Run, classes: tuple[int, int, int], data: Dataset | None) -> tuple[str, str, str]:
    """The line of pictures, which class the result is of, and the images next to it."""
    vae, codes, names = cached.vae(run), cached.codes(run), run.data().class_names
    z = class_arithmetic(codes, *classes)
    return (
        equation(vae, codes, classes, z, names),
        verdict(codes, z, names),
        neighbours_html(vae, codes, z, names, data),
    )


@cached.per_run(max_entries=200)
def nearest(run: Run, classes: tuple[int, int, int]) -> list[int]:
    """The test images next to the result."""
    codes = cached.codes(run)
    found = nearest_codes(codes, class_arithmetic(codes, *classes), NEIGHBOURS)
    return [int(i) for i in found.index]


def equation(
    vae: VAE, codes: Codes, classes: tuple[int, int, int], z: Tensor, names: Sequence[str]
) -> str:
    """Four pictures in a line: A - B + C = result."""
    terms = torch.stack([*(class_mean(codes, y) for y in classes), z])
    titles = [*(f"mean of class {names[y]}" for y in classes), "result"]
    pictures = decode_mean(vae.given(torch.tensor([*classes, classes[0]])), terms)
    cells = []
    for sign, title, picture in zip(("", "−", "+", "="), titles, pictures, strict=True):
        source = data_uri(contact_sheet(picture[None].numpy(), 1, scale=4))
        cells.append(f"{sign}<img alt='{escaping.html(title, MAX_TITLE)}' src='{source}'>")
    return f"{STYLE}<div class='equation'>{''.join(cells)}</div>"


def verdict(codes: Codes, z: Tensor, names: Sequence[str]) -> str:
    """Which class the nearest test images are of."""
    labels = nearest_codes(codes, z, NEIGHBOURS).labels
    counts = labels.bincount()
    best = int(counts.argmax())
    return (
        f"Of the {len(labels)} test images whose means are nearest to the result, "
        f"{int(counts[best])} are of class **{escaping.markdown(names[best])}**."
    )


def conditions(codes: Codes) -> str:
    """What the means are of."""
    said = f"Means of the posterior means of each class over {len(codes):,} test images, decoded."
    if codes.family.support is constraints.simplex:
        said += " Numbers below 0 are set to 0 and the rest scaled to add up to 1."
    return said

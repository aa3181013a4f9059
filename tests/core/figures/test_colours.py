"""Class colours stay apart for every eye, and what is written on them can be read."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from vae_core.figures import theme
from vae_core.figures.posteriors import TOGETHER
from vae_core.figures.theme import CLASS_COLOURS, contrast, ink_on

PAPERS = ("#ffffff", "#14161a")
QUANTITIES = (theme.RATE, theme.DISTORTION, theme.NEGATIVE_ELBO, theme.CORRELATION)

# What linear RGB becomes: Machado, Oliveira and Fernandes (2009), severity 1.
VISIONS = {
    "usual": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
         [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
         [-0.011820, 0.042940, 0.968881]]
    ),
}  # fmt: skip
LMS = np.array(
    [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
     [0.0883024619, 0.2817188376, 0.6299787005]]
)  # fmt: skip
LAB = np.array(
    [[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
     [0.0259040371, 0.7827717662, -0.8086757660]]
)  # fmt: skip


def as_seen(colour: str, vision: str) -> np.ndarray:
    """A colour in OKLab (Ottosson 2020), times 100, as an eye sees it."""
    encoded = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)]) / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    return 100 * LAB @ np.cbrt(LMS @ np.clip(VISIONS[vision] @ linear, 0, 1))


@pytest.mark.parametrize(("vision", "least"), [("usual", 18), ("protanopia", 12),
                                               ("deuteranopia", 12)])  # fmt: skip
def test_any_two_class_colours_stay_apart(vision: str, least: float) -> None:
    seen = [as_seen(colour, vision) for colour in CLASS_COLOURS]
    assert min(np.linalg.norm(a - b) for a, b in combinations(seen, 2)) >= least


def test_a_quantity_has_no_class_colour() -> None:
    apart = [
        np.linalg.norm(as_seen(one, "usual") - as_seen(other, "usual"))
        for one in QUANTITIES
        for other in CLASS_COLOURS
    ]
    assert min(apart) >= 8


@pytest.mark.parametrize("colour", [*CLASS_COLOURS, TOGETHER])
def test_a_name_on_its_class_colour_can_be_read(colour: str) -> None:
    assert contrast(ink_on(colour), colour) >= 4.5


@pytest.mark.parametrize("paper", PAPERS)
def test_lines_of_quantities_stand_out_from_the_page(paper: str) -> None:
    assert min(contrast(colour, paper) for colour in QUANTITIES) >= 3


def test_charts_leave_a_finger_to_the_page() -> None:
    figure = theme.drawn([{"type": "scatter", "y": [1, 2]}], 300)
    assert figure.layout.dragmode is False
    assert not theme.CONFIG.get("scrollZoom")

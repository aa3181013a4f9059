"""The page chooses the same ink on a colour as the figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vae_core.figures.theme import CLASS_COLOURS, ink_on

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


def test_ink_on_a_colour_is_that_of_the_figures(modules: Page) -> None:
    greys = [f"#{level:02x}{level:02x}{level:02x}" for level in range(0, 256, 5)]
    colours = [*CLASS_COLOURS, *greys]
    ink = modules.evaluate(
        "async (all) => all.map((await import('/draw/colours.js')).inkOn)", colours
    )
    assert ink == [ink_on(colour) for colour in colours]

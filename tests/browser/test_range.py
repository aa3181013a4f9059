"""The slider of the page's parts: what a finger does to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser]
KEEPS_PAGE = True


def test_a_finger_that_scrolls_over_a_slider_leaves_it_as_it_was(modules: Page) -> None:
    """Where a finger comes down the thumb goes at once, before the page takes it for scrolling."""
    told = modules.evaluate("""async () => {
      const {range} = await import('/page/element.js');
      const told = [];
      const slider = range({
        min: -4, max: 4, step: 0.01, oninput: () => told.push(slider.value),
        onchange: () => told.push('released'),
      });
      const finger = (kind) => slider.dispatchEvent(new PointerEvent(kind));
      slider.value = 1;
      for (const end of ['pointerup', 'pointercancel', 'pointercancel']) {
        finger('pointerdown');
        if (told.length < 3) slider.value = -2 - told.length;
        slider.dispatchEvent(new Event('input'));
        finger(end);
      }
      return told;
    }""")
    assert told == ["-2", "-3", "-2", "released", "-2"]

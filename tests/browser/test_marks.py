"""Names on a plane: one for classes at one place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser]


def together(modules: Page, *places: tuple[float, float]) -> list[Any]:
    marks = [{"name": str(k), "label": k, "x": x, "y": y} for k, (x, y) in enumerate(places)]
    found: list[Any] = modules.evaluate(
        "async (marks) => (await import('/draw/marks.js')).together(marks, 5)", marks
    )
    return found


def test_classes_at_one_place_have_one_name(modules: Page) -> None:
    (one,) = together(modules, *[(100 + k / 10, 50) for k in range(10)])
    assert one["name"] == "all 10 classes"
    assert one["labels"] == list(range(10))
    assert (one["x"], one["y"]) == pytest.approx((100.45, 50))


def test_classes_apart_keep_their_names_and_places(modules: Page) -> None:
    found = together(modules, (0, 0), (0, 3), (50, 0))
    assert [mark["name"] for mark in found] == ["0, 1", "2"]
    assert found[1]["x"] == 50

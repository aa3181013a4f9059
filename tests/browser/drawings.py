"""Drawing by mouse; drawings, as the pad holds them; pictures, as a model takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from playwright.sync_api import Page

Image = npt.NDArray[np.float32]
Place = tuple[float, float]
MNIST = (1, 28, 28)


def blank(side: int = 280) -> Image:
    return np.zeros((side, side), dtype=np.float32)


def extent(image: Image) -> tuple[int, int]:
    """Height and width of the box around all ink."""
    rows, columns = np.nonzero(image)
    return int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1


def centre_of_mass(image: Image) -> npt.NDArray[np.float64]:
    places = np.indices(image.shape).reshape(2, -1)
    mass: npt.NDArray[np.float64] = (places * image.ravel()).sum(1) / image.sum()
    return mass


def drag(page: Page, *places: Place) -> None:
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place)
    page.mouse.up()


def one_frame(page: Page) -> None:
    page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")

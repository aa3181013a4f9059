"""What is drawn on the pad becomes a picture like those of the data set."""

from __future__ import annotations

import base64
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sklearn.datasets import load_digits

from tests.browser.drawings import MNIST, Image, Place, blank, centre_of_mass, extent

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser]

PREPARE = """async ([ink, side, shape]) => {
  const { prepareDrawing } = await import("/controls/drawing.js");
  const bytes = Uint8Array.from(atob(ink), (c) => c.charCodeAt(0));
  const picture = prepareDrawing(new Float32Array(bytes.buffer), side, shape);
  return picture && Array.from(picture);
}"""


def prepared(page: Page, ink: Image, shape: tuple[int, ...] = MNIST) -> list[float] | None:
    values: list[float] | None = page.evaluate(
        PREPARE, [base64.b64encode(ink.tobytes()).decode(), len(ink), list(shape)]
    )
    return values


def prepare(page: Page, ink: Image, shape: tuple[int, ...] = MNIST) -> Image:
    return np.array(prepared(page, ink, shape), dtype=np.float32).reshape(shape[1:])


def enlarged(image: Image, times: int) -> Image:
    return np.kron(image, np.ones((times, times), dtype=np.float32))


def digit(number: int) -> Image:
    """One of scikit-learn's digits, (8, 8)."""
    return (load_digits().images[number] / 16).astype(np.float32)


def seven(side: int, at: Place, height: float) -> Image:
    """A drawn 7 with its upper left corner at (x, y); soft at the edges."""
    y, x = np.mgrid[:side, :side].astype(np.float32)
    corners = np.array([(0.0, 0.05), (0.6, 0.05), (0.25, 1.0)]) * height + at
    far = np.full((side, side), np.inf)
    for (ax, ay), (bx, by) in pairwise(corners):
        along = ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / ((bx - ax) ** 2 + (by - ay) ** 2)
        t = np.clip(along, 0, 1)
        far = np.minimum(far, np.hypot(x - ax - t * (bx - ax), y - ay - t * (by - ay)))
    return np.clip(0.06 * height - far + 0.5, 0, 1).astype(np.float32)


def test_the_longer_side_is_20_of_28_and_the_centre_of_mass_in_the_middle(
    modules: Page,
) -> None:
    ink = seven(280, (20, 70), 170)
    for side, longer in ((28, 20), (32, 23), (16, 11), (64, 46)):
        for tall_or_wide in (ink, ink.T):
            picture = prepare(modules, tall_or_wide, (1, side, side))
            assert max(extent(picture)) == longer
            assert np.abs(centre_of_mass(picture) - (side - 1) / 2).max() <= 0.5 + 1e-5


def test_a_picture_need_not_be_square(modules: Page) -> None:
    picture = prepare(modules, seven(280, (20, 70), 170), (1, 28, 14))
    assert extent(picture)[1] == 10
    assert np.abs(centre_of_mass(picture) - [13.5, 6.5]).max() <= 0.5 + 1e-5


def test_proportions_are_kept(modules: Page) -> None:
    ink = blank()
    ink[30:230, 100:180] = 1  # 200 high, 80 wide
    picture = prepare(modules, ink)
    assert extent(picture) == (20, 8)
    assert set(picture.ravel()) == {0, 1}


def test_it_does_not_matter_where_and_how_large_one_draws(modules: Page) -> None:
    first = prepare(modules, seven(280, (15, 20), 230))
    for at, height in (((60.0, 20.0), 230.0), ((120.0, 100.0), 115.0)):
        again = prepare(modules, seven(280, at, height))
        assert np.abs(again - first).max() < 0.15
        assert np.abs(again - first).mean() < 0.01


def test_no_ink_is_lost_by_averaging(modules: Page) -> None:
    ink = seven(280, (50, 40), 190)
    picture = prepare(modules, ink)
    scale = 20 / max(extent(ink))
    core = prepare(modules, np.clip(2 * ink, 0, 1))  # its strokes are ink all through
    assert core.max() == 1
    brightest = ink.sum() * scale**2 / picture.sum()  # before it was brought to 1
    assert 0.95 < brightest <= 1 + 1e-5


def test_averaging_is_exact_where_pixels_are_cut(modules: Page) -> None:
    ink = blank(30)
    ink[:, 13:16] = 1  # 30 high becomes 20, and 3 wide 2
    ink[0, 13:16] = 0.25  # two of three lines of the raster are one of the picture, and a half
    expected = np.ones(20)
    expected[0] = (0.25 + 0.5) / 1.5
    picture = prepare(modules, ink)
    rows = np.nonzero(picture.sum(1))[0]
    column = int(np.argmax(picture.sum(0)))
    np.testing.assert_allclose(picture[rows, column], expected, atol=1e-6)


def test_thin_and_faint_lines_are_bright_all_the_same(modules: Page) -> None:
    ink = blank()
    ink[40:240, 140] = 0.3
    picture = prepare(modules, ink)
    assert picture.max() == 1
    assert extent(picture) == (20, 1)


def test_without_ink_there_is_no_picture(modules: Page) -> None:
    assert prepared(modules, blank(40)) is None


def test_one_pixel_of_ink_becomes_a_square(modules: Page) -> None:
    ink = blank()
    ink[3, 270] = 0.1
    assert extent(prepare(modules, ink)) == (20, 20)


def test_no_ink_leaves_a_picture_whose_centre_of_mass_is_far_from_its_box(modules: Page) -> None:
    ink = blank()
    ink[40:60, 40:240] = 1
    ink[40:240, 40:41] = 1  # nearly all ink is above
    assert extent(prepare(modules, ink)) == (20, 20)


def test_pixels_are_between_0_and_1(modules: Page) -> None:
    for shape in (MNIST, (1, 32, 32), (1, 8, 8), (1, 7, 5)):
        for ink in (enlarged(digit(3), 10), seven(280, (0, 0), 270)):
            picture = prepare(modules, ink, shape)
            assert picture.min() == 0
            assert picture.max() == 1


def test_what_is_prepared_is_left_as_it_is(modules: Page) -> None:
    for number in range(10):
        x = prepare(modules, enlarged(digit(number), 10))
        again = prepare(modules, enlarged(x, 10))
        assert np.abs(again - x).max() < 1e-5, number


def test_small_digits_fill_the_height_in_the_middle_of_the_width(modules: Page) -> None:
    ink = blank()
    ink[60:220, 30:110] = 1  # 160 high, 80 wide, at the left
    picture = prepare(modules, ink, (1, 8, 8))
    expected = np.zeros((8, 8))
    expected[:, 2:6] = 1
    np.testing.assert_allclose(picture, expected, atol=1e-6)


def test_small_digits_that_are_wide_fill_the_width(modules: Page) -> None:
    ink = blank()
    ink[60:140, 30:190] = 1
    assert extent(prepare(modules, ink, (1, 8, 8))) == (4, 8)


def test_small_digits_of_scikit_learn_are_left_as_they_are(modules: Page) -> None:
    for number in range(10):
        x = digit(number)
        columns = np.nonzero(x.sum(0))[0]
        if columns[0] + columns[-1] != 7:  # not in the middle: its blocks are cut otherwise
            continue
        picture = prepare(modules, enlarged(x, 4), (1, 8, 8))
        np.testing.assert_allclose(picture, x / x.max(), atol=1e-6)

"""Pictures as PNG: contact sheets, and pictures on a page."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from vae_core.figures import (
    contact_sheet,
    data_uri,
)


def pixels(png: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(png)))


@pytest.mark.parametrize(("n", "columns", "size"), [(6, 3, (58, 38)), (5, 2, (38, 58))])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_contact_sheet_has_room_for_every_picture(
    n: int, columns: int, size: tuple[int, int], channels: int
) -> None:
    pictures = np.ones((n, channels, 9, 9), np.float32)
    sheet = Image.open(io.BytesIO(contact_sheet(pictures, columns)))
    assert sheet.size == size
    assert (np.asarray(sheet) == 255).sum() == n * 18 * 18 * channels


def test_an_enlarged_picture_keeps_its_pixels_square_and_exact() -> None:
    picture = np.random.default_rng(0).random((1, 1, 8, 8), np.float32)
    large = pixels(contact_sheet(picture, columns=1, scale=5))
    levels = (picture[0, 0] * 255).round()
    np.testing.assert_array_equal(large, levels.repeat(5, 0).repeat(5, 1))


def test_a_picture_on_a_page_is_its_png() -> None:
    png = contact_sheet(np.zeros((1, 1, 4, 4), np.float32), columns=1)
    kind, _, content = data_uri(png).partition(",")
    assert kind == "data:image/png;base64"
    assert base64.b64decode(content) == png

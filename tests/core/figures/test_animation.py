"""GIFs: what is in them, in what order, and for how long."""

from __future__ import annotations

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageSequence

from vae_core.figures import gif


def random_pictures(n: int, c: int, height: int = 6, width: int = 5) -> NDArray[np.float32]:
    return np.random.default_rng(0).random((n, c, height, width), dtype=np.float32)


def frames(content: bytes) -> tuple[list[NDArray[np.uint8]], list[int], int]:
    """(H, W, 3) bytes of each picture, its milliseconds, and how often it is shown; 0 for ever."""
    image = Image.open(io.BytesIO(content))
    assert image.format == "GIF"
    shown = [
        (np.array(f.convert("RGB")), f.info["duration"]) for f in ImageSequence.Iterator(image)
    ]
    return [f for f, _ in shown], [int(ms) for _, ms in shown], image.info["loop"]


def test_grey_pictures_come_there_and_back_level_by_level() -> None:
    pictures = random_pictures(4, 1)
    shown, milliseconds, loop = frames(gif(pictures, scale=3, seconds=1.2))
    levels = (255 * pictures[:, 0]).round().astype(np.uint8)
    expected = levels.repeat(3, axis=1).repeat(3, axis=2)[[0, 1, 2, 3, 2, 1]]
    for channel in range(3):
        np.testing.assert_array_equal(np.stack(shown)[..., channel], expected)
    assert milliseconds == [200] * 6
    assert loop == 0


def test_colour_pictures_keep_their_colours() -> None:
    pictures = random_pictures(3, 3)  # 30 colours each: fewer than a GIF's 256
    shown, _, _ = frames(gif(pictures, scale=2))
    assert len(shown) == 4
    levels = (255 * pictures).round().transpose(0, 2, 3, 1).repeat(2, axis=1).repeat(2, axis=2)
    np.testing.assert_allclose(np.stack(shown[:3]), levels, atol=8)


@pytest.mark.parametrize("n", [1, 2])
def test_one_picture_is_one_and_two_take_turns(n: int) -> None:
    shown, _, _ = frames(gif(random_pictures(n, 1), scale=1))
    assert len(shown) == n


def test_no_picture_is_shorter_than_browsers_show_it() -> None:
    _, milliseconds, _ = frames(gif(random_pictures(30, 1), scale=1, seconds=0.1))
    assert set(milliseconds) == {20}


def test_equal_pictures_last_as_long_as_they_would_apart() -> None:
    same = random_pictures(1, 1).repeat(5, axis=0)
    image = Image.open(io.BytesIO(gif(same, scale=1, seconds=2.0)))
    assert image.info.get("duration", 2000) == 2000

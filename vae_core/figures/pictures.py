"""Arrays -> small pictures: PNG bytes, enlarged without blurring."""

from __future__ import annotations

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

BRIGHTER, DARKER, SAME = np.array([[231, 99, 0], [63, 144, 218], [128, 128, 128]], float)

Picture = NDArray[np.float32]  # (c, H, W) in [0, 1]


def to_png(pixels: NDArray[np.uint8]) -> bytes:
    """(H, W) or (H, W, 3) bytes -> PNG."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def data_uri(image: bytes | str) -> str:
    """A PNG, or an SVG's text, as the source of an <img>."""
    if isinstance(image, str):
        return "data:image/svg+xml;base64," + base64.b64encode(image.encode()).decode()
    return "data:image/png;base64," + base64.b64encode(image).decode()


def _bytes(picture: Picture) -> NDArray[np.uint8]:
    """(c, H, W) in [0, 1] -> (H, W) or (H, W, 3)."""
    levels = (np.clip(picture, 0.0, 1.0) * 255.0).round().astype(np.uint8)
    return levels[0] if len(levels) == 1 else levels.transpose(1, 2, 0)


def _enlarge(pixels: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    return pixels.repeat(factor, axis=0).repeat(factor, axis=1)


def one_image(picture: Picture, size: int = 280) -> bytes:
    """One picture as a PNG about `size` pixels wide, each pixel a square."""
    return to_png(_enlarge(_bytes(picture), max(1, size // picture.shape[-1])))


def difference_image(after: Picture, before: Picture, size: int = 280) -> bytes:
    """Where a picture changed: orange got brighter, blue got darker, grey did not.

    Full colour is a change of 1, from black to white. A picture in colour is judged by the mean
    of its channels: a change of hue alone stays grey.
    """
    change = (after - before).mean(0)[..., None]  # (H, W, 1) in [-1, 1]
    target = np.where(change > 0, BRIGHTER, DARKER)
    mixed = SAME + np.sqrt(np.abs(change)) * (target - SAME)
    return to_png(_enlarge(mixed.round().astype(np.uint8), max(1, size // after.shape[-1])))


def contact_sheet(pictures: Picture, columns: int, scale: int = 2, gap: int = 2) -> bytes:
    """Many pictures on one PNG, row by row: far faster in a page than one image each.

    Parameters
    ----------
    pictures : array, (n, c, H, W) in [0, 1]
    columns : int
    """
    n, _, height, width = pictures.shape
    rows = -(-n // columns)
    tile_h, tile_w = height * scale + gap, width * scale + gap
    sheet = np.full((rows * tile_h - gap, columns * tile_w - gap, 3), 128, np.uint8)
    for k, picture in enumerate(pictures):
        top, left = k // columns * tile_h, k % columns * tile_w
        pixels = _enlarge(_bytes(picture), scale)
        tile = pixels if pixels.ndim == 3 else pixels[..., None]
        sheet[top : top + height * scale, left : left + width * scale] = tile
    return to_png(sheet)

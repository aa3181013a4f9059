"""GIF animations of pictures."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from vae_core.figures.pictures import Picture, enlarged

SHORTEST = 2  # hundredths of a second per picture: below it, browsers play slowly instead


def gif(pictures: Picture, scale: int = 8, seconds: float = 4.0) -> bytes:
    """An animation that goes there and back, for ever.

    Parameters
    ----------
    pictures : array, (n, c, H, W) in [0, 1]
        Grey (c = 1) comes out level by level; colour in the best 256 of each picture.
    scale : int
        Each pixel becomes a square of so many.
    seconds : float
        There and back; longer when a picture's share would be under 20 ms.

    Returns
    -------
    bytes
        A GIF of 2 n - 2 pictures; equal ones next to each other are one that stays longer.
    """
    frames = [_frame(picture, scale) for picture in pictures]
    frames += frames[-2:0:-1]
    share = max(SHORTEST, round(100 * seconds / len(frames)))
    buffer = io.BytesIO()
    frames[0].save(
        buffer, "GIF", save_all=True, append_images=frames[1:], duration=10 * share, loop=0
    )
    return buffer.getvalue()


def _frame(picture: Picture, scale: int) -> Image.Image:
    image = Image.fromarray(np.ascontiguousarray(enlarged(picture, scale)))
    return image if image.mode == "L" else image.quantize(256, dither=Image.Dither.NONE)

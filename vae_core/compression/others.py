"""Lengths of the same images in formats that know nothing of digits."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma

import numpy as np
from PIL import Image

from vae_core.compression.bits_back import Levels

MAX_FILES = 200  # images that are written one by one to measure a format


def sizes(levels: Levels, n_levels: int) -> dict[str, float]:
    """Bytes an image takes, by format.

    gzip, bz2 and xz write all images in one stream, a byte a pixel. PNG and WebP (lossless) write
    a file for each image, at most MAX_FILES of them, evenly chosen: most of a file as small as
    these is the format's own.

    Parameters
    ----------
    levels : uint8 array, (n, c, H, W)
    n_levels : int
        2 for pixels of one bit.
    """
    n, content = len(levels), levels.tobytes()
    streams = {
        "gzip": gzip.compress(content, 9, mtime=0),
        "bz2": bz2.compress(content, 9),
        "xz": lzma.compress(content, preset=9 | lzma.PRESET_EXTREME),
    }
    chosen = levels[np.linspace(0, n - 1, min(n, MAX_FILES)).astype(int)]
    files = {
        "PNG": [_file(one, n_levels, "PNG", optimize=True) for one in chosen],
        "WebP": [_file(one, n_levels, "WEBP", lossless=True, quality=100) for one in chosen],
    }
    return {name: len(stream) / n for name, stream in streams.items()} | {
        name: sum(lengths) / len(lengths) for name, lengths in files.items()
    }


def _file(levels: Levels, n_levels: int, kind: str, **options: object) -> int:
    """Bytes of one image as a file."""
    pixels = levels * np.uint8(255 // (n_levels - 1))
    picture = Image.fromarray(pixels[0] if len(pixels) == 1 else np.moveaxis(pixels, 0, -1))
    if n_levels == 2 and kind == "PNG" and len(pixels) == 1:
        picture = picture.convert("1")
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return len(buffer.getvalue())

"""Pictures on their way into a data set: what a reader found, what was dropped, PNG and JPEG.

A reader yields `Picture` and `Dropped`. What is wrong with one picture drops that picture, with a
reason; what is wrong with the whole raises DataError.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from vae_core.errors import DataError

MAX_PIXELS = 50_000_000  # of a picture before it is made smaller; Pillow's own guard warns at 89 M
MAX_FILE = 32 << 20  # bytes of a picture's file
DRAFT = (256, 256)  # a JPEG is decoded at a half, a quarter or an eighth, but not below this
NO_LABEL = "all"  # the class of pictures that come without one
TRAIN, TEST = "train", "test"
FAULTS = (  # what decoders of foreign bytes raise
    *(OSError, ValueError, SyntaxError, TypeError, LookupError, ArithmeticError, EOFError),
    *(AttributeError, MemoryError, RuntimeError, struct.error, zlib.error),
)

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Picture:
    """One picture as it was found.

    Attributes
    ----------
    where : str
        Its file, or its file and row, for people.
    label : str
        The name of its class.
    pixels : (H, W) or (H, W, 3), uint8
    split : str
        TRAIN or TEST where the source says so; else empty.
    """

    where: str
    label: str
    pixels: Pixels
    split: str = ""


@dataclass(frozen=True)
class Dropped:
    """Something that is left out: what it is, and why."""

    where: str
    why: str


class Unreadable(DataError):
    """Why one file or picture cannot be read: others can."""


def decode(content: bytes) -> Pixels:
    """Bytes of a PNG or JPEG -> (H, W) or (H, W, 3).

    It is turned as its camera says, and what is transparent becomes white. Nothing is decoded
    before its size is known. Raises Unreadable.
    """
    if len(content) > MAX_FILE:
        raise Unreadable(f"a file of more than {MAX_FILE >> 20} MiB")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise Image.DecompressionBombError
                image.draft(None, DRAFT)
                return _levels(image)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Unreadable(f"more than {MAX_PIXELS // 10**6} million pixels") from error
    except FAULTS as error:
        raise Unreadable("no PNG or JPEG, or a damaged one") from error


def _levels(image: Image.Image) -> Pixels:
    with suppress(*FAULTS):  # a damaged note of the camera
        image = ImageOps.exif_transpose(image)
    image.load()
    if image.mode.startswith("I") or image.mode == "F":  # 16 bits
        levels = np.asarray(image, np.float64)
        return (levels.clip(0, 65_535) / 257).round().astype(np.uint8)
    if image.has_transparency_data:
        clear = image.convert("RGBA")
        white = Image.new("RGBA", clear.size, "white")
        image = Image.alpha_composite(white, clear).convert("RGB")
    return np.asarray(image.convert("L" if image.mode in ("1", "L") else "RGB"))

"""A file of packed images: a few words on what is in it, then the stack of bits.

    8 bytes  b"ELBORANS"
    4 bytes  length of the header, little-endian
    header   JSON: model (its fingerprint), n, lanes, borrowed, images (a digest), crc (of the rest)
    rest     the heads, 8 bytes each, then the tail, 4 bytes a word

The images are no part of the header but for a digest of them, by which unpacking knows that it
has come to the very same ones.
"""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from vae_core.compression.bits_back import BitsBack, Cost, Levels, lanes_for
from vae_core.compression.rans import WORD, Stack
from vae_core.config import MAX_IMAGES
from vae_core.errors import DataError
from vae_core.io import parse_json, reading
from vae_core.vae import VAE

MAGIC = b"ELBORANS"
MAX_HEADER = 4096
MAX_BYTES = 2**31
MAX_LANES = 1024


@dataclass(frozen=True)
class Packed:
    """Images in a file.

    Attributes
    ----------
    model : str
        `fingerprint` of the VAE that packed them.
    n : int
        Images.
    lanes, borrowed : int
        See `rans.Stack`.
    images : str
        `digest` of their levels.
    heads, tail : bytes
        The stack.
    """

    model: str
    n: int
    lanes: int
    borrowed: int
    images: str
    heads: bytes
    tail: bytes

    def to_bytes(self) -> bytes:
        """The whole file."""
        rest = self.heads + self.tail
        header = {f.name: getattr(self, f.name) for f in fields(self) if f.type != "bytes"}
        text = json.dumps(header | {"crc": zlib.crc32(rest)}, separators=(",", ":")).encode()
        return MAGIC + struct.pack("<I", len(text)) + text + rest

    def stack(self) -> Stack:
        """The stack as it was when all images were on it."""
        heads = np.frombuffer(self.heads, "<u8").astype(np.uint64)
        tail: list[int] = np.frombuffer(self.tail, "<u4").tolist()
        return Stack(heads, tail, self.borrowed)


def fingerprint(vae: VAE) -> str:
    """16 hex digits that change when any weight of a model does."""
    sha = hashlib.sha256()
    for name, weight in sorted(vae.state_dict().items()):
        sha.update(f"{name} {tuple(weight.shape)}".encode())
        sha.update(weight.detach().cpu().float().contiguous().numpy().tobytes())
    return sha.hexdigest()[:16]


def digest(levels: Levels) -> str:
    """16 hex digits that change when any pixel does."""
    sha = hashlib.sha256(str(levels.shape).encode())
    sha.update(np.ascontiguousarray(levels).tobytes())
    return sha.hexdigest()[:16]


def pack(
    vae: VAE, levels: Levels, progress: Callable[[int], object] = lambda n: None
) -> tuple[Packed, list[Cost]]:
    """Images as the content of a file, and what they took of it, block by block.

    Parameters
    ----------
    vae : VAE
    levels : uint8 array, (n, c, H, W)
        0 ... n_levels - 1; see `to_levels`.
    progress : callable
        Told how many images every block has.

    Raises
    ------
    ConfigError
        When the model cannot code images.
    DataError
        When the images are not of the model's shape and levels.
    """
    coder, costs = BitsBack(vae), []
    coder.check(levels)
    stack = Stack.empty(lanes_for(len(levels)))
    for cost in coder.put(levels, stack):
        costs.append(cost)
        progress(cost.images)
    heads, tail = stack.heads.astype("<u8").tobytes(), np.array(stack.tail, "<u4").tobytes()
    packed = Packed(
        fingerprint(vae),
        len(levels),
        len(stack.heads),
        stack.n_borrowed,
        digest(levels),
        heads,
        tail,
    )
    return packed, costs


def unpack(packed: Packed, vae: VAE, progress: Callable[[int], object] = lambda n: None) -> Levels:
    """The very images that were packed, uint8, (n, c, H, W).

    Parameters
    ----------
    packed : Packed
    vae : VAE
        The model that packed them.
    progress : callable
        Told how many images every block has.

    Raises
    ------
    DataError
        When the model is another one, or what comes out is not what was packed.
    """
    if packed.model != fingerprint(vae):
        raise DataError(
            f"these images were packed by the model {packed.model}, and only it can unpack them; "
            f"got the model {fingerprint(vae)}."
        )
    stack, parts = packed.stack(), []
    for block in BitsBack(vae).take(packed.n, stack):
        parts.append(block)
        progress(len(block))
    levels = np.concatenate(parts[::-1])
    if digest(levels) != packed.images or not stack.is_empty:
        raise DataError(
            "the images that came out are not those that were packed: the two machines round "
            "differently. Unpack the file on the machine and with the torch that packed it."
        )
    return levels


def read_packed(path: Path) -> Packed:
    """A file of packed images, checked.

    Raises
    ------
    RunError
        When it cannot be read.
    DataError
        When it is no such file, cut off, or damaged.
    """
    with reading(path, MAX_BYTES, follow=True) as file:
        begin = file.read(len(MAGIC) + 4)
        if not begin.startswith(MAGIC) or len(begin) < len(MAGIC) + 4:
            raise DataError(f"{path}: expected a file that `compress` wrote; got another.")
        (length,) = struct.unpack("<I", begin[len(MAGIC) :])
        text = file.read(min(length, MAX_HEADER))
        rest = file.read()
    damaged = DataError(f"{path}: is damaged or cut off. Copy it anew, or compress again.")
    try:
        header = parse_json(text.decode())
        crc, numbers = header.pop("crc"), [header[k] for k in ("n", "lanes", "borrowed")]
        most = (MAX_IMAGES, MAX_LANES, MAX_BYTES)
        in_range = all(
            type(k) is int and low <= k <= high
            for k, low, high in zip(numbers, (1, 1, 0), most, strict=True)
        )
        split = 8 * numbers[1]
        packed = Packed(**header, heads=rest[:split], tail=rest[split:])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise damaged from error
    is_whole = in_range and len(packed.heads) == split and len(packed.tail) % (WORD // 8) == 0
    words = all(isinstance(word, str) for word in (packed.model, packed.images))
    if not (is_whole and words and zlib.crc32(rest) == crc):
        raise damaged
    return packed

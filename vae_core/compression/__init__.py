"""Lossless compression of images by a VAE: bits-back coding with rANS.

The length of a file is, up to a percent, the negative ELBO of the images in it. `bits_back` does
it, `rans` is the stack of bits that it pushes to and pops from, `coordinates` cuts pixels and
latents into bins, `file` keeps the stack, `others` has the lengths of PNG and its kind.
"""

from vae_core.compression.bits_back import BitsBack, Cost, check_model, lanes_for, to_levels
from vae_core.compression.file import Packed, fingerprint, pack, read_packed, unpack
from vae_core.compression.others import sizes
from vae_core.compression.rans import Stack

__all__ = [
    "BitsBack",
    "Cost",
    "Packed",
    "Stack",
    "check_model",
    "fingerprint",
    "lanes_for",
    "pack",
    "read_packed",
    "sizes",
    "to_levels",
    "unpack",
]

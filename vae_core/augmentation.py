"""Augmentation: training images moved and turned a little, anew each time they are looked at.

Only what is trained on changes. Scores are of the images as they are.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

MAX_SHIFT = 1 / 14  # of the longer side: 2 pixels of 28
MAX_TURN = 10.0  # degrees


def augmented(
    x: Float[Tensor, "n c H W"],
    kind: str,
    generator: torch.Generator | None = None,
    has_greys: bool = True,
) -> Float[Tensor, "n c H W"]:
    """Images shifted by whole pixels, turned around their middle, or both; zeros come in.

    Parameters
    ----------
    x : Tensor
    kind : "none", "shifts", "turns" or "shifts and turns", joined by "-"
    generator : torch.Generator, optional
        Of the images' device.
    has_greys : bool
        Whether pixels may take values between those that are there; else each takes the nearest.
    """
    if kind == "none":
        return x
    n, _, height, width = x.shape
    most = max(1, round(MAX_SHIFT * max(height, width))) if "shifts" in kind else 0
    random = torch.rand(3, n, generator=generator, device=x.device, dtype=x.dtype)
    right, down = ((2 * most + 1) * random[:2]).floor().clamp(max=2 * most) - most
    angle = (2.0 * random[2] - 1.0) * math.radians(MAX_TURN) * ("turns" in kind)
    sin, cos, ratio = angle.sin(), angle.cos(), height / width
    # Where each pixel comes from, in units of half a side; turned in pixels, which are square.
    rows = (cos, -sin * ratio, -2.0 * right / width, sin / ratio, cos, -2.0 * down / height)
    grid = F.affine_grid(torch.stack(rows, 1).reshape(n, 2, 3), list(x.shape), align_corners=False)
    mode = "bilinear" if has_greys else "nearest"
    return F.grid_sample(x, grid, mode=mode, padding_mode="zeros", align_corners=False)

"""Another order of a feature map's cells."""

from __future__ import annotations

import torch
from jaxtyping import Int
from torch import Tensor

from vae_core.errors import ConfigError


def cell_order(n: int, seed: int = 0) -> Int[Tensor, " n"]:
    """A random order of n cells that leaves none of them in its place: place k gets cell order[k].

    Raises
    ------
    ConfigError
        For fewer than two cells, which have no other order.
    """
    if n < 2:
        raise ConfigError(f"expected two cells or more to change places; got {n}.")
    source = torch.Generator().manual_seed(seed)
    while bool(((order := torch.randperm(n, generator=source)) == torch.arange(n)).any()):
        pass
    return order

"""Nats as bytes: some images really coded, one after the other, beside their negative ELBO."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor

from vae_core.analysis.evidence.importance import log_weights
from vae_core.compression import BitsBack, Stack
from vae_core.compression.bits_back import Levels
from vae_core.vae import VAE

NAT = 1.0 / math.log(2.0)  # bits
MAX_CODED = 100  # images coded at once: one by one, in the time of a page


@dataclass(frozen=True)
class CodedImages:
    """Images on one stack of bits, in the order in which they were put on it.

    Attributes
    ----------
    table : DataFrame
        One row per image, in bits: back (which z took off the stack), pixels (of x given z), prior
        (of z), total = pixels + prior - back; negative_elbo, the mean of what total would be over
        n_samples samples of z, and deviation, its standard deviation over them: coding takes one.
    n_samples : int
    begin : float
        Bits of the empty stack.
    """

    table: pd.DataFrame
    n_samples: int
    begin: float

    @property
    def lengths(self) -> pd.DataFrame:
        """Length of the stack, bits, after each of the three steps of each image.

        Columns image (0, 1, ...), step (back, pixels, prior), before, after. What was borrowed
        to begin with is taken off, so the first may be below zero.
        """
        signs = {"back": -1.0, "pixels": 1.0, "prior": 1.0}
        moves = np.stack([sign * self.table[step] for step, sign in signs.items()], 1).ravel()
        after = self.begin + np.cumsum(moves)
        n = len(self.table)
        return pd.DataFrame(
            {
                "image": np.repeat(np.arange(n), 3),
                "step": list(signs) * n,
                "before": after - moves,
                "after": after,
            }
        )


def code_images(vae: VAE, levels: Levels, n_samples: int = 200, seed: int = 0) -> CodedImages:
    """Code images by bits back, one by one, and count the bits of every step.

    Parameters
    ----------
    vae : VAE
    levels : uint8 array, (n, c, H, W)
        As `compression.to_levels` gives them; at most MAX_CODED.
    n_samples : int
        Samples of z for the negative ELBO of each image.
    seed : int
        Of these samples.

    Raises
    ------
    ConfigError
        When the model cannot code images.
    DataError
        When the images are not of its shape and levels.
    """
    coder = BitsBack(vae)
    coder.check(levels)
    stack = Stack.empty(1)
    begin = stack.length
    costs = list(coder.put(levels[:MAX_CODED], stack))
    nats = _negative_log_weights(coder, levels[:MAX_CODED], n_samples, seed)
    return CodedImages(
        pd.DataFrame(
            {
                "back": [cost.back for cost in costs],
                "pixels": [cost.pixels for cost in costs],
                "prior": [cost.prior for cost in costs],
                "total": [cost.total for cost in costs],
                "negative_elbo": NAT * nats.mean(0).numpy(),
                "deviation": NAT * nats.std(0).numpy(),
            }
        ),
        n_samples,
        begin,
    )


def _negative_log_weights(
    coder: BitsBack, levels: Levels, n_samples: int, seed: int
) -> Float[Tensor, "k n"]:
    """-log p(x|z) - log p(z) + log q(z|x) of samples of q, in nats."""
    x = torch.from_numpy(levels).double() / (coder.n_levels - 1)
    generator = torch.Generator().manual_seed(seed)
    return -log_weights(coder.vae, x, n_samples, 1.0, generator)

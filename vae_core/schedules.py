"""Schedules: the learning rate and the batch size over the epochs of a training.

Both are functions of where training stands alone, so that a training which goes on from one of
its epochs is the uninterrupted one.
"""

from __future__ import annotations

import math

from vae_core.config import TrainConfig

WARM_UP = 0.05  # of all updates, over which the learning rate rises
FIRST = 0.04  # of the learning rate, with which a warm-up begins
GROWTH = (1, 2, 4)  # times the batch size, in each third of the epochs


def lr_factor(schedule: str, share: float) -> float:
    """What the learning rate is multiplied by, from 0 to 1.

    Parameters
    ----------
    schedule : str
        constant: 1. warm-up: rises evenly to 1 over the first twentieth of all updates. cosine:
        falls from 1 to 0 as half a cosine (Loshchilov & Hutter 2017). one-cycle: both (Smith &
        Topin 2018, with their first phase shorter).
    share : float
        Of all updates that are done, from 0 to 1.
    """
    rises = 1.0
    if schedule in ("warm-up", "one-cycle"):
        rises = min(1.0, FIRST + (1.0 - FIRST) * share / WARM_UP)
    if schedule in ("cosine", "one-cycle"):
        begun = WARM_UP if schedule == "one-cycle" else 0.0
        left = (max(share, begun) - begun) / (1.0 - begun)
        return rises * 0.5 * (1.0 + math.cos(math.pi * left))
    return rises


def batch_size_at(config: TrainConfig, epoch: int) -> int:
    """Images per step in epoch 1, 2, ...

    growing: twice as many in the second third of the epochs, four times as many in the last
    (Smith et al. 2018, "Don't decay the learning rate, increase the batch size").
    """
    if config.batch_schedule == "constant":
        return config.batch_size
    third = min(2, 3 * (epoch - 1) // config.epochs)
    return config.batch_size * GROWTH[third]


def steps_until(config: TrainConfig, n_images: int, epoch: int) -> int:
    """Updates of all weights in so many epochs."""
    if config.batch_schedule == "constant":
        return epoch * -(-n_images // config.batch_size)
    return sum(-(-n_images // batch_size_at(config, one)) for one in range(1, epoch + 1))

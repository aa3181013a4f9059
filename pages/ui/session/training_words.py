"""How a run was trained, beyond the weight of its rate, in words."""

from __future__ import annotations

from vae_core.config import TrainConfig


def beyond_beta(train: TrainConfig) -> list[str]:
    """What differs from one update of all weights a batch; nothing where it is that."""
    said = []
    if train.encoder_steps > 1:
        said.append(f"{train.encoder_steps} encoder updates per decoder update")
    return said

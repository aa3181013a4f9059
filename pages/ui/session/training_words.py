"""How a run was trained, beyond the weight of its rate, in words."""

from __future__ import annotations

from vae_core.config import TrainConfig
from vae_core.settings import bound_in_words


def beyond_beta(train: TrainConfig) -> list[str]:
    """What differs from the ELBO, and from one update of all weights a batch."""
    said = []
    if bound := bound_in_words(train):
        said.append(bound)
    if train.mistake != "none":
        said.append(f"a mistake on purpose ({train.mistake})")
    if train.encoder_steps > 1:
        said.append(f"{train.encoder_steps} encoder updates per decoder update")
    return said

"""Changes of beta and the learning rate during a training, in words."""

from __future__ import annotations

from collections.abc import Sequence

from vae_core.runs.changes import Change


def in_words(changes: Sequence[Change]) -> str:
    """From which epoch on what held, in one sentence; empty where nothing was changed."""
    told = [f"from epoch {one.epoch} on {_settings(one)}" for one in changes]
    return f"Changed while it was trained: {'; '.join(told)}." if told else ""


def to_come(wanted: Change) -> str:
    """What was asked for, and from which epoch on it holds."""
    return f"From epoch {wanted.epoch} on: {_settings(wanted)}."


def _settings(change: Change) -> str:
    return f"β = {change.beta:g}, learning rate {change.lr:g}"

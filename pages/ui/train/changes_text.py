"""A change of beta or the learning rate that was asked for, in words."""

from __future__ import annotations

from vae_core.runs.changes import Change, settings_in_words


def to_come(wanted: Change) -> str:
    """What was asked for, and from which epoch on it holds."""
    return f"From epoch {wanted.epoch} on: {settings_in_words(wanted)}."

"""Runs on disk: folder, store, checkpoints, export and import."""

from vae_core.runs.entries import Entry
from vae_core.runs.run import Run
from vae_core.runs.store import RunStore

__all__ = ["Entry", "Run", "RunStore"]

"""A run on disk: its folder, a store of many, what is kept of an epoch, and the ways in and out."""

from vae_core.runs.run import Run
from vae_core.runs.store import Entry, RunStore

__all__ = ["Entry", "Run", "RunStore"]

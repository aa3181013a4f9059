"""Paths on the server's disk."""

from __future__ import annotations

import os
from pathlib import Path

from vae_core.assets import ASSETS as ASSETS

ROOT = Path(__file__).resolve().parents[3]
BUNDLED = ASSETS / "models"
SWEEPS = ASSETS / "sweeps"
LAWS = ASSETS / "collapse"
RUNS = Path(os.environ.get("ELBO_ROOM_RUNS", ROOT / "runs"))

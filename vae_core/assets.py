"""The folder of what ships with the app: models, sweeps, lessons, the page's components."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).resolve().parents[1]
# In a checkout beside the library; where the package is installed, with the app.
ASSETS = next(
    (path for path in (_HERE / "assets", _HERE / "elbo_room" / "assets") if path.is_dir()),
    _HERE / "assets",
)

"""Models that a lesson names: those beside the one at hand, and those that ship."""

from __future__ import annotations

import re
from pathlib import Path

from vae_core.assets import ASSETS
from vae_core.errors import LessonError, shown
from vae_core.runs.run import Run
from vae_core.runs.store import RunStore

MODELS, SWEEPS, LAWS = ASSETS / "models", ASSETS / "sweeps", ASSETS / "collapse"


def open_model(run_id: str, folder: Path | None = None) -> Run:
    """A model by its id: from a folder of runs where it is there, else of those that ship.

    Raises
    ------
    LessonError
        When no such model is here.
    RunError
        When it is damaged.
    """
    if re.fullmatch(r"\w[\w.-]{0,199}", run_id):
        for root in (*([folder] if folder else []), MODELS, *_sweeps(), *_folders(LAWS)):
            if (root / run_id / "config.json").is_file():
                return RunStore(root).load(run_id)
    raise LessonError(f"there is no model {shown(run_id)} here. {_known()}")


def sweep_of(run: Run) -> list[Run]:
    """The finished runs of a run's sweep; of a run outside of any, those of the sweep that ships.

    Raises RunError when the folder cannot be read.
    """
    folder = run.path.parent if run.config.sweep else _sweeps()[0]
    name = run.config.sweep
    found = [entry.run for entry in RunStore(folder).list()]
    return [one for one in found if one and one.is_finished and name in (None, one.config.sweep)]


def _sweeps() -> list[Path]:
    return _folders(SWEEPS)


def _folders(root: Path) -> list[Path]:
    return sorted(path for path in root.glob("*") if path.is_dir())


def _known() -> str:
    return f"Those that ship are {', '.join(sorted(p.name for p in MODELS.glob('*')))}."

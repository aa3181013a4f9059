"""All runs, those that ship and those of this server; a folder is read again when it changes."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pages.ui.library.guide import ORDER
from pages.ui.session import paths
from vae_core.comparison import by_value
from vae_core.errors import ConfigError
from vae_core.limits import Limits
from vae_core.runs.entries import Entry
from vae_core.runs.run import Run
from vae_core.runs.store import RunStore

Files = frozenset[tuple[str, int, int, int, int]]  # name, inode, size, times of the last changes

DEFAULT_RUN = "mnist-2d"
REMEDIES, PLAIN = "digits-remedies", "plain"

_known: dict[Path, tuple[Files, Entry]] = {}


class Listing(RunStore):
    """A folder of runs whose list comes from memory, for all readers.

    To ask for the times of a run's files takes a twentieth of what reading them takes. A run
    that is new, has come further, is finished or was damaged shows at once.
    """

    def entry(self, run_id: str) -> Entry:
        """The run, or why it cannot be opened; what cannot is tried anew each time."""
        path = self.root / run_id
        files, (known, entry) = _files(path), _known.get(path, (None, None))
        if entry is None or files != known:
            entry = super().entry(run_id)
            if entry.run:
                _known[path] = (files, entry)  # as it was before it was read, if not since
        return entry


def _files(path: Path) -> Files:
    try:
        with os.scandir(path) as found:
            # of a link itself: where it leads may be nowhere
            stats = [(file.name, file.stat(follow_symlinks=False)) for file in found]
    except OSError:  # removed meanwhile: the store raises
        return frozenset()
    return frozenset((name, s.st_ino, s.st_size, s.st_mtime_ns, s.st_ctime_ns) for name, s in stats)


def entries() -> list[Entry]:
    """Bundled models in their order, then the reader's own runs, newest first."""
    return _bundled() + own().list()


def shipped() -> list[Run]:
    """The bundled models, in their order."""
    return [entry.run for entry in _bundled() if entry.run]


def _bundled() -> list[Entry]:
    bundled = {entry.id: entry for entry in _shipped(paths.BUNDLED)}
    return [bundled[name] for name in ORDER if name in bundled]


def own() -> Listing:
    """The reader's own runs, within the limits of this server.

    A limit that is no number is an error of the Train page; here the defaults stand for it.
    """
    try:
        limits = Limits.from_environment(os.environ)
    except ConfigError:
        limits = Limits()
    return Listing(paths.RUNS, limits)


@cache
def _shipped(folder: Path) -> list[Entry]:
    """Runs that ship, which do not change while the server runs."""
    return RunStore(folder).list()


def openable() -> dict[str, Run]:
    """Runs with weights and codes, by the label that the picker and the address show."""
    return {label_of(e.run): e.run for e in entries() if e.run and e.run.is_finished}


def is_own(run: Run) -> bool:
    """Whether it was made here, rather than shipped."""
    return paths.ASSETS not in run.path.parents


def label_of(run: Run) -> str:
    """What the picker and the address call it: an own run by its id, too, for names repeat."""
    return f"{run.title} · {run.id[-6:]}" if is_own(run) else run.title


def label_meant(asked: str, runs: Mapping[str, Run]) -> str | None:
    """The label that a link asks for, among those offered; None where its run is not here.

    Titles change, of a run without a name when shapes are written otherwise. Six digits of its
    folder's name end the label of every run but those that ship, and stay.
    """
    if asked in runs:
        return asked
    end = re.search(r" · [0-9a-f]{6}$", asked)
    return next((label for label in runs if end and label.endswith(end[0])), None)


def sweeps() -> dict[str, list[Run]]:
    """The finished runs of every sweep by its name, in the order of their values.

    Those that ship come first. They are not offered by the picker.
    """
    folders = sorted(path for path in paths.SWEEPS.glob("*") if path.is_dir())
    mine = own().list()
    found: dict[str, list[Run]] = {}
    for entries in (*map(_shipped, folders), mine):
        for entry in entries:
            run = entry.run
            if run and run.is_finished and run.config.sweep:
                name = f"{run.config.sweep}, yours" if entries is mine else run.config.sweep
                found.setdefault(name, []).append(run)
    return {name: by_value(runs) for name, runs in found.items()}


def laws() -> dict[str, list[Run]]:
    """The sweeps that ship to show the law of collapse, by their names."""
    every = sorted(path for path in paths.LAWS.glob("*") if path.is_dir())
    folders = [path for path in every if path.name != REMEDIES]
    found = [[entry.run for entry in _shipped(folder) if entry.run] for folder in folders]
    return {runs[0].config.sweep or runs[0].title: by_value(runs) for runs in found if runs}


def remedies() -> list[Run]:
    """The models that ship to show what is done against collapse, plain training first."""
    found = [entry.run for entry in _shipped(paths.LAWS / REMEDIES) if entry.run]
    return sorted(found, key=lambda run: (run.id != PLAIN, run.id))


def filmed() -> dict[str, Run]:
    """The reader's own runs whose training can be watched again, by their labels."""
    mine = (entry.run for entry in own().list())
    return {label_of(run): run for run in mine if run and run.frame_steps()}


def sweep_names() -> set[str]:
    """The names of the reader's own sweeps, finished or not."""
    return {e.run.config.sweep for e in own().list() if e.run and e.run.config.sweep}

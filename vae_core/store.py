"""A folder of runs: made, adopted whole, opened and listed."""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from torch import Tensor

from vae_core.analysis.codes import Codes
from vae_core.checkpoints import write_checkpoint
from vae_core.config import RunConfig
from vae_core.errors import RunError, VAECoreError
from vae_core.files import check_tensors, json_line, read_json, write_bytes, write_json, writing
from vae_core.runs import Run
from vae_core.weights import write_weights

FORMAT = 1


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True)
class Contents:
    """What goes into the folder of a finished run that was not trained there.

    Attributes
    ----------
    config : RunConfig
    facts : dict
        `facts_of` its data set.
    weights : dict of Tensor
        In the precision to store.
    codes : Codes
        Of the test split.
    metrics : dict
        The final numbers.
    history : sequence of dict
        One record per epoch; empty when it is not known.
    kept : mapping from int to dict of Tensor
        What is kept of epochs, in the precision to store; see `checkpoints.kept_tensors`.
    epoch : int, optional
        After which the weights were saved.
    created : str
        When, in ISO 8601; now by default.
    """

    config: RunConfig
    facts: dict[str, Any]
    weights: dict[str, Tensor]
    codes: Codes
    metrics: dict[str, Any]
    history: Sequence[dict[str, Any]] = ()
    kept: Mapping[int, dict[str, Tensor]] = field(default_factory=dict)
    epoch: int | None = None
    created: str = field(default_factory=_now)


@dataclass(frozen=True)
class Entry:
    """One line of a list of runs: the run, or the reason why it cannot be opened."""

    id: str
    run: Run | None
    problem: str | None = None

    @property
    def status(self) -> str:
        """finished | unfinished | new | damaged."""
        if self.run is None:
            return "damaged"
        if self.run.is_finished:
            return "finished"
        return "unfinished" if self.run.has_model else "new"


class RunStore:
    """A folder of runs.

    Parameters
    ----------
    root : path
        Created when the first run is.
    """

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root).expanduser()

    def create(self, config: RunConfig) -> Run:
        """Make a folder for a new run. Raises RunError when it cannot be written."""
        path = self.root / self.new_id(config)
        with writing(path):
            path.mkdir(parents=True)
        return _write_config(path, config, _now())

    def find(self, config: RunConfig) -> Run | None:
        """A run of this very config: a finished one, else the one that has come furthest."""
        same = [e.run for e in self.list() if e.run and e.run.config == config]
        return max(same, key=lambda r: (r.is_finished, len(r.history())), default=None)

    def new_id(self, config: RunConfig) -> str:
        """A folder name that no run has yet: the config's name for people, and six digits."""
        shape = "x".join(map(str, config.model.latent_shape))
        stem = config.name or f"{config.data.name} {config.model.posterior} {shape}"
        slug = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-") or "run"
        run_id = f"{slug}-{secrets.token_hex(3)}"
        _check_id(run_id)
        return run_id

    def adopt(self, run_id: str, contents: Contents) -> Run:
        """Write a finished run under an id of its own: whole, or not at all.

        It is written under a name that is not listed, and renamed.

        Raises
        ------
        RunError
            When the folder exists or cannot be written.
        """
        _check_id(run_id)
        path = self.root / run_id
        unlisted = self.root / f".{run_id}.{secrets.token_hex(3)}"
        try:
            with writing(path):
                if os.path.lexists(path):
                    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
                unlisted.mkdir(parents=True)
            run = _write_config(unlisted, contents.config, contents.created)
            write_json(unlisted / "data.json", contents.facts)
            history = "".join(map(json_line, contents.history))
            write_bytes(unlisted / "history.jsonl", history.encode())
            weights = unlisted / "weights.safetensors"
            write_weights(
                weights, contents.weights, contents.config, contents.facts, contents.epoch
            )
            run.save_codes(contents.codes)
            for epoch, tensors in contents.kept.items():
                write_checkpoint(unlisted, epoch, tensors)
            write_json(unlisted / "metrics.json", contents.metrics)
            with writing(path):
                unlisted.rename(path)
        finally:
            shutil.rmtree(unlisted, ignore_errors=True)  # nothing, once it is renamed
        return replace(run, path=path)

    def load(self, run_id: str) -> Run:
        """Open a run and check its files.

        Raises
        ------
        RunError
            When there is no such run, or a file in it is missing or damaged; names the file.
        """
        _check_id(run_id)
        path = self.root / run_id
        if not path.is_dir():
            raise RunError(f"{path}: there is no such run.")
        written = read_json(path / "config.json", {"format", "created", "config"})
        if written["format"] != FORMAT:
            raise RunError(
                f"{path / 'config.json'}: expected format {FORMAT}; got {written['format']!r}."
            )
        try:
            run = Run(path, RunConfig.from_dict(written["config"]), str(written["created"]))
        except VAECoreError as error:
            raise RunError(f"{path / 'config.json'}: {error}") from error
        _check(run)
        return run

    def list(self) -> list[Entry]:
        """Every run, newest first, damaged ones included with the reason."""
        if not self.root.is_dir():
            return []
        entries = [
            self.entry(p.name) for p in self.root.iterdir() if p.is_dir() and p.name[0] != "."
        ]
        return sorted(entries, key=lambda e: (e.run.created if e.run else "", e.id), reverse=True)

    def entry(self, run_id: str) -> Entry:
        """One run of the list: itself, or why it cannot be opened."""
        try:
            return Entry(run_id, self.load(run_id))
        except VAECoreError as error:
            return Entry(run_id, None, str(error))


def envelope(config: RunConfig, created: str) -> dict[str, Any]:
    """What is written in a run's config.json."""
    return {"format": FORMAT, "created": created, "config": config.to_dict()}


def _write_config(path: Path, config: RunConfig, created: str) -> Run:
    write_json(path / "config.json", envelope(config, created))
    return Run(path, config, created)


def _check_id(run_id: str) -> None:
    """Raise RunError unless it is the name of a folder inside the store."""
    if not re.fullmatch(r"\w[\w.-]{0,199}", run_id):
        raise RunError(f"expected a run's id, letters, digits and - _ . only; got {run_id!r}.")


def _check(run: Run) -> None:
    """Open what a run should hold by now, reading headers but no tensors."""
    run.history()
    if run.has_model:
        run.data()
        check_tensors(run.path / "weights.safetensors")
    if run.is_finished:
        run.metrics()
        check_tensors(run.path / "weights.safetensors")
        check_tensors(run.path / "codes.safetensors")

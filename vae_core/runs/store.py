"""The store of runs: a folder in which runs are created, adopted, opened and listed."""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from vae_core.config import RunConfig
from vae_core.errors import RunError, VAECoreError, shown
from vae_core.io import (
    json_line,
    open_tensors,
    read_json,
    remove,
    size_of,
    write_bytes,
    write_json,
    writing,
)
from vae_core.limits import Limits
from vae_core.runs.changes import write_changes
from vae_core.runs.checkpoints import check_codes, write_checkpoint
from vae_core.runs.entries import Contents, Entry, now
from vae_core.runs.run import PIN, TRAINING_CODES, Run
from vae_core.runs.terms import TERMS, check_terms, write_terms
from vae_core.runs.weights import check_weights, shapes_of, write_weights

FORMAT = 1
UNLISTED = r"\.\w[\w.-]*\.[0-9a-f]{6}"
LEFT_OVER = 24 * 60 * 60  # seconds


class RunStore:
    """A folder of runs.

    Parameters
    ----------
    root : path
        Created when the first run is.
    limits : Limits, optional
        What a model may take that is opened here; the defaults are beyond the use of one person.
    """

    def __init__(self, root: Path | str, limits: Limits | None = None) -> None:
        self.root = Path(os.path.expanduser(root))
        self.limits = limits or Limits()

    def create(self, config: RunConfig) -> Run:
        """Make a folder for a new run, whole or not at all. Raises RunError like `adopt`."""
        with self._new_folder(run_id := self.new_id(config)) as folder:
            run = _write_config(folder, config, now())
        return replace(run, path=self.root / run_id)

    def find(self, config: RunConfig, fingerprint: str | None = None) -> Run | None:
        """A run of this very config: a finished one, else the one that has come furthest.

        With the fingerprint of images, one that was not begun on others of the same name.
        """
        runs = [e.run for e in self.list() if e.run and e.run.config == config]
        same = [run for run in runs if _is_of(run, fingerprint)]
        return max(same, key=lambda r: (r.is_finished, len(r.history())), default=None)

    def find_same(self, configs: Sequence[RunConfig], fingerprint: str | None = None) -> list[Run]:
        """A run, or the runs of a sweep, that do what these configs ask for, by whatever name.

        Returns them in the order of the configs; none when there is no such group. The
        fingerprint is that of `find`.
        """
        groups: dict[str, dict[object, Run]] = {}
        for run in (entry.run for entry in self.list() if entry.run):
            if run.was_changed:  # so that its settings do not say what it is
                continue
            groups.setdefault(run.config.sweep or run.id, {})[run.config.experiment] = run
        wanted = [config.experiment for config in configs]
        for group in groups.values():
            if group.keys() == set(wanted):
                runs = [group[one] for one in wanted]
                if all(_is_of(run, fingerprint) for run in runs):
                    return runs
        return []

    def new_id(self, config: RunConfig) -> str:
        """A folder name that no run has yet: the config's name for people, and six digits."""
        shape = "x".join(map(str, config.model.latent_shape))
        stem = config.name or f"{config.data.name} {config.model.posterior} {shape}"
        slug = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-") or "run"
        run_id = f"{slug}-{secrets.token_hex(3)}"
        _check_id(run_id)
        return run_id

    def adopt(
        self, run_id: str, contents: Contents, card: Callable[[Run], str] | None = None
    ) -> Run:
        """Write a finished run under an id of its own: whole, or not at all.

        Parameters
        ----------
        run_id : str
        contents : Contents
        card : callable, optional
            What README.md says of the run, in Markdown.

        Raises
        ------
        RunError
            When the folder exists or cannot be written.
        """
        with self._new_folder(run_id) as folder:
            run = _write_config(folder, contents.config, contents.created)
            write_json(folder / "data.json", contents.facts.to_dict())
            history = "".join(json_line(record.to_dict()) for record in contents.history)
            write_bytes(folder / "history.jsonl", history.encode())
            weights = folder / "weights.safetensors"
            write_weights(
                weights, contents.weights, contents.config, contents.facts, contents.epoch
            )
            run.save_codes(contents.codes)
            if contents.changes:
                write_changes(folder, contents.changes)
            if contents.terms:
                write_terms(folder, contents.terms)
            for epoch, tensors in contents.kept.items():
                write_checkpoint(folder, epoch, tensors)
            write_json(folder / "metrics.json", contents.metrics.to_dict())
            if card:
                write_bytes(folder / "README.md", card(run).encode())
        return replace(run, path=self.root / run_id)

    @contextmanager
    def _new_folder(self, run_id: str) -> Iterator[Path]:
        """A folder to write a run in, under a name that is not listed; in the end it gets its own.

        What killed processes have left under such names more than a day ago is cleared.
        """
        _check_id(run_id)
        path, folder = self.root / run_id, self.root / _unlisted(run_id)
        try:
            with writing(path):
                if os.path.lexists(path):
                    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
                folder.mkdir(parents=True)
            self._clear_leftovers()
            try:
                yield folder
            except RunError as error:  # names the folder that nobody is to know
                raise RunError(str(error).replace(str(folder), str(path))) from error
            with writing(path):
                folder.rename(path)
        finally:
            shutil.rmtree(folder, ignore_errors=True)  # nothing, once it is renamed

    def _clear_leftovers(self) -> None:
        """Delete unlisted folders without a change for a day."""
        with suppress(OSError, RunError):
            for path in self.root.iterdir():
                if not re.fullmatch(UNLISTED, path.name):
                    continue
                newest = max(p.lstat().st_mtime for p in (path, *path.rglob("*")))
                if time.time() - newest > LEFT_OVER:
                    remove(path)

    def delete(self, run_id: str) -> None:
        """Delete a run: it leaves the list in one step, then the disk. Of a link, the link alone.

        Raises
        ------
        RunError
            When there is no such run, or it cannot be deleted.
        """
        path = self._own(run_id)
        unlisted = self.root / _unlisted(run_id)
        try:
            path.rename(unlisted)
        except OSError as error:
            raise RunError(f"{path}: cannot be deleted ({error.strerror}).") from error
        remove(unlisted)

    def pin(self, run_id: str, is_pinned: bool = True) -> None:
        """Pin a run, so that it is kept when room is made, or unpin it.

        Pins are of this folder: they do not go along with an exported or packed run.

        Raises
        ------
        RunError
            When there is no such run, it is a link to another place, or cannot be written.
        """
        path = self._own(run_id)
        if path.is_symlink():
            raise RunError(
                f"{path}: is a link to another folder; only runs of this one are pinned."
            )
        if is_pinned:
            write_bytes(path / PIN, b"")
        else:
            with writing(path / PIN):
                (path / PIN).unlink(missing_ok=True)

    def rename(self, run_id: str, name: str | None) -> Run:
        """Give a run another name for people; None leaves it with what it is. Its id stays.

        Raises
        ------
        ConfigError
            When the name is not allowed.
        RunError
            When there is no such run, it is a link to another place, or cannot be written.
        """
        path = self._own(run_id)
        if path.is_symlink():
            raise RunError(
                f"{path}: is a link to another folder; only runs of this one are renamed."
            )
        run = self.load(run_id)
        return _write_config(path, replace(run.config, name=name), run.created)

    def size(self, run_id: str | None = None) -> int:
        """Bytes that a run takes on the disk, or all of them with what was left behind.

        A link takes none, nor does a run that is gone.
        """
        if run_id is None:
            return size_of(self.root)
        _check_name(run_id)
        path = self.root / run_id
        return 0 if os.path.islink(path) else size_of(path)

    def _own(self, run_id: str) -> Path:
        """The folder of a run, whatever is in it, or a link in its place. Raises RunError."""
        _check_id(run_id)
        path = self.root / run_id
        if not (os.path.islink(path) or os.path.isdir(path)):  # unlike Path.is_dir: any name
            raise RunError(f"{path}: there is no such run; it may have been deleted.")
        return path

    def to_free(self, n_bytes: int, keep: Collection[str] = ()) -> list[Run]:
        """The oldest runs, as many as make so much room; all that may go when they do not.

        Runs that are pinned or have no model yet stay, and those whose ids are in `keep`, such
        as runs in training. Nothing is deleted.
        """
        found: list[Run] = []
        for entry in reversed(self.list()):
            run = entry.run
            if n_bytes <= 0:
                break
            may_go = run and run.has_model and not (run.is_pinned or run.path.is_symlink())
            if run and may_go and run.id not in keep:
                found.append(run)
                n_bytes -= self.size(run.id)
        return found

    def load(self, run_id: str) -> Run:
        """Open a run and check its files.

        Raises
        ------
        RunError
            When there is no such run, or a file in it is missing or damaged; names the file.
        """
        path = self._own(run_id)
        written = read_json(path / "config.json", {"format", "created", "config"})
        if written["format"] != FORMAT:
            raise RunError(
                f"{path / 'config.json'}: expected format {FORMAT}; got {shown(written['format'])}."
            )
        try:
            config = RunConfig.from_dict(written["config"])
            created = datetime.fromisoformat(written["created"]).isoformat(timespec="seconds")
        except (TypeError, ValueError) as error:
            raise RunError(
                f"{path / 'config.json'}: expected a time in ISO 8601 as created; got "
                f"{shown(written['created'])}."
            ) from error
        except VAECoreError as error:
            raise RunError(f"{path / 'config.json'}: {error}") from error
        _check(run := Run(path, config, created), self.limits)
        return run

    def list(self) -> list[Entry]:
        """Every run, newest first, damaged ones included with the reason.

        Raises
        ------
        RunError
            When the folder cannot be read.
        """
        if not os.path.isdir(self.root):  # unlike Path.is_dir: any name
            return []
        try:
            with os.scandir(self.root) as found:
                names = [one.name for one in found if one.name[0] != "." and one.is_dir()]
        except OSError as error:
            raise RunError(f"{self.root}: cannot be read ({error.strerror}).") from error
        entries = [self.entry(name) for name in names]
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


def _is_of(run: Run, fingerprint: str | None) -> bool:
    """Whether a run is on the images of this fingerprint, as far as it has begun on any."""
    if fingerprint is None or not os.path.lexists(run.path / "data.json"):
        return True
    return run.data().fingerprint == fingerprint


def _write_config(path: Path, config: RunConfig, created: str) -> Run:
    write_json(path / "config.json", envelope(config, created))
    return Run(path, config, created)


def _unlisted(run_id: str) -> str:
    """Another name for a run's folder, by which it is not listed."""
    return f".{run_id[:40]}.{secrets.token_hex(3)}"


def _check_id(run_id: str) -> None:
    """Raise RunError unless it is the name of a folder inside the store."""
    if not re.fullmatch(r"\w[\w.-]{0,199}", run_id):
        raise RunError(
            f"expected a run's id, letters, digits and - _ . only; got {shown(run_id)}. Rename its "
            "folder if it is a run."
        )


def _check_name(name: str) -> None:
    """Raise RunError unless it is the name of something inside the store, run or not."""
    if name[:1] in ("", ".") or {*name} & {"/", "\\", "\0"}:
        raise RunError(f"expected a run's id, the name of its folder; got {shown(name)}.")


def _check(run: Run, limits: Limits) -> None:
    """Open what a run should hold by now, reading headers but no tensors."""
    run.history()
    if not (run.has_model or run.is_finished):
        return
    facts = run.data()
    if max(run.config.data.classes or (0,)) >= len(facts.class_names):
        raise RunError(f"{run.path / 'data.json'}: expected a name for every class of the config.")
    try:
        limits.check_model(run.config.model, facts.image_shape, facts.n_test)
    except VAECoreError as error:
        raise RunError(f"{run.path}: {error}") from error
    with open_tensors(run.path / "weights.safetensors") as weights:
        shapes = shapes_of(run.config.model, facts.image_shape)
        check_weights(shapes, weights.header.shapes, weights.path)
    if run.is_finished:
        metrics = run.metrics()
        with open_tensors(run.path / "codes.safetensors") as codes:
            check_codes(codes.header.shapes, run.config.model, facts.n_test, codes.path)
        if os.path.lexists(run.path / TRAINING_CODES):
            with open_tensors(run.path / TRAINING_CODES) as codes:
                check_codes(codes.header.shapes, run.config.model, facts.n_train, codes.path)
        if os.path.lexists(run.path / TERMS):  # not in runs of older versions
            with open_tensors(run.path / TERMS) as terms:
                check_terms(terms.header.shapes, terms.header.dtypes, metrics, terms.path)

"""Work on runs that is killed at a random moment, in processes of their own.

The processes are forked from one that has imported everything and computed nothing, so that each
begins at once. It tells when it begins; how long all of its work takes is measured first.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path

import torch
import torch._dynamo  # noqa: F401  so that no process has to, before its work begins

from tests.samples import tensors, tiny_run
from vae_core import Dataset, Run, RunConfig, RunStore, load_dataset
from vae_core.jobs.executors import without_main
from vae_core.jobs.training import train
from vae_core.runs.export import export_run
from vae_core.runs.model_file import import_model, read_model_file
from vae_core.runs.run import TRAINING_CODES

EPOCHS = 8


def config() -> RunConfig:
    """A run of some hundredths of a second an epoch, two of which are kept."""
    whole = tiny_run()
    train_config = replace(whole.train, epochs=EPOCHS, batch_size=8, keep_epochs=(2, 5), threads=1)
    return replace(whole, train=train_config)


def train_whole(folder: Path, data: Dataset) -> None:
    """The run in folder/run is trained to its end."""
    for _ in train(RunStore(folder).load("run"), data):
        pass


def export_whole(folder: Path, data: Dataset) -> None:
    """The run in folder/run is exported to folder/out/small."""
    export_run(RunStore(folder).load("run"), data, folder / "out" / "small")


def import_whole(folder: Path, data: Dataset) -> None:
    """The weights of folder/run become a run in folder/out."""
    file = read_model_file(folder / "run" / "weights.safetensors")
    import_model(file, RunStore(folder / "out"), data)


def encode_whole(folder: Path, data: Dataset) -> None:
    """The training images of folder/run are encoded, and their codes kept."""
    RunStore(folder).load("run").keep_training_codes(data)


WORK: dict[str, Callable[[Path, Dataset], None]] = {
    "train": train_whole,
    "export": export_whole,
    "import": import_whole,
    "encode": encode_whole,
}


def _work(pipe: Connection, name: str, folder: str) -> None:
    torch.set_num_threads(1)
    data = load_dataset(config().data)
    pipe.send("begun")
    WORK[name](Path(folder), data)
    pipe.send("done")


@dataclass(frozen=True)
class Killed:
    """A whole run, and how its work is killed."""

    whole: Run
    data: Dataset
    root: Path

    @classmethod
    def of(cls, root: Path) -> Killed:
        """With a run that was trained here without being killed."""
        data, run = load_dataset(config().data), RunStore(root / "whole").create(config())
        list(train(run, data))
        return cls(run, data, root)

    def start(self, name: str, place: str) -> Path:
        """A folder to work in: with a run to train, or one that is trained."""
        folder = self.root / place
        shutil.copytree(self.whole.path, folder / "run")
        if name == "train":
            shutil.rmtree(folder / "run")
            made = RunStore(folder).create(config())
            made.path.rename(folder / "run")
        return folder

    def seconds(self, name: str) -> float:
        """How long all of the work takes."""
        folder = self.start(name, f"{name}-timed")
        return self._run(name, folder, None)

    def kill(self, name: str, place: str, after: float) -> Path:
        """Kill the work so many seconds after it has begun; the folder as it was left."""
        folder = self.start(name, place)
        self._run(name, folder, after)
        return folder

    def _run(self, name: str, folder: Path, after: float | None) -> float:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["tests.campaign.killed"])
        ours, theirs = context.Pipe()
        process = context.Process(target=_work, args=(theirs, name, str(folder)))
        with without_main():
            process.start()
        theirs.close()
        assert ours.recv() == "begun"
        began = time.monotonic()
        if after is None:
            assert ours.recv() == "done"
        else:
            process.join(after)
            process.kill()  # nothing where it has ended
        took = time.monotonic() - began
        process.join(30)
        ours.close()
        return took

    def faults(self, name: str, folder: Path) -> list[str]:
        """What is wrong after the kill, and after the same work is done again."""
        check = {"train": self._trained, "encode": self._encoded}.get(name, self._made)
        return check(folder)

    def _trained(self, folder: Path) -> list[str]:
        (entry,) = RunStore(folder).list()
        if entry.run is None or entry.status == "damaged":
            return [f"a run that is {entry.status}: {entry.problem}"]
        if entry.status != "new":
            entry.run.vae()
        train_whole(folder, self.data)
        run = RunStore(folder).load("run")
        found = _differences(run, self.whole, ("weights", "codes", "resume", "terms"))
        if [record.epoch for record in run.history()] != list(range(1, EPOCHS + 1)):
            found.append(f"a history of {[record.epoch for record in run.history()]}")
        if run.kept_epochs() != self.whole.kept_epochs():
            found.append(f"kept epochs {run.kept_epochs()}")
        return found + _files(run.path, self.whole.path)

    def _made(self, folder: Path) -> list[str]:
        """Of an export or import: there is a whole run or none, and what it was made of stays."""
        entries = RunStore(folder / "out").list()
        found = _differences(RunStore(folder).load("run"), self.whole, ("weights", "codes"))
        for entry in entries:
            if entry.run is None or entry.status != "finished":
                found.append(f"a run that is {entry.status}: {entry.problem}")
                continue
            entry.run.vae()
            if len(entry.run.codes()) != len(self.data.test) or entry.run.terms() is None:
                found.append("fewer codes than images, or no terms")
        if not entries:
            work = WORK["export" if "export" in folder.name else "import"]
            work(folder, self.data)
            (again,) = RunStore(folder / "out").list()
            found += [] if again.status == "finished" else [f"afterwards {again.status}"]
        return found

    def _encoded(self, folder: Path) -> list[str]:
        run = RunStore(folder).load("run")
        kept = run.training_codes()
        again = run.keep_training_codes(self.data)
        found = _differences(run, self.whole, ("weights", "codes"))
        if kept is not None and not torch.equal(kept.params, again.params):
            found.append("other codes")
        for path in run.path.glob(f".{TRAINING_CODES}.*"):
            os.utime(path, (0, 0))  # long ago
        run.keep_training_codes(self.data)
        (run.path / TRAINING_CODES).unlink()
        return found + _files(run.path, self.whole.path)


def moments(times: int) -> random.Random:
    """Of the kills: the same ones in the default run, others in a longer one."""
    return random.Random(0) if times == 1 else random.Random()


def _differences(run: Run, whole: Run, names: tuple[str, ...]) -> list[str]:
    found = []
    for name in names:
        mine, theirs = tensors(run, name), tensors(whole, name)
        if mine.keys() != theirs.keys() or not all(torch.equal(mine[k], theirs[k]) for k in mine):
            found.append(f"other {name}")
    return found


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.parent.name != "frames"}


def _files(mine: Path, theirs: Path) -> list[str]:
    """Frames aside: how many of them a training takes depends on the time they take."""
    left = _names(mine) ^ _names(theirs)
    return [f"more or fewer files: {sorted(left)}"] * bool(left)

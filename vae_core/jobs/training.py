"""Training as a job: a run is trained from where it stands, and stops within a batch."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

import torch
from torch import Tensor

from vae_core.data import Dataset, reload_dataset
from vae_core.data.dataset import Split
from vae_core.io import clear_half_written
from vae_core.jobs.job import Job
from vae_core.jobs.worker import Stopped, Work, at_work
from vae_core.runs.checkpoints import checkpoint_path
from vae_core.runs.frames import frame_path
from vae_core.runs.run import TRAINED, Run
from vae_core.runs.store import RunStore
from vae_core.trainer import EpochRecord


def training(folder: Path) -> Job:
    """The job that trains the run in this folder to its last epoch."""
    kept = "The run keeps its last finished epoch: go on from there."
    return Job(folder, train_run, (str(folder),), "training", kept)


def train_run(folder: str) -> bool:
    """Train the run in this folder from where it stands.

    Returns
    -------
    bool
        Whether it came to its last epoch; False when it was stopped.

    Raises
    ------
    JobError
        When another process is training it.
    VAECoreError
        As `Run.train`; the run keeps its last good epoch.
    """
    path = Path(folder)
    run = RunStore(path.parent).load(path.name)
    if run.is_finished:
        return True
    dataset = reload_dataset(run.config.data, download=False)
    try:
        for _ in train(run, dataset):
            pass
    except Stopped:
        return False
    return True


def train(run: Run, dataset: Dataset) -> Generator[EpochRecord, None, None]:
    """`Run.train`, as the one process that trains this run; a file can stop it within a batch.

    Raises
    ------
    JobError
        When another process is training it, on this machine or another; says which.
    Stopped
        When it was stopped.
    VAECoreError
        As `Run.train`; the run keeps its last good epoch.
    """
    with at_work(run.path, "training") as work:
        clear_half_written(run.path, TRAINED)  # by a process that was killed
        kept = [checkpoint_path(run.path, epoch) for epoch in run.config.train.keep_epochs]
        clear_half_written(run.path / "epochs", [path.name for path in kept])
        framed = [frame_path(run.path, step).name for step in run.frame_steps()]
        clear_half_written(run.path / "frames", framed)
        if run.is_finished:  # by another process, meanwhile
            return
        held_out = dataset.validation
        yield from run.train(
            replace(
                dataset,
                train=_Stoppable.of(dataset.train, work),
                test=_Stoppable.of(dataset.test, work),
                validation=None if held_out is None else _Stoppable.of(held_out, work),
            )
        )


@dataclass(frozen=True)
class _Stoppable(Split):
    """A split whose batches raise Stopped when the job is to stop."""

    work: Work = field(kw_only=True)

    @classmethod
    def of(cls, split: Split, work: Work) -> _Stoppable:
        return cls(**{f.name: getattr(split, f.name) for f in fields(split)}, work=work)

    def batch(
        self,
        index: Tensor | slice,
        generator: torch.Generator | None = None,
        device: torch.device | str = "cpu",
    ) -> Tensor:
        """As `Split.batch`."""
        self.work.check()
        return super().batch(index, generator, device)

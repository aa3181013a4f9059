"""Training as a job: a run is trained from where it stands, and stops within a batch."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from pathlib import Path

import torch
from torch import Tensor

from vae_core.data import reload_dataset
from vae_core.data.dataset import Split
from vae_core.errors import JobError
from vae_core.jobs.heartbeat import drop, is_anothers_work
from vae_core.jobs.job import Job
from vae_core.jobs.worker import Stopped, Work, at_work
from vae_core.runs.store import RunStore


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
    if is_anothers_work(path):
        raise JobError(f"{path.name} is being trained by another server already.")
    for half_written in path.rglob(".*"):  # by a process that was killed
        drop(half_written)
    with at_work(path) as work:
        run = RunStore(path.parent).load(path.name)
        if run.is_finished:
            return True
        dataset = reload_dataset(run.config.data, download=False)
        train, test = (_Stoppable.of(split, work) for split in (dataset.train, dataset.test))
        try:
            for _ in run.train(replace(dataset, train=train, test=test)):
                pass
        except Stopped:
            return False
    return True


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

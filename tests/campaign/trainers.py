"""Several trainers that begin on one run at about the same moment: one of them trains it.

    python -m tests.campaign.trainers --trials 200

Each trial begins with a new run. Processes that have imported everything wait for the same
moment, and begin within a few milliseconds of each other. Then one has trained the run, the
others were told who does, or found it finished; history is whole, and weights, codes and state
are those of a run that one process trained alone.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, replace
from multiprocessing.synchronize import Barrier
from pathlib import Path

import torch

from tests.samples import tensors, tiny_run
from vae_core import Run, RunConfig, RunStore, VAECoreError, load_dataset
from vae_core.errors import JobError
from vae_core.jobs.executors import process_context, without_main
from vae_core.jobs.training import train

EPOCHS = 6
JITTER = 0.02  # seconds, at most, by which one begins later


@dataclass(frozen=True)
class Outcome:
    """What came of one trainer: "trained", "told" that another does, "found" it finished."""

    what: str
    message: str = ""


def config() -> RunConfig:
    """A run of some hundredths of a second an epoch."""
    whole = tiny_run()
    return replace(whole, train=replace(whole.train, epochs=EPOCHS, batch_size=8))


def trial(store: RunStore, pool: Trainers) -> tuple[Run, list[Outcome]]:
    """A new run, and what came of each trainer."""
    run = store.create(config())
    return store.load(run.id), pool.train(run.path)


class Trainers:
    """Processes that train a run when they are told to, all at once."""

    def __init__(self, n: int) -> None:
        context = process_context()
        self._barrier = context.Barrier(n)
        self._pipes, self._processes = [], []
        for seed in range(n):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, self._barrier, seed))
            with without_main():
                process.start()
            self._pipes.append(ours)
            self._processes.append(process)

    def train(self, path: Path) -> list[Outcome]:
        """Have all of them train the run in this folder."""
        for pipe in self._pipes:
            pipe.send(str(path))
        return [pipe.recv() for pipe in self._pipes]

    def close(self) -> None:
        """End the processes."""
        for pipe, process in zip(self._pipes, self._processes, strict=True):
            pipe.send(None)
            process.join(10)


def _serve(pipe: object, barrier: Barrier, seed: int) -> None:
    torch.set_num_threads(1)
    rng, data = random.Random(seed), load_dataset(config().data)
    while (path := pipe.recv()) is not None:  # type: ignore[attr-defined]
        run = RunStore(Path(path).parent).load(Path(path).name)
        barrier.wait()
        time.sleep(rng.uniform(0.0, JITTER))
        try:
            records = list(train(run, data))
            outcome = Outcome("trained" if records else "found")
        except JobError as error:
            outcome = Outcome("told", str(error))
        except VAECoreError as error:
            outcome = Outcome("failed", str(error))
        pipe.send(outcome)  # type: ignore[attr-defined]


def faults(run: Run, outcomes: list[Outcome], expected: Run) -> list[str]:
    """What is wrong after a trial; empty when nothing is."""
    counts = Counter(outcome.what for outcome in outcomes)
    found = []
    if counts["trained"] != 1 or counts["failed"]:
        found.append(f"{dict(counts)}: {[o.message for o in outcomes if o.message]}")
    if [record.epoch for record in run.history()] != list(range(1, EPOCHS + 1)):
        found.append(f"a history of {[record.epoch for record in run.history()]}")
    for name in ("weights", "codes", "resume"):
        mine, theirs = tensors(run, name), tensors(expected, name)
        if mine.keys() != theirs.keys() or not all(torch.equal(mine[k], theirs[k]) for k in mine):
            found.append(f"other {name}")
    left = {path.name for path in run.path.iterdir()} ^ {p.name for p in expected.path.iterdir()}
    return found + [f"more or fewer files: {sorted(left)}"] * bool(left)


def campaign(trials: int, n_trainers: int, folder: Path) -> tuple[Counter[str], list[str]]:
    """Outcomes by their names, and what was wrong."""
    store = RunStore(folder / "runs")
    alone = RunStore(folder / "alone").create(config())
    list(alone.train(load_dataset(config().data)))
    counts, wrong, pool = Counter[str](), list[str](), Trainers(n_trainers)
    try:
        for _ in range(trials):
            run, outcomes = trial(store, pool)
            counts.update(outcome.what for outcome in outcomes)
            wrong += faults(run, outcomes, alone)
            store.delete(run.id)
    finally:
        pool.close()
    return counts, wrong


def main() -> None:
    """Run the trials and print what came of them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--trainers", type=int, default=2)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        counts, wrong = campaign(args.trials, args.trainers, Path(folder))
    print(f"{args.trials} trials of {args.trainers} trainers: {dict(counts)}; faults: {len(wrong)}")
    for fault in wrong[:20]:
        print(f"  {fault}")
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()

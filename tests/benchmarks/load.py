"""How long a class waits: many readers on one server, with a training job beside them.

    python -m tests.benchmarks.load [--users 30] [--seconds 60] [--models 6] [--busy] [--by-page]

Starts `streamlit run app.py` and visits every page with every model once, so that what all
readers share is there. Then the users come, half of them at a time, and visit every page: that
is what a session costs in memory. Then each does one thing a second, with time to think, while
one process trains as the server's own do: what the lens says when it is let go, another page or
model, a control. An action lasts from what the reader does to the last message of the server's
answer. The controls of Bounds and Aggregate, which start work of seconds to a minute, are left
alone, but for --busy: one user who moves those of Bounds. The images are those in
ELBO_ROOM_DATA, digits alone without it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import numpy as np

from tests.benchmarks.student import LONG, Log, Student
from tests.browser.server import Server, serve
from tests.samples import pid_of
from vae_core import DataConfig, ModelConfig, RunConfig, RunStore, TrainConfig
from vae_core.jobs import JobQueue, local_process
from vae_core.jobs.training import training as job_of

QUANTILES = (0.5, 0.95, 0.99, 1.0)
AT_ONCE = 2  # tabs that open pages while memory is measured
TICKS = os.sysconf("SC_CLK_TCK")


@contextmanager
def training(server: Server) -> Iterator[int]:
    """A process of the kind that the server trains in, at work in its folder; yields its id."""
    name = "mnist" if "ELBO_ROOM_DATA" in os.environ else "digits"
    model, train = ModelConfig(latent_shape=(2,)), TrainConfig(epochs=1000)
    run = RunStore(server.runs).create(RunConfig(DataConfig(name), model, train))
    queue = JobQueue(local_process, 1)
    queue.submit(job_of(run.path))
    try:
        yield pid_of(run)
    finally:
        queue.close()


def megabytes(pid: int) -> float:
    """Memory of a process, what it shares counted in part."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8")
    return int(rollup.split("Pss:")[1].split()[0]) / 1024


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has taken so far."""
    numbers = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(numbers[11]) + int(numbers[12])) / TICKS


async def warm(server: Server, n_models: int) -> None:
    """Every page with every model once, and every view of it."""
    log = Log()
    student = await Student.arrive(server, log, 0, n_models)
    for k in range(n_models):
        await student.choose_model(k)
        for page in student.tab.pages:
            await student.visit(page)
            for widget in student.tab.all("button_group", "slider") if page not in LONG else ():
                for value in student.options(widget):
                    await student.did("control", student.tab.choose(widget, value))
    await student.tab.close()
    print(f"warm after {sum(map(len, log.seconds.values())):,} actions, problems {log.problems}")


async def come(server: Server, n: int, first: int, n_models: int) -> list[Student]:
    """So many users, each of whom has visited every page."""
    some = asyncio.Semaphore(AT_ONCE)

    async def one(seed: int) -> Student:
        async with some:
            student = await Student.arrive(server, Log(), seed, n_models)
            for page in student.tab.pages:
                await student.visit(page)
            return student

    return list(await asyncio.gather(*map(one, range(first, first + n))))


async def measure(server: Server, users: int, seconds: float, every: float, n_models: int,
                  is_training: bool, is_busy: bool) -> Log:  # fmt: skip
    """Everything, on a server that has just been started; prints all but the table."""
    pid = server.process.pid
    await warm(server, n_models)
    sizes, half = [megabytes(pid)], users // 2
    students = await come(server, half, 0, n_models)
    sizes.append(megabytes(pid))
    students += await come(server, users - half, half, n_models)
    sizes.append(megabytes(pid))
    growth = (sizes[2] - sizes[1]) / (users - half)
    print(
        f"memory with 0, {half} and {users} sessions: "
        f"{', '.join(f'{size:.0f}' for size in sizes)} MB; {growth:.2f} MB per added session"
    )
    log = Log()
    for student in students:
        student.log = log
    with training(server) if is_training else nullcontext() as job:
        pids = {"server": pid, "clients": os.getpid()} | ({"training": job} if job else {})
        before, start = {name: cpu_seconds(p) for name, p in pids.items()}, time.perf_counter()
        busy = students[:1] if is_busy else []
        await asyncio.gather(
            *(student.work(seconds) for student in busy),
            *(student.live(seconds, every) for student in students[len(busy) :]),
        )
        wall = time.perf_counter() - start
        shares = ", ".join(
            f"{name} {(cpu_seconds(p) - before[name]) / wall:.0%}" for name, p in pids.items()
        )
    n = sum(map(len, log.seconds.values()))
    each = (cpu_seconds(pid) - before["server"]) / n * 1000
    print(
        f"{n / wall:.1f} actions a second of {users} users, {each:.0f} ms of the server's "
        f"processor each; processors: {shares}; afterwards {megabytes(pid):.0f} MB"
    )
    for student in students:
        await student.tab.close()
    return log


def show(log: Log, by_page: bool) -> None:
    """The table."""
    print(f"{'milliseconds':<36}{'n':>7}{'p50':>8}{'p95':>8}{'p99':>8}{'max':>8}")
    for name, seconds in log.table(by_page).items():
        quantiles = np.quantile(seconds, QUANTILES) * 1000
        print(f"{name:<36}{len(seconds):>7}" + "".join(f"{q:>8.0f}" for q in quantiles))
    print(f"errors: {sum(log.problems.values())}")
    for problem, count in log.problems.most_common(10):
        print(f"{count:>5} {problem}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long they act")
    parser.add_argument("--every", type=float, default=1.0, help="seconds between one's actions")
    parser.add_argument("--models", type=int, default=6, help="of the picker, that are chosen")
    parser.add_argument("--no-training", action="store_true", help="nothing beside the server")
    parser.add_argument("--busy", action="store_true", help="one user does nothing but Bounds")
    parser.add_argument("--by-page", action="store_true", help="a row for every page")
    chosen = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        serve(Path(folder), data=os.environ.get("ELBO_ROOM_DATA")) as server,
    ):
        log = asyncio.run(
            measure(server, chosen.users, chosen.seconds, chosen.every, chosen.models,
                    not chosen.no_training, chosen.busy)
        )  # fmt: skip
        show(log, chosen.by_page)


if __name__ == "__main__":
    main()

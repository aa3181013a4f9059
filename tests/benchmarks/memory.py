"""How much memory the app takes: after a tour, with readers, a training and a projection.

    python -m tests.benchmarks.memory [--users 10] [--models N] [--by-page]

Starts `streamlit run app.py`, visits every page with every model, lets readers come who visit
every page, and then trains and works out a UMAP beside them. Memory is the sum of the
proportional set sizes of the server and of all processes that serve or train: what they share is
counted once. The images are those in ELBO_ROOM_DATA, digits alone without it. Says whether the
goals are kept.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.benchmarks.load import come, training
from tests.benchmarks.student import Log, Student
from tests.benchmarks.tab import Shown
from tests.browser.server import Server, serve

GOALS = {"with a training": 850.0, "with a training and a UMAP": 1300.0}  # MB
EVERY = 0.2  # seconds between looks at the memory
IMPORTS = 8.0  # seconds for what the server imports beside its first readers
TRAINED = 15.0  # seconds of training that are looked at
LONGEST = 150.0  # seconds that a projection may take
PROJECTED = "MNIST 20-D"


def proportional(process: psutil.Process) -> float:
    """MB of a process, what it shares counted in part; 0 for one that has ended."""
    rollup = Path(f"/proc/{process.pid}/smaps_rollup")
    try:
        if rollup.exists():
            return int(rollup.read_text(encoding="utf-8").split("Pss:")[1].split()[0]) / 1024
        full = process.memory_full_info()
        return float(getattr(full, "pss", full.uss)) / 2**20
    except (OSError, IndexError, psutil.Error):  # it ended while we looked
        return 0.0


def whole() -> float:
    """MB of all that this benchmark has started, together."""
    return sum(map(proportional, psutil.Process().children(recursive=True)))


@contextmanager
def highest() -> Iterator[list[float]]:
    """The most that they take while the block runs: the last entry of the list."""
    seen, ended = [0.0], threading.Event()

    def look() -> None:
        while not ended.wait(EVERY):
            seen.append(max(seen[-1], whole()))

    watch = threading.Thread(target=look)
    watch.start()
    try:
        yield seen
    finally:
        ended.set()
        watch.join()


def picker(student: Student) -> Shown:
    """The box with the model, on a page that has one."""
    boxes = student.tab.all("selectbox")
    return next(box for box in boxes if box.element.query_param_key == "run")


async def tour(server: Server, n_models: int | None, by_page: bool) -> int:
    """Every page with every model; how many pages that were."""
    student = await Student.arrive(server, Log(), 0, 1)
    titles = list(picker(student).element.options)
    before, visited = whole(), 0
    for k, title in enumerate(titles[:n_models]):
        await student.choose_model(k)
        for page in student.tab.pages:
            await student.visit(page)
            visited += 1
            now = whole()
            if by_page and now - before > 1:
                print(f"{now - before:+8.1f} MB  {title}, {page or 'overview'}")
            before = now
    await student.tab.close()
    if student.log.problems:
        print(f"problems: {dict(student.log.problems)}")
    return visited


async def project(server: Server) -> bool:
    """Ask for a UMAP on the page, and wait; whether it came."""
    student = await Student.arrive(server, Log(), 1, 1)
    await student.choose_model(list(picker(student).element.options).index(PROJECTED))
    await student.visit("projection")
    (choice,) = (
        widget
        for widget in student.tab.all("button_group")
        if any(option.content == "UMAP" for option in widget.element.options)
    )
    await student.did("control", student.tab.choose(choice, ["UMAP"]))
    end, cache = time.monotonic() + LONGEST, server.runs.parent / "cache"
    while not (found := list(cache.rglob("*-umap-*.safetensors"))) and time.monotonic() < end:
        await asyncio.sleep(EVERY)
    await student.tab.close()
    return bool(found)


async def measure(server: Server, users: int, n_models: int | None, by_page: bool) -> None:
    """The table, of a server that has just been started."""

    def note(name: str, size: float) -> None:
        goal = GOALS.get(name)
        verdict = f", at most {goal:.0f}: {'yes' if size <= goal else 'NO'}" if goal else ""
        print(f"{size:7.0f} MB  {name}{verdict}", flush=True)

    await asyncio.sleep(IMPORTS)
    note("fresh", whole())
    note(f"after {await tour(server, n_models, by_page)} pages", whole())
    students = await come(server, users, 2, 1)
    note(f"with {users} readers", whole())
    with training(server):
        with highest() as seen:
            await asyncio.sleep(TRAINED)
        note("with a training", seen[-1])
        with highest() as seen:
            came = await project(server)
        note("with a training and a UMAP", seen[-1])
        if not came:
            print(f"the projection was not there after {LONGEST:.0f} s")
    for student in students:
        await student.tab.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=10)
    parser.add_argument("--models", type=int, help="of the picker, that are visited; else all")
    parser.add_argument("--by-page", action="store_true", help="a line where a page costs 1 MB")
    chosen = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        serve(Path(folder), data=os.environ.get("ELBO_ROOM_DATA")) as server,
    ):
        asyncio.run(measure(server, chosen.users, chosen.models, chosen.by_page))


if __name__ == "__main__":
    main()

"""How long a class waits: a room of students on one server, a training job, and other readers.

    python -m tests.benchmarks.classroom [--users 30] [--readers 6] [--seconds 20] [--rounds 2]

The readers act on the pages: without a room, with one, with one, without, and so on, so that what
changes meanwhile is the same for both; each pair of times they do the same. In the room students
follow the class as their windows do, and answer at random moments, vote after vote; the teacher's
wall follows beside them. `answer -> wall` lasts from a student's click until the wall has counted
it. Asked for: p95 of at most 500 ms, and p95 of the readers' pages no worse than 1.2 times what it
is without the room.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import re
import tempfile
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.following import Window
from tests.benchmarks.load import come, cpu_seconds, show, training, warm
from tests.benchmarks.student import Log, Student
from tests.benchmarks.tab import Tab
from tests.browser.server import Server, serve
from tests.samples import ROOT
from vae_core.lessons import read_lesson
from vae_core.lessons.rooms import Room, Rooms

LESSON = ROOT / "assets" / "lessons" / "kl-compares.md"
PAGE = "classroom"
MAX_MS, MAX_RATIO = 500.0, 1.2


@dataclass
class Waits:
    """Seconds of a class: from click to the wall, of a student's own answer, of what windows do."""

    to_wall: list[float] = field(default_factory=list)
    own: list[float] = field(default_factory=list)
    looks: list[float] = field(default_factory=list)
    runs: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


async def watch(wall: Window, end: float, seen: list[float]) -> None:
    """Notes when the count on the wall rose, once for each answer."""
    following = asyncio.create_task(wall.live(end))
    while not following.done():
        seen += [time.monotonic()] * max(0, counted(wall.tab) - len(seen))
        await asyncio.sleep(0.005)
    await following


def counted(wall: Tab) -> int:
    """How many have answered, as the wall says."""
    found = re.search(r"(\d+) of \d+ have answered", wall.words())
    return int(found[1]) if found else 0


async def vote(
    room: Room, students: list[Window], wall: Window, seconds: float, waits: Waits, seed: int
) -> None:
    """One vote: all answer at some moment of its first two thirds."""
    draw, end = random.Random(seed), time.monotonic() + seconds
    clicks: list[float] = []
    seen: list[float] = []

    async def answer(window: Window) -> None:
        await asyncio.sleep(draw.uniform(0.1, 0.6) * seconds)
        await window.look()  # the question may be a new one
        async with window.lock:
            buttons = [b.element.label for b in window.tab.all("button")]
            options = [label for label in buttons if label.startswith("**")]
            clicks.append(time.monotonic())
            waits.own.append(await window.tab.press(draw.choice(options)))

    await wall.look()
    tasks = [window.live(end) for window in students]
    tasks += [answer(window) for window in students]
    await asyncio.gather(*tasks, watch(wall, end, seen))
    if len(seen) < len(students):
        waits.problems.append(f"the wall counted {len(seen)} of {len(students)} answers")
    waits.to_wall += [there - then for then, there in zip(sorted(clicks), seen, strict=False)]
    room.move(room.state(), phase="votes")
    room.move(room.state(), phase="predict", vote=room.state().vote + 1)  # of a fresh folder


async def arrive(server: Server, room: Room, users: int) -> tuple[list[Window], Window]:
    """The students' windows and the wall."""
    queries = [{"room": room.code, "who": f"{k:08x}"} for k in range(users)]
    queries.append({"room": room.code, "role": "wall"})
    windows = [Window(await Tab.open(server.url, PAGE, query), server.url) for query in queries]
    return windows[:-1], windows[-1]


async def class_hour(
    room: Room, students: list[Window], wall: Window, seconds: float, votes: int, waits: Waits
) -> None:
    """Votes, one after another, for so many seconds."""
    for k in range(votes):
        await vote(room, students, wall, seconds / votes, waits, k)
    for window in (*students, wall):
        waits.looks += window.looks
        waits.runs += window.runs
        waits.problems += window.tab.problems
        await window.close()


@dataclass
class Times:
    """What was measured, without a room and with one: the readers' waits, shares of processors."""

    logs: tuple[Log, Log] = field(default_factory=lambda: (Log(), Log()))
    seconds: list[float] = field(default_factory=lambda: [0.0, 0.0])
    cpu: list[dict[str, float]] = field(default_factory=lambda: [{}, {}])
    waits: Waits = field(default_factory=Waits)


async def measure(
    server: Server, users: int, readers: int, seconds: float, votes: int, rounds: int,
    n_models: int, is_training: bool,
) -> Times:  # fmt: skip
    """The readers without the room and with it, by turns."""
    await warm(server, n_models)
    times = Times()
    people = await come(server, readers, 0, n_models)
    with training(server) if is_training else nullcontext() as job:
        pids = {"server": server.process.pid, "clients": os.getpid()} | (
            {"training": job} if job else {}
        )
        for number in range(2 * rounds):
            for k in (0, 1) if number % 2 else (1, 0):
                await _turn(server, people, pids, times, k, users, seconds, votes, number)
    for student in people:
        await student.tab.close()
    return times


async def _turn(
    server: Server, people: list[Student], pids: dict[str, int], times: Times, k: int,
    users: int, seconds: float, votes: int, number: int,
) -> None:  # fmt: skip
    """One turn of the readers; with a room where k is 1."""
    hour = None
    if k:
        room = Rooms(server.runs.parent / "rooms").open(read_lesson(LESSON))
        students, wall = await arrive(server, room, users)
    for reader, student in enumerate(people):
        student.log = times.logs[k]
        student.random.seed(f"{number} {reader}")  # the same with the room and without
    before, start = {name: cpu_seconds(pid) for name, pid in pids.items()}, time.perf_counter()
    if k:
        hour = asyncio.create_task(class_hour(room, students, wall, seconds, votes, times.waits))
    await asyncio.gather(*(student.live(seconds, 1.0) for student in people))
    if hour:
        await hour
    times.seconds[k] += time.perf_counter() - start
    for name, pid in pids.items():
        taken = cpu_seconds(pid) - before[name]
        times.cpu[k][name] = times.cpu[k].get(name, 0.0) + taken


def p95(seconds: Sequence[float] | NDArray[np.float64]) -> float:
    """In milliseconds."""
    return float(np.quantile(seconds, 0.95)) * 1000.0


def ratio(beside: list[float], without: list[float]) -> tuple[float, float, float]:
    """Of the two p95, with the ends of its 95 % interval by the bootstrap."""
    random = np.random.default_rng(0)
    again = lambda waits: p95(random.choice(waits, len(waits)))  # noqa: E731
    low, high = np.quantile([again(beside) / again(without) for _ in range(2000)], (0.025, 0.975))
    return p95(beside) / p95(without), float(low), float(high)


def report(times: Times) -> None:
    """All of it."""
    waits = times.waits
    for k, name in enumerate(("without a room", "with a room")):
        shares = (f"{n} {taken / times.seconds[k]:.1%}" for n, taken in times.cpu[k].items())
        print(f"{name}: processors {', '.join(shares)}")
        show(times.logs[k], False)
    rows = {"answer -> wall": waits.to_wall, "own answer": waits.own,
            "looks for news": waits.looks, "runs by news": waits.runs}  # fmt: skip
    for name, seconds in rows.items():
        if seconds:
            print(f"{name}: n = {len(seconds)}, p50 {np.median(seconds) * 1000:.0f} ms, "
                  f"p95 {p95(seconds):.0f} ms, max {max(seconds) * 1000:.0f} ms")  # fmt: skip
    without, beside = (log.table()["all"] for log in times.logs)
    found, low, high = ratio(beside, without)
    print(f"answer -> wall p95 {p95(waits.to_wall):.0f} ms, at most {MAX_MS:.0f} asked for; pages: "
          f"p50 {np.median(beside) / np.median(without):.2f}, p95 {found:.2f} [{low:.2f}, "
          f"{high:.2f}] times that without the room, at most {MAX_RATIO}")  # fmt: skip
    print(f"problems: {waits.problems[:5]}, {dict(times.logs[1].problems)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=30, help="students in the room")
    parser.add_argument("--readers", type=int, default=6, help="who act on other pages")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each turn")
    parser.add_argument("--votes", type=int, default=2, help="in each turn with a room")
    parser.add_argument("--rounds", type=int, default=1, help="of four turns")
    parser.add_argument("--models", type=int, default=3, help="of the picker, that are chosen")
    parser.add_argument("--no-training", action="store_true")
    chosen = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        serve(Path(folder), data=os.environ.get("ELBO_ROOM_DATA")) as server,
    ):
        times = asyncio.run(
            measure(server, chosen.users, chosen.readers, chosen.seconds, chosen.votes,
                    chosen.rounds, chosen.models, not chosen.no_training)
        )  # fmt: skip
    report(times)


if __name__ == "__main__":
    main()

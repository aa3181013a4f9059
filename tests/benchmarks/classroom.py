"""How long a class waits: a room of students on one server, a training job, and other readers.

    python -m tests.benchmarks.classroom [--users 30] [--readers 6] [--seconds 30] [--votes 6]

The readers act on the pages, first without a room, then with one: its students poll as their
windows do, and answer at random moments, vote after vote; the teacher's wall polls beside them.
`answer -> wall` lasts from a student's click until the wall has counted it. Asked for: p95 of at
most 500 ms, and p95 of the readers' pages no worse than 1.2 times what it is without the room.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import re
import tempfile
import time
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

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
    """Seconds of a class: from click to the wall, of a student's own answer, of polls."""

    to_wall: list[float] = field(default_factory=list)
    own: list[float] = field(default_factory=list)
    polls: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


async def poll(tab: Tab, end: float, waits: Waits, lock: asyncio.Lock) -> None:
    """What a window does by itself, at moments of its own."""
    await asyncio.sleep(random.uniform(0.0, min(tab.every.values(), default=1.0)))
    while time.monotonic() < end:
        await asyncio.sleep(min(tab.every.values(), default=1.0))
        for fragment in list(tab.every):
            async with lock:
                waits.polls.append(await tab.run(fragment, by_itself=True))


async def watch(wall: Tab, end: float, seen: list[float], lock: asyncio.Lock) -> None:
    """The wall: each fragment in its own time; notes when the count rose, once for each answer."""
    due = dict.fromkeys(wall.every, 0.0)
    while time.monotonic() < end:
        for fragment, every in list(wall.every.items()):
            if time.monotonic() >= due.get(fragment, 0.0):
                due[fragment] = time.monotonic() + every
                async with lock:
                    await wall.run(fragment, by_itself=True)
                seen += [time.monotonic()] * max(0, counted(wall) - len(seen))
        await asyncio.sleep(0.01)


def counted(wall: Tab) -> int:
    """How many have answered, as the wall says."""
    found = re.search(r"(\d+) of \d+ have answered", wall.words())
    return int(found[1]) if found else 0


async def vote(
    room: Room, students: list[Tab], wall: Tab, seconds: float, waits: Waits, seed: int
) -> None:
    """One vote: all answer at some moment of its first two thirds."""
    draw, end = random.Random(seed), time.monotonic() + seconds
    clicks: list[float] = []
    seen: list[float] = []

    async def answer(tab: Tab, lock: asyncio.Lock) -> None:
        await asyncio.sleep(draw.uniform(0.0, 0.6 * seconds))
        async with lock:
            for fragment in list(tab.every):  # the question may be a new one
                waits.polls.append(await tab.run(fragment, by_itself=True))
            buttons = [b.element.label for b in tab.all("button")]
            options = [label for label in buttons if label.startswith("**")]
            clicks.append(time.monotonic())
            waits.own.append(await tab.press(draw.choice(options)))

    locks = [asyncio.Lock() for _ in students]
    tasks = [poll(tab, end, waits, lock) for tab, lock in zip(students, locks, strict=True)]
    tasks += [answer(tab, lock) for tab, lock in zip(students, locks, strict=True)]
    await asyncio.gather(*tasks, watch(wall, end, seen, asyncio.Lock()))
    if len(seen) < len(students):
        waits.problems.append(f"the wall counted {len(seen)} of {len(students)} answers")
    waits.to_wall += [there - then for then, there in zip(sorted(clicks), seen, strict=False)]
    room.move(room.state(), phase="votes")
    room.move(room.state(), phase="predict", vote=room.state().vote + 1)  # of a fresh folder


async def arrive(server: Server, room: Room, users: int) -> tuple[list[Tab], Tab]:
    """The students' windows and the wall."""
    who = [f"{k:08x}" for k in range(users)]
    students = [await Tab.open(server.url, PAGE, {"room": room.code, "who": w}) for w in who]
    return students, await Tab.open(server.url, PAGE, {"room": room.code, "role": "wall"})


async def class_hour(
    room: Room, students: list[Tab], wall: Tab, seconds: float, votes: int
) -> Waits:
    """Votes, one after another, for so many seconds."""
    waits = Waits()
    for k in range(votes):
        await vote(room, students, wall, seconds / votes, waits, k)
        await wall.run()
    for tab in (*students, wall):
        waits.problems += tab.problems
        await tab.close()
    return waits


async def measure(
    server: Server, users: int, readers: int, seconds: float, votes: int, is_training: bool
) -> tuple[Log, Log, Waits]:
    """The readers without the room, then with it."""
    await warm(server, 3)
    room = Rooms(server.runs.parent / "rooms").open(read_lesson(LESSON))
    people = await come(server, readers, 0, 3)
    logs = Log(), Log()
    with training(server) if is_training else nullcontext() as job:
        pids = {"server": server.process.pid, "clients": os.getpid()} | (
            {"training": job} if job else {}
        )
        await _live(people, logs[0], seconds)
        students, board = await arrive(server, room, users)
        before = {name: cpu_seconds(pid) for name, pid in pids.items()}
        start = time.perf_counter()
        hour = asyncio.create_task(class_hour(room, students, board, seconds, votes))
        await _live(people, logs[1], seconds)
        waits = await hour
        wall = time.perf_counter() - start
        shares = [f"{k} {(cpu_seconds(p) - before[k]) / wall:.0%}" for k, p in pids.items()]
    print(f"processors with the room: {', '.join(shares)}; {wall:.0f} s")
    for student in people:
        await student.tab.close()
    return *logs, waits


async def _live(people: list[Student], log: Log, seconds: float) -> None:
    for student in people:
        student.log = log
    await asyncio.gather(*(student.live(seconds, 1.0) for student in people))


def p95(seconds: list[float]) -> float:
    """In milliseconds."""
    return float(np.quantile(seconds, 0.95)) * 1000.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=30, help="students in the room")
    parser.add_argument("--readers", type=int, default=6, help="who act on other pages")
    parser.add_argument("--seconds", type=float, default=30.0, help="without, and again with it")
    parser.add_argument("--votes", type=int, default=3)
    parser.add_argument("--no-training", action="store_true")
    chosen = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        serve(Path(folder), data=os.environ.get("ELBO_ROOM_DATA")) as server,
    ):
        without, beside, waits = asyncio.run(
            measure(server, chosen.users, chosen.readers, chosen.seconds, chosen.votes,
                    not chosen.no_training)
        )  # fmt: skip
    for name, log in (("without a room", without), ("with a room", beside)):
        print(name)
        show(log, False)
    for name, seconds in (("answer -> wall", waits.to_wall), ("own answer", waits.own),
                          ("polls", waits.polls)):  # fmt: skip
        print(f"{name}: n = {len(seconds)}, p50 {np.median(seconds) * 1000:.0f} ms, "
              f"p95 {p95(seconds):.0f} ms, max {max(seconds) * 1000:.0f} ms")  # fmt: skip
    ratio = p95(beside.table()["all"]) / p95(without.table()["all"])
    print(f"answer -> wall p95 {p95(waits.to_wall):.0f} ms, at most {MAX_MS:.0f} asked for; "
          f"pages p95 {ratio:.2f} times that without the room, at most {MAX_RATIO}")  # fmt: skip
    print(f"problems: {waits.problems[:5]}, {dict(beside.problems)}")


if __name__ == "__main__":
    main()

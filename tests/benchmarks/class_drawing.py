"""How long a class that draws its data waits: thirty windows on one server, and the wall.

    python -m tests.benchmarks.class_drawing [--users 30] [--drawings 3] [--seconds 15]

Students send drawings at random moments while their windows, and the teacher's wall beside them,
follow the class. `send -> kept` lasts until the student is told that the drawing is kept,
`send -> wall` until the wall counts it. In the end every drawing has to be in the room.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import re
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tests.benchmarks.following import Window
from tests.benchmarks.load import cpu_seconds
from tests.benchmarks.tab import Tab
from tests.browser.server import Server, serve
from vae_core.lessons.drawings import SIDE, Drawings
from vae_core.lessons.rooms import Room, Rooms

LABELS = ("cat", "house", "7")
PAGE = "classroom"


@dataclass
class Waits:
    """Seconds from sending to what follows, and what went wrong."""

    kept: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def levels(seed: int) -> list[int]:
    """A drawing like no other: some lines of ink."""
    rng, picture = np.random.default_rng(seed), np.zeros((SIDE, SIDE), int)
    for row in rng.integers(4, 24, 3):
        picture[row : row + 2, 4:24] = rng.integers(100, 256, 20)
    found: list[int] = picture.ravel().tolist()
    return found


async def send(window: Window, k: int, lines: int = 40) -> bool:
    """Send drawing k from a student's window; whether the window is told that it is kept."""
    pad = window.tab.component("class_pad")
    assert pad
    stroke = [[0.1 + 0.02 * j, 0.5] for j in range(lines)]
    sent = {"mark": f"m{k}", "label": k % len(LABELS), "pixels": levels(k), "lines": [stroke]}
    async with window.lock:
        await window.tab.choose(pad, {"sent": sent})
    told = window.tab.told(window.tab.component("class_pad") or pad)
    return bool(told["handled"] == f"m{k}" and told["is_kept"])


def counted(wall: Tab) -> int:
    """How many drawings the wall counts."""
    found = re.search(r"([\d,]+) drawings? by", wall.words())
    return int(found[1].replace(",", "")) if found else 0


async def arrive(server: Server, room: Room, users: int) -> tuple[list[Window], Window]:
    """The students' windows and the wall."""
    queries = [{"room": room.code, "who": f"{k:08x}"} for k in range(users)]
    queries.append({"room": room.code, "role": "wall"})
    tabs = await asyncio.gather(*(Tab.open(server.url, PAGE, query) for query in queries))
    windows = [Window(tab, server.url) for tab in tabs]
    return windows[:-1], windows[-1]


async def draw(server: Server, room: Room, users: int, each: int, seconds: float) -> Waits:
    """All draw at once; ends when the wall has counted all, or much later."""
    waits, clicks, seen = Waits(), list[float](), list[float]()
    students, wall = await arrive(server, room, users)
    end = time.monotonic() + seconds

    async def one(k: int, window: Window) -> None:
        moments = sorted(random.Random(k).uniform(0.0, 0.8 * seconds) for _ in range(each))
        start = time.monotonic()
        for j, moment in enumerate(moments):
            await asyncio.sleep(max(0.0, start + moment - time.monotonic()))
            clicks.append(sent := time.monotonic())
            if not await send(window, k * each + j):
                waits.problems.append(f"student {k} was not told that drawing {j} is kept")
            waits.kept.append(time.monotonic() - sent)

    async def watch() -> None:
        following = asyncio.create_task(wall.live(end + seconds))
        while len(seen) < users * each and not following.done():
            seen.extend([time.monotonic()] * max(0, counted(wall.tab) - len(seen)))
            await asyncio.sleep(0.005)
        following.cancel()

    await asyncio.gather(
        watch(),
        *(window.live(end) for window in students),
        *(one(k, window) for k, window in enumerate(students)),
    )
    waits.wall += [there - then for then, there in zip(sorted(clicks), seen, strict=False)]
    if len(seen) < users * each:
        waits.problems.append(f"the wall counted {len(seen)} of {users * each} drawings")
    for window in (*students, wall):
        waits.problems += window.tab.problems
        await window.close()
    return waits


def missing(room: Room, n: int) -> list[int]:
    """Which of the first n drawings are not in the room as they were sent."""
    there = {one.pixels.tobytes() for one in Drawings(room).all()}
    return [k for k in range(n) if np.array(levels(k), np.uint8).tobytes() not in there]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=30, help="students in the room")
    parser.add_argument("--drawings", type=int, default=3, help="that each of them sends")
    parser.add_argument("--seconds", type=float, default=15.0, help="in which they do")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, serve(Path(folder)) as server:
        room = Rooms(server.runs.parent / "rooms").open_to_draw(LABELS)
        before = cpu_seconds(server.process.pid)
        waits = asyncio.run(draw(server, room, chosen.users, chosen.drawings, chosen.seconds))
        taken = cpu_seconds(server.process.pid) - before
        lost = missing(room, chosen.users * chosen.drawings)
    for name, times in (("send -> kept", waits.kept), ("send -> wall", waits.wall)):
        p50, p95, top = (1000 * np.quantile(times, q) for q in (0.5, 0.95, 1.0))
        print(f"{name}: n = {len(times)}, p50 {p50:.0f} ms, p95 {p95:.0f} ms, max {top:.0f} ms")
    print(f"server's CPU {taken:.1f} s, lost drawings {lost}, problems {waits.problems[:5]}")


if __name__ == "__main__":
    main()

"""A class on two servers, one of which is killed in the middle: no answer is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from tests.benchmarks.tab import Tab
from tests.browser.server import Server, serve
from tests.samples import ROOT
from vae_core.lessons import read_lesson
from vae_core.lessons.rooms import Room, Rooms

LESSON = ROOT / "assets" / "lessons" / "kl-compares.md"
N = 30
PAGE = "classroom"
pytestmark = pytest.mark.slow


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[list[Server]]:
    """Two with one folder of runs, beside which the rooms are."""
    with ExitStack() as stack, ThreadPoolExecutor() as both:
        start = lambda name: stack.enter_context(serve(tmp_path / name, runs=tmp_path / "runs"))  # noqa: E731
        yield list(both.map(start, ("one", "two")))


def test_a_class_loses_no_answer_when_one_of_its_two_servers_is_killed(
    servers: list[Server], tmp_path: Path
) -> None:
    rooms = Rooms(tmp_path / "rooms")
    room = rooms.open(read_lesson(LESSON))
    asyncio.run(_class(servers, room))
    assert [r.code for r in rooms.list()] == [room.code]


def letter(k: int) -> str:
    """What the k-th student says, by the k-th of the options."""
    return "abcd"[k % 4]


async def _answer(tab: Tab, k: int) -> None:
    label = next(
        one.element.label for one in tab.all("button")
        if one.element.label.startswith(f"**{letter(k).upper()}**")
    )  # fmt: skip
    await tab.press(label)


async def _class(servers: list[Server], room: Room) -> None:
    """Some have answered, some are answering and some have not when the first server dies."""
    first, second = servers
    home = [first if k % 2 else second for k in range(N)]
    who = [f"{k:08x}" for k in range(N)]
    at = lambda k: {"room": room.code, "who": who[k]}  # noqa: E731
    tabs = [await Tab.open(home[k].url, PAGE, at(k)) for k in range(N)]
    wall = await Tab.open(first.url, PAGE, {"room": room.code, "role": "wall"})
    assert f"of {N} have answered" in wall.words()
    await asyncio.gather(*(_answer(tabs[k], k) for k in range(10)))
    acknowledged = set(range(10))

    async def answering(k: int) -> None:
        with suppress(ConnectionClosed, OSError, TimeoutError):
            await _answer(tabs[k], k)
            acknowledged.add(k)

    async def die() -> None:
        await asyncio.sleep(0.05)
        first.process.kill()

    await asyncio.gather(die(), *(answering(k) for k in range(10, 20)))
    first.process.wait(10)
    kept = {a.who: a.said for a in room.answers("predict", 1)}
    assert {who[k] for k in acknowledged} <= kept.keys()
    assert acknowledged >= set(range(10)) | {k for k in range(10, 20) if home[k] is second}
    for k in range(N):  # their browsers go on at the other, with the address that they have
        if home[k] is first:
            tabs[k] = await Tab.open(second.url, PAGE, tabs[k].query or at(k))
            assert ("Your answer is kept" in tabs[k].words()) == (who[k] in kept)
    missing = [k for k in range(N) if who[k] not in kept]
    await asyncio.gather(*(_answer(tabs[k], k) for k in missing))
    wall = await Tab.open(second.url, PAGE, wall.query)
    assert f"### {N} of {N} have answered" in wall.words()
    await wall.press("Show the votes")
    await wall.press("Reveal")
    for k in (0, 1):
        await tabs[k].run()
        assert "answer)*" in tabs[k].words()
    found = {a.who: a.said for a in room.answers("predict", 1)}
    assert found == {who[k]: letter(k) for k in range(N)}
    assert room.n_people() == N
    problems = [problem for tab in (*tabs, wall) for problem in tab.problems]
    assert problems == []
    for tab in (*tabs, wall):
        await tab.close()

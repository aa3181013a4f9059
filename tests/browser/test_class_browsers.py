"""A class of browsers and clients on two servers behind nginx, one of which dies in the middle."""

from __future__ import annotations

import asyncio
import random
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

import pytest
from websockets.exceptions import ConnectionClosed

from tests.benchmarks.following import Window
from tests.benchmarks.tab import Tab
from tests.browser.conftest import PATIENCE
from tests.browser.test_replicas import NAMES, House, home, house
from tests.samples import ROOT, until
from vae_core.lessons import read_lesson
from vae_core.lessons.rooms import Room, Rooms

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

__all__ = ["house"]  # the fixture
pytestmark = [pytest.mark.browser, pytest.mark.grid]

LESSON = ROOT / "assets" / "lessons" / "kl-compares.md"
N_BROWSERS, N_CLIENTS = 6, 24
ALL = N_BROWSERS + N_CLIENTS
SECONDS = 20.0  # in which the clients answer


def test_a_class_of_browsers_loses_nothing_when_a_server_dies(
    house: House, browser: Browser
) -> None:
    room = Rooms(house.servers["one"].runs.parent / "rooms").open(read_lesson(LESSON))
    with ExitStack() as stack, ThreadPoolExecutor() as beside:
        pages = [_window(stack, browser) for _ in range(N_BROWSERS + 1)]
        *students, wall = pages
        for page in students:
            page.goto(f"{house.url}classroom?room={room.code}")
        wall.goto(f"{house.url}classroom?room={room.code}&role=wall")
        for page in students:
            page.get_by_text("Answer by yourself first").wait_for()
        wall.get_by_text(f"0 of {N_BROWSERS} have answered").wait_for()
        assert {home(page) for page in students} == set(NAMES)
        clients = beside.submit(lambda: asyncio.run(_clients(house, room)))
        said = {}
        for k, page in enumerate(students):
            if k == N_BROWSERS // 2:  # the wall's server, too
                dead = home(wall)
                house.servers[dead].process.kill()
            letter = "abc"[k % 3]
            said[_who(page)] = letter
            _say(page, letter)
        said |= clients.result()
        assert len(said) == ALL
        wall.get_by_text(f"{ALL} of {ALL} have answered").wait_for()
        (left,) = set(NAMES) - {dead}
        assert {home(page) for page in pages} == {left}
        wall.get_by_role("button", name="Show the votes").click()
        for page in students:  # nobody touches them
            page.get_by_text("The votes are on the wall").wait_for()
        wall.get_by_role("button", name="Reveal").click()
        for page in students:
            own = page.get_by_text("(your answer)")
            until(lambda own=own: own.count() == 1)  # an option moves as what is right comes in
    assert {a.who: a.said for a in room.answers("predict", 1)} == said
    assert room.n_people() == ALL


def _window(stack: ExitStack, browser: Browser) -> Page:
    """A browser's of its own, as far as cookies go."""
    context = stack.enter_context(browser.new_context(viewport={"width": 390, "height": 844}))
    context.set_default_timeout(PATIENCE)
    return context.new_page()


def _who(page: Page) -> str:
    found = re.search(r"who=([0-9a-f]{8})", page.url)
    assert found
    return found[1]


def _say(page: Page, letter: str) -> None:
    """Press the option until the page says that it is kept: a click may fall into the dying."""
    option = page.locator(".st-key-class-answers button").filter(
        has_text=re.compile(rf"^{letter.upper()} ")
    )

    def kept() -> bool:
        if page.get_by_text("Your answer is kept").count():
            return True
        with suppress(Exception):
            option.click(timeout=1000)
        page.wait_for_timeout(500)
        return False

    until(kept, 60)


async def _clients(house: House, room: Room) -> dict[str, str]:
    """Windows without a browser, half of them at either server; what each has said."""
    urls = [server.url for server in house.servers.values()]
    draw = random.Random(0)
    said: dict[str, str] = {}

    async def one(k: int) -> None:
        who, letter, url = f"{k:08x}", draw.choice("abc"), urls[k % 2]
        query = {"room": room.code, "who": who}
        await asyncio.sleep(draw.uniform(0.0, SECONDS))
        while who not in said:
            with suppress(ConnectionClosed, OSError, EOFError, TimeoutError):
                window = Window(await Tab.open(url, "classroom", query), url)
                await window.look()
                labels = [b.element.label for b in window.tab.all("button")]
                await window.tab.press(
                    next(x for x in labels if x.startswith(f"**{letter.upper()}"))
                )
                if "Your answer is kept" in window.tab.words():
                    said[who] = letter
                await window.close()
            url = urls[1 - urls.index(url)]  # where the first is gone

    await asyncio.gather(*(one(k) for k in range(N_CLIENTS)))
    return said

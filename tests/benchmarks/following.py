"""What windows of a class do by themselves, without the browser: ask for news, and run again.

As `assets/components/follow/follow.js` does it, with one connection that is kept.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from urllib.parse import urlsplit

from tests.benchmarks.tab import PATIENCE, Shown, Tab

LONG = 3600.0  # seconds: who asks more seldom does not poll


class Line:
    """One connection to a server for small questions, opened again where it was closed."""

    def __init__(self, url: str) -> None:
        self.host, self.port = urlsplit(url).hostname or "", urlsplit(url).port
        self.ends: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._lock = asyncio.Lock()

    async def get(self, path: str) -> bytes:
        """The body of an answer. Raises OSError or EOFError where there is none, or no good one."""
        async with self._lock:  # one question after another
            return await self._get(path)

    async def _get(self, path: str) -> bytes:
        was_open = self.ends is not None
        try:
            return await self._ask(path)
        except (OSError, EOFError):
            self.close()
            if not was_open:
                raise
        return await self._ask(path)  # a server closes connections that are idle

    async def _ask(self, path: str) -> bytes:
        if self.ends is None:
            self.ends = await asyncio.open_connection(self.host, self.port)
        reader, writer = self.ends
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {self.host}\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        body = await reader.readexactly(int(head.split("content-length:")[1].split("\r\n")[0]))
        if " 200 " not in head.split("\r\n")[0]:
            raise OSError(f"{path}: {head.splitlines()[0]}")
        return body

    def close(self) -> None:
        """Close it; the next question opens another."""
        if self.ends is not None:
            self.ends[1].close()
        self.ends = None


class Window:
    """A window of a class that follows it by itself.

    Attributes
    ----------
    looks, runs : seconds of every question for news, and of every run that came of one
    lock : held while the page is being answered
    """

    def __init__(self, tab: Tab, url: str) -> None:
        self.tab, self.line = tab, Line(url)
        self.looks: list[float] = []
        self.runs: list[float] = []
        self.lock = asyncio.Lock()
        self._due: dict[str, float] = {}

    async def live(self, end: float) -> None:
        """Look for news, each part of the page at its own times."""
        while time.monotonic() < end:
            for name, every, look in list(self._parts()):
                now = time.monotonic()
                if now >= self._due.setdefault(name, now + every * random.random()):
                    await look()
                    self._due[name] = now + every * random.uniform(0.8, 1.2)
            await asyncio.sleep(0.02)

    async def close(self) -> None:
        """Leave."""
        self.line.close()
        await self.tab.close()

    async def look(self) -> None:
        """Look for news in every part of the page at once."""
        for _, _, look in list(self._parts()):
            await look()

    def _parts(self) -> Iterator[tuple[str, float, Callable[[], Awaitable[None]]]]:
        """Name, interval and one look of each part that follows the class."""
        for one in self.tab.all("bidi_component"):
            if one.element.component_name == "elbo_room.follow":
                told = self.tab.told(one)
                yield one.element.id, told["every"] / 1000, partial(self._ask, one)
        for fragment, every in self.tab.every.items():
            if every < LONG:
                yield fragment, every, partial(self._run, fragment)

    async def _ask(self, part: Shown) -> None:
        told = self.tab.told(part)
        start = time.perf_counter()
        path = "/" + told["address"].lstrip("/")
        text = (await asyncio.wait_for(self.line.get(path), PATIENCE)).decode()
        self.looks.append(time.perf_counter() - start)
        n = len(told["seen"].split())
        if text.split()[:n] != told["seen"].split():
            async with self.lock:
                self.runs.append(await self.tab.choose(part, {"moved": time.monotonic()}))

    async def _run(self, fragment: str) -> None:
        async with self.lock:
            self.runs.append(await self.tab.run(fragment, by_itself=True))

"""What a reader does on the pages, one thing after another, at random."""

from __future__ import annotations

import asyncio
import random
import time
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from websockets.exceptions import ConnectionClosed

from tests.benchmarks.tab import Shown, Tab
from tests.browser.server import Server

CONTROLS = ("selectbox", "button_group", "slider", "checkbox", "number_input")
LONG = ("bounds", "aggregate")  # their controls start work of seconds to a minute


@dataclass
class Log:
    """Seconds of every action by what was done and on which page, and what went wrong."""

    seconds: dict[tuple[str, str], list[float]] = field(default_factory=lambda: defaultdict(list))
    problems: Counter[str] = field(default_factory=Counter)

    def table(self, by_page: bool = False) -> dict[str, list[float]]:
        """Seconds by the kind of action, and all together."""
        rows: dict[str, list[float]] = defaultdict(list)
        for (what, page), seconds in sorted(self.seconds.items()):
            rows[f"{what}, {page or 'overview'}" if by_page else what] += seconds
        return rows | {"all": [s for seconds in self.seconds.values() for s in seconds]}


class Student:
    """One reader, who does one thing after another."""

    def __init__(self, tab: Tab, server: Server, log: Log, seed: int, n_models: int) -> None:
        self.tab, self.server, self.log = tab, server, log
        self.random, self.n_models = random.Random(seed), n_models
        self.fetched: set[str] = set()

    @classmethod
    async def arrive(cls, server: Server, log: Log, seed: int, n_models: int) -> Student:
        """Open the first page."""
        start = time.perf_counter()
        tab = await Tab.open(server.url)
        log.seconds["arrive", ""].append(time.perf_counter() - start)
        student = cls(tab, server, log, seed, n_models)
        await student.settle()
        return student

    async def live(self, seconds: float, every: float) -> None:
        """Act about once in so many seconds; meanwhile the page may ask for its own runs."""
        end = time.monotonic() + seconds
        await asyncio.sleep(self.random.uniform(0, every))
        while (now := time.monotonic()) < end:
            await self.act()
            until = now + every * self.random.uniform(0.5, 1.5)
            while self.tab.every and time.monotonic() + min(self.tab.every.values()) < until:
                await asyncio.sleep(min(self.tab.every.values()))
                for fragment in list(self.tab.every):
                    await self.did("watch", self.tab.run(fragment, by_itself=True))
            await asyncio.sleep(max(0.0, until - time.monotonic()))

    async def did(self, what: str, doing: Any) -> None:
        """Note how long it took, and whatever error was shown."""
        try:
            self.log.seconds[what, self.tab.page].append(await doing)
        except (OSError, TimeoutError, EOFError, ConnectionClosed) as error:
            self.log.problems[f"{what}, {self.tab.page}: not answered, {error!r}"] += 1
        self.log.problems.update(f"{what}, {self.tab.page}: {p}" for p in self.tab.problems)
        self.tab.problems.clear()

    async def act(self) -> None:
        """Mostly what the page is for; now and then another page or model."""
        what = self.random.random()
        controls = [] if self.tab.page in LONG else list(self.controls())
        moving = self.moving()
        if what < 0.1:
            await self.choose_model(self.random.randrange(self.n_models))
        elif what < 0.3 or not (controls or moving):
            await self.visit(self.random.choice(list(self.tab.pages)))
        elif moving and (what < 0.8 or not controls):
            await self.let_go()
        else:
            widget = self.random.choice(controls)
            options = list(self.options(widget))
            await self.did("control", self.tab.choose(widget, self.random.choice(options)))
            await self.settle()

    def moving(self) -> Shown | None:
        """What moves under the finger on this page."""
        return next(filter(None, map(self.tab.component, ("lens", "atlas", "timeline"))), None)

    async def let_go(self) -> None:
        """Let go of it somewhere."""
        if moving := self.moving():
            await self.did("let go", self.tab.choose(moving, self.said(moving)))

    async def work(self, seconds: float) -> None:
        """Move the controls of the page with the longest work, one after another."""
        end = time.monotonic() + seconds
        await self.tab.go_to(LONG[0])
        while time.monotonic() < end:
            widget = self.random.choice(list(self.controls()))
            options = list(self.options(widget))
            await self.did("long work", self.tab.choose(widget, self.random.choice(options)))

    async def visit(self, page: str) -> None:
        """Go to a page."""
        await self.did("page", self.tab.go_to(page))
        await self.settle()

    async def choose_model(self, k: int) -> None:
        """Choose the k-th model in the frame; on the first page, where this one has no box."""
        if (picker := self._picker()) is None:
            await self.visit("")
            picker = self._picker()
        assert picker is not None
        await self.did("model", self.tab.choose(picker, picker.element.options[k]))
        await self.settle()

    def _picker(self) -> Shown | None:
        """The box with the model; pages that show none have it not."""
        boxes = self.tab.all("selectbox")
        return next((w for w in boxes if w.element.query_param_key == "run"), None)

    async def settle(self) -> None:
        """What the page does by itself when a lens came: fetch the model, say where it stands."""
        lens = self.tab.component("lens")
        if lens is None or lens.element.id in self.tab.states:
            return
        address = self.server.url + self.tab.told(lens)["address"].lstrip("/")
        for name in ("model", "posteriors"):
            if (url := address + name) not in self.fetched:  # else the browser has it
                self.fetched.add(url)
                await self.did("fetch", asyncio.to_thread(fetch, url))
        await self.did("lens opens", self.tab.choose(lens, self.said(lens)))

    def controls(self) -> Iterator[Shown]:
        """What can be set on the page, the picker and what offers nothing aside."""
        for widget in self.tab.all(*CONTROLS):
            is_picker = getattr(widget.element, "query_param_key", "") == "run"
            if not (is_picker or widget.element.disabled or not list(self.options(widget))):
                yield widget

    def options(self, widget: Shown) -> Iterator[Any]:
        """Some values that a control can be set to."""
        element = widget.element
        if widget.kind == "selectbox":
            yield from element.options
        elif widget.kind == "button_group":
            yield from ([option.content] for option in element.options)
        elif widget.kind == "checkbox":
            yield from (True, False)
        elif widget.kind == "slider" and element.options:
            yield from ([option] for option in element.options)
        else:
            is_slider = widget.kind == "slider"
            first = element.default[0] if is_slider else element.default
            for value in (first + k * element.step for k in range(-2, 3)):
                if max(element.min, 1) <= value <= element.max:
                    yield [value] if is_slider else value

    def said(self, component: Shown) -> dict[str, Any]:
        """What a component says when it is let go somewhere."""
        told, draw = self.tab.told(component), self.random
        if component.element.component_name.endswith("timeline"):
            ends = {"value": len(told["values"]), "epoch": len(told["epochs"])}
            return {"place": {name: draw.randrange(n) for name, n in ends.items()}}
        if component.element.component_name.endswith("atlas"):
            n = draw.choice((1, 40))
            index = [draw.randrange(told["n"]) for _ in range(n)]
            return {"pick": {"kind": "image" if n == 1 else "lasso", "index": index}}
        size = int(np.prod(told["latent_shape"]))
        low = max(told["family"]["low"], -2.0)
        at = [draw.uniform(low, 2.0) if low < 0 else 1.0 / size for _ in range(size)]
        moved = {"0": round(at[0], 3)}
        return {"state": told["state"] | {"image": draw.randrange(20), "z": moved, "at": at}}


def fetch(url: str) -> float:
    """Get a file; seconds."""
    start = time.perf_counter()
    with urllib.request.urlopen(url, timeout=60) as answer:
        answer.read()
    return time.perf_counter() - start

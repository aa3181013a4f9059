"""Names that files hold, in Chromium: no request leaves, and nothing of theirs is an element."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from pages.ui.drawing.escaping import JOINER
from tests.browser.server import Server, serve
from tests.pages.hostile import change, hostile_runs
from tests.samples import until
from vae_core import Dataset, Run
from vae_core.figures.text import printable

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Open = Callable[..., "Page"]
pytestmark = [pytest.mark.browser, pytest.mark.slow]

ELEMENTS = "form, meter, mark, a[href*='p.png'], img[src*='p.png']"
STYLES = "[...document.querySelectorAll('style')].filter((e) => e.textContent.includes('p.png'))"
CHIPS = ".class-choice"  # with the names of the classes, in the component
PAGES = ("", "posteriors", "train", "runs", "kl?view=By+class", "walks")


class Listener:
    """A server that somebody else runs, which notes whoever comes."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]
        self.came: list[bytes] = []
        Thread(target=self._wait, daemon=True).start()

    def _wait(self) -> None:
        while True:
            try:
                visitor, _ = self.socket.accept()
            except OSError:  # closed
                return
            self.came.append(visitor.recv(200))
            visitor.close()


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    one = Listener()
    yield one
    one.socket.close()


@pytest.fixture(scope="module")
def names(listener: Listener) -> list[str]:
    """Of ten classes."""
    beacon = f"http://127.0.0.1:{listener.port}/p.png"
    return [
        f"![x]({beacon})",
        f"<form action={beacon}><input name=p></form>",
        f"<style>body{{background:url({beacon})}}</style>",
        f"<img src={beacon}><meter>",
        f"[a]({beacon}) <mark>",
        f"{beacon}",
        "**b** __b__ # $x$ `c` :red[d] :smile:",
        "1. one -> two | www.a.org me@a.org",
        "&lt;b&gt; &amp; \\* ~~s~~",
        ":material/home: :streamlit:",
    ]


@pytest.fixture(scope="module")
def run(
    browser: Browser, names: list[str], digits: Dataset, tmp_path_factory: pytest.TempPathFactory
) -> Run:
    """One of a sweep whose classes have such names, beside damaged folders that quote them."""
    runs = hostile_runs(tmp_path_factory.mktemp("hostile") / "runs", digits)
    for one in runs:
        change(one.path / "data.json", class_names=names)
    root = runs[0].path.parent
    change(root / "__EVIL__-0" / "config.json", name="".join(names[:3]))
    change(root / "__EVIL__-1" / "config.json", **{names[0] + names[3]: 1})
    return runs[0]


@pytest.fixture(scope="module")
def hostile_server(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve(tmp_path_factory.mktemp("server"), runs=Path(run.path.parent)) as running:
        yield running


@pytest.mark.parametrize("path", PAGES)
def test_no_name_is_more_than_text(
    path: str, run: Run, listener: Listener, hostile_server: Server, open_page: Open
) -> None:
    sign = "&" if "?" in path else "?"
    page = open_page("about:blank", shared=True)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{hostile_server.url}{path}{sign}run={run.title}+·+{run.id[-6:]}")
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    if path.partition("?")[0] not in ("train", "runs"):  # which show no model
        box = page.get_by_label("Model").first
        until(lambda: box.input_value().startswith(run.title), 60)
    if path == "train":
        page.get_by_text("Unfinished runs").click()
    main = page.locator("[data-testid=stMain]")
    shown = page.locator(CHIPS).last if path == "posteriors" else main
    until(lambda: "127.0.0.1" in shown.inner_text().replace(JOINER, ""), 60)
    page.wait_for_timeout(500)  # for what a beacon would ask
    assert listener.came == []
    other = ("data:", "blob:", "about:", hostile_server.url)
    assert [address for address in asked if not address.startswith(other)] == []
    assert page.locator(ELEMENTS).count() == 0
    assert page.evaluate(STYLES) == []


def test_names_look_as_they_are(
    run: Run, names: list[str], hostile_server: Server, open_page: Open
) -> None:
    address = f"{hostile_server.url}posteriors?run={run.title}+·+{run.id[-6:]}"
    page = open_page(address, shared=True)
    chips = page.locator(f"{CHIPS} .chip")
    until(lambda: chips.count() == 1 + len(names), 60)  # the first one is for all of them
    looks = [chips.nth(1 + k).inner_text().replace(JOINER, "").strip() for k in range(len(names))]
    assert looks == [printable(name) for name in names]

"""One browser and one server for all tests here. Without Chromium they are skipped, except in CI.

Fixtures of the package, not of the whole test run: Playwright keeps an event loop in this
thread, which has to be gone before other tests want one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.server import CHROMIUM, FLAGS, Server, serve
from tests.samples import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

PATIENCE = 90_000  # milliseconds; the machine may be training


def without(reason: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        without("Playwright's Python package is not installed")
    if not Path(CHROMIUM).exists():
        without(f"there is no {CHROMIUM}: set CHROMIUM to a Chromium's path")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="package")
def server(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve(tmp_path_factory.mktemp("server")) as running:
        yield running


@contextmanager
def lens_site(browser: Browser) -> Iterator[tuple[Page, list[str]]]:
    """A page of a site that holds assets/components, and what it has complained of."""
    page = browser.new_page()
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))

    def answer(route: Any) -> None:
        name = route.request.url.removeprefix("http://lens.test/")
        if name.endswith(".js"):
            route.fulfill(
                path=ROOT / "assets" / "components" / name, content_type="text/javascript"
            )
        else:
            route.fulfill(body="<!doctype html><title>lens</title>", content_type="text/html")

    page.route("http://lens.test/**", answer)
    page.goto("http://lens.test/")
    yield page, complaints
    page.close()


@pytest.fixture(scope="package")
def shared_site(browser: Browser) -> Iterator[tuple[Page, list[str]]]:
    with lens_site(browser) as site:
        yield site


@pytest.fixture
def modules(shared_site: tuple[Page, list[str]], request: pytest.FixtureRequest) -> Iterator[Page]:
    """An empty page, on which the modules of assets/components can be imported by themselves.

    `modules.evaluate("async (x) => (await import('/model/engine.js')).f(x)", x)`. The tests of a
    file with `KEEPS_PAGE = True` compute and put nothing on the page: they are on the same one,
    which has imported their modules.
    """
    page, complaints = shared_site
    complaints.clear()
    file = request.path.name if getattr(request.module, "KEEPS_PAGE", False) else ""
    if not file or page.title() != file:
        page.goto("http://lens.test/")
        page.evaluate("(file) => { document.title = file; }", file)
    page.bring_to_front()  # a page behind another draws no frames
    yield page
    assert complaints == []


@pytest.fixture
def own_modules(browser: Browser) -> Iterator[Page]:
    """The same, for a test that changes what a page is: its screen, or how it is touched."""
    with lens_site(browser) as (page, complaints):
        yield page
        assert complaints == []


@pytest.fixture(scope="package")
def windows(browser: Browser) -> Iterator[Callable[[bool], Page]]:
    """A window with a mouse, and one that is touched, for tests that need none of their own.

    What they have fetched and compiled, they keep.
    """
    with ExitStack() as stack:

        @cache
        def window(has_touch: bool) -> Page:
            context = stack.enter_context(browser.new_context(has_touch=has_touch))
            context.set_default_timeout(PATIENCE)
            return context.new_page()

        yield window


@pytest.fixture
def open_page(browser: Browser, windows: Callable[[bool], Page]) -> Iterator[Callable[..., Page]]:
    """Open an address in a new window, or in a shared one, which is several times as fast.

    A second page of a shared window, in one test, is another tab of it. What the pages have stored
    in it is gone with the test. Afterwards the browser must have had nothing to complain of.

    The only messages passed over are 404s of `<page>/_stcore/health` and `host-config`:
    Streamlit's own client asks for them below the page's address before it asks at the root.
    """
    complaints: list[str] = []
    opened: list[Page | BrowserContext] = []
    taken: list[Page] = []

    def note(message: Any) -> None:
        own = ("/_stcore/health", "/_stcore/host-config")
        known = "404" in message.text and message.location["url"].endswith(own)
        if message.type == "error" and not known:
            complaints.append(f"{message.text} {message.location['url']}")

    def note_error(error: Any) -> None:
        complaints.append(str(error))

    def open_at(
        address: str,
        size: tuple[int, int] = (1440, 900),
        shared: bool = False,
        color_scheme: Any = "light",
        has_touch: bool = False,
        **options: Any,
    ) -> Page:
        seen: ViewportSize = {"width": size[0], "height": size[1]}
        if shared:
            assert not options, "what a window is may differ in a window of its own"
            window = windows(has_touch)
            page = window.context.new_page() if window in taken else window
            (opened if window in taken else taken).append(page)
            page.set_viewport_size(seen)
            page.emulate_media(color_scheme=color_scheme, reduced_motion="null")
        else:
            context = browser.new_context(
                viewport=seen, color_scheme=color_scheme, has_touch=has_touch, **options
            )
            context.set_default_timeout(PATIENCE)
            page = context.new_page()
            opened.append(context)
        page.on("console", note)
        page.on("pageerror", note_error)
        page.goto(address)
        return page

    yield open_at
    for one in opened:
        one.close()
    for window in taken:
        window.unroute_all()
        window.mouse.move(0, 0)
        if window.url.startswith("http"):
            window.evaluate("localStorage.clear(); sessionStorage.clear()")
        window.context.clear_cookies()
        window.goto("about:blank")
        window.remove_listener("console", note)
        window.remove_listener("pageerror", note_error)
    assert complaints == []

"""Behind a proxy, and in another site's frame: all addresses are below the page's own."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import without
from tests.browser.server import Server, free_port, serve, wait_for
from tests.browser.test_app import settled
from tests.browser.test_replicas import NGINX

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Open = Callable[..., "Page"]
pytestmark = [pytest.mark.browser, pytest.mark.slow]

KEPT, STRIPPED, NOTEBOOK = "elbo", "room/elbo", "user/ada/proxy/8501"
CONF = """
daemon off;
pid nginx.pid;
error_log error.log;
events {{}}
http {{
  map $http_upgrade $connection_header {{ default upgrade; "" ""; }}
  proxy_http_version 1.1;
  proxy_set_header Host $http_host;
  proxy_set_header Upgrade $http_upgrade;
  proxy_set_header Connection $connection_header;
  server {{
    listen 127.0.0.1:{port};
    access_log off;
    location /{kept}/ {{ proxy_pass {below}; }}
    location /{stripped}/ {{ proxy_pass {root}; }}
    location /{notebook}/ {{ proxy_pass {root}; }}
    location /framed {{ default_type text/html; return 200 "<iframe src='{root}train' width=1200 height=800></iframe>"; }}
    location = /favicon.ico {{ return 204; }}
    location / {{ return 404 "nothing here"; }}
  }}
}}
"""  # noqa: E501
PLACES = [  # every page at one of them, the first page at all
    *((KEPT, page) for page in ("", "projection?run=Digits+feature+map", "time-machine")),
    *((STRIPPED, page) for page in ("",)),
    *((NOTEBOOK, page) for page in ("",)),
]
PAGES = {
    "": ".lens.ready canvas[aria-label=decoded]",
    "projection?run=Digits+feature+map": ".atlas.ready .stage",
    "time-machine": ".timeline.ready, .time-machine.ready",
}


@pytest.fixture(scope="module")
def site(
    browser: Browser, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A site of somebody else's with the app at three of its addresses; nothing at its root."""
    if NGINX is None:
        without("nginx is not installed")
    folder = tmp_path_factory.mktemp("site")
    with ExitStack() as stack:
        based = stack.enter_context(
            serve(folder / "based", "--server.baseUrlPath", KEPT, base=f"{KEPT}/")
        )
        port = free_port()
        names = {"kept": KEPT, "stripped": STRIPPED, "notebook": NOTEBOOK}
        below = based.url.removesuffix(f"/{KEPT}/")
        (folder / "nginx.conf").write_text(
            CONF.format(port=port, below=below, root=server.url, **names)
        )
        nginx = subprocess.Popen(
            [NGINX, "-p", folder, "-c", folder / "nginx.conf"], stderr=subprocess.DEVNULL
        )
        try:
            wait_for(f"http://127.0.0.1:{port}/{KEPT}/_stcore/health", nginx)
            yield f"http://127.0.0.1:{port}/"
        finally:
            nginx.terminate()
            nginx.wait(10)


@pytest.mark.parametrize(("prefix", "path"), PLACES)
def test_components_find_their_files_below_the_pages_own_address(
    prefix: str, path: str, site: str, open_page: Open
) -> None:
    asked: list[str] = []
    page = open_page("about:blank", shared=True)
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{site}{prefix}/{path}")
    settled(page, PAGES[path])
    files = [url for url in asked if "/lens/" in url]
    assert files
    assert all(url.startswith(f"{site}{prefix}/lens/") for url in files)


def test_in_the_frame_of_another_site_uploads_are_explained(
    site: str, server: Server, open_page: Open
) -> None:
    page = open_page("about:blank", shared=True)
    page.goto(f"{site.replace('127.0.0.1', 'localhost')}framed")
    frame = page.frame_locator("iframe")
    frame.get_by_text("Open a model file").click()
    frame.get_by_text("does not send here").wait_for()
    window = frame.get_by_role("link", name="window of its own")
    assert window.get_attribute("href") == f"{server.url}train"
    assert window.get_attribute("target") == "_blank"
    page.goto(f"{server.url}train")  # alone
    settled(page, "button[kind=primary]")
    page.get_by_text("Open a model file").click()
    page.get_by_text("or its path on the machine").wait_for()
    assert not page.get_by_text("does not send here").count()

"""Two servers behind nginx, by the file that ships: what a reader does stays with one of them."""

from __future__ import annotations

import re
import shutil
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pages.ui.train.open_file import MEGABYTES
from tests.browser.conftest import without
from tests.browser.server import Server, free_port, serve, wait_for
from tests.browser.test_app import CHART, DECODED, chosen_model, settled, turn_to
from tests.samples import ROOT, until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Open = Callable[..., "Page"]
pytestmark = [pytest.mark.browser, pytest.mark.slow]

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/bin:/opt/homebrew/bin")
WEIGHTS = ROOT / "assets" / "models" / "digits-2d" / "weights.safetensors"
NAMES = ("one", "two")


@dataclass(frozen=True)
class House:
    """Two servers with one folder of runs, and the address they share."""

    port: int
    servers: dict[str, Server]
    log: Path

    @property
    def url(self) -> str:
        """By a name, as from another machine: servers let their own addresses do more."""
        return f"http://room.localhost:{self.port}/"

    def answered(self) -> list[str]:
        """Which server answered, for every request that nginx has seen end."""
        ports = {server.url[:-1].rpartition(":")[2]: n for n, server in self.servers.items()}
        return [ports[port] for port in re.findall(r":(\d+) \d+ [\d.]+ \"", self.log.read_text())]


@pytest.fixture(scope="module")
def house(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Once for all tests here, of which the last one kills a server."""
    if NGINX is None:
        without("nginx is not installed")
    folder = tmp_path_factory.mktemp("house")
    with ExitStack() as stack, ThreadPoolExecutor() as both:
        start = lambda name: stack.enter_context(serve(folder / name, runs=folder / "runs"))  # noqa: E731
        servers = dict(zip(NAMES, both.map(start, NAMES), strict=True))
        port = free_port()
        ports = {"8500": str(port)} | {
            shipped: server.url[:-1].rpartition(":")[2]
            for shipped, server in zip(("8501", "8502"), servers.values(), strict=True)
        }
        shipped = (ROOT / "deploy" / "nginx.conf").read_text()
        assert set(re.findall(r"\b85\d\d\b", shipped)) == set(ports)
        conf = folder / "nginx.conf"
        conf.write_text(re.sub(r"\b85\d\d\b", lambda found: ports[found[0]], shipped))
        nginx = subprocess.Popen([NGINX, "-p", folder, "-c", conf], stderr=subprocess.DEVNULL)
        try:
            wait_for(f"http://127.0.0.1:{port}/_stcore/health", nginx)
            log = folder / "access.log"
            until(lambda: bool(log.read_text()))  # that we asked is no reader's doing
            yield House(port, servers, log)
        finally:
            nginx.terminate()
            nginx.wait(10)


def home(page: Page) -> str:
    """The server that the browser is told to keep to."""
    kept = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    return kept["elbo_room"]


def open_model_file(page: Page) -> None:
    """Upload weights on the Train page, and make a run of them."""
    page.get_by_text("Open a model file").click()
    page.locator("input[type=file]").set_input_files(WEIGHTS)
    page.get_by_text("weights.safetensors").wait_for()
    page.get_by_role("button", name="Open the model").click()
    page.get_by_text("is open: it is now the chosen model").wait_for()


def choose(page: Page, label: str) -> None:
    page.get_by_label("Model").first.click()
    page.get_by_role("option", name=label).click()
    page.get_by_text("64 pixels become").wait_for()


def test_a_reader_keeps_to_one_server_and_the_next_one_has_the_other(
    house: House, open_page: Open
) -> None:
    before = len(house.answered())
    page = open_page(house.url)
    settled(page, DECODED)
    choose(page, "Digits 2-D")
    page.reload()
    settled(page, DECODED)
    turn_to(page, "KL", "Measure")
    settled(page, CHART)
    assert chosen_model(page) == "Digits 2-D"
    answered = house.answered()[before:]
    assert len(answered) > 100  # scripts and fonts, the lens and its models, a session's end
    assert set(answered) == {home(page)}
    another = open_page(house.url + "kl")
    settled(another, CHART)
    assert {home(page), home(another)} == set(NAMES) == set(house.answered())


def test_what_is_uploaded_to_one_server_is_offered_by_the_other(
    house: House, open_page: Open
) -> None:
    here = open_page(house.url + "train")
    settled(here, "button[kind=primary]")
    open_model_file(here)
    turn_to(here, "KL", "Measure")
    settled(here, CHART)
    there = open_page(house.url + "kl")
    settled(there, CHART)
    assert home(there) != home(here)
    choose(there, chosen_model(here))
    until(lambda: chosen_model(there) == chosen_model(here))
    settled(there, CHART)


@pytest.mark.parametrize(("megabytes", "passes"), [(MEGABYTES, True), (MEGABYTES + 2, False)])
def test_an_upload_may_be_as_large_as_the_app_takes(
    megabytes: int, passes: bool, house: House
) -> None:
    connection = HTTPConnection("127.0.0.1", house.port, timeout=10)
    connection.putrequest("PUT", "/_stcore/upload_file/nobody/nothing")
    connection.putheader("Content-Length", str(megabytes * 2**20 + 1000))  # with its envelope
    connection.endheaders()
    status = connection.getresponse().status
    connection.close()
    assert (status == 413) != passes
    assert status in (403, 413)  # who has no token is refused by the app


def test_readers_of_a_server_that_dies_go_on_at_the_other(house: House, browser: Browser) -> None:
    """With the address and the cookies that they have; uploads need one of these."""
    with browser.new_context() as context:  # its browser complains of the loss
        page = context.new_page()
        page.goto(house.url + "kl?run=MNIST+20-D")
        settled(page, CHART)
        dead = home(page)
        (left,) = set(NAMES) - {dead}
        house.servers[dead].process.kill()
        until(lambda: home(page) == left, 20)
        settled(page, CHART)
        assert chosen_model(page) == "MNIST 20-D"
        turn_to(page, "New model", "Train")
        settled(page, "button[kind=primary]")
        open_model_file(page)
        turn_to(page, "KL", "Measure")
        settled(page, CHART)
    before = len(house.answered())
    for _ in range(4):  # newcomers, where they are told to stay
        with urllib.request.urlopen(f"http://127.0.0.1:{house.port}/") as answer:
            assert answer.headers["Set-Cookie"].startswith(f"elbo_room={left};")
    assert set(house.answered()[before:]) == {left}

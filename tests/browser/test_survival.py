"""Training outlives what happens to windows, workers and servers, all of them real."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import PATIENCE
from tests.browser.server import Server, serve
from tests.browser.test_app import start_long_training
from tests.samples import pid_of, until
from vae_core import Run, RunStore, load_dataset
from vae_core.jobs import HEARTBEAT

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Open = Callable[..., "Page"]
pytestmark = [pytest.mark.browser, pytest.mark.slow]
LONGEST_STOP = 10.0  # seconds


def the_run(server: Server) -> Run:
    (entry,) = RunStore(server.runs).list()
    assert entry.run
    return entry.run


def grows(run: Run) -> None:
    """Training is going on: it comes two epochs farther."""
    before = len(run.history())
    until(lambda: len(run.history()) >= before + 2)


def go_on(page: Page, run: Run) -> None:
    page.get_by_role("button", name="Go on").click()
    page.get_by_test_id("stMain").get_by_role("button", name="Stop").wait_for()
    grows(run)


def test_training_outlives_windows_a_killed_worker_and_a_killed_server(
    browser: Browser, open_page: Open, tmp_path: Path
) -> None:
    with serve(tmp_path) as server:
        page = open_page(server.url + "train")
        start_long_training(page)
        until(lambda: the_run(server).has_model)
        run = the_run(server)
        page.context.close()  # the tab is closed
        grows(run)
        page = open_page(server.url + "train")
        page.get_by_test_id("stMain").get_by_role("button", name="Stop").wait_for()
        os.kill(pid_of(run), signal.SIGKILL)
        page.get_by_text("Its process was killed.").wait_for()
        go_on(page, run)
        pid = pid_of(run)
        page.context.close()
        assert pid in server.children()
        server.process.kill()
        server.process.wait()
        until(lambda: not server.left(), 30)
    (entry,) = RunStore(server.runs).list()
    assert entry.status == "unfinished"
    # A page of its own, which complains of its loss.
    with serve(tmp_path, is_copy=False) as server, browser.new_page() as page:
        page.goto(server.url + "train")
        page.get_by_text("Unfinished runs (1)").click(timeout=PATIENCE)
        go_on(page, run)
        pid = pid_of(run)
        assert pid in server.children()
        assert server.interrupt() < LONGEST_STOP  # with training and a window that stays open
        until(lambda: not server.left(), 30)  # with the server go the helpers of Python's own
    (entry,) = RunStore(server.runs).list()
    assert entry.status == "unfinished"
    assert not (run.path / HEARTBEAT).exists()
    state = run.state()
    assert state
    record = next(run.train(load_dataset(run.config.data)))  # from where it was
    assert record.epoch == state.epoch + 1

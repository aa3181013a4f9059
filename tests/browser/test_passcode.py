"""A server with a secrets file: the passcode opens it, and then a run can be deleted for good."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.server import serve
from tests.browser.test_app import settled, turn_to
from tests.samples import until
from vae_core import Run

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PASSCODE = "room 14, second desk"
SECRETS = f'ELBO_ROOM_PASSCODE = "{PASSCODE}"\nELBO_ROOM_MAX_EPOCHS = 59\n'


def give(page: Page, passcode: str) -> None:
    box = page.get_by_label("Passcode", exact=True).locator("visible=true").first
    box.fill(passcode)
    box.press("Enter")


def test_the_passcode_of_a_secrets_file_opens_the_server(
    browser: Browser, open_page: Callable[..., Page], finished_run: Run, tmp_path: Path
) -> None:
    (tmp_path / "secrets.toml").write_text(SECRETS)
    kept = shutil.copytree(finished_run.path, tmp_path / "runs" / finished_run.id)
    with serve(tmp_path, "--secrets.files", str(tmp_path / "secrets.toml")) as server:
        page = open_page(server.url + "train", shared=True)
        page.get_by_text("Training on this server needs the teacher's passcode.").wait_for()
        give(page, PASSCODE.upper())
        page.get_by_text("That is not the passcode.").wait_for()
        give(page, PASSCODE)
        page.get_by_text("epochs: this server trains at most 59; got 60.").wait_for()
        turn_to(page, "Runs", "Train")
        table = settled(page, "[data-testid=stDataFrame] canvas").bounding_box()
        assert table
        page.mouse.click(table["x"] + 16, table["y"] + 54)  # the first row, at its left
        page.get_by_role("button", name="Delete …").click()
        assert kept.exists()
        page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        page.get_by_text("1 run is deleted").wait_for()
        until(lambda: page.get_by_role("dialog").count() == 0)
        assert list((tmp_path / "runs").iterdir()) == []
        assert "room" not in page.url.partition("?")[2]
        page.goto("about:blank")  # before the server ends, of which it would complain
    assert PASSCODE not in (tmp_path / "log.txt").read_text()

"""Training in the page, from a file on disk and without a network."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pages.ui.components import training_file
from tests.samples import until
from vae_core import DataConfig, RunStore, load_dataset
from vae_core.runs.model_file import import_model, read_model_file

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def alone(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    file = tmp_path_factory.mktemp("training") / "training.html"
    file.write_bytes(training_file.html())
    complaints: list[str] = []
    context = browser.new_context(offline=True, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(file.as_uri())
    page.wait_for_selector(".training.ready")
    yield page
    context.close()
    assert complaints == []


def choose(page: Page, label: str, value: str) -> None:
    page.get_by_label(label, exact=True).select_option(value)


def status(page: Page) -> tuple[int, float]:
    """Step and epoch."""
    text = page.locator(".status").inner_text()
    found = re.match(r"Step (\d+), epoch ([\d.]+)", text)
    assert found, text
    return int(found[1]), float(found[2])


def score(page: Page) -> tuple[float, float]:
    """Negative ELBO of the test rows, and its standard error, once they are measured."""

    found: list[float] = []

    def is_measured() -> bool:
        rows = page.locator(".ledger tr").all_inner_texts()[-2:]
        with suppress(ValueError):  # a dash, until it is
            found[:] = [float(row.split("\t")[1].replace("−", "-")) for row in rows]
        return bool(found)

    until(is_measured)
    value, error = found
    return value, error


def test_digits_are_trained_and_the_model_is_opened_by_the_library(
    alone: Page, tmp_path: Path
) -> None:
    choose(alone, "Epochs", "10")
    before, _ = score(alone)
    alone.get_by_role("button", name="One step").click()
    until(lambda: status(alone)[0] == 1)
    alone.get_by_role("button", name="Train", exact=True).click()
    until(lambda: status(alone) == (120, 10.0), 60)
    after, error = score(alone)
    assert after < before - 10

    with alone.expect_download() as download:
        alone.get_by_role("button", name="Save the model").click()
    path = tmp_path / "model.safetensors"
    download.value.save_as(path)
    run = import_model(
        read_model_file(path), RunStore(tmp_path / "runs"), load_dataset(DataConfig())
    )
    assert run.metrics().negative_elbo == pytest.approx(after, abs=4 * error)
    assert (run.config.train.epochs, run.config.model.hidden) == (10, (128,))

    alone.get_by_role("button", name="Start over").click()
    until(lambda: status(alone)[0] == 0)
    assert score(alone)[0] == pytest.approx(before, abs=1)


def test_points_that_are_drawn_by_hand_are_trained_on(alone: Page) -> None:
    choose(alone, "Data", "drawn")
    train = alone.get_by_role("button", name="Train", exact=True)
    until(train.is_disabled)
    plane = alone.get_by_label("x on the plane of the data")
    box = plane.bounding_box()
    assert box
    alone.mouse.move(box["x"] + 150, box["y"] + 150)
    alone.mouse.down()
    alone.mouse.move(box["x"] + 300, box["y"] + 250, steps=40)
    alone.mouse.up()
    until(lambda: train.is_enabled())
    assert "scored on themselves" in alone.locator(".numbers .note").first.inner_text()
    before, _ = score(alone)
    train.click()
    until(lambda: score(alone)[0] < before - 0.5, 60)
    alone.get_by_role("button", name="Pause").click()
    alone.get_by_role("button", name="Clear the points").click()
    until(lambda: train.is_disabled())

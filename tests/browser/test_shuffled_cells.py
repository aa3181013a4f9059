"""Cells of a feature map in another order: the picture changes, the KL does not."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
import torch

from tests.browser.server import Server
from tests.browser.test_lens import DIGITS_MAP, address_of, open_lens, picture
from tests.samples import ROOT, until
from vae_core import DataConfig, RunStore, load_dataset
from vae_core.analysis import cell_order

if TYPE_CHECKING:
    from playwright.sync_api import Page

Open = Callable[..., "Page"]
pytestmark = [pytest.mark.browser, pytest.mark.slow]


def said(page: Page) -> list[float]:
    """KL and −log p(x|z) below the cells."""
    text = page.locator(".shuffle .note").inner_text()
    return [float(number.replace("−", "-")) for number in re.findall(r"−?\d+\.\d+", text)]


def test_shuffled_cells_change_the_picture_and_not_the_kl(server: Server, open_page: Open) -> None:
    """Both numbers are those of the same order of cells in torch, before and after a reload."""
    run = RunStore(ROOT / "assets" / "models").load("digits-map")
    x = load_dataset(DataConfig("digits")).test.batch(slice(0, 1))
    codes, vae = run.codes(), run.vae()
    z = codes.mean[:1]
    order = cell_order(math.prod(z.shape[1:-1]))

    def nats(at: torch.Tensor) -> list[float]:
        with torch.no_grad():
            return [float(codes.rate[0]), -float(vae.decode(at).log_prob(x))]

    plain = pytest.approx(nats(z), abs=0.02)
    shuffled = pytest.approx(nats(z.flatten(1, 2)[:, order].reshape(z.shape)), abs=0.02)
    page = open_lens(open_page, server.url + DIGITS_MAP)
    until(lambda: said(page) == plain)
    start, cells = picture(page), page.locator("button.cell").all_inner_texts()
    page.get_by_role("button", name="Shuffle cells").click()
    until(lambda: address_of(page).get("shuffled") == "1")
    until(lambda: said(page) == shuffled)
    assert picture(page) != start
    there = page.locator("button.cell").all_inner_texts()
    assert there == [cells[k] for k in order.tolist()]
    page.reload()
    page.wait_for_selector(".lens.ready")
    until(lambda: said(page) == shuffled)
    page.get_by_role("button", name="Undo the shuffle").click()
    until(lambda: said(page) == plain)
    until(lambda: "shuffled" not in address_of(page))
    assert picture(page) == start

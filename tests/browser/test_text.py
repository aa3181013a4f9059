"""Numbers as the page writes them: parts that add up as vae_core has them, and no minus zero."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from vae_core.decimals import adding_up

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser]


def test_page_and_package_round_parts_alike(modules: Page) -> None:
    dice = random.Random(0)
    many = [[dice.gauss(0, 90) for _ in range(dice.randint(1, 6))] for _ in range(300)]
    got = modules.evaluate(
        """async (many) => {
          const {addingUp} = await import('/page/text.js');
          return many.map((parts) => addingUp(parts, 2));
        }""",
        many,
    )
    for parts, rounded in zip(many, got, strict=True):
        assert rounded == pytest.approx(adding_up(parts, 2), abs=1e-9)


def test_a_total_that_is_printed_already_is_met(modules: Page) -> None:
    got = modules.evaluate(
        "async () => (await import('/page/text.js')).addingUp([3.566, 3.566], 2, 7.14)"
    )
    assert got == [3.57, 3.57]


def test_no_zero_has_a_sign(modules: Page) -> None:
    got = modules.evaluate(
        """async () => {
          const {nats, signed} = await import('/page/text.js');
          return [nats(-0.001), signed(-0, 1), signed(-1e-9, 2), nats(-0.006)];
        }"""
    )
    assert got == ["0.00", "0.0", "0.00", "−0.01"]

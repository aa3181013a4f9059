"""The receptive field that the page outlines holds just the pixels that a cell changes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
import torch

from tests.browser.test_engine import SMALL
from vae_core import build_vae
from vae_core.browser.graph import graph
from vae_core.vae import VAE

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser]


def reaches(modules: Page, vae: VAE) -> Callable[[int, int], Any]:
    """Ask the page which pixels a cell can reach, as vae_core wrote it into the graph."""

    def of(row: int, column: int) -> Any:
        return modules.evaluate(
            """async ([{decoder_field, image_shape}, cell]) =>
              (await import('/model/receptive_field.js'))
                .boxOfCell(decoder_field, cell, image_shape)""",
            [json.loads(json.dumps(graph(vae))), [row, column]],
        )

    return of


@pytest.mark.parametrize("name", ["mlp-map", "conv-map", "colour"])
def test_a_cell_reaches_the_pixels_that_it_changes(name: str, modules: Page) -> None:
    config, image = SMALL[name]
    vae, ask = build_vae(config, image, seed=1).double(), reaches(modules, build_vae(config, image))
    h, w, _ = config.latent_shape
    random = torch.Generator().manual_seed(0)
    for row in range(h):
        for column in range(w):
            changed = torch.zeros(image, dtype=torch.bool)
            for _ in range(20):  # ReLUs hide some of it each time
                z = torch.randn(1, *config.latent_shape, generator=random).double()
                moved = z.clone()
                moved[:, row, column] += 3.0 * torch.randn(1, generator=random)
                with torch.no_grad():
                    changed |= ((vae.decoder(moved) - vae.decoder(z))[0] != 0)[: image[0]]
            rows, columns = (changed.any(0).any(axis).nonzero() for axis in (1, 0))
            box = {"top": rows.min(), "bottom": rows.max()}
            box |= {"left": columns.min(), "right": columns.max()}
            assert {side: int(v) for side, v in box.items()} == ask(row, column)

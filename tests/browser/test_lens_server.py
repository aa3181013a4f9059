"""The lens and its server: what is decoded there, and what is no answer of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from pages.ui.server import routes
from tests.browser.server import Server
from tests.browser.test_lens import DIGITS, PLANE, centre, picture
from tests.samples import until
from vae_core import (
    DataConfig,
    ModelConfig,
    RunConfig,
    RunStore,
    TrainConfig,
    load_dataset,
)

if TYPE_CHECKING:
    from playwright.sync_api import Page

Open = Callable[..., "Page"]
pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_model_too_large_for_the_page_is_decoded_by_the_server(
    server: Server, open_page: Open
) -> None:
    model = ModelConfig(hidden=(2900, 2900), latent_shape=(2,))
    config = RunConfig(DataConfig("digits", limit=64), model, TrainConfig(epochs=1), "Too large")
    run = RunStore(server.runs).create(config)
    for _ in run.train(load_dataset(config.data)):
        pass
    asked: list[str] = []
    page = open_page("about:blank", shared=True)
    page.on("request", lambda r: asked.append(r.url) if r.method == "POST" else None)
    page.goto(f"{server.url}?run=Too+large+·+{run.id[-6:]}")
    page.wait_for_selector(".lens.ready")
    page.get_by_text("The server decodes").wait_for()
    until(lambda: any(url.endswith("/decode") for url in asked))
    page.wait_for_timeout(500)
    before = picture(page)
    x, y = centre(page.locator(PLANE))
    page.mouse.click(x + 90, y - 90)
    until(lambda: picture(page) != before)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"body": "half", "content_type": routes.BYTES}, "expected a safetensors file; got"),
        (
            {"body": "<html>a proxy's page</html>", "content_type": "text/html"},
            "Another server answered in place of ELBO Room (status 200). A proxy must pass",
        ),
        (
            {"body": "nothing here", "content_type": "application/octet-stream"},
            "Another server answered in place of ELBO Room (status 200). A proxy must pass",
        ),
    ],
)
def test_a_model_that_does_not_arrive_is_said_so_in_our_words(
    server: Server, open_page: Open, answer: dict[str, Any], said: str
) -> None:
    page = open_page("about:blank", shared=True)
    page.route("**/lens/**", lambda route: route.fulfill(**answer))
    page.goto(server.url + DIGITS)
    page.get_by_text(said).wait_for()
    assert not page.get_by_text("a proxy's page").or_(page.get_by_text("nothing here")).count()

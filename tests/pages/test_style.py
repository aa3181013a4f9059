"""The frame's style is in the document; the view for a projector is in the address."""

from __future__ import annotations

import asyncio
import tomllib
from pathlib import Path

import pytest
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import Message
from streamlit.testing.v1 import AppTest

from pages.ui.server import modules
from pages.ui.server.style import Styled
from pages.ui.session.paths import ROOT
from vae_core.figures.theme import contrast

STYLE = "p {color: red}"


def asked(
    response: Response, accept: str = "text/html,*/*", links: str = ""
) -> tuple[dict[str, str], str]:
    """Headers and text of an answer, as they come through."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request"}

    headers = [(b"accept", accept.encode())]
    scope = {"type": "http", "method": "GET", "path": "/", "headers": headers}
    asyncio.run(Styled(response, STYLE, links)(scope, receive, send))
    answered = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return answered, b"".join(message["body"] for message in sent[1:]).decode()


def test_a_document_comes_with_its_style() -> None:
    headers, text = asked(HTMLResponse("<body>here", headers={"etag": "old"}))
    assert text == f"<body><style>{STYLE}</style>here"
    assert headers["content-length"] == str(len(text))
    assert "etag" not in headers  # it is that of the file without the style


@pytest.mark.parametrize(
    ("kind", "accept"), [(PlainTextResponse, "text/html"), (HTMLResponse, "*/*")]
)
def test_other_answers_are_passed_on(kind: type[Response], accept: str) -> None:
    headers, text = asked(kind("<body>as it is", headers={"etag": "kept"}), accept)
    assert (text, headers["etag"]) == ("<body>as it is", "kept")


def test_the_theme_can_be_switched_and_its_buttons_read() -> None:
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert config["client"]["toolbarMode"] == "viewer"
    for scheme in ("light", "dark"):
        assert contrast("#ffffff", config["theme"][scheme]["primaryColor"]) >= 4.5


def view() -> None:
    from pages.ui.session import projector

    projector.apply()
    projector.offer()


def test_the_projector_view_is_in_the_address_until_it_is_ended() -> None:
    page = AppTest.from_function(view).run()
    assert "projector" not in page.query_params
    page.button(key="projector-button").click().run()
    assert "1" in page.query_params["projector"]
    del page.query_params["projector"]  # as a menu does, which leads to another page
    page.run()
    assert "1" in page.query_params["projector"]
    page.button(key="projector-button").click().run()
    assert "projector" not in page.query_params


def test_a_link_opens_the_projector_view() -> None:
    page = AppTest.from_function(view)
    page.query_params["projector"] = "1"
    assert page.run().button(key="projector-button").label == "End projector view"


def test_what_every_page_draws_with_is_asked_for_with_the_document() -> None:
    """All that these modules import, and nothing twice; of Streamlit as it is installed."""
    names = modules.early()
    assert {name.partition(".")[0] for name in names} >= {"BidiComponent", "Selectbox"}
    assert len(names) == len(set(names)) < 60
    assert not any(name.startswith("PlotlyChart") for name in names)
    document = (modules.STATIC / "index.html").read_text(encoding="utf-8")
    assert not any(name in document for name in names)
    assert 'src="./static/js/' in document  # addressed as the document does
    headers, text = asked(HTMLResponse("<body>here"), links=modules.links())
    assert text.startswith('<body><link rel="modulepreload" crossorigin href="./static/js/')
    assert headers["content-length"] == str(len(text))


def test_of_another_streamlit_nothing_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "static" / "js").mkdir(parents=True)
    (tmp_path / "index.html").write_text("<body>", encoding="utf-8")
    assert modules.links(tmp_path) == ""

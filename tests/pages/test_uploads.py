"""Uploads: refused where the session may not, bounded where it may."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from starlette.types import Message, Receive, Scope, Send

from pages.ui.server.uploads import MAX_BYTES, Uploads

stored: list[str] = []


async def streamlit(scope: Scope, receive: Receive, send: Send) -> None:
    """Stands for the app: it takes whatever comes."""
    stored.append(f"{scope['method']} {scope['path']}")
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture
def uploads() -> Uploads:
    stored.clear()
    return Uploads(streamlit, lambda session: session != "stranger")


def ask(app: Uploads, method: str, path: str, n_bytes: int | None = 10) -> int:
    """The status of the answer; the body is never read here."""
    length = [] if n_bytes is None else [(b"content-length", str(n_bytes).encode())]
    sent: list[Message] = []

    async def receive() -> Message:
        raise AssertionError("the body is read")

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "headers": length}
    asyncio.run(app(scope, receive, send))
    status: int = sent[0]["status"]
    return status


def file(session: str, name: str, base: str = "") -> str:
    return f"{base}/_stcore/upload_file/{session}/{name}"


@pytest.mark.parametrize("base", ["", "/elbo"])
def test_a_session_that_may_not_upload_stores_nothing(uploads: Uploads, base: str) -> None:
    assert ask(uploads, "PUT", file("stranger", "a", base)) == 403
    assert stored == []
    assert ask(uploads, "PUT", file("pupil", "a", base)) == 204
    assert len(stored) == 1


def test_a_session_has_so_much_room_and_gets_it_back(uploads: Uploads) -> None:
    half = MAX_BYTES // 2
    put: Callable[[str, int], int] = lambda name, n: ask(uploads, "PUT", file("pupil", name), n)  # noqa: E731
    assert [put("a", half), put("b", half), put("c", half)] == [204, 204, 413]
    assert put("b", half) == 204  # in the place of the one that is there
    assert ask(uploads, "PUT", file("another", "c"), half) == 204
    assert ask(uploads, "DELETE", file("pupil", "a")) == 204
    assert put("c", half) == 204


@pytest.mark.parametrize("n_bytes", [None, 10**15, MAX_BYTES + (1 << 20)])
def test_what_does_not_say_that_it_fits_is_refused(uploads: Uploads, n_bytes: int | None) -> None:
    assert ask(uploads, "PUT", file("pupil", "a"), n_bytes) == 413
    assert stored == []


@pytest.mark.parametrize("path", ["/", "/_stcore/health", "/_stcore/upload_file/pupil"])
def test_all_else_passes(uploads: Uploads, path: str) -> None:
    assert ask(uploads, "GET", path) == ask(uploads, "PUT", path) == 204

"""The style sheet of the frame, in the document itself: nothing moves when it comes.

What a script gives Streamlit as a style arrives after the first elements, and all of these
jump to where they belong.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY = b"<body>"  # after the styles that Streamlit puts into the head, so that ours hold
OF_THE_FILE = {b"content-length", b"etag", b"last-modified", b"accept-ranges"}


class Styled:
    """Middleware around the app.

    Parameters
    ----------
    app : ASGI app
    style : str
        CSS, for every document.
    links : str
        Elements that stand before it.
    """

    def __init__(self, app: ASGIApp, style: str, links: str = "") -> None:
        self.app, self.style = app, f"{links}<style>{style}</style>".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on everything, documents with the style."""
        if scope["type"] != "http" or scope["method"] != "GET" or not _wants_document(scope):
            await self.app(scope, receive, send)
            return
        start: Message | None = None
        parts: list[bytes] = []

        async def note(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and _is_document(message):
                start = message
            elif start is None:
                await send(message)
            elif message["type"] == "http.response.body":
                parts.append(message.get("body", b""))
                if not message.get("more_body"):
                    await self._send(start, b"".join(parts), send)

        await self.app(_for_the_whole(scope), receive, note)

    async def _send(self, start: MutableMapping[str, Any], body: bytes, send: Send) -> None:
        body = body.replace(BODY, BODY + self.style, 1)
        kept = [(name, value) for name, value in start["headers"] if name not in OF_THE_FILE]
        length = (b"content-length", str(len(body)).encode())
        await send({**start, "headers": [*kept, length]})
        await send({"type": "http.response.body", "body": body})


def _wants_document(scope: Scope) -> bool:
    return b"text/html" in dict(scope["headers"]).get(b"accept", b"")


def _is_document(start: Message) -> bool:
    headers = dict(start["headers"])
    is_html = headers.get(b"content-type", b"").startswith(b"text/html")
    return start["status"] == 200 and is_html and b"content-encoding" not in headers


def _for_the_whole(scope: Scope) -> Scope:
    """The same question, but for neither a part, a packed answer nor "not modified"."""
    asked = {b"accept-encoding", b"range", b"if-none-match", b"if-modified-since"}
    return {**scope, "headers": [(k, v) for k, v in scope["headers"] if k not in asked]}

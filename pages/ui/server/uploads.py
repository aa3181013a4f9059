"""Uploads: refused before they are stored where the session may not, and bounded for each session.

Streamlit takes a file for any session that asks, whatever its page shows, and keeps it until the
session ends.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from threading import Lock

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

ADDRESS = re.compile(r"/_stcore/upload_file/([^/]+)/([^/]+)/?$")  # Streamlit's own
MAX_BYTES = 450 << 20  # that one session has here: two of the largest files, in their envelopes
SPARE = 1 << 16  # bytes of an envelope


class Uploads:
    """Middleware around the app.

    Parameters
    ----------
    app : ASGI app
    may : callable
        Whether the session of this id may upload.
    """

    def __init__(self, app: ASGIApp, may: Callable[[str], bool]) -> None:
        self.app, self.may = app, may
        self._kept: dict[str, dict[str, int]] = {}  # bytes of every file of every session
        self._lock = Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on everything but uploads that may not be."""
        method = scope.get("method")
        found = ADDRESS.search(scope.get("path", "")) if scope["type"] == "http" else None
        if not found or method not in ("PUT", "DELETE"):
            await self.app(scope, receive, send)
            return
        session, file = found.groups()
        if method == "DELETE":
            with self._lock:
                self._kept.get(session, {}).pop(file, None)
            await self.app(scope, receive, send)
            return
        if not self.may(session):
            await _refuse(403, "Uploading needs the passcode.", scope, receive, send)
            return
        if not self._has_room(session, file, _length(scope)):
            said = f"This page may have {MAX_BYTES >> 20} MB of uploads. Remove a file first."
            await _refuse(413, said, scope, receive, send)
            return
        await self._store(session, file, scope, receive, send)

    def _has_room(self, session: str, file: str, n_bytes: int | None) -> bool:
        with self._lock:
            others = sum(n for one, n in self._kept.get(session, {}).items() if one != file)
        return n_bytes is not None and others + n_bytes <= MAX_BYTES + SPARE

    async def _store(
        self, session: str, file: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        async def note(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] < 300:
                with self._lock:
                    self._kept.setdefault(session, {})[file] = _length(scope) or 0
                    while len(self._kept) > 10_000:
                        self._kept.pop(next(iter(self._kept)))
            await send(message)

        await self.app(scope, receive, note)


def _length(scope: Scope) -> int | None:
    """What the request says it holds; None where it does not."""
    text = dict(scope["headers"]).get(b"content-length", b"")
    return int(text) if text.isdigit() and len(text) < 16 else None


async def _refuse(status: int, text: str, scope: Scope, receive: Receive, send: Send) -> None:
    await Response(text, status, media_type="text/plain")(scope, receive, send)

"""Routes from which components fetch bytes: models, codes, images, answers.

Addresses name their content, so a browser fetches each of them once, and lie below the page's own,
whatever is before it. Only what a page has offered can be had. An offer is small, for it says how
its content is made, and lasts as long as a server usually does; contents are kept as far as there
is room for them, and made again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from threading import Lock

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from vae_core.errors import VAECoreError

Answer = tuple[int, Callable[[bytes], bytes]]  # bytes of a request, and the function of it

MAX_OFFERS = 4_000  # a kilobyte each, coordinates of a projection 160
MAX_BYTES = 32 << 20  # of contents that are kept
BYTES = "application/vnd.elbo-room"  # a type of our own: a page knows what others have answered
SENTENCE = "text/vnd.elbo-room; charset=utf-8"
FOR_GOOD = {"Cache-Control": "private, max-age=31536000, immutable"}
NEVER_KEPT = {"Cache-Control": "no-store"}
NOT_OFFERED = "This is not offered any more. Load the page again."


@dataclass(frozen=True)
class Offer:
    """Files to fetch, and functions that compute answers.

    They hold on to a run or a config rather than to what is read from it.

    Attributes
    ----------
    files : what makes the bytes of a file, by its name
    images : from a number to the bytes of an image, None when there is no such number
    answers : functions of a request of known length, by name
    news : what makes a text that changes, by its name; it is asked for again and again
    """

    files: Mapping[str, Callable[[], bytes]] = field(default_factory=dict)
    images: Callable[[int], bytes | None] = lambda _: None
    answers: Mapping[str, Answer] = field(default_factory=dict)
    news: Mapping[str, Callable[[], bytes]] = field(default_factory=dict)


NOTHING = Offer()


class _Contents:
    """Bytes by name, the most recent ones that there is room for."""

    def __init__(self, room: int) -> None:
        self.room, self._kept, self._lock = room, OrderedDict[str, bytes](), Lock()

    def get(self, name: str, make: Callable[[], bytes]) -> bytes:
        """What is kept, or else made now, and kept."""
        with self._lock:
            content = self._kept.get(name)
        if content is None:
            content = make()
        with self._lock:
            self._kept[name] = content
            self._kept.move_to_end(name)
            while sum(map(len, self._kept.values())) > self.room and len(self._kept) > 1:
                self._kept.popitem(last=False)
        return content


_offers: OrderedDict[str, Offer] = OrderedDict()
_contents = _Contents(MAX_BYTES)
_lock = Lock()


def offer(key: str, make: Callable[[], Offer]) -> str:
    """Make something available under a key that names its content.

    Returns its address below the page's own, which ends in /.
    """
    with _lock:
        if key not in _offers:
            _offers[key] = make()
        _offers.move_to_end(key)
        while len(_offers) > MAX_OFFERS:
            _offers.popitem(last=False)
    return f"lens/{key}/"


def _found(request: Request) -> Offer:
    """What the address names; it is kept for longer now."""
    key: str = request.path_params["key"]
    with _lock:
        if key in _offers:
            _offers.move_to_end(key)
        return _offers.get(key, NOTHING)


async def _file(request: Request) -> Response:
    key, name = request.path_params["key"], request.path_params["name"]
    offered = _found(request)
    if now := offered.news.get(name):
        return Response(await run_in_threadpool(now), media_type=BYTES, headers=NEVER_KEPT)
    make = offered.files.get(name)
    return await _bytes(partial(_contents.get, f"{key}/{name}", make) if make else None)


async def _image(request: Request) -> Response:
    index: str = request.path_params["index"]
    is_number = index.isascii() and index.isdecimal() and len(index) < 9
    return await _bytes(partial(_found(request).images, int(index)) if is_number else None)


async def _bytes(make: Callable[[], bytes | None] | None) -> Response:
    try:
        content = await run_in_threadpool(make) if make else None
    except VAECoreError as error:  # the run may have been deleted meanwhile
        return _sentence(f"{error} Load the page again.", 404)
    if content is None:
        return _sentence(NOT_OFFERED, 404)
    return Response(content, media_type=BYTES, headers=FOR_GOOD)


def _sentence(text: str, status: int) -> Response:
    return Response(text, status, media_type=SENTENCE)


async def _answer(request: Request) -> Response:
    answer = _found(request).answers.get(request.path_params["name"])
    if answer is None:
        return await _bytes(None)
    size, respond = answer
    question = b""
    try:
        async for chunk in request.stream():  # never more of it than can be right
            question += chunk
            if len(question) > size:
                break
    except ClientDisconnect:  # nobody is there to be answered
        return Response(status_code=400)
    if len(question) != size:
        return _sentence(f"Expected {size} bytes: {size // 4} float32 numbers.", 422)
    try:
        content = await run_in_threadpool(respond, question)
    except VAECoreError as error:
        return _sentence(f"{error} Load the page again.", 404)
    return Response(content, media_type=BYTES)


def below(base: str) -> list[Route]:
    """The routes at the server's root, and below the path that Streamlit is told it has."""
    roots = dict.fromkeys(("", base.strip("/") and f"/{base.strip('/')}"))
    return [
        route
        for root in roots
        for route in (
            Route(f"{root}/lens/{{key}}/images/{{index}}", _image),
            Route(f"{root}/lens/{{key}}/{{name}}", _file),
            Route(f"{root}/lens/{{key}}/{{name}}", _answer, methods=["POST"]),
        )
    ]

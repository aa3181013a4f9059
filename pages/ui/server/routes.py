"""Routes from which components fetch bytes: models, codes, images, answers.

Addresses name their content, so a browser fetches each of them once. Only what a page has
offered can be had; the most recent offers are kept.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from threading import Lock

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

Answer = tuple[int, Callable[[bytes], bytes]]  # bytes of a request, and the function of it

MAX_OFFERS = 32
FOR_GOOD = {"Cache-Control": "private, max-age=31536000, immutable"}


@dataclass(frozen=True)
class Offer:
    """Files to fetch, and functions that compute answers.

    Attributes
    ----------
    files : what makes the bytes of a file, by its name
    images : from a number to the bytes of an image, None when there is no such number
    answers : functions of a request of known length, by name
    """

    files: Mapping[str, Callable[[], bytes]] = field(default_factory=dict)
    images: Callable[[int], bytes | None] = lambda _: None
    answers: Mapping[str, Answer] = field(default_factory=dict)


NOTHING = Offer()

_offers: OrderedDict[str, Offer] = OrderedDict()
_lock = Lock()


def offer(key: str, make: Callable[[], Offer]) -> str:
    """Make something available under a key that names its content; returns its address."""
    with _lock:
        if key not in _offers:
            _offers[key] = make()
        _offers.move_to_end(key)
        while len(_offers) > MAX_OFFERS:
            _offers.popitem(last=False)
    return f"/lens/{key}/"


async def _file(request: Request) -> Response:
    found = _offers.get(request.path_params["key"], NOTHING)
    return await _bytes(found.files.get(request.path_params["name"]))


async def _image(request: Request) -> Response:
    found = _offers.get(request.path_params["key"], NOTHING)
    index: str = request.path_params["index"]
    is_number = index.isdecimal() and len(index) < 9
    return await _bytes(partial(found.images, int(index)) if is_number else None)


async def _bytes(make: Callable[[], bytes | None] | None) -> Response:
    content = await run_in_threadpool(make) if make else None
    if content is None:
        return PlainTextResponse("This is not offered any more. Load the page again.", 404)
    return Response(content, media_type="application/octet-stream", headers=FOR_GOOD)


async def _answer(request: Request) -> Response:
    found = _offers.get(request.path_params["key"], NOTHING)
    answer = found.answers.get(request.path_params["name"])
    if answer is None:
        return await _bytes(None)
    size, respond = answer
    question = b""
    async for chunk in request.stream():  # never more of it than can be right
        question += chunk
        if len(question) > size:
            break
    if len(question) != size:
        return PlainTextResponse(f"Expected {size} bytes: {size // 4} float32 numbers.", 422)
    content = await run_in_threadpool(respond, question)
    return Response(content, media_type="application/octet-stream")


ROUTES = [
    Route("/lens/{key}/images/{index}", _image),
    Route("/lens/{key}/{name}", _file),
    Route("/lens/{key}/{name}", _answer, methods=["POST"]),
]

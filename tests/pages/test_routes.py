"""What the lens can fetch: what was offered, whole and once; nothing else."""

from __future__ import annotations

import asyncio
from functools import partial
from itertools import count
from typing import Any

import pytest
from starlette.applications import Starlette

from pages.ui.server import routes
from pages.ui.server.routes import Offer
from tests.pages.app import fetch
from vae_core.errors import RunError

EIGHT = bytes(range(8))
names = (f"test-{k}" for k in count())  # what is offered stays offered


def letters() -> str:
    """The address of two files, two images and a question of eight bytes."""
    pictures = {0: b"zero", 1: b"one"}
    offer = Offer(
        files={"a": lambda: b"first", "b": lambda: b""},
        images=pictures.get,
        answers={"turn": (8, lambda question: question[::-1])},
    )
    return routes.offer(next(names), lambda: offer)


@pytest.mark.parametrize(
    ("name", "content"),
    [("a", b"first"), ("b", b""), ("images/0", b"zero"), ("images/1", b"one")],
)
def test_what_is_offered_comes_whole_and_may_be_kept_for_good(name: str, content: bytes) -> None:
    answer = fetch(letters() + name)
    assert answer.status == 200
    assert answer.content == content
    assert answer.headers["content-type"] == routes.BYTES
    kept = answer.headers["cache-control"]
    assert "immutable" in kept
    assert "max-age=31536000" in kept


@pytest.mark.parametrize("name", ["c", "turn", "images/2", "images/" + 30 * "9"])
def test_what_is_not_offered_is_said_in_a_sentence(name: str) -> None:
    answer = fetch(letters() + name)
    assert answer.status == 404
    assert answer.content.decode() == "This is not offered any more. Load the page again."
    assert "cache-control" not in answer.headers


@pytest.mark.parametrize("name", ["a", "images/0"])
def test_nothing_is_had_of_what_was_never_offered(name: str) -> None:
    answer = fetch(f"lens/nobody/{name}")
    assert answer.status == 404
    assert answer.content.decode().endswith("Load the page again.")
    assert fetch("lens/nobody/turn", EIGHT).status == 404


@pytest.mark.parametrize("name", ["images/-1", "images/one", "images/1.0", "", "a/b"])
def test_an_address_that_cannot_be_is_not_found(name: str) -> None:
    assert fetch(letters() + name).status == 404


@pytest.mark.parametrize("pieces", [(EIGHT,), (EIGHT[:3], EIGHT[3:]), (b"", EIGHT, b"")])
def test_a_question_is_answered_in_however_many_pieces_it_comes(pieces: tuple[bytes, ...]) -> None:
    answer = fetch(letters() + "turn", *pieces)
    assert answer.status == 200
    assert answer.content == EIGHT[::-1]
    assert "cache-control" not in answer.headers


@pytest.mark.parametrize("question", [b"", EIGHT[:7], EIGHT + b"!"])
def test_a_question_of_the_wrong_size_is_told_the_right_one(question: bytes) -> None:
    answer = fetch(letters() + "turn", question)
    assert answer.status == 422
    assert answer.content.decode() == "Expected 8 bytes: 2 float32 numbers."


def test_a_question_that_is_too_long_is_not_read_to_its_end() -> None:
    answer = fetch(letters() + "turn", *[EIGHT] * 1000)
    assert answer.status == 422
    assert answer.pieces == 2


def test_a_file_is_no_answer_and_an_answer_no_file() -> None:
    address = letters()
    assert fetch(address + "a", EIGHT).status == 404
    assert fetch(address + "turn").status == 404
    assert fetch(address + "images/0", EIGHT).status == 405


def test_a_client_that_leaves_in_the_middle_of_its_question_is_no_error() -> None:
    """Else each of them would leave a traceback in the log."""
    path = f"/{letters()}turn"
    events = [
        {"type": "http.request", "body": EIGHT[:3], "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return events.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": path, "headers": []}
    asyncio.run(Starlette(routes=routes.below(""))(scope, receive, send))
    assert not events
    assert sent[0]["status"] == 400


def test_what_was_offered_to_a_class_with_a_hundred_models_stays() -> None:
    first = letters()
    for _ in range(100 * 3):  # a model, its images and a projection of each
        letters()
    assert fetch(first + "a").status == 200


def test_what_was_asked_for_longest_ago_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "MAX_OFFERS", 3)
    first, second = letters(), letters()
    assert fetch(first + "a").status == 200
    letters()
    letters()
    assert fetch(first + "a").status == 200
    assert fetch(second + "a").status == 404


def test_contents_are_made_once_and_kept_while_there_is_room() -> None:
    made = []

    def make(name: str) -> bytes:
        made.append(name)
        return bytes(4)

    contents = routes._Contents(room=10)
    for name in ("a", "b", "a", "c", "a", "b"):
        assert contents.get(name, partial(make, name)) == bytes(4)
    assert made == ["a", "b", "c", "b"]


@pytest.mark.parametrize("base", ["elbo", "/elbo/", "user/x/proxy/8501"])
def test_what_is_offered_is_found_at_the_root_and_below_the_servers_own_path(base: str) -> None:
    address = letters()
    for path in (address, f"{base.strip('/')}/{address}"):
        assert fetch(path + "a", base=base).content == b"first"
        assert fetch(path + "images/1", base=base).content == b"one"
        assert fetch(path + "turn", EIGHT, base=base).content == EIGHT[::-1]
    assert fetch(f"other/{address}a", base=base).status == 404


def test_a_run_that_was_deleted_meanwhile_is_said_so() -> None:
    def gone(*_: object) -> bytes:
        raise RunError("runs/x: there is no such run; it may have been deleted.")

    offer = Offer({"a": gone}, gone, {"turn": (8, gone)})
    address = routes.offer(next(names), lambda: offer)
    for answer in (
        fetch(address + "a"),
        fetch(address + "images/0"),
        fetch(address + "turn", EIGHT),
    ):
        assert (answer.status, answer.headers["content-type"]) == (404, routes.SENTENCE)
        assert answer.content.decode().endswith("been deleted. Load the page again.")


def test_news_is_made_anew_for_each_who_asks_and_never_kept() -> None:
    counted = count()
    offer = Offer(news={"news": lambda: str(next(counted)).encode()})
    address = routes.offer(next(names), lambda: offer)
    for number in range(3):
        answer = fetch(address + "news")
        assert (answer.status, answer.content) == (200, str(number).encode())
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-type"] == routes.BYTES


def test_offering_again_keeps_it_and_does_not_make_it_anew() -> None:
    name, made = next(names), []

    def make() -> Offer:
        made.append(name)
        return Offer({"a": lambda: b"kept"})

    address = routes.offer(name, make)
    for _ in range(100):
        letters()
        assert routes.offer(name, make) == address
        assert fetch(address + "a").content == b"kept"
    assert len(made) == 1

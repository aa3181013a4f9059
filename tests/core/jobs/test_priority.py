"""Who has which cores, and who goes first."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from vae_core import ConfigError
from vae_core.jobs import local_process, new_queue, priority

MINE = priority.CORES
TWO = frozenset(sorted(MINE)[:2])

pytestmark = pytest.mark.skipif(len(TWO) < 2, reason="one core, or the system chooses itself")


def allowed() -> set[int]:
    return os.sched_getaffinity(0)


def after(*steps: Callable[[], object]) -> set[int]:
    """The cores of a thread that has done this."""
    with ThreadPoolExecutor(1) as thread:
        for step in steps:
            thread.submit(step).result()
        return thread.submit(allowed).result()


@pytest.fixture(autouse=True)
def _two(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine of two cores, both unclaimed: names that no server asks for stand for them."""
    claims: list[socket.socket] = []
    monkeypatch.setattr(priority, "_claims", claims)
    monkeypatch.setattr(priority, "NAME", f"\0elbo-room-test-{os.getpid()}-%d")
    monkeypatch.setattr(priority, "CORES", TWO)
    yield
    for claim in claims:
        claim.close()


def test_each_server_of_a_machine_stays_on_a_core_of_its_own() -> None:
    first, second = after(priority.pin_to_one_core), after(priority.pin_to_one_core)
    assert (len(first), len(second), first | second) == (1, 1, TWO)
    assert after(priority.pin_to_one_core) == MINE  # a third goes where there is room
    priority._claims.pop(0).close()
    assert after(priority.pin_to_one_core) == first


def test_with_other_numbers_of_cores_nobody_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    for others in (frozenset[int](), frozenset(sorted(TWO)[:1]), TWO | {max(TWO) + 1}):
        monkeypatch.setattr(priority, "CORES", others)
        assert after(priority.pin_to_one_core) == MINE
    assert not priority._claims


def test_what_a_thread_starts_stays_with_it_unless_it_is_let_go() -> None:
    def started() -> set[int]:
        said = subprocess.run(
            [sys.executable, "-c", "import os; print(*os.sched_getaffinity(0))"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return set(map(int, said.stdout.split()))

    def both() -> list[set[int]]:
        priority.pin_to_one_core()
        before = started()
        with priority.on_all_cores():
            let_go = started()
        return [before, let_go, started(), allowed()]

    with ThreadPoolExecutor(1) as thread:
        started_before, let_go, started_after, own = thread.submit(both).result()
    assert len(own) == 1
    assert started_before == started_after == own
    assert let_go == TWO


@pytest.mark.slow
@pytest.mark.parametrize(("asked", "nice"), [("", priority.NICEST), ("7", 7), ("0", 0)])
def test_training_gives_way_and_has_every_core(
    asked: str, nice: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(priority.NICE, asked)

    def training() -> tuple[set[int], int]:
        priority.pin_to_one_core()
        with local_process() as process:
            had = process.submit(os.sched_getaffinity, 0).result()
            return had, process.submit(os.getpriority, os.PRIO_PROCESS, 0).result()

    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(training).result() == (TWO, nice)


@pytest.mark.parametrize("asked", ["20", "-1", "very", "1e1"])
def test_an_absurd_priority_is_one_sentence(asked: str) -> None:
    with pytest.raises(ConfigError, match=f"from 0 \\(not at all\\) to 19; got '{asked}'"):
        new_queue({priority.NICE: asked})

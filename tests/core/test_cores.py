"""Who has which cores, and who goes first."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from vae_core import cores
from vae_core.jobs import local_process

pytestmark = pytest.mark.skipif(not cores.HAS_CORES, reason="this system keeps cores to itself")

MINE = set(cores.CORES)
TWO = frozenset(sorted(MINE)[:2])
needs_two = pytest.mark.skipif(len(MINE) < 2, reason="this machine has one core")


def allowed() -> set[int]:
    return os.sched_getaffinity(0)


def after(*steps: object) -> set[int]:
    """The cores of a thread that has done this."""
    with ThreadPoolExecutor(1) as thread:
        return [thread.submit(step).result() for step in (*steps, allowed)][-1]  # type: ignore[arg-type]


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """A machine of two cores, both unclaimed: names that no server asks for stand for them."""
    claims: list[socket.socket] = []
    monkeypatch.setattr(cores, "_claims", claims)
    monkeypatch.setattr(cores, "NAME", f"\0elbo-room-test-{os.getpid()}-%d")
    monkeypatch.setattr(cores, "CORES", TWO)
    yield sorted(TWO)
    for claim in claims:
        claim.close()


@needs_two
def test_each_server_of_a_machine_stays_on_a_core_of_its_own(two: list[int]) -> None:
    first, second = two
    assert after(cores.stay_on_one) == {first}
    assert after(cores.stay_on_one) == {second}
    assert after(cores.stay_on_one) == MINE  # a third goes where there is room
    cores._claims.pop(0).close()
    assert after(cores.stay_on_one) == {first}


@needs_two
def test_with_other_numbers_of_cores_nobody_stays(
    two: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for others in (frozenset(two[:1]), frozenset({*two, 2, 3, 4})):
        monkeypatch.setattr(cores, "CORES", others)
        assert after(cores.stay_on_one) == MINE
    assert not cores._claims


@needs_two
def test_what_a_thread_starts_stays_with_it_unless_it_is_let_go(two: list[int]) -> None:
    def started() -> set[int]:
        said = subprocess.run(
            [sys.executable, "-c", "import os; print(*os.sched_getaffinity(0))"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return set(map(int, said.stdout.split()))

    def both() -> list[set[int]]:
        cores.stay_on_one()
        before = started()
        with cores.on_all():
            let_go = started()
        return [before, let_go, started(), allowed()]

    with ThreadPoolExecutor(1) as thread:
        one = {two[0]}
        assert thread.submit(both).result() == [one, set(TWO), one, one]
    assert after(cores.stay_on_one, cores.use_all) == set(TWO)


@needs_two
@pytest.mark.slow
def test_training_gives_way_and_has_every_core(two: list[int]) -> None:
    def training() -> tuple[set[int], int]:
        cores.stay_on_one()
        with local_process() as process:
            had = process.submit(os.sched_getaffinity, 0).result()
            return had, process.submit(os.getpriority, os.PRIO_PROCESS, 0).result()

    niceness = min(19, os.getpriority(os.PRIO_PROCESS, 0) + cores.NICE)  # 19 is the most
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(training).result() == (set(TWO), niceness)

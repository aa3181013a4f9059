"""The list of deliberate mistakes is of the code as it is now."""

from __future__ import annotations

import pytest

from tests.benchmarks.fault_list import FAULTS
from tests.benchmarks.faults import ROOT, place_of, sources_of, tracked


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="in a copy a mistake has been made")
def test_every_mistake_can_be_made_at_one_place_and_has_its_tests() -> None:
    sources = sources_of(tracked())
    for fault in FAULTS:
        file, line = place_of(fault, sources)  # which ends unless it is there once
        assert line > 0, file
        for test in fault.tests:
            name, _, function = test.partition("::")
            assert f"def {function.partition('[')[0]}" in (ROOT / name).read_text(), test


def test_a_mistake_that_is_nowhere_is_said_so() -> None:
    with pytest.raises(SystemExit, match="it occurs 0 times: nowhere"):
        place_of(FAULTS[0], {"a.py": "nothing of it"})
    with pytest.raises(SystemExit, match=r"it occurs 2 times: a\.py, b\.py"):
        place_of(FAULTS[0], {name: FAULTS[0].old for name in ("a.py", "b.py")})

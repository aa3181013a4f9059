"""How many cases there are of each kind."""

from __future__ import annotations

import pytest


@pytest.fixture
def times(request: pytest.FixtureRequest) -> int:
    """How many times as many cases as usual."""
    return int(request.config.getoption("--campaign") or 1)

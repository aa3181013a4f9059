"""What the server frees goes back to the system."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.samples import ROOT

CODE = """
from pages.ui.server.memory import return_freed
size = lambda: int(open("/proc/self/statm").read().split()[1]) * 4096 / 2**20
assert return_freed()
kept = []
for round in range(3):  # by itself, glibc takes what is as large as this from its heap from then on
    blocks = [bytes([1]) * (3 << 20) for _ in range(30)]
    kept.append(bytes([1]) * 1000)
    before = size()
    del blocks
print(before - size())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="a matter of glibc")
def test_what_is_freed_goes_back() -> None:
    ended = subprocess.run([sys.executable, "-c", CODE], cwd=ROOT, capture_output=True, text=True)
    assert float(ended.stdout) > 85, ended.stderr

"""Text files are UTF-8, whatever the system writes by default."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.samples import ROOT

EVERYTHING = """
import sys, warnings
from pathlib import Path

warnings.filterwarnings("error", category=EncodingWarning, module=r"(vae_core|pages)(\\.|$)")

from pages.ui.components import atlas, lens, lens_file, save, time_machine
from vae_core import RunStore
from vae_core.__main__ import main

root = Path(sys.argv[1])
runs = ("--runs", str(root / "runs"))
tiny = ("--limit", "40", "--hidden", "4", "--threads", "1", "--epochs", "2", "--keep-epochs", "1")
assert main(["train", *tiny, *runs]) == 0
(entry,) = RunStore(root / "runs").list()
for to in ("a.zip", "small"):
    assert main(["export", entry.id, "--to", str(root / to), *runs]) == 0
assert main(["project", entry.id, "--to", str(root / "plane.safetensors"), *runs]) == 0
assert main(["import", str(root / "small" / "weights.safetensors"), *runs]) == 0
assert main(["show", entry.id, *runs]) == main(["list", *runs]) == 0
for component in (lens.LENS, atlas.ATLAS, time_machine.TIMELINE):
    assert component.script() and component.style()
assert lens_file.html(entry.run, None)
"""


@pytest.mark.slow
def test_no_text_is_read_or_written_by_the_systems_encoding(tmp_path: Path) -> None:
    command = [sys.executable, "-X", "warn_default_encoding", "-c", EVERYTHING, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]

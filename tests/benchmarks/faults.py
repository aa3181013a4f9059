"""How many of sixty deliberate mistakes do the tests notice?

    python -m tests.benchmarks.faults [--only AREA|INDEX ...] [--json FILE] [--all]

Makes the mistakes of fault_list, one at a time, in a copy of the tracked files, and runs the
tests about its module there until one fails; with --all, the whole suite when none of these does.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks.fault_list import AREAS, FAULTS, Fault

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 1800  # seconds, after which tests count as failing: a mistake has made them hang
# Imported once, before the process that runs a fault's tests is forked: what takes the longest.
HEAVY = (
    *("torch", "streamlit.testing.v1", "plotly.graph_objects", "sklearn.manifold", "scipy.stats"),
    *("pytest", "hypothesis", "beartype", "jaxtyping._pytest_plugin", "xdist.plugin"),
    *("xdist.looponfail", "xdist.remote", "xdist.scheduler", "playwright.sync_api"),
)
OPTIONS = ("-q", "-n", "0", "-p", "no:cacheprovider", "-W", "ignore:Module already imported")


class Verdict(NamedTuple):
    """The first test that failed, or None; and how long it took to know."""

    number: int
    area: str
    file: str
    line: int
    noticed_by: str | None
    seconds: float


def tracked() -> list[str]:
    """The files that belong to the project."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z"]
    names = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [name for name in names.split("\0") if name and (ROOT / name).is_file()]


def place_of(fault: Fault, sources: dict[str, str]) -> tuple[str, int]:
    """File and line of a fault's snippet. Exits with a message unless it is there once."""
    found = [name for name, text in sources.items() for _ in range(text.count(fault.old))]
    if len(found) != 1:
        where = ", ".join(found) or "nowhere"
        sys.exit(f"{fault.old!r} should occur once; it occurs {len(found)} times: {where}.")
    text = sources[found[0]]
    return found[0], text[: text.index(fault.old)].count("\n") + 1


def sources_of(names: list[str]) -> dict[str, str]:
    """The text of those files in which a fault may be."""
    return {
        name: (ROOT / name).read_text()
        for name in names
        if name.endswith((".py", ".js")) and not name.startswith("tests/")
    }


def _pytest(tree: Path, options: tuple[str, ...], said: Path) -> None:
    """In a process of its own: run tests on the code of a tree."""
    os.setsid()
    with said.open("w", encoding="utf-8") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    os.chdir(tree)
    sys.path[:] = [str(tree), *(path for path in sys.path if path not in ("", str(ROOT)))]
    for name in [name for name in sys.modules if name.partition(".")[0] == "tests"]:
        del sys.modules[name]
    code = int(importlib.import_module("pytest").main([*OPTIONS, *options]))
    sys.stdout.flush()
    os._exit(code)


def failing(tree: Path, *options: str) -> list[str]:
    """Those that fail of the tests that pytest is asked for."""
    said = tree.with_name("said.txt")
    fork = multiprocessing.get_context("fork")
    process = fork.Process(target=_pytest, args=(tree, options, said))
    process.start()
    process.join(PATIENCE)
    if process.is_alive():
        os.killpg(process.pid or 0, signal.SIGKILL)
        return [options[-1]]  # they did not end
    lines = [line.partition(" ") for line in said.read_text().splitlines()]
    failed = [rest for kind, _, rest in lines if kind in ("FAILED", "ERROR")]
    found = [rest.partition(" - ")[0] for rest in failed if rest.startswith("tests/")]
    if process.exitcode and not found:
        sys.exit(f"pytest does not say which test fails:\n{said.read_text()[-3000:]}")
    return found


def judge(number: int, file: str, line: int, tree: Path, is_thorough: bool) -> Verdict:
    """Make a fault, run tests until one fails, and undo it."""
    (area, old, new, tests), start = FAULTS[number], time.monotonic()
    (tree / file).write_text((ROOT / file).read_text().replace(old, new))
    found = failing(tree, "-x", *tests)
    if not found and is_thorough:
        found = failing(tree, "-x", "tests")
    shutil.copy2(ROOT / file, tree / file)  # with its time, by which compiled files are known
    seconds = round(time.monotonic() - start, 1)
    return Verdict(number, area, file, line, next(iter(found), None), seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="+", default=[], metavar="AREA|INDEX")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--all", action="store_true")
    given = parser.parse_args()
    numbers = {str(k): fault.area for k, fault in enumerate(FAULTS)}
    if wrong := {*given.only} - {*AREAS, *numbers}:
        parser.error(f"--only takes {', '.join(AREAS)} and numbers; got {', '.join(wrong)}")
    names = tracked()
    sources = sources_of(names)
    places = [place_of(fault, sources) for fault in FAULTS]
    verdicts: list[Verdict] = []
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TMPDIR"] = tempfile.tempdir = folder  # what a killed test leaves goes, too
        tree = Path(folder) / "tree"
        for name in names:
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)
        sys.dont_write_bytecode = False  # compiled once for all
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        for module in HEAVY:
            importlib.import_module(module)
        gc.freeze()  # what is there is never looked through again
        for k, area in numbers.items():
            if given.only and not {k, area} & {*given.only}:
                continue
            one = judge(int(k), *places[int(k)], tree, given.all)
            verdicts.append(one)
            by, where = one.noticed_by or "SURVIVED", f"{one.file}:{one.line}"
            print(f"{k:>2} {area:8} {where:50} {one.seconds:5.0f} s  {by}", flush=True)
            if given.json:
                given.json.write_text(json.dumps([v._asdict() for v in verdicts], indent=1) + "\n")
        caught = {v.noticed_by for v in verdicts if v.noticed_by}
        for test in failing(tree, *sorted(caught)) if caught else []:
            print(f"{test} fails without a mistake, too: what it caught does not count")
            caught.discard(test)
    print(f"caught {sum(v.noticed_by in caught for v in verdicts)} of {len(verdicts)}")


if __name__ == "__main__":
    main()

"""Many readers on one server: what is shared between them, and what must not be."""

from __future__ import annotations

import asyncio
import math
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import plotly.io
import pytest
from streamlit.testing.v1 import AppTest

from pages.ui.drawing import charts
from pages.ui.library.background import run_in_background, run_soon
from tests.benchmarks.student import Log, Student
from tests.browser.server import Server, serve
from tests.samples import ROOT
from vae_core.jobs import priority


def test_plain_values_are_what_the_figure_says() -> None:
    figure = go.Figure(go.Scatter(x=[1.0, 2.0], y=[3.0, math.nan]), {"title": "a"})
    same = charts.plain(figure)
    assert plotly.io.to_json(same, validate=False) == plotly.io.to_json(figure, validate=False)


def _twice() -> None:
    """A page that shows one figure twice, and another."""
    import pandas as pd

    from pages.ui.drawing import charts
    from tests.pages import test_class

    for key, top in (("a", 1.0), ("b", 1.0), ("c", 2.0)):
        charts.draw(key, test_class.drawing, pd.DataFrame({"y": [0.0, top]}), name=key[:0])


drawn: list[float] = []


def drawing(table: object, name: str) -> go.Figure:
    """A figure that counts how often it is drawn."""
    import pandas as pd

    assert isinstance(table, pd.DataFrame)
    assert name == ""
    drawn.append(float(table["y"].max()))
    return go.Figure(go.Scatter(y=table["y"]))


def test_a_figure_is_drawn_once_for_the_same_contents_and_anew_for_others() -> None:
    drawn.clear()
    app = AppTest.from_function(_twice).run()
    assert not app.exception
    assert drawn == [1.0, 2.0]
    specs = [chart.proto.spec for chart in app.get("plotly_chart")]
    assert specs[0] == specs[1] != specs[2]
    app.run()
    assert drawn == [1.0, 2.0]


def test_tables_are_the_same_when_all_they_say_is() -> None:
    table = pd.DataFrame({"x": [1.0, np.nan], "name": ["a", None]}, index=["first", "second"])
    key = lambda t: str(charts._contents(t))  # noqa: E731
    assert key(table) == key(table.copy())
    others = [
        table.rename(columns={"x": "y"}),
        table.rename(index={"first": "third"}),
        table.replace("a", "b"),
        table.fillna({"x": 0.0}),
        table.astype({"x": "float32"}).assign(x=lambda t: t["x"] + 1e-7),
        table[["name", "x"]],
        table.iloc[::-1],
        table.iloc[:1],
    ]
    assert len({key(each) for each in (table, *others)}) == 1 + len(others)


def test_work_aside_is_done_one_piece_at_a_time() -> None:
    at_work: list[int] = []

    def work(value: int) -> int:
        at_work.append(value)
        time.sleep(0.01)
        assert at_work == [value]
        at_work.remove(value)
        return -value

    answers: list[int] = []
    readers = [
        threading.Thread(target=lambda v=v: answers.append(run_in_background(work, v)))
        for v in range(8)
    ]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert sorted(answers) == list(range(-7, 1))
    with pytest.raises(ZeroDivisionError):
        run_in_background(divmod, 1, 0)


AT_HOME = """
import asyncio, os, torch
from pages.ui.library import background
from vae_core.jobs import priority

torch.set_num_threads(3)

priority.NAME, priority.CORES = "\\0elbo-room-test-%d", frozenset(sorted(priority.CORES)[:2])

import app

async def live():
    async with app.lifespan(None):
        for asked in (lambda f, *args: f(*args), background.run_in_background, background.run_soon):
            print(len(asked(os.sched_getaffinity, 0)), asked(torch.get_num_threads))

asyncio.run(live())
"""


@pytest.mark.skipif(len(priority.CORES) < 2, reason="one core, or the system chooses itself")
def test_of_two_cores_pages_have_one_and_long_work_finds_its_own() -> None:
    said = subprocess.run(
        [sys.executable, "-c", AT_HOME], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert said.stdout.split() == ["1", "1", "2", "1", "2", "1"], said.stderr


def test_short_work_does_not_wait_for_long_work() -> None:
    done = threading.Event()
    reader = threading.Thread(target=run_in_background, args=(done.wait, 30))
    reader.start()
    assert run_soon(abs, -1) == 1
    assert reader.is_alive()
    done.set()
    reader.join()


@pytest.mark.slow
def test_a_small_class_is_answered_and_everyone_sees_their_own_model(tmp_path: Path) -> None:
    with serve(tmp_path) as server:
        if sys.platform == "linux":
            assert "uvloop" in Path(f"/proc/{server.process.pid}/maps").read_text(encoding="utf-8")
        log = asyncio.run(_lesson(server))
    assert log.problems == {}
    table = log.table()
    assert {"arrive", "model", "page", "lens opens", "fetch", "let go", "all"} <= table.keys()
    assert len(table["all"]) == sum(len(s) for name, s in table.items() if name != "all")
    assert all(math.isfinite(s) and s > 0 for s in table["all"])


async def _lesson(server: Server, n: int = 4) -> Log:
    """Each chooses a model of their own; all act at the same time; then all are asked again."""
    log = Log()
    students = [await Student.arrive(server, log, k, n) for k in range(n)]
    await asyncio.gather(*(student.choose_model(k) for k, student in enumerate(students)))
    models = [_model(student) for student in students]
    assert len(set(models)) == n
    await asyncio.gather(*(student.let_go() for student in students))
    await asyncio.gather(*(student.tab.run() for student in students))
    assert [_model(student) for student in students] == models
    await asyncio.gather(*(student.visit("kl") for student in students))
    await asyncio.gather(*(student.live(4.0, 0.5) for student in students))
    for student in students:
        await student.tab.close()
    return log


def _model(student: Student) -> str:
    """Where the lens was told to fetch the model."""
    lens = student.tab.component("lens")
    assert lens
    address = student.tab.told(lens)["address"]
    assert isinstance(address, str)
    return address

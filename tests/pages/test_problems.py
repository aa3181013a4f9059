"""Errors in parts of a page, and what a browser may send: one sentence, or nothing."""

from __future__ import annotations

import ast
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.ui.components.atlas import Pick
from pages.ui.components.lens_state import MAX_POINTS, LensState
from pages.ui.components.time_machine import _place_sent, read, version
from tests.pages.app import (
    MODELS,
    assert_sound,
    lens_state,
    open_page,
    the_component,
    the_lens,
    trained,
)
from tests.samples import ROOT, tiny_sweep
from vae_core import Dataset, RunStore

PAGES = ROOT / "pages"
CALLBACKS = {"on_click", "on_change", "on_submit", "on_select", "on_dismiss"}
ELSEWHERE = {
    PAGES / "ui" / "session" / "problems.py",  # which is what the others go through
    PAGES / "ui" / "library" / "passcode.py",  # reads no file: nothing to tell of
}
DIGITS = next(run for run in MODELS if run.id == "digits-2d")
DELETED = " has just been deleted. Choose another model in the box above."


# The source


def unguarded(file: Path) -> Iterator[str]:
    """Each `st.fragment`, and each function that a widget calls, that could show a raw error."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "st.fragment":
            yield f"{file.name}:{node.lineno}: st.fragment"
        if isinstance(node, ast.keyword) and node.arg in CALLBACKS:
            called = ast.unparse(node.value)
            if not (
                isinstance(node.value, ast.Constant)  # such as "ignore"
                or called.startswith("problems.callback(")
            ):
                yield f"{file.name}:{node.value.lineno}: {node.arg}={called}"


def test_every_fragment_and_every_callback_tells_of_errors_in_words() -> None:
    files = set(PAGES.rglob("*.py")) - ELSEWHERE
    assert len(files) > 60
    assert [line for file in sorted(files) for line in unguarded(file)] == []


def test_what_is_unguarded_is_found(tmp_path: Path) -> None:
    file = tmp_path / "page.py"
    file.write_text(
        "@st.fragment\ndef f(): ...\nst.fragment(f, run_every=1)()\n"
        "st.button('a', on_click=f)\nst.button('a', on_click=problems.callback(f))\n"
        "st.download_button('b', x, on_click='ignore')\n"
    )
    found = {line.partition(": ")[2] for line in unguarded(file)}
    assert found == {"st.fragment", "on_click=f"}


# A run that goes while its page is open


@pytest.mark.parametrize("page", ["overview.py", "sliders.py", "feature_map.py", "projection.py"])
def test_a_run_that_goes_is_told_of_where_it_was(page: str, runs: Path, digits: Dataset) -> None:
    settings = {"network": "conv", "hidden": (4, 4), "latent_shape": (2, 2, 2)}

    def parts(page: str, run: object, root: str) -> None:
        import sys

        sys.path.insert(0, root)
        from pages.ui.components import atlas, lens
        from pages.ui.explore import projection_queue
        from pages.ui.session import keys, problems
        from vae_core import Run

        assert isinstance(run, Run)
        keys.CHOSEN.set(run)
        keys.VISIT.set(1)

        @problems.fragment
        def part() -> None:
            if page == "projection.py":
                found = projection_queue.find(run, "pca", "mean")
                assert found
                atlas.show(run, found, "mean")
                projection_queue.find(run, "umap", "mean")
            else:
                views = {"overview.py": "overview", "sliders.py": "sliders"}
                lens.show(run, views.get(page, "cells"))

        part()

    label = trained(runs, digits, **settings)
    (entry,) = RunStore(runs).list()
    app = AppTest.from_function(parts, args=(page, entry.run, str(ROOT)), default_timeout=60).run()
    assert not app.exception
    assert not app.error
    assert entry.run
    shutil.rmtree(entry.run.path)
    app.run()
    assert not app.exception
    assert [error.value for error in app.error] == [entry.run.title + DELETED]
    assert label.startswith(entry.run.title)


# Nonsense of a browser

NONSENSE: list[Any] = [
    1, "a", [], {}, {"look": 1}, None, True, math.nan, {"image": 1}, [[]],
    *(
        {"image": 0, "draw": 1, "z": {}, "axes": [0, 1], "layers": [], "cells": [],
         "channel": None, "at": []} | wrong
        for wrong in (
            {"image": "x"}, {"image": -1}, {"image": True}, {"image": 1.5}, {"image": 10**9},
            {"draw": {}}, {"draw": math.nan}, {"z": []}, {"z": {"a": 1}}, {"z": {"0": math.nan}},
            {"z": {"0": math.inf}}, {"z": {"0": 1e300}}, {"z": {"0": "1"}}, {"z": {"-1": 1}},
            {"axes": 3}, {"axes": ["a"]}, {"axes": [math.nan, 1]}, {"layers": 5},
            {"cells": [None]}, {"cells": [[]]}, {"channel": []}, {"at": [math.nan]},
            {"at": ["a"]}, {"at": 5}, {"at": [10**400]}, {"drawing": 5}, {"drawing": [5]},
            {"drawing": [[5]]}, {"drawing": [[[1]]]}, {"drawing": [[[1, math.nan]]]},
        )
    ),
]  # fmt: skip


@pytest.mark.parametrize("sent", NONSENSE, ids=str)
def test_nonsense_is_no_state_of_a_lens(sent: object) -> None:
    assert LensState.from_page(sent) is None


@pytest.mark.parametrize("page", ["overview.py", "sliders.py"])
def test_a_lens_that_tells_nonsense_is_ignored(page: str) -> None:
    app = open_page(page, DIGITS, image="4", z="0:0.5")
    key, before = the_lens(app).key, lens_state(app)
    for sent in NONSENSE[::4]:
        app.session_state[key] = {"state": sent}
        assert_sound(app.run())
        assert lens_state(app) == before
        app.session_state[key] = {"look": sent}
        assert_sound(app.run())


def test_a_state_that_the_model_does_not_have_is_fitted_to_it() -> None:
    app = open_page("overview.py", DIGITS)
    sent = LensState().to_page() | {
        "image": 999_999, "z": {"0": 1.0, "7": 1.0}, "cells": [5], "channel": 3, "at": [1.0] * 9,
    }  # fmt: skip
    app.session_state[the_lens(app).key] = {"state": sent}
    assert_sound(app.run())
    here, n = lens_state(app), len(DIGITS.codes())
    assert (here.image, here.z, here.cells, here.at) == (n - 1, {0: 1.0}, (), ())


def test_too_many_points_are_no_drawing() -> None:
    line = [[0.5, 0.5]] * (MAX_POINTS + 1)
    state = LensState.from_page(LensState().to_page() | {"drawing": [line]})
    assert state
    assert state.drawing == ()


NO_PICKS: list[Any] = [
    *(1, "a", [], {}, None, {"look": 1}, {"kind": "image"}, {"index": [1]}),
    *({"kind": "image", "index": index} for index in (1, "1", ["a"], [None], [[1]], [1.5])),
    *({"kind": kind, "index": [1]} for kind in (1, None, [])),
    {"kind": "lasso", "index": [math.nan]},
]


def test_nonsense_is_no_pick() -> None:
    app = open_page("projection.py", DIGITS, picked="3")
    for sent in NO_PICKS:
        assert Pick.from_page(sent, 10) is None
        app.session_state[the_component(app, "atlas").key] = {"pick": sent}
        assert_sound(app.run())
        assert app.query_params["picked"] == "3"


@pytest.mark.parametrize(
    "sent",
    [
        *(1, "a", [], None, {}, {"value": 0}, {"value": 0, "epoch": None}),
        *({"value": place, "epoch": 0} for place in (-1, 99, math.nan, 1.5, "0", [])),
        *({"value": 0, "epoch": place} for place in (-1, 99, math.inf, "1")),
    ],
    ids=str,
)
def test_nonsense_is_no_place_of_the_bars(sent: object, timeline: Any) -> None:
    assert _place_sent(timeline, sent) is None


@pytest.fixture(scope="module")
def timeline(digits: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Any:
    runs = tiny_sweep(tmp_path_factory.mktemp("sweep"), digits)
    return read(version(runs), runs)


# A home that cannot be written


def test_projections_are_kept_where_the_home_cannot_be_written(digits: Dataset, runs: Path) -> None:
    """By t-SNE, for UMAP's compiler takes long; what it needs is a folder for what it compiles."""
    trained(runs, digits, latent_shape=(4,))
    work = """
import os, sys, time
from vae_core import RunStore
from pages.ui.explore import projection_queue as q
if __name__ == "__main__":
    run = RunStore(sys.argv[1]).list()[0].run
    q.start(run, "t-sne", "mean")
    while q.find(run, "t-sne", "mean") is None:
        assert q.failure(run, "t-sne", "mean") is None, q.failure(run, "t-sne", "mean")
        time.sleep(0.2)
    assert os.path.isdir(os.path.dirname(os.environ["NUMBA_CACHE_DIR"]))
    print(q.file_of(run, "t-sne", "mean").parent)
    q.close()
"""
    env = {k: v for k, v in os.environ.items() if k not in ("XDG_CACHE_HOME", "NUMBA_CACHE_DIR")}
    done = subprocess.run(
        [sys.executable, "-c", work, str(runs)], cwd=ROOT, env=env | {"HOME": "/proc/nope"},
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    folder = Path(done.stdout.strip())
    assert folder.name.startswith("elbo-room-cache-")
    assert not folder.exists()  # gone with the server

"""Random bad input of every kind: it is refused in a sentence, or it is right.

By default some hundred cases of each kind, always the same ones, in about a minute. More of them,
new each time:

    python -m pytest tests/campaign -n0 --campaign 100

How many there were, and how many were refused, is printed at the end.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import os
import resource
import shutil
import socket
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pages.ui.components.atlas import Pick
from pages.ui.components.lens_state import LensState
from pages.ui.library.listing import label_meant
from pages.ui.server import routes
from pages.ui.server.routes import Offer
from tests.campaign.strategies import (
    damaged,
    dumped,
    right_commands,
    spoiled,
    tensor_files,
    texts,
    values,
)
from tests.pages.app import fetch
from tests.samples import cifar_files, synthetic_files, tar_bytes, tiny_run
from vae_core import DataConfig, Dataset, Run, RunConfig, RunStore, VAECoreError, load_dataset
from vae_core.__main__ import main
from vae_core.comparison import Yardstick, run_table
from vae_core.runs.archive import archive
from vae_core.runs.model_file import import_model, read_model_file

MEMORY = 300_000  # kB by which all cases of a kind may make this process grow
LONGEST = 2000  # letters of a refusal

counts: dict[str, Counter[str]] = {}


@contextlib.contextmanager
def refused_or_right(kind: str) -> Iterator[None]:
    """Whatever is done here ends well, or with one sentence of ours."""
    counted = counts.setdefault(kind, Counter())
    counted["cases"] += 1
    try:
        yield
    except VAECoreError as error:
        counted["refused"] += 1
        message = str(error)
        assert 10 < len(message) < LONGEST, message[:200]


def campaign(kind: str, n: int, times: int, strategy: Any, check: Callable[[Any], None]) -> None:
    """Check so many cases, without taking the machine's memory."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    @settings(
        max_examples=n * times,
        derandomize=times == 1,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def one(case: Any) -> None:
        with refused_or_right(kind):
            check(case)

    one()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MEMORY


@pytest.fixture(autouse=True)
def told(request: pytest.FixtureRequest) -> Iterator[None]:
    """Hand the counts over to whoever prints them."""
    yield
    for kind, counted in counts.items():
        request.node.user_properties.append((f"campaign {kind}", dict(counted)))
    counts.clear()


def content(folder: Path) -> dict[str, int]:
    """Every file below a folder with its size."""
    return {str(p): p.lstat().st_size for p in folder.rglob("*")}


def test_model_files(finished_run: Run, digits: Dataset, tmp_path: Path, times: int) -> None:
    whole = (finished_run.path / "weights.safetensors").read_bytes()
    outside, store = tmp_path / "files", RunStore(tmp_path / "runs")
    outside.mkdir()

    def check(file: bytes) -> None:
        path = outside / "far.safetensors"
        path.write_bytes(file)
        try:
            run = import_model(read_model_file(path), store, digits)
            assert store.load(run.id) == run
            store.delete(run.id)
        finally:
            assert list(outside.iterdir()) == [path]
            assert not (store.root.exists() and list(store.root.iterdir()))

    campaign("model files", 80, times, tensor_files(whole), check)


def in_place(path: Path, deed: str, file: bytes) -> None:
    """Put something else in the place of a file."""
    path.unlink()
    if deed == "bytes":
        path.write_bytes(file)
    elif deed == "device":
        path.symlink_to("/dev/zero")
    elif deed == "pipe":
        os.mkfifo(path)
    elif deed == "folder":
        path.mkdir()
    elif deed == "away":
        path.symlink_to("/nowhere")
    elif deed == "socket":
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(os.path.relpath(path))


@st.composite
def run_files(draw: st.DrawFn, run: Path) -> list[tuple[str, str, bytes]]:
    """Files of a run's folder with what comes in their place."""
    changes = []
    names = sorted(path.name for path in run.iterdir() if path.is_file())
    for name in draw(st.sets(st.sampled_from(names), max_size=2)):
        whole = (run / name).read_bytes()
        deed = draw(st.sampled_from(["bytes"] * 8 + ["device", "pipe", "folder", "away", "gone"]))
        if name.endswith(".safetensors"):
            file = draw(tensor_files(whole))
        elif name.endswith(".jsonl"):
            records = [json.loads(line) for line in whole.splitlines()]
            file = b"".join(dumped(r) + b"\n" for r in draw(spoiled(records)) if r is not None)
        else:
            file = dumped(draw(spoiled(json.loads(whole))))
        changes.append((name, deed, draw(damaged(file)) if draw(st.integers(0, 4)) == 0 else file))
    return changes


def test_run_folders(finished_run: Run, tmp_path: Path, times: int) -> None:
    """What is listed can be read, shown, compared and packed, or is refused; the others stay."""
    good = shutil.copytree(finished_run.path, tmp_path / "runs" / "good")
    store, bad = RunStore(good.parent), good.with_name("bad")

    def check(changes: list[tuple[str, str, bytes]]) -> None:
        if bad.exists():
            shutil.rmtree(bad)
        shutil.copytree(finished_run.path, bad)
        for name, deed, file in changes:
            in_place(bad / name, deed, file)
        entries = {entry.id: entry for entry in store.list()}
        assert entries["good"].status == "finished"
        assert entries.keys() == {"good", "bad"}
        assert store.size("bad") >= 0
        run = entries["bad"].run
        if run is None:
            raise VAECoreError(entries["bad"].problem or "")
        for read in (run.history, run.data, run.metrics, run.codes, run.vae, run.state):
            with refused_or_right("reads of run folders"):
                read()
        if run.is_finished:
            with refused_or_right("uses of run folders"):
                run_table([run])
                assert Yardstick.of(run)
                assert run.data().class_names[int(run.codes().labels.max())]
                archive(run)

    campaign("run folders", 60, times, run_files(finished_run.path), check)


@st.composite
def data_files(draw: st.DrawFn) -> tuple[str, dict[str, bytes]]:
    """A data set's files, some of them spoiled."""
    if draw(st.booleans()):
        files = {name: content for name, content in IDX.items()}
        kind = "mnist"
    elif draw(st.booleans()):
        files, kind = dict(CIFAR), "cifar10"
    else:
        files, kind = {"cifar-10-binary.tar.gz": TAR}, "cifar10"
    for name in draw(st.sets(st.sampled_from(sorted(files)), max_size=2)):
        files[name] = draw(damaged(files[name]))
    return kind, files


IDX, CIFAR = synthetic_files(), cifar_files(2, 2)
TAR = tar_bytes(CIFAR)


def test_data_files(tmp_path: Path, times: int) -> None:
    def check(case: tuple[str, dict[str, bytes]]) -> None:
        kind, files = case
        with tempfile.TemporaryDirectory(dir=tmp_path) as folder:
            for name, file in files.items():
                (Path(folder) / name).write_bytes(file)
            data = load_dataset(DataConfig(kind, folder), download=False)
        assert len(data.train) == len(data.train.labels) > 0
        assert 0 <= int(data.test.labels.min()) <= int(data.test.labels.max()) < 10

    campaign("data files", 150, times, data_files(), check)


def test_configs(times: int) -> None:
    whole = tiny_run().to_dict()

    def check(values: Any) -> None:
        config = RunConfig.from_dict(values)
        assert RunConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config

    campaign("configs", 200, times, spoiled(whole) | values(), check)


COMMANDS = (
    *("list", "show", "evaluate", "measure", "project", "export", "import", "resume", "train"),
    "sweep",
)
FLAGS = (
    *("--runs", "--to", "--json", "--force", "--method", "--of", "--seed", "--samples", "--name"),
    *("--importance", "--widen", "--data-dir", "--lr", "--beta", "--latent", "--dataset", "--over"),
    *("--values", "--posterior", "--classes", "--limit", "--threads", "--device", "-h", "--epochs"),
    *("--bound", "--draws", "--split", "--keep", "--evidence", "--seeds", "--validation"),
)


def test_command_lines(finished_run: Run, tmp_path: Path, times: int) -> None:
    folder = shutil.copytree(finished_run.path, tmp_path / "runs" / "good").parent
    words = st.one_of(
        st.sampled_from(FLAGS),
        st.sampled_from(["good", str(folder / "good"), str(folder), "/dev/zero", "/proc/1", "pca"]),
        st.sampled_from(["0", "1", "2", "-1", "nan", "99999999999999999999", "x" * 5000, "\udcff"]),
        texts(),
    )
    small = ["--epochs", "1", "--limit", "20", "--hidden", "4", "--threads", "1"]

    def check(case: tuple[str, list[str]]) -> None:
        command, rest = case
        given = [command, *(word.replace("\0", "") for word in rest)]
        given += small if command in ("train", "sweep") else []
        if "--runs" not in rest:
            given += ["--runs", str(tmp_path / "own" if command in ("train", "sweep") else folder)]
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = main(given)
            except SystemExit as stop:
                code = stop.code if isinstance(stop.code, int) else 1
        assert code in (0, 2), (given, code)
        if code == 2:
            lines = err.getvalue().splitlines()
            assert lines, given
            assert "Traceback" not in err.getvalue()
            assert len(lines[-1]) < LONGEST
            raise VAECoreError(lines[-1])

    case = st.tuples(st.sampled_from(COMMANDS), st.lists(words, max_size=5))
    here = Path.cwd()
    work = tmp_path / "work"
    work.mkdir()
    os.chdir(work)
    try:
        campaign("command lines", 80, times, case, check)
    finally:
        os.chdir(here)


def test_right_command_lines(finished_run: Run, tmp_path: Path, times: int) -> None:
    """Commands with nothing wrong with them are done, whatever they are combined of."""
    run = shutil.copytree(finished_run.path, tmp_path / "runs" / "good")
    kept, number = content(run), itertools.count()
    small = ["--epochs", "1", "--limit", "20", "--hidden", "4", "--threads", "1"]

    def check(words: list[str]) -> None:
        place = tmp_path / "out" / str(next(number))
        place.mkdir(parents=True)
        given = [str(place / word) if word.startswith("TO") else word for word in words]
        given += small if words[0] in ("train", "sweep") else []
        given += ["--runs", str(place / "runs")]
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            assert main(given) == 0, (given, err.getvalue())
        if "--json" in words:
            assert json.loads(out.getvalue().splitlines()[-1])
        for entry in RunStore(place / "runs").list():
            assert entry.status == "finished", given
        assert content(run) == kept
        shutil.rmtree(place)

    case = right_commands(str(run), str(run / "weights.safetensors"))
    campaign("right command lines", 20, times, case, check)


NAMES = ("image", "draw", "z", "axes", "layers", "cells", "channel", "run", "picked", "view")


def test_addresses(finished_run: Run, times: int) -> None:
    """What a link holds is understood or left out, and never an exception."""
    runs = {"Digits 2-D · 0123ab": finished_run}

    def check(query: dict[str, str]) -> None:
        state = LensState.from_address(query).fit(96, (2, 2, 3), [5, 1, 0])
        assert state.image is None or 0 <= state.image < 96
        assert all(0 <= cell < 4 for cell in state.cells)
        assert (
            LensState.from_address({k: v for k, v in state.to_address().items() if v}) is not None
        )
        assert all(
            0 <= index < 96 for index in Pick.from_address(query.get("picked", ""), 96).index
        )
        assert label_meant(query.get("run", ""), runs) in (None, *runs)

    number = st.integers().map(str) | st.floats().map(str) | texts()
    lists = st.lists(number, max_size=5).map(",".join)
    pairs = st.lists(st.tuples(number, number).map(":".join), max_size=4).map(",".join)
    query = st.dictionaries(st.sampled_from(NAMES), number | lists | pairs, max_size=6)
    campaign("addresses", 300, times, query, check)


def test_lens_requests(times: int) -> None:
    """What a page fetches and sends: 200, 307, 404, 405 or 422; a state that fits, or none."""
    whole = LensState(image=3, z={0: 1.0}, axes=(0, 1), at=(0.0, 1.0)).to_page()
    offer = Offer(
        {"a": lambda: b"file"}, {0: b"zero"}.get, {"turn": (8, lambda asked: asked[::-1])}
    )
    address = routes.offer("campaign", lambda: offer)

    def check(case: tuple[str, bytes | None, Any]) -> None:
        path, body, sent = case
        answer = fetch(path, *([] if body is None else [body]))
        assert answer.status in (200, 307, 404, 405, 422)
        if answer.status == 307:  # without a slash at the end, and to nowhere else
            assert answer.headers["location"].startswith(f"/{address}")
        if answer.status == 200:
            assert answer.content in (b"file", b"zero", (body or b"")[::-1])
        assert LensState.from_page(sent) is None or LensState.from_page(sent)
        assert Pick.from_page(sent, 96) is None or Pick.from_page(sent, 96)

    names = st.sampled_from(["a", "b", "turn", "images/0", "images/1", "images/-1", ""]) | texts()
    paths = names.map(lambda name: address + name) | st.just("lens/x/a")
    bodies = st.none() | st.binary(max_size=20) | st.binary(min_size=8, max_size=8)
    states = spoiled(whole) | values()
    campaign("lens requests", 120, times, st.tuples(paths, bodies, states), check)


def test_a_config_of_python_with_a_number_of_thousands_of_digits_is_refused_in_a_sentence() -> None:
    for part, name in (
        ("train", "epochs"),
        ("train", "lr"),
        ("data", "limit"),
        ("model", "hidden"),
    ):
        with pytest.raises(VAECoreError, match=f"{name} must be .*; got "):
            RunConfig.from_dict({part: {name: 10**5000}})


def test_training_of_a_spoiled_state_is_refused_in_a_sentence(
    finished_run: Run, digits: Dataset, tmp_path: Path, times: int
) -> None:
    whole = (finished_run.path / "resume.safetensors").read_bytes()

    def check(file: bytes) -> None:
        folder = tmp_path / "run"
        if folder.exists():
            shutil.rmtree(folder)
        shutil.copytree(finished_run.path, folder)
        (folder / "metrics.json").unlink()
        (folder / "resume.safetensors").write_bytes(file)
        run = RunStore(tmp_path).load("run")
        list(run.train(digits))
        assert [record.epoch for record in run.history()] == [1, 2, 3]

    campaign("states to go on from", 40, times, tensor_files(whole), check)

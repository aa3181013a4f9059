"""Small things to test on: configs, files of data sets, ways to call the command line."""

from __future__ import annotations

import gzip
import hashlib
import io
import itertools
import json
import math
import os
import signal
import struct
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray
from torch import Tensor

from tests import zygote
from tests.zygote import Process
from vae_core import Codes, DataConfig, Dataset, ModelConfig, Run, RunConfig, RunStore, TrainConfig
from vae_core.analysis.space.receptive_fields import Field
from vae_core.data import cifar, dsprites
from vae_core.data.mnist import FILES
from vae_core.data.sources import SOURCES, Source
from vae_core.jobs import HEARTBEAT

ROOT = Path(__file__).parents[1]
PATIENCE = 240  # seconds; training gives way to all else that a machine does
LATENTS = ((3,), (2, 2, 3))  # a vector and a feature map, both fit an 8 x 8 image


def tiny_model(latent: tuple[int, ...] = (3,), **settings: object) -> ModelConfig:
    return ModelConfig(**{"hidden": (8,), "latent_shape": latent} | settings)


def tiny_run(**settings: object) -> RunConfig:
    """Digits that train in a tenth of a second; `settings` are those of ModelConfig."""
    return RunConfig(
        DataConfig(limit=96),
        tiny_model(**settings),
        TrainConfig(epochs=3, batch_size=32, threads=1),
    )


@cache
def bundled() -> dict[str, Run]:
    """The models that ship, by their folders' names; read once for all that look at them."""
    entries = RunStore(ROOT / "assets" / "models").list()
    return {entry.id: entry.run for entry in entries if entry.run}


def codes_of(run: Run) -> Codes:
    """The codes of a run, and what is computed of them: once, where it is a model that ships."""
    return _shipped_codes(run.id) if bundled().get(run.id) is run else run.codes()


@cache
def _shipped_codes(name: str) -> Codes:
    return bundled()[name].codes()


def tiny_sweep(
    root: Path, dataset: Dataset, betas: tuple[float, ...] = (0.2, 1.0, 5.0), **settings: object
) -> list[Run]:
    """Tiny runs that differ in beta and have kept their three epochs."""
    config = tiny_run(**settings)
    runs = []
    for beta in betas:
        train = replace(config.train, beta=beta, keep_epochs=(1, 2, 3))
        named = replace(config, train=train, name=f"beta {beta:g}", sweep="tiny")
        runs.append(RunStore(root).create(named))
        list(runs[-1].train(dataset))
    return runs


def idx_bytes(array: NDArray[np.uint8]) -> bytes:
    """An IDX file of unsigned bytes."""
    header = struct.pack(f">{1 + array.ndim}I", 8 << 8 | array.ndim, *array.shape)
    return header + array.astype(np.uint8).tobytes()


def synthetic_files(
    n_train: int = 60, n_test: int = 20, side: tuple[int, int] = (8, 12)
) -> dict[str, bytes]:
    """The four files of MNIST with random pixels and labels 0, 1, ..., 9, 0, ..."""
    rng = np.random.default_rng(0)
    files = {}
    for n, images, labels in ((n_train, *FILES[:2]), (n_test, *FILES[2:])):
        files[images] = idx_bytes(rng.integers(0, 256, (n, *side), dtype=np.uint8))
        files[labels] = idx_bytes(np.arange(n, dtype=np.uint8) % 10)
    return files


def cifar_files(n: int = 12, n_test: int = 20) -> dict[str, bytes]:
    """The six files of CIFAR-10 with random pixels and labels 0, 1, ..., 9, 0, ..."""
    rng = np.random.default_rng(0)
    files = {}
    for file in cifar.FILES:
        records = rng.integers(0, 256, (n_test if "test" in file else n, 3073), dtype=np.uint8)
        records[:, 0] = np.arange(len(records)) % 10
        files[file] = records.tobytes()
    return files


def dsprites_bytes(n: int = 80, **changes: bytes) -> bytes:
    """dSprites' file with n random images; the same bytes each time."""
    rng = np.random.default_rng(0)
    arrays = {
        "imgs": rng.integers(0, 2, (n, 64, 64), dtype=np.uint8),
        "latents_classes": np.stack([np.arange(n) % 3] * 6, 1),
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for name, array in arrays.items():
            content = io.BytesIO()
            np.save(content, array)
            member = zipfile.ZipInfo(f"{name}.npy")
            file.writestr(member, changes.get(name, content.getvalue()), zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def tar_bytes(files: dict[str, bytes], folder: str = "cifar-10-batches-bin/") -> bytes:
    """A gzipped tar of these files; the same bytes each time."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(folder + name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return gzip.compress(buffer.getvalue(), 1, mtime=0)


def write_files(folder: Path, files: dict[str, bytes], zipped: bool = False) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        if zipped:
            (folder / f"{name}.gz").write_bytes(gzip.compress(content, 1, mtime=0))
        else:
            (folder / name).write_bytes(content)
    return folder


def archives(name: str) -> dict[str, bytes]:
    """What a mirror of this data set serves, with random pictures."""
    if name == "dsprites":
        return {dsprites.FILE: dsprites_bytes()}
    if name == "cifar10":
        return {cifar.ARCHIVE: tar_bytes(cifar_files())}
    files = synthetic_files().items()
    return {f"{file}.gz": gzip.compress(content, 1, mtime=0) for file, content in files}


def local_source(name: str, *mirrors: str) -> Source:
    """A data set on these mirrors, recognised by the hashes of its `archives`."""
    known = (hashlib.sha256(content).hexdigest() for content in archives(name).values())
    return replace(SOURCES[name], mirrors=mirrors, hashes=tuple(known))


def start_cli(*words: object, cwd: Path) -> subprocess.Popen[str]:
    """`python -m vae_core ...` in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "vae_core", *map(str, words)],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Ctrl-C must reach it even where the tests are run in the background of a shell script.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def start_copy(*words: object, cwd: Path) -> Process | subprocess.Popen[str]:
    """The same seconds sooner, for tests that are not about its beginning."""
    if not zygote.is_near():
        return start_cli(*words, cwd=cwd)
    return Process("vae_core", *words, cwd=cwd, env=os.environ)


def tensors(run: Run, name: str = "weights") -> dict[str, torch.Tensor]:
    """What one of a run's safetensors files holds."""
    return safetensors.torch.load_file(run.path / f"{name}.safetensors")


def assert_same_weights(run: Run, other: Run) -> None:
    """Bit for bit."""
    for name, value in tensors(run).items():
        assert torch.equal(value, tensors(other)[name]), name


def rewrite(run: Run, name: str, **changes: torch.Tensor | None) -> None:
    """Replace tensors of a safetensors file, or with None remove them."""
    values = tensors(run, name) | changes
    kept = {key: value for key, value in values.items() if value is not None}
    safetensors.torch.save_file(kept, run.path / f"{name}.safetensors")


def wait_for_epochs(process: Process | subprocess.Popen[str], root: Path, n: int) -> None:
    """Until the run that `process` trains in `root` has saved n epochs."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        for path in root.glob("*/history.jsonl"):
            if path.read_text().count("\n") >= n and (path.parent / "weights.safetensors").exists():
                return
        time.sleep(0.005)
    process.kill()
    raise AssertionError(f"no run with {n} epochs in {root}: {process.communicate()}")


def until(condition: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Wait for something that happens beside the test; by default for as long as it may take."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.01)


def pid_of(run: Run) -> int:
    """The process that trains the run, once it has come to its second epoch."""
    until(lambda: len(run.history()) >= 2)
    pid: int = json.loads((run.path / HEARTBEAT).read_text())["pid"]
    return pid


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def assert_mean_is(expected: Tensor, draws: Tensor, slack: float = 1e-12) -> None:
    """The mean of independent draws is what was expected, within five standard errors.

    Slack is for what is so rare that the draws may hold none of it.
    """
    error = draws.std(0) / math.sqrt(len(draws))
    assert ((draws.mean(0) - expected).abs() <= 5 * error + slack).all()


def covering(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Few of these combinations of settings, with every pair of values that occurs in any of them.

    A fault that takes two settings to meet is found by them as by all. Each row is the one with
    the most pairs not seen yet, the first of several: the same rows on every machine.
    """
    pairs = [
        frozenset(itertools.combinations(((k, str(v)) for k, v in row.items()), 2)) for row in rows
    ]
    unseen, chosen = set().union(*pairs), []
    while unseen:
        most = max(range(len(rows)), key=lambda k: len(pairs[k] & unseen))
        unseen -= pairs[most]
        chosen.append(rows[most])
    return chosen


def mask(field: Field, row: int, column: int, height: int, width: int) -> Tensor:
    """Which pixels of an image are in a cell's window, (height, width) of bool."""
    top, bottom, left, right = field.window(row, column)
    inside = torch.zeros(height, width, dtype=torch.bool)
    inside[max(0, top) : bottom + 1, max(0, left) : right + 1] = True
    return inside

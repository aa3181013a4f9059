"""A run as one .zip: the same bytes each time, nothing but the run, and it opens again."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.samples import tensors, tiny_run
from vae_core import Run, RunError, RunStore
from vae_core.__main__ import main
from vae_core.config import POSTERIORS
from vae_core.runs.archive import archive

MEMBERS = {
    *("README.txt", "config.json", "data.json", "history.jsonl", "metrics.json"),
    *("weights.safetensors", "codes.safetensors", "terms.safetensors", "epochs"),
}


@pytest.fixture(params=POSTERIORS)
def run(request: pytest.FixtureRequest, tmp_path: Path, digits) -> Run:
    config = tiny_run(posterior=request.param)
    config = replace(
        config,
        data=replace(config.data, path="a/secret/place"),
        train=replace(config.train, keep_epochs=(2,)),
        name="My run",
    )
    made = RunStore(tmp_path / "runs").create(config)
    list(made.train(digits))
    return made


def unpack(content: bytes, folder: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        assert file.testzip() is None
        file.extractall(folder)
    return folder


def test_unpacked_it_is_the_same_run(run, tmp_path, capsys):
    again = RunStore(unpack(archive(run), tmp_path / "else")).load(run.id)
    assert (again.title, again.created) == (run.title, run.created)
    assert again.config == replace(run.config, data=replace(run.config.data, path=None))
    assert (again.metrics(), again.history()) == (run.metrics(), run.history())
    for name in ("weights", "codes"):
        for key, value in tensors(again, name).items():
            assert torch.equal(value, tensors(run, name)[key])
    assert again.kept_epochs() == [2]
    kept = again.checkpoint(2).codes.params
    assert torch.equal(kept, run.checkpoint(2).codes.params)
    assert main(["show", str(again.path)]) == 0
    assert f"{run.metrics().distortion:.2f}" in capsys.readouterr().out


def test_nothing_but_the_run_goes_along(run, tmp_path):
    (run.path / "log.txt").write_text("mine")
    (run.path / "README.md").symlink_to(run.path / "log.txt")
    content = archive(run)
    folder = unpack(content, tmp_path / "else") / run.id
    assert {path.name for path in folder.iterdir()} == MEMBERS
    assert not any(b"secret" in path.read_bytes() for path in folder.rglob("*.*"))
    assert archive(run) == content
    assert "nats per image: distortion" in (folder / "README.txt").read_text()


def test_unfinished_and_damaged_runs_are_refused(run_copy):
    weights = run_copy.path / "weights.safetensors"
    weights.rename(run_copy.path / "elsewhere")
    weights.symlink_to(run_copy.path / "elsewhere")
    with pytest.raises(RunError, match=r"weights\.safetensors: expected a file of its own"):
        archive(run_copy)
    (run_copy.path / "metrics.json").unlink()
    with pytest.raises(RunError, match="only a finished run can be packed; resume it first"):
        archive(run_copy)


def test_the_command_line_packs_without_the_data_and_overwrites_nothing(
    finished_run, tmp_path, capsys
):
    words = ["export", str(finished_run.path), "--to", str(tmp_path / "run.zip"), "--json"]
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out)["run_id"] == finished_run.id
    assert (tmp_path / "run.zip").read_bytes() == archive(finished_run)
    assert main(words) == 2
    assert "run.zip: exists already" in capsys.readouterr().err

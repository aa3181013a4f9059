"""A run as one .zip: the same bytes each time, nothing but the run, and it opens again."""

from __future__ import annotations

import io
import json
import re
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.samples import tensors, tiny_run
from vae_core import Run, RunError, RunStore
from vae_core.__main__ import main
from vae_core.config import POSTERIORS
from vae_core.runs.archive import archive, unpack_model
from vae_core.runs.model_file import import_model, read_model_file
from vae_core.runs.weights import NoModelFile

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
    shown = re.search(r"test_distortion  (\S+)", capsys.readouterr().out)
    assert shown
    assert float(shown[1]) == pytest.approx(run.metrics().distortion, abs=0.011)


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


def packed(folder: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(folder / "given.zip", "w") as file:
        for name, content in members.items():
            file.writestr(name, content)
    return folder / "given.zip"


def test_the_model_of_a_packed_run_opens_as_its_weights_do(finished_run, tmp_path, digits):
    (tmp_path / "given.zip").write_bytes(archive(finished_run))
    (tmp_path / "here").mkdir()
    weights = unpack_model(tmp_path / "given.zip", tmp_path / "here")
    assert weights.read_bytes() == (finished_run.path / "weights.safetensors").read_bytes()
    opened = import_model(read_model_file(weights), RunStore(tmp_path / "runs"), digits)
    assert opened.metrics().distortion == pytest.approx(finished_run.metrics().distortion)


def test_only_the_model_is_unpacked_wherever_members_point(finished_run, tmp_path):
    weights = (finished_run.path / "weights.safetensors").read_bytes()
    here = tmp_path / "a" / "here"
    here.mkdir(parents=True)
    given = packed(tmp_path, {"run/weights.safetensors": weights, "../../x": b"1", "run/y": b"2"})
    unpack_model(given, here)
    assert [path.name for path in here.iterdir()] == ["weights.safetensors"]
    assert not (tmp_path / "x").exists()
    unpack_model(packed(tmp_path, {"../weights.safetensors": weights}), here)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "given.zip"]


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"run/config.json": b"{}"},
        {"a/weights.safetensors": b"", "b/weights.safetensors": b""},
        {"a/b/c/weights.safetensors": b""},
    ],
    ids=["empty", "no weights", "two runs", "far down"],
)
def test_a_zip_that_is_no_run_is_refused(members, tmp_path):
    with pytest.raises(NoModelFile, match=r"expected the \.zip of one run"):
        unpack_model(packed(tmp_path, members), tmp_path)


def test_a_damaged_or_too_large_zip_is_refused(finished_run, tmp_path):
    whole = archive(finished_run)
    for content in (b"", b"PK", whole[: len(whole) // 2]):
        (tmp_path / "given.zip").write_bytes(content)
        with pytest.raises(NoModelFile, match="it cannot be read"):
            unpack_model(tmp_path / "given.zip", tmp_path)
    given = packed(tmp_path, {"run/weights.safetensors": b"x", "run/config.json": bytes(2 << 20)})
    with pytest.raises(NoModelFile, match=r"config\.json is larger than 1 MB"):
        unpack_model(given, tmp_path)

from __future__ import annotations

import io
import json
import pickle
import shutil
import struct
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.samples import tensors, tiny_run
from vae_core import RunError, RunStore
from vae_core.io import TensorHeader
from vae_core.io.tensors import MAX_HEADER
from vae_core.runs.weights import read_header


@pytest.fixture
def file(finished_run, tmp_path) -> Path:
    """The weights of a finished run, far from its folder."""
    return shutil.copy(finished_run.path / "weights.safetensors", tmp_path / "far.safetensors")


def with_header(header: object, rest: bytes = b"") -> bytes:
    """A file with this JSON as its header."""
    words = json.dumps(header).encode()
    return struct.pack("<Q", len(words)) + words + rest


def saved_by_torch(legacy: bool) -> bytes:
    buffer = io.BytesIO()
    torch.save({"a": torch.zeros(2)}, buffer, _use_new_zipfile_serialization=not legacy)
    return buffer.getvalue()


def test_a_weights_file_says_what_its_run_is_but_not_where_the_data_were(tmp_path, digits):
    config = tiny_run()
    config = replace(config, data=replace(config.data, path="a/secret/place"))
    run = RunStore(tmp_path).create(config)
    next(run.train(digits))
    file = run.path / "weights.safetensors"
    assert b"secret" not in file.read_bytes()
    header = read_header(file)
    values = config.to_dict()
    values["data"]["path"] = None
    assert json.loads(header.texts["config"]) == json.loads(json.dumps(values))
    assert json.loads(header.texts["data"]) == json.loads(json.dumps(run.data().to_dict()))
    assert header.epoch == 1


def test_a_header_has_the_tensors_names_shapes_and_types(finished_run, file):
    header = read_header(file)
    assert header.shapes == {k: tuple(v.shape) for k, v in tensors(finished_run).items()}
    assert set(header.dtypes.values()) == {"F32"}


@pytest.mark.parametrize("epoch", ["", "-1", "two", "9" * 9])
def test_an_epoch_that_is_none_is_not_known(epoch):
    assert TensorHeader({}, {}, {"epoch": epoch}).epoch is None


KINDS = {
    "absent": (None, "there is no such file"),
    "empty": (b"", "got an empty file"),
    "seven bytes": (b"1234567", "got a file of another kind"),
    "text": (b"not a safetensors file\n", "got a file of another kind"),
    "small text": (struct.pack("<Q", 4) + b"abcd", "got a file of another kind"),
    "broken header": (struct.pack("<Q", 4) + b"{]]]", "a header that is not JSON"),
    "not text": (struct.pack("<Q", 4) + b"{\xff\xff}", "a header that is not UTF-8"),
    "header of a terabyte": (struct.pack("<Q", 1 << 40) + b"{}", "more than the 1,048,576 bytes"),
    "header of 2^64 - 1": (b"\xff" * 8 + b"{}", "more than the 1,048,576 bytes"),
    "header of 2 MB": (
        struct.pack("<Q", 2 << 20) + b"{" + b" " * (2 << 20), f"more than the {MAX_HEADER:,}",
    ),
    "numbers as text": (with_header({"__metadata__": {"a": 1}}), "whose __metadata__ is not text"),
    "unknown type": (
        with_header({"a": {"dtype": "X\x1b\n", "shape": [1], "data_offsets": [0, 1]}}, b"1"),
        "a type that is not one of BOOL, U8",
    ),
    "larger than any memory": (
        with_header({"a": {"dtype": "F32", "shape": [1 << 62, 4], "data_offsets": [0, 0]}}),
        "do not fit together",
    ),
    "shared bytes": (
        with_header(
            {k: {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]} for k in "ab"}, b"1234"
        ),
        "tensors that overlap or leave a gap",
    ),
    "pickle": (pickle.dumps({"a": [1.0] * 99}), "got a pickle. This project never unpickles"),
    "saved by torch": (saved_by_torch(legacy=False), "zip archive, as torch.save writes. This"),
    "saved by an old torch": (saved_by_torch(legacy=True), "got a pickle. This project never"),
}  # fmt: skip


def refusal(file: Path) -> str:
    """Its one sentence."""
    with pytest.raises(RunError) as caught:
        read_header(file)
    message = str(caught.value)
    assert message.startswith((file.name, str(file)))
    assert message.isprintable()
    assert len(message) < 500
    return message


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_weights_file_is_refused_in_its_own_sentence(tmp_path, kind):
    content, said = KINDS[kind]
    file = tmp_path / "foreign.safetensors"
    if content is not None:
        file.write_bytes(content)
    assert said in refusal(file)


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".ckpt", ".PKL"])
def test_a_checkpoint_of_another_kind_is_told_how_to_become_one_of_this(tmp_path, suffix):
    file = tmp_path / f"model{suffix}"
    file.write_bytes(b"\x00" * 100)
    message = refusal(file)
    assert f"got a {suffix} file. This project never unpickles" in message
    assert "safetensors.torch.save_file(model.state_dict()" in message


def test_a_folder_is_refused(finished_run):
    assert "got a folder" in refusal(finished_run.path)


@pytest.mark.parametrize("name", ["x" * 300, "a\0b"])
def test_a_path_that_no_file_can_have_is_refused(tmp_path, name):
    with pytest.raises(RunError, match="there is no such file"):
        read_header(tmp_path / name)


@pytest.mark.parametrize("part", ["header", "tensors", "one byte"])
def test_a_file_cut_short_is_refused(file, part):
    content = file.read_bytes()
    end = 8 + int.from_bytes(content[:8], "little")
    cut = {"header": end // 2, "tensors": (end + len(content)) // 2, "one byte": -1}[part]
    file.write_bytes(content[:cut])
    said = "cut short within its header" if part == "header" else "tensors that do not fill it"
    assert said in refusal(file)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_file_cut_short_is_no_pickle_though_its_length_begins_like_one(tmp_path, protocol):
    file = tmp_path / "cut.safetensors"
    file.write_bytes((protocol << 8 | 0x80).to_bytes(8, "little") + b'{"__metadata__"')
    assert "cut short within its header" in refusal(file) or "more than the" in refusal(file)


def test_a_file_with_more_behind_it_is_refused(file):
    file.write_bytes(file.read_bytes() + b"more")
    assert "tensors that do not fill it" in refusal(file)

"""Run folders and model files of somebody who means harm, or of a disk that failed."""

from __future__ import annotations

import json
import os
import resource
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import safetensors.torch
import torch

from tests.samples import rewrite, tensors, tiny_run
from vae_core import DataConfig, ModelConfig, Run, RunConfig, RunError, RunStore, load_dataset
from vae_core.config import POSTERIORS
from vae_core.io import read_tensors, write_tensors
from vae_core.limits import Limits
from vae_core.runs.archive import archive
from vae_core.runs.checkpoints import checkpoint_path
from vae_core.runs.model_file import import_model, read_model_file
from vae_core.runs.records import DataFacts
from vae_core.runs.weights import shapes_of, write_weights

FILES = ("config.json", "data.json", "history.jsonl", "metrics.json")
TENSORS = ("weights.safetensors", "codes.safetensors", "terms.safetensors")


def peak() -> int:
    """kB that this process has taken at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def damaged(run: Run) -> str:
    """Why the list does not open a run; the one beside it is listed as ever."""
    store = RunStore(run.path.parent)
    whole = store.root / "whole"
    if not whole.exists():
        whole.mkdir()
        (whole / "config.json").write_text(
            json.dumps({"format": 1, "created": run.created, "config": run.config.to_dict()}),
            encoding="utf-8",
        )
    entries = {entry.id: entry for entry in store.list()}
    assert entries["whole"].status == "new"
    assert entries[run.id].status == "damaged"
    problem = entries[run.id].problem
    assert problem
    return problem


# Links, devices, pipes


@pytest.mark.parametrize("name", [*FILES, *TENSORS])
@pytest.mark.parametrize("to", ["/dev/zero", "/proc/kmsg", "a copy", "/nowhere"])
def test_no_link_in_a_runs_folder_is_followed(run_copy: Run, name: str, to: str) -> None:
    path = run_copy.path / name
    copy = shutil.copy(path, run_copy.path.parents[1] / "copy")
    path.unlink()
    path.symlink_to(copy if to == "a copy" else to)
    before = peak()
    if to == "/nowhere" and name == "metrics.json":  # as if it had not been written yet
        assert RunStore(run_copy.path.parent).load(run_copy.id)
        return
    assert "it is a link" in damaged(run_copy) or "No such file" in damaged(run_copy)
    assert peak() - before < 50_000


@pytest.mark.parametrize("name", [*FILES, *TENSORS])
def test_a_pipe_in_place_of_a_file_makes_nobody_wait(run_copy: Run, name: str) -> None:
    (run_copy.path / name).unlink()
    os.mkfifo(run_copy.path / name)
    assert "expected a file; got a pipe or socket" in damaged(run_copy)


def test_a_file_that_is_too_long_is_not_read(run_copy: Run) -> None:
    for name in ("config.json", "data.json", "metrics.json", "history.jsonl"):
        path = run_copy.path / name
        whole = path.read_bytes()
        os.truncate(path, 20 << 30)  # takes no room on the disk
        before = peak()
        assert "expected at most" in damaged(run_copy)
        assert peak() - before < 50_000
        path.write_bytes(whole)


def test_kept_epochs_behind_a_link_are_none_of_the_runs(run_copy: Run, tmp_path: Path) -> None:
    write_tensors(tmp_path / "0001.safetensors", {"x": torch.zeros(1)})
    (run_copy.path / "epochs").symlink_to(tmp_path)
    assert run_copy.kept_epochs() == []
    with pytest.raises(RunError, match="epoch 1 was not kept"):
        run_copy.checkpoint(1)
    archive(run_copy)


def test_devices_are_no_model_files() -> None:
    for path in ("/dev/zero", "/dev/null", "/dev/stdin"):
        if os.path.exists(path):
            with pytest.raises(RunError, match="expected a"):
                read_model_file(Path(path))


# Facts


def put(name: str, **values: object) -> Callable[[Path], object]:
    """Replace values of a JSON file; None removes one."""

    def spoil(folder: Path) -> None:
        whole = json.loads((folder / name).read_text(encoding="utf-8"))
        changed = {k: v for k, v in (whole | values).items() if v is not ...}
        (folder / name).write_text(json.dumps(changed), encoding="utf-8")

    return spoil


def text(name: str, content: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text(content, encoding="utf-8")


EPOCH = '{"epoch": 1, "beta": 1, "train_distortion": 1, "train_rate": 1, "test_distortion": 1, '
UNSOUND = {
    **{f"deep {name}": (text(name, "[" * 100_000), "nested too deep") for name in FILES[:2]},
    "deep metrics": (text("metrics.json", '{"a":' * 100_000), "nested too deep"),
    "deep history": (text("history.jsonl", "[" * 100_000 + "\n"), "nested too deep"),
    "image_shape of two": (put("data.json", image_shape=[1, 8]), "an image_shape of 1 or 3"),
    "image_shape huge": (put("data.json", image_shape=[1, 10**5, 10**5]), "4 to 128 pixels a side"),
    "n_test text": (put("data.json", n_test="96"), "a whole number from 1 to 10,000,000 as n_test"),
    "n_test another": (put("data.json", n_test=95), "expected params"),
    "no class names": (put("data.json", class_names=None), "class_names"),
    "class names of an object": (put("data.json", class_names={}), "class_names"),
    "no names at all": (put("data.json", class_names=[]), "class_names"),
    "half a character": (text("data.json", '{"class_names": ["\\ud800"]}'), "half a character"),
    "no test_rate": (put("metrics.json", test_rate=...), "test_distortion, test_rate"),
    "rate of a point mass": (put("metrics.json", test_rate=None), "a finite rate of a diagonal"),
    "test_distortion text": (put("metrics.json", test_distortion="x"), "a number as test_dist"),
    "test_distortion NaN": (put("metrics.json", test_distortion=float("nan")), "no finite number"),
    "test_distortion huge": (put("metrics.json", test_distortion=1e30), "a number from -1e+12"),
    "a number of 4000 digits": (text("metrics.json", f'{{"n_test": {"9" * 4000}}}'), "of 4,000 di"),
    "history: epoch alone": (text("history.jsonl", '{"epoch": 1}\n'), "a number as beta; there is"),
    "history: without seconds": (
        text("history.jsonl", EPOCH + '"test_rate": 1, "images_per_second": 1}\n'),
        "a number as seconds; there is none",
    ),
    "history: epoch null": (text("history.jsonl", '{"epoch": null}\n'), "a whole number from 1"),
    "created a number": (put("config.json", created=5), "a time in ISO 8601 as created"),
    "a format of many letters": (put("config.json", format="x" * 10_000), "expected format 1"),
}  # fmt: skip


@pytest.mark.parametrize("case", UNSOUND)
def test_facts_that_are_none_make_one_damaged_row(run_copy: Run, case: str) -> None:
    spoil, said = UNSOUND[case]
    spoil(run_copy.path)
    problem = damaged(run_copy)
    assert said in problem
    assert len(problem) < 600


@pytest.mark.parametrize(
    ("labels", "params", "said"),
    [
        (90, 0.0, "expected labels 0 to 9; got 9"),
        (-5, 0.0, "expected labels 0 to 9; got -5"),
        (0, float("nan"), "expected finite posteriors"),
        (0, float("inf"), "expected finite posteriors"),
        (0, 1e30, "expected finite posteriors"),
    ],
)
def test_codes_that_no_model_makes_are_refused(
    run_copy: Run, labels: int, params: float, said: str
) -> None:
    codes = tensors(run_copy, "codes")
    rewrite(run_copy, "codes", labels=codes["labels"] + labels, params=codes["params"] + params)
    with pytest.raises(RunError, match=said):
        run_copy.codes()


def test_a_run_of_classes_that_have_no_name_is_damaged(run_copy: Run) -> None:
    config = run_copy.config.to_dict()
    config["data"]["classes"] = [3, 12]
    put("config.json", config=config)(run_copy.path)
    assert "expected a name for every class" in damaged(run_copy)


def test_class_names_are_of_one_line_and_a_moderate_length(run_copy: Run) -> None:
    names = ["a\nb", "\u202egnp", "x" * 10_000, *"0123456"]
    put("data.json", class_names=names)(run_copy.path)
    found = RunStore(run_copy.path.parent).load(run_copy.id).data().class_names
    assert found[:2] == ("a?b", "?gnp")
    assert len(found[2]) < 70


@pytest.mark.parametrize("key", ["rng.shuffle", "rng.sampling"])
@pytest.mark.parametrize("value", [torch.zeros(3), torch.zeros(16, dtype=torch.uint8)])
def test_a_state_with_another_generator_is_refused(
    run_copy: Run, digits: object, key: str, value: torch.Tensor
) -> None:
    (run_copy.path / "metrics.json").unlink()
    state, _ = read_tensors(run_copy.path / "resume.safetensors")
    write_tensors(run_copy.path / "resume.safetensors", state | {key: value}, {"epoch": "2"})
    history = (run_copy.path / "history.jsonl").read_text(encoding="utf-8").splitlines(True)
    (run_copy.path / "history.jsonl").write_text("".join(history[:2]), encoding="utf-8")
    with pytest.raises(RunError, match=r"resume\.safetensors: expected the state of"):
        list(run_copy.train(load_dataset(DataConfig(limit=96))))


# What a model would cost


def test_a_small_file_of_a_model_that_takes_gigabytes_is_refused_before_it_does(
    tmp_path: Path, mnist_folder: str
) -> None:
    dataset = load_dataset(DataConfig("mnist", mnist_folder))
    for width in (1024, 4096):
        model = ModelConfig("conv", (width,), (16, 16, 1))
        zeros = {k: torch.zeros(v).half() for k, v in shapes_of(model, dataset.image_shape).items()}
        config, file = RunConfig(DataConfig("mnist"), model), tmp_path / "bomb.safetensors"
        write_weights(file, zeros, config, DataFacts.of(dataset), None)
        assert file.stat().st_size < 400_000
        before = peak()
        with pytest.raises(RunError, match="one step would hold"):
            import_model(read_model_file(file), RunStore(tmp_path / "runs"), dataset)
        assert peak() - before < 50_000


def test_limits_of_the_server_hold_for_files_and_for_the_list(
    run_copy: Run, digits: object, tmp_path: Path
) -> None:
    few = Limits(parameters=100)
    dataset = load_dataset(run_copy.config.data)
    file = read_model_file(run_copy.path / "weights.safetensors")
    with pytest.raises(RunError, match="at most 100 parameters; this one has"):
        import_model(file, RunStore(tmp_path / "other"), dataset, limits=few)
    (entry,) = RunStore(run_copy.path.parent, few).list()
    assert "at most 100 parameters" in str(entry.problem)
    assert RunStore(run_copy.path.parent).list()[0].status == "finished"


@pytest.mark.parametrize("posterior", POSTERIORS)
def test_weights_of_absurd_size_are_refused_with_their_codes(
    tmp_path: Path, digits, posterior: str
) -> None:
    run = RunStore(tmp_path).create(tiny_run(posterior=posterior))
    next(run.train(digits))
    huge = {k: torch.full_like(v, 1e30) for k, v in tensors(run).items()}
    texts = read_tensors(run.path / "weights.safetensors")[1]
    safetensors.torch.save_file(huge, tmp_path / "huge.safetensors", texts)
    with pytest.raises(RunError, match="expected a finite ELBO"):
        import_model(read_model_file(tmp_path / "huge.safetensors"), RunStore(tmp_path), digits)


# Versions


def test_what_is_read_is_of_one_version_while_another_process_writes(tmp_path: Path) -> None:
    """Text, header and tensors: never the epoch of one with the tensors of another."""
    path, is_over = tmp_path / "x.safetensors", threading.Event()

    def write(k: int) -> None:
        values = {"w": torch.full((40_000,), float(k))}
        write_tensors(path, values, {"epoch": str(k), "pad": "x" * 16 * (k % 2)})

    def keep_writing() -> None:
        k = 10
        while not is_over.is_set():
            write(k := k + 1)

    write(10)
    thread = threading.Thread(target=keep_writing)
    thread.start()
    try:
        for _ in range(300):
            tensors_read, texts = read_tensors(path)
            assert set(tensors_read["w"].tolist()) == {float(texts["epoch"])}
    finally:
        is_over.set()
        thread.join()


def test_a_flipped_bit_is_noticed(run_copy: Run) -> None:
    path = run_copy.path / "weights.safetensors"
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)
    with pytest.raises(RunError, match="do not fit the digest beside them"):
        run_copy.vae()


def test_a_file_that_is_replaced_while_it_is_opened_is_said_so(
    run_copy: Run, digits, tmp_path: Path
) -> None:
    path = run_copy.path / "weights.safetensors"
    file = read_model_file(path)
    write_weights(path, tensors(run_copy), run_copy.config, run_copy.data(), 2)
    with pytest.raises(RunError, match="has changed meanwhile"):
        import_model(file, RunStore(tmp_path / "mine"), digits)


def test_checkpoints_of_another_model_are_refused_before_they_are_read(tmp_path, digits) -> None:
    config = tiny_run()
    run = RunStore(tmp_path).create(replace(config, train=replace(config.train, keep_epochs=(1,))))
    next(run.train(digits))
    path = checkpoint_path(run.path, 1)
    values, texts = read_tensors(path)
    write_tensors(path, values | {"decoder.1.bias": torch.zeros(10**6)}, texts)
    with pytest.raises(RunError, match=r"decoder\.1\.bias has shape \(1000000,\)"):
        run.checkpoint(1)

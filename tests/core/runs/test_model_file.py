from __future__ import annotations

import json
import resource
import shutil
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
import safetensors.torch
import torch

from tests.samples import LATENTS, covering, rewrite, tensors, tiny_model, tiny_run
from vae_core import (
    ConfigError,
    DataConfig,
    Run,
    RunConfig,
    RunError,
    RunStore,
    encode_dataset,
    evaluate,
    load_dataset,
)
from vae_core.config import LIKELIHOODS, NETWORKS, POSTERIORS, SIGMAS
from vae_core.runs.entries import Contents
from vae_core.runs.export import export_run
from vae_core.runs.model_file import import_model, read_model_file
from vae_core.runs.records import DataFacts
from vae_core.runs.weights import read_header, shapes_of, write_weights

SCORES = ("n_test", "n_samples", "test_distortion", "test_rate", "test_negative_elbo")


@pytest.fixture
def store(tmp_path) -> RunStore:
    return RunStore(tmp_path / "mine")


@pytest.fixture
def file(finished_run, tmp_path) -> Path:
    """The weights of a finished run, far from its folder."""
    return shutil.copy(finished_run.path / "weights.safetensors", tmp_path / "far.safetensors")


def open_in(store: RunStore, file: Path, dataset, name: str | None = None) -> Run:
    return import_model(read_model_file(file), store, dataset, name)


def scores(run: Run) -> list[float]:
    values = run.metrics().to_dict()
    return [values[name] for name in SCORES]


def texts(file: Path) -> dict[str, str]:
    return dict(read_header(file).texts)


def write(file: Path, values: dict[str, torch.Tensor], said: dict[str, str] | None) -> None:
    safetensors.torch.save_file(values, file, said)


# What comes back


@pytest.mark.parametrize("posterior", POSTERIORS)
@pytest.mark.parametrize("latent", LATENTS)
def test_an_imported_model_has_the_codes_and_metrics_of_its_run(
    tmp_path, store, digits, posterior, latent
):
    run = RunStore(tmp_path / "theirs").create(tiny_run(posterior=posterior, latent_shape=latent))
    list(run.train(digits))
    far = shutil.move(run.path / "weights.safetensors", tmp_path / "far.safetensors")
    mine = open_in(store, far, digits)
    assert store.load(mine.id) == mine
    assert [entry.status for entry in store.list()] == ["finished"]
    codes, expected = mine.codes(), run.codes()
    assert torch.equal(codes.params, expected.params)
    assert torch.equal(codes.labels, expected.labels)
    assert scores(mine) == scores(run)
    assert mine.metrics().run_id == mine.id
    assert (mine.config, mine.data(), mine.history()) == (run.config, run.data(), [])


ALL = [
    {"likelihood": likelihood, "network": network, "sigma": sigma}
    for likelihood, network, sigma in product(LIKELIHOODS, NETWORKS, SIGMAS)
]


@pytest.mark.parametrize("model", covering(ALL), ids=lambda model: "-".join(model.values()))
def test_every_model_is_known_from_its_header(tmp_path, store, digits, model):
    """What a model on no device has is what a real one has."""
    config = tiny_run(**model)
    run = RunStore(tmp_path / "theirs").create(replace(config, name="Theirs"))
    next(run.train(digits))
    mine = open_in(store, run.path / "weights.safetensors", digits)
    assert mine.title == "Theirs"
    assert evaluate(mine.vae(), digits.test) == evaluate(run.vae(), digits.test)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_weights_are_stored_as_they_came(finished_run, file, store, digits, dtype):
    came = {name: value.to(dtype) for name, value in tensors(finished_run).items()}
    write(file, came, texts(file))
    mine = open_in(store, file, digits)
    stored = tensors(mine)
    assert {value.dtype for value in stored.values()} == {dtype}
    assert all(torch.equal(stored[name], value) for name, value in came.items())
    assert torch.equal(mine.codes().params, encode_dataset(mine.vae(), digits.test).params)
    assert mine.metrics().distortion == evaluate(mine.vae(), digits.test).distortion


def test_an_exported_model_comes_back_with_its_metrics(finished_run, tmp_path, store, digits):
    exported = export_run(finished_run, digits, tmp_path / "out")
    mine = open_in(store, exported.path / "weights.safetensors", digits)
    assert scores(mine) == scores(exported)
    again = export_run(mine, digits, tmp_path / "again")
    assert scores(again) == scores(exported)
    assert read_header(again.path / "weights.safetensors").epoch == 3


def test_a_name_can_be_given_and_has_to_be_one(file, store, digits):
    mine = open_in(store, file, digits, "From Ada")
    assert mine.title == "From Ada"
    assert mine.id.startswith("from-ada-")
    with pytest.raises(ConfigError, match="name must be"):
        open_in(store, file, digits, "../../x")
    assert len(store.list()) == 1


def test_a_path_in_a_foreign_config_is_not_followed(finished_run, file):
    values = finished_run.config.to_dict()
    values["data"]["path"] = "/somewhere"
    write(file, tensors(finished_run), texts(file) | {"config": json.dumps(values)})
    assert read_model_file(file).config.data.path is None


def test_an_older_file_is_opened_where_it_lies_in_its_folder(run_copy, store, digits):
    rewrite(run_copy, "weights")  # without the text
    file = run_copy.path / "weights.safetensors"
    assert texts(file) == {}
    mine = open_in(store, file, digits)
    assert torch.equal(mine.codes().params, run_copy.codes().params)
    assert texts(mine.path / "weights.safetensors").keys() == {"config", "data"}


def test_an_ending_does_not_matter_when_the_content_is_sound(file, store, digits):
    assert open_in(store, file.rename(file.with_suffix(".pt")), digits).is_finished


# What is refused

ZEROS = torch.zeros


def refusal(store: RunStore, file: Path, dataset) -> str:
    """Its one sentence; the store is as it was."""
    with pytest.raises(RunError) as caught:
        open_in(store, file, dataset)
    message = str(caught.value)
    assert message.startswith((file.name, str(file)))
    assert message.isprintable()
    assert len(message) < 700
    assert not store.root.exists()
    return message


OTHERS = {
    "shape": ({"encoder.1.bias": ZEROS(9)}, "encoder.1.bias has shape (9,), not (8,)"),
    "missing": ({"encoder.1.bias": None}, "encoder.1.bias is missing."),
    "extra": ({"extra": ZEROS(1)}, "extra is not part of it."),
    "whole numbers": (
        {"encoder.1.bias": ZEROS(8, dtype=torch.int64)},
        "encoder.1.bias has type I64, not F16, BF16, F32 or F64.",
    ),
    "bytes": ({"encoder.1.bias": ZEROS(8, dtype=torch.float8_e4m3fn)}, "has type F8_E4M3"),
    "complex": ({"encoder.1.bias": ZEROS(8, dtype=torch.complex64)}, "has type C64"),
    "many": ({f"extra{k}": ZEROS(1) for k in range(9)}, "extra2 is not part of it; and 6 more."),
    "odd name": ({"a\n\x1b[31m" + "b" * 999: ZEROS(1)}, "a??[31mbbb"),
    "nothing": ({}, "is missing; and"),
}


@pytest.mark.parametrize("case", OTHERS)
def test_tensors_of_another_model_are_named(finished_run, file, store, digits, case):
    changes, said = OTHERS[case]
    values = tensors(finished_run) | changes if changes else {}
    write(file, {k: v for k, v in values.items() if v is not None}, texts(file))
    message = refusal(store, file, digits)
    assert "not the weights of the model that its config describes: " in message
    assert said in message


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_weights_that_are_not_finite_are_refused(finished_run, file, store, digits, value):
    bias = tensors(finished_run)["decoder.3.bias"].index_fill(0, torch.tensor(5), value)
    write(file, tensors(finished_run) | {"decoder.3.bias": bias}, texts(file))
    assert "NaN or infinity in decoder.3.bias" in refusal(store, file, digits)


def test_weights_that_become_infinite_in_single_precision_are_refused(
    finished_run, file, store, digits
):
    huge = {"decoder.3.bias": torch.full((64,), 1e300, dtype=torch.float64)}
    write(file, tensors(finished_run) | huge, texts(file))
    assert "NaN or infinity in decoder.3.bias" in refusal(store, file, digits)


@pytest.mark.parametrize("posterior", POSTERIORS)
def test_finite_weights_that_lead_to_no_finite_elbo_are_refused(tmp_path, store, digits, posterior):
    config = tiny_run(posterior=posterior, likelihood="gaussian")
    run = RunStore(tmp_path).create(config)
    next(run.train(digits))
    huge = {k: torch.full_like(v, 3e38) for k, v in tensors(run).items()}
    file = tmp_path / "huge.safetensors"
    write(file, huge, texts(run.path / "weights.safetensors"))
    assert "expected a finite ELBO" in refusal(store, file, digits)


@pytest.mark.parametrize("said", [None, {"epoch": "3"}, {"config": "{}"}, {"data": "{}"}])
def test_a_file_that_does_not_say_which_model_it_is_is_refused(
    finished_run, file, store, digits, said
):
    write(file, tensors(finished_run), said)
    message = refusal(store, file, digits)
    assert "does not say which model it is" in message
    assert "python -m vae_core export" in message


CLAIMS = {
    "no JSON": ("config", "{", "expected its config as JSON"),
    "deep": ("config", "[" * 200_000, "expected its config as JSON"),
    "a long number": ("config", "9" * 9_999, "expected its config as JSON"),
    "a list": ("config", "[]", "config must be a JSON object"),
    "unknown": ("config", '{"a\\u202e\\u001b": 1}', "config has unknown settings a??;"),
    "long": ("config", json.dumps({"b" * 500_000: 1}), "config has unknown settings bbb"),
    "out of range": ("config", '{"train": {"lr": 9}}', "lr must be a number"),
    "not finite": ("config", '{"train": {"lr": NaN}}', "NaN is no finite number"),
    "half a character": ("config", '{"a\\ud800": 1}', "expected its config as JSON"),
    "unfit": (
        "config",
        json.dumps(RunConfig(model=tiny_model((9, 9, 1), network="conv")).to_dict()),
        "its config and its images do not fit: latent: a grid of 9 x 9 cells is finer",
    ),
    "data no JSON": ("data", "", "expected its config as JSON"),
    "data a list": ("data", "[1]", "expected facts about its data"),
    "no fingerprint": ("data", '{"image_shape": [1, 8, 8]}', "expected facts about its data"),
    "two channels": (
        "data", '{"image_shape": [2, 8, 8], "fingerprint": "0"}', "expected facts about its data",
    ),
    "absurd images": (
        "data",
        json.dumps({"image_shape": [1, 10**15, 10**15], "fingerprint": "0"}),
        "4 to 128 pixels a side",
    ),
    "numbers that are not whole": (
        "data",
        json.dumps({"image_shape": [1.0, 8, 8], "fingerprint": "0"}),
        "expected facts about its data",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CLAIMS)
def test_a_false_claim_is_refused(finished_run, file, store, digits, case):
    key, value, said = CLAIMS[case]
    write(file, tensors(finished_run), texts(file) | {key: value})
    assert said in refusal(store, file, digits)


def test_a_small_file_that_claims_an_enormous_model_is_refused_without_making_it(
    tmp_path, store, digits
):
    file = tmp_path / "absurd.safetensors"
    config = RunConfig(DataConfig(limit=96), tiny_model(hidden=(4096,) * 8))
    write_weights(file, {"encoder.1.bias": ZEROS(4096)}, config, DataFacts.of(digits), None)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert "is missing; decoder.1.weight is missing; decoder.11.bias" in refusal(
        store, file, digits
    )
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kB


def test_codes_that_would_fill_the_memory_are_refused(tmp_path, store, idx_folder):
    """A latent of 32 sites with a full covariance each: 260 064 numbers for every image."""
    data = DataConfig(name="mnist", path=str(idx_folder))
    dataset = load_dataset(data)
    many = replace(dataset, test=dataset.test.take(torch.arange(1100) % len(dataset.test)))
    model = tiny_model((4, 8, 126), posterior="full", hidden=(1,))
    shapes = shapes_of(model, many.image_shape)
    weights = {name: ZEROS(shape, dtype=torch.float16) for name, shape in shapes.items()}
    file = tmp_path / "wide.safetensors"
    write_weights(file, weights, RunConfig(data, model), DataFacts.of(many), None)
    assert "more than the 67,108,864 that are kept" in refusal(store, file, many)


def test_other_images_are_refused(file, store):
    other = load_dataset(DataConfig(limit=96, seed=1))
    assert "not the images the run was started with" in refusal(store, file, other)


def test_a_lie_about_the_shape_of_the_images_is_refused(tmp_path, store, digits):
    config = tiny_run()
    run = RunStore(tmp_path).create(config)
    next(run.train(digits))
    facts = replace(DataFacts.of(digits), image_shape=(1, 4, 16))  # as many pixels
    file = tmp_path / "lie.safetensors"
    write_weights(file, tensors(run), config, facts, 1)
    assert "says its images are of shape (1, 4, 16)" in refusal(store, file, digits)


def test_a_store_that_cannot_be_written_is_one_sentence(tmp_path, file, digits):
    (tmp_path / "note").touch()
    with pytest.raises(RunError, match=r"cannot be written .*choose another folder"):
        open_in(RunStore(tmp_path / "note"), file, digits)


def test_a_run_that_could_not_be_written_whole_is_not_there(finished_run, store):
    """Its last file fails: nothing of the others is left."""
    contents = Contents(
        finished_run.config,
        finished_run.data(),
        tensors(finished_run),
        finished_run.codes(),
        replace(finished_run.metrics(), seconds=object()),
    )
    with pytest.raises(TypeError):
        store.adopt("half", contents)
    assert list(store.root.iterdir()) == []
    assert store.adopt("half", replace(contents, metrics=finished_run.metrics())).is_finished

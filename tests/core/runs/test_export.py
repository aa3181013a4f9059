from __future__ import annotations

import json
import shlex
from dataclasses import replace

import pytest
import torch
from safetensors import safe_open

from tests.samples import tensors, tiny_run
from vae_core import DataConfig, RunError, RunStore, encode_dataset, evaluate, load_dataset
from vae_core.config import POSTERIORS
from vae_core.decimals import adding_up, fixed
from vae_core.runs.export import export_run
from vae_core.settings import command_line

EXPORTED = {
    *("README.md", "config.json", "data.json", "history.jsonl", "metrics.json"),
    *("weights.safetensors", "codes.safetensors", "terms.safetensors"),
}


@pytest.fixture(params=POSTERIORS)
def pair(request, tmp_path, digits):
    """A finished run whose config names a data folder, and its export."""
    config = tiny_run(posterior=request.param)
    config = replace(config, data=replace(config.data, path="a/secret/place"), name="My run")
    run = RunStore(tmp_path / "runs").create(config)
    list(run.train(digits))
    return run, export_run(run, digits, tmp_path / "out" / "my-run")


def test_export_is_a_run_that_can_be_opened(pair, tmp_path):
    run, exported = pair
    loaded = RunStore(tmp_path / "out").load("my-run")
    assert loaded == exported
    assert loaded.is_finished
    assert {path.name for path in loaded.path.iterdir()} == EXPORTED  # no resume state
    assert loaded.history() == run.history()
    assert (loaded.created, loaded.title) == (run.created, "My run")


def test_export_stores_half_precision(pair):
    run, exported = pair
    with safe_open(exported.path / "weights.safetensors", "pt") as file:
        for name in file.keys():  # noqa: SIM118  (not a dictionary)
            assert file.get_slice(name).get_dtype() == "F16"
    assert tensors(exported, "codes")["params"].dtype == torch.float16
    assert tensors(exported, "codes")["labels"].dtype == torch.int64
    for name, value in tensors(exported).items():
        assert torch.equal(value, tensors(run)[name].half())


def test_exported_numbers_are_those_of_the_files_shipped(pair, digits):
    run, exported = pair
    metrics, result = exported.metrics(), evaluate(exported.vae(), digits.test)
    assert metrics.distortion == result.distortion
    assert metrics.distortion != run.metrics().distortion
    assert metrics.rate == result.rate
    assert metrics.negative_elbo == result.negative_elbo
    assert metrics.run_id == "my-run"
    anew = encode_dataset(exported.vae(), digits.test)
    assert torch.equal(exported.codes().params, anew.params.half().float())


def test_a_fixed_sigma_is_not_rounded_for_the_card(tmp_path, digits):
    config = tiny_run(likelihood="gaussian", sigma="fixed", sigma_value=0.02)
    run = RunStore(tmp_path / "runs").create(config)
    list(run.train(digits))
    exported = export_run(run, digits, tmp_path / "narrow")
    assert exported.metrics().distortion == evaluate(exported.vae(), digits.test).distortion


def test_export_does_not_say_where_the_data_were(pair):
    _, exported = pair
    assert exported.config.data.path is None
    for name in EXPORTED:
        assert b"secret" not in (exported.path / name).read_bytes()


def test_card_names_command_numbers_and_conditions(pair):
    _, exported = pair
    card, metrics = (exported.path / "README.md").read_text(), exported.metrics()
    assert card.startswith("# My run\n")
    assert command_line(exported.config) in card
    assert shlex.split(command_line(exported.config))[4] == "--name=My run"
    if not metrics.has_rate:
        assert f"distortion {metrics.distortion:.2f}, no finite rate" in card
    else:
        distortion, rate = map(fixed, adding_up((metrics.distortion, metrics.rate)))
        assert f"distortion {distortion} + rate {rate} = " in card
        assert f"negative ELBO {metrics.negative_elbo:.2f}" in card
    for words in ("96 images, grey pixels, 1 draw per image", "float16", "nats per image"):
        assert words in card


def test_unfinished_run_is_refused(tmp_path, digits):
    run = RunStore(tmp_path).create(tiny_run())
    with pytest.raises(RunError, match="only a finished run can be exported; resume it first"):
        export_run(run, digits, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_other_data_are_refused(tmp_path, finished_run):
    other = load_dataset(DataConfig(limit=96, seed=1))
    with pytest.raises(RunError, match="not the images the run was started with"):
        export_run(finished_run, other, tmp_path / "out")


def test_existing_folder_is_left_alone(tmp_path, finished_run, digits):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "config.json").write_text("mine")
    with pytest.raises(RunError, match=r"out: cannot be written \(File exists\)"):
        export_run(finished_run, digits, tmp_path / "out")
    assert (tmp_path / "out" / "config.json").read_text() == "mine"


@pytest.mark.parametrize("name", ["a b", ".hidden", "é!"])
def test_folder_that_could_not_be_opened_again_is_refused(tmp_path, finished_run, digits, name):
    with pytest.raises(RunError, match="expected a run's id"):
        export_run(finished_run, digits, tmp_path / name)
    assert not (tmp_path / name).exists()


def test_exported_json_is_plain(pair):
    _, exported = pair
    for name in ("config.json", "data.json", "metrics.json"):
        text = (exported.path / name).read_text()
        assert isinstance(json.loads(text, parse_constant=pytest.fail), dict)

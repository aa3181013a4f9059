"""The command `measure`: the numbers of the pages, with their errors."""

from __future__ import annotations

import io
import json
import math
import zipfile

import pytest
import torch

from pages.ui.measure import aggregate
from tests.samples import tiny_run
from vae_core import RunStore, encode_dataset
from vae_core.analysis import elbo_surgery, rate_parts
from vae_core.analysis.rate.entry_use import entry_use
from vae_core.runs.archive import archive

MODELS = RunStore("assets/models")


def test_the_command_line_tells_what_the_page_shows(answer, cli):
    """Ten quantities: both ends of five brackets, and the mean KL they are parts of."""
    values = answer("measure", "digits-2d", "--runs", MODELS.root)
    parts = rate_parts(MODELS.load("digits-2d").codes())
    series = elbo_surgery(MODELS.load("digits-2d").codes())
    assert values["mean_kl"] == series["mean_kl"]
    for name in ("mutual_information", "marginal_kl", "total_correlation", "dimension_kl"):
        bracket = getattr(parts, name)
        assert values[f"{name}_low"] == bracket.low.value
        assert values[f"{name}_high"] == bracket.high.value
        assert values[f"{name}_high_error"] == bracket.high.standard_error
    assert values["n_images"] == 360
    assert (values["active_units"], values["latent_dimensions"]) == (2, 2)
    shown = {label: value for label, value, _ in aggregate.metrics(parts)}
    low, high = values["mutual_information_low"], values["mutual_information_high"]
    assert shown["I(x; z), nats"] == f"{low:.2f} to {high:.2f}"
    _, out, _ = cli("measure", "digits-2d", "--runs", MODELS.root)
    assert f"{low:.3f} ± " in out


def test_training_images_narrow_the_bracket(answer, run_copy):
    tests, trained = (
        answer("measure", run_copy.path, "--draws", 300, "--split", split)
        for split in ("test", "train")
    )
    assert (tests["split"], trained["split"]) == ("test", "train")
    assert trained["n_images"] == 96


def test_codes_of_training_images_are_kept_and_used_without_the_images(answer, run_copy, digits):
    assert run_copy.training_codes() is None
    made = answer("measure", run_copy.path, "--draws", 100, "--split", "train", "--keep")
    kept = run_copy.training_codes()
    assert kept is not None
    torch.testing.assert_close(kept.params, encode_dataset(run_copy.vae(), digits.train).params)
    assert answer("measure", run_copy.path, "--draws", 100, "--split", "train") == made
    (again,) = RunStore(run_copy.path.parent).list()
    assert again.problem is None
    assert "training-codes.safetensors" in "".join(
        zipfile.ZipFile(io.BytesIO(archive(run_copy))).namelist()
    )


def test_damaged_codes_of_training_images_are_one_sentence(cli, run_copy):
    (run_copy.path / "training-codes.safetensors").write_bytes(b"nothing")
    code, out, err = cli("measure", run_copy.path, "--split", "train")
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert "training-codes.safetensors" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("mnist-ae-2d",), "no density"),
        (("digits-2d", "--draws", 1), "--draws must be from 2"),
        (("digits-2d", "--keep"), "add --split train"),
        (("nothing",), "nothing"),
    ],
)
def test_what_cannot_be_measured_is_one_line(cli, arguments, said):
    code, out, err = cli("measure", *arguments, "--runs", MODELS.root)
    assert (code, out) == (2, "")
    assert said in err
    assert len(err.splitlines()) == 1


def test_one_class_has_no_information_about_it(answer):
    values = answer("measure", "mnist-ones-2d", "--runs", MODELS.root, "--draws", 200)
    assert "label_gap" not in values
    assert 0.0 < values["prior_holes_at_most"] < 0.5


def test_evaluate_tells_the_evidence_and_both_gaps(cli):
    code, out, err = cli("evaluate", "digits-2d", "--runs", MODELS.root, "--evidence", 20, "--json")
    assert (code, err) == (0, "100%\n")
    values = json.loads(out)
    whole = values["mean_approximation_gap"] + values["mean_amortisation_gap"]
    assert values["mean_log_evidence"] - values["mean_elbo"] == pytest.approx(whole)
    assert values["n_evidence"] == 20
    assert values["mean_evidence_error"] < 1e-3
    code, _, err = cli("evaluate", "digits-2d", "--runs", MODELS.root, "--evidence", 361)
    assert code == 2
    assert "--evidence must be from 1 to 360" in err


def test_a_codebook_is_measured_by_its_entries(answer, tmp_path, digits):
    config = tiny_run(latent_shape=(2, 2, 2), network="conv", posterior="codebook")
    run = RunStore(tmp_path).create(config)
    list(run.train(digits))
    values = answer("measure", run.id, "--runs", tmp_path)
    assert values["entries"] == 10
    assert values["entries_used"] == entry_use(run.codes()).n_used
    assert values["rate_uniform"] == pytest.approx(4 * math.log(10))
    assert values["rate_autoregressive"] < values["rate_uniform"]
    assert "mutual_information_low" not in values

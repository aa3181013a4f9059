"""Folders written in format 1 are read as they were meant, whatever the code is called today.

All that is expected here is written out: names of files, of tensors and of settings are part of
the format, and those of classes and modules are not.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest
import torch

from pages.ui.session.summary import summary
from tests.samples import ROOT
from vae_core import Run, RunStore

DIGITS, EPOCHS = ROOT / "assets/models/digits-2d", ROOT / "assets/sweeps/mnist-beta/beta-1"
# Of config.json and the tensors. Who exports these anew keeps the old files for this test.
WRITTEN = {
    "digits-2d": "2c8950339aa1144c4796e357c920ec6a19ad7fadc37cbabd4d56fd5257ece0b2",
    "beta-1": "3dd27ae83365b5ddf3305cc97ee918744105cc6461f262b53f8ce44946b3e661",
}
Z = torch.tensor([[0.5, -1.0]])


@pytest.fixture(params=[DIGITS, EPOCHS], ids=lambda path: path.name)
def written(request: pytest.FixtureRequest, tmp_path: Path) -> Run:
    """A run of format 1, opened in a folder of runs of one's own."""
    return copied(request.param, tmp_path)


def copied(path: Path, folder: Path) -> Run:
    """Without the files that format 1 did not have at first."""
    shutil.copytree(path, folder / path.name, ignore=shutil.ignore_patterns("terms.safetensors"))
    return RunStore(folder).load(path.name)


def test_the_files_are_those_that_were_written_then(written: Run) -> None:
    digest = hashlib.sha256()
    for path in (*sorted(written.path.rglob("*.safetensors")), written.path / "config.json"):
        digest.update(path.read_bytes())
    assert digest.hexdigest() == WRITTEN[written.id]
    assert '"format": 1,' in (written.path / "config.json").read_text()


def test_a_finished_run_of_then_is_listed_with_its_settings(tmp_path: Path) -> None:
    run = copied(DIGITS, tmp_path)
    (entry,) = RunStore(tmp_path).list()
    assert (entry.status, entry.problem, entry.run) == ("finished", None, run)
    assert (run.title, run.created) == ("Digits 2-D", "2026-11-21T01:58:48+00:00")
    model, train = run.config.model, run.config.train
    assert (model.network, model.hidden, model.latent_shape) == ("mlp", (256, 128), (2,))
    assert (model.posterior, model.likelihood, model.sigma) == ("diagonal", "bernoulli", "fixed")
    assert (train.epochs, train.batch_size, train.lr, train.beta) == (300, 128, 0.001, 1.0)
    assert (train.reduction, train.seed, train.keep_epochs) == ("sum/sum", 0, ())
    assert run.config.sweep is None


def test_history_facts_and_metrics_of_then_are_the_same_numbers(tmp_path: Path) -> None:
    run = copied(DIGITS, tmp_path)
    history, facts, metrics = run.history(), run.data(), run.metrics()
    assert [record.epoch for record in history] == list(range(1, 301))
    assert history[0].train_distortion == 31.839847479926217
    assert history[-1].test_rate_per_dim == (1.2695250045922069, 1.68027712934547)
    assert (tuple(facts.image_shape), facts.n_train, facts.n_test) == ((1, 8, 8), 1437, 360)
    assert tuple(facts.class_names) == tuple("0123456789")
    assert facts.fingerprint == "a84c9a02febb32fe"
    assert (metrics.distortion, metrics.rate) == (21.32098230785794, 2.949987956550386)
    assert metrics.negative_elbo == 24.270970264408326
    assert (metrics.n_test, metrics.n_samples) == (360, 1)


def test_codes_and_pictures_of_then_are_the_same_numbers(tmp_path: Path) -> None:
    run = copied(DIGITS, tmp_path)
    codes, vae = run.codes(), run.vae()
    first = [-0.336181640625, 1.896484375, -1.5966796875, -2.470703125]
    assert codes.params[0].tolist() == first
    assert codes.labels[:12].tolist() == [6, 6, 6, 2, 5, 6, 6, 2, 2, 1, 1, 9]
    assert codes.params.double().sum().item() == pytest.approx(-2223.3931, abs=1e-3)
    mean = vae.decode(Z).mean
    assert mean.shape == (1, 1, 8, 8)
    assert mean.sum().item() == pytest.approx(20.1843, abs=1e-3)
    row = [7.802758972275115e-08, 0.016361808404, 0.278243899345, 0.881787538528]
    assert mean[0, 0, 4, :4].tolist() == pytest.approx(row, abs=1e-5)
    assert run.kept_epochs() == []


def test_a_kept_epoch_of_then_decodes_as_it_did(tmp_path: Path) -> None:
    run = copied(EPOCHS, tmp_path)
    assert run.config.sweep == "MNIST, beta"
    assert run.kept_epochs() == list(run.config.train.keep_epochs) == [1, 2, 3, 5, 8, 12]
    kept = run.checkpoint(5)
    assert kept.epoch == 5
    assert kept.codes.params.shape == (1000, 4)
    first = [-3.201171875, -1.568359375, -2.984375, -3.876953125]
    assert kept.codes.params[0].tolist() == first
    assert kept.codes.labels[:5].tolist() == [7, 2, 1, 0, 4]
    assert kept.decode_mean(Z).sum().item() == pytest.approx(69.3677, abs=1e-3)
    assert run.vae().decode(Z).mean.sum().item() == pytest.approx(80.4247, abs=1e-3)


def test_a_run_of_then_has_its_line_at_the_top_of_every_page(written: Run) -> None:
    line = summary(written)
    assert line.startswith("diagonal Gaussian, latent 2-D, Bernoulli. Test ")
    said = {  # 2.95 is printed so that the terms add up
        "digits-2d": "negative ELBO 24.3 = distortion 21.3 + rate 3.0 nats per image (360 grey",
        "beta-1": "negative ELBO 156.5 = distortion 151.0 + rate 5.5 nats per image (10,000 grey",
    }
    assert said[written.id] in line

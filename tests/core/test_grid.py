"""Any part with any other is a model that trains and ships; with -m grid, every combination."""

from __future__ import annotations

import math
from itertools import product

import pytest
import torch

from tests.samples import LATENTS, covering, tiny_model
from vae_core import DataConfig, RunConfig, RunStore, TrainConfig, build_vae, evaluate
from vae_core.config import LIKELIHOODS, NETWORKS, POSTERIORS, SIGMAS
from vae_core.runs.export import export_run

DECODERS = [
    (likelihood, sigma)
    for likelihood in LIKELIHOODS
    for sigma in (SIGMAS if likelihood == "gaussian" else SIGMAS[:1])
]
# test_trainer.py has the other two pairs
SHAPES = [("mlp", LATENTS[0]), ("conv", LATENTS[1])]
ALL = [
    {"posterior": posterior, "shape": shape, "decoder": decoder}
    for posterior, shape, decoder in product(POSTERIORS, SHAPES, DECODERS)
]
TRAIN = TrainConfig(epochs=1, batch_size=16, lr=5e-3, threads=1)


def name(settings):
    return "-".join((settings["posterior"], settings["shape"][0], *settings["decoder"]))


def test_every_network_is_on_the_grid():
    assert {network for network, _ in SHAPES} == set(NETWORKS)


@pytest.mark.parametrize("settings", covering(ALL), ids=name)
def test_any_pair_of_parts_trains_loads_and_ships(tmp_path, digits, settings):
    trains_loads_and_ships(tmp_path, digits, settings)


@pytest.mark.grid
@pytest.mark.parametrize("settings", ALL, ids=name)
def test_any_combination_trains_loads_and_ships(tmp_path, digits, settings):
    trains_loads_and_ships(tmp_path, digits, settings)


def trains_loads_and_ships(tmp_path, digits, settings):
    (network, latent), (likelihood, sigma) = settings["shape"], settings["decoder"]
    posterior = settings["posterior"]
    model = tiny_model(
        latent, network=network, posterior=posterior, likelihood=likelihood, sigma=sigma
    )
    run = RunStore(tmp_path).create(RunConfig(DataConfig(limit=96), model, TRAIN))
    before = evaluate(build_vae(model, digits.image_shape, TRAIN.seed), digits.train)
    (record,) = run.train(digits)

    # it learns, and says so in numbers
    assert math.isfinite(record.train_distortion)
    if POSTERIORS[posterior].has_rate:
        assert math.isfinite(record.test_rate)
        assert record.train_distortion + record.train_rate < before.negative_elbo
    else:
        assert record.test_rate == math.inf
        assert record.train_distortion < before.distortion

    # what was saved is what was trained
    saved = RunStore(tmp_path).load(run.id)
    codes, vae = saved.codes(), saved.vae()
    assert codes.posterior().batch_shape == (96,)
    assert codes.posterior().event_shape == latent
    assert torch.equal(codes.params, vae.encode_params(digits.test.images))
    assert evaluate(vae, digits.test).distortion == saved.metrics().distortion
    noise = torch.Generator().manual_seed(0)
    pictures = vae.decode(vae.prior().sample((5,), noise)).mean
    assert pictures.shape == (5, 1, 8, 8)
    assert pictures.isfinite().all()

    # and what is shipped is within half a precision of it
    shipped = export_run(saved, digits, tmp_path / "shipped")
    result = evaluate(shipped.vae(), digits.test)
    assert result.distortion == shipped.metrics().distortion
    assert result.distortion == pytest.approx(record.test_distortion, rel=0.01, abs=0.05)

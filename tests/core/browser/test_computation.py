"""The lines of PyTorch that the page shows compute what vae_core computes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import kl_divergence

from tests.core.likelihoods.test_likelihoods import KINDS
from tests.core.posteriors.families import WITH_OWN_PRIOR
from tests.samples import ROOT, bundled, seeded
from vae_core import ModelConfig, RunStore, TrainConfig, build_vae
from vae_core.browser.computation import computation, network_code
from vae_core.config import REDUCTIONS
from vae_core.objective import ElboTerms, Objective, Reduction
from vae_core.vae import VAE

MODELS = RunStore(ROOT / "assets" / "models")
BUNDLED = [  # the lines are of N(0, I), and of images alone
    name for name, one in bundled().items()
    if one.config.model.prior == "standard" and not one.config.model.is_conditional
]  # fmt: skip
IMAGE = (1, 8, 8)
SHAPES = {
    "vector": ModelConfig(hidden=(9, 7), latent_shape=(3,)),
    "linear": ModelConfig(hidden=(), latent_shape=(2,)),
    "map": ModelConfig(network="conv", hidden=(4, 6), latent_shape=(2, 2, 3)),
    "conv": ModelConfig(network="conv", hidden=(4,), latent_shape=(2,)),
}


def assert_close(got: Any, expected: Any) -> None:
    got, expected = torch.as_tensor(got).double(), torch.as_tensor(expected).double()
    torch.testing.assert_close(got.reshape(expected.shape), expected, rtol=1e-5, atol=1e-5)


def run(prelude: str, lines: list[str], image: Tensor, eps: Tensor | None = None) -> dict[str, Any]:
    """The cell as a reader would run it; with the eps of our choice in place of a draw."""
    names: dict[str, Any] = {"image": image}
    exec(prelude, names)
    for line in lines:
        exec(line, names)
        if line.startswith("eps = ") and eps is not None:
            assert names["eps"].shape == eps.shape
            names["eps"] = eps
    return names


def assert_same(
    vae: VAE, train: TrainConfig, x: Tensor, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines and vae_core agree in the posterior, z, both terms and the loss, for one image."""
    from safetensors.torch import save_file

    monkeypatch.chdir(folder)
    save_file({k: v.contiguous() for k, v in vae.state_dict().items()}, "weights.safetensors")
    found = computation(vae, train)
    assert found is not None
    torch.manual_seed(1)
    with torch.no_grad():
        q = vae.encode(x)
        eps = torch.randn_like(q.mean)
        got = run(found["prelude"], found["lines"], x[0], eps)
        z = got["z"]
        pixels = vae.decode(z)
        distortion = -pixels.log_prob(x)
        rate = kl_divergence(q, vae.prior())
    if "mu" in got:
        assert_close(got["mu"], q.mean)
    else:
        assert_close(got["alpha"], q.concentration)  # type: ignore[attr-defined]
    if "eps" in got:  # z = mu + L eps: of the covariance of vae_core
        centred = (q.factor() @ eps[..., None])[..., 0] if hasattr(q, "factor") else q.scale * eps
        assert_close(z, q.mean + centred)
    assert z.shape == q.mean.shape
    assert_close(got["x_hat"], pixels.mean)
    assert_close(got["distortion"], distortion.sum())
    if vae.family.has_rate:
        assert_close(got["kl"], rate.sum())
    objective = Objective(
        train.beta, reduction=Reduction.of(train.reduction, vae.image_shape, vae.latent_shape)
    )
    assert_close(got["loss"], objective(ElboTerms(distortion, rate, q, vae.prior(), z, pixels)))


@pytest.mark.parametrize("run_id", BUNDLED)
def test_the_lines_of_a_model_that_ships_are_its_computation(
    run_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = MODELS.load(run_id)
    vae = entry.vae()
    x = torch.rand(1, *vae.image_shape, generator=seeded(0)).square()
    assert_same(vae, entry.config.train, x, tmp_path, monkeypatch)


@pytest.mark.parametrize("posterior", WITH_OWN_PRIOR)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_family_and_network_has_lines(
    posterior: str, shape: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = SHAPES[shape]
    changes = {"network": config.network, "hidden": config.hidden, "posterior": posterior}
    vae = build_vae(ModelConfig(latent_shape=config.latent_shape, **changes), IMAGE)
    with torch.no_grad():
        for parameter in vae.encoder.parameters():
            parameter += 0.3 * torch.randn(parameter.shape, generator=seeded(len(parameter)))
    x = torch.rand(1, *IMAGE, generator=seeded(2))
    assert_same(vae, TrainConfig(), x, tmp_path, monkeypatch)


@pytest.mark.parametrize(("likelihood", "sigma"), KINDS, ids=map("-".join, KINDS))
@pytest.mark.parametrize("wide", [0.0, 1.0, 25.0])
def test_every_likelihood_has_lines(
    likelihood: str, sigma: str, wide: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = ModelConfig(
        hidden=(5,), latent_shape=(2,), likelihood=likelihood, sigma=sigma, sigma_value=0.3
    )
    vae = build_vae(config, (3, 4, 5))
    with torch.no_grad():  # outputs that are 0, of order 1, and saturated
        bias = list(vae.decoder.parameters())[-1]
        bias += wide * torch.randn(bias.shape, generator=seeded(3))
        list(vae.decoder.parameters())[-2].mul_(wide)
    x = torch.rand(1, 3, 4, 5, generator=seeded(4))
    x.view(-1)[:2] = torch.tensor([0.0, 1.0])
    assert_same(vae, TrainConfig(), x, tmp_path, monkeypatch)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("posterior", ["diagonal", "delta"])
def test_the_loss_has_the_weights_that_it_is_trained_with(
    reduction: str, posterior: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = ModelConfig(network="conv", hidden=(4, 6), latent_shape=(2, 2, 3), posterior=posterior)
    train = TrainConfig(beta=2.5, reduction=reduction)
    x = torch.rand(1, *IMAGE, generator=seeded(5))
    assert_same(build_vae(config, IMAGE), train, x, tmp_path, monkeypatch)


def test_without_weights_the_cell_runs_with_random_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = computation(MODELS.load("digits-2d").vae(), TrainConfig())
    assert found
    cell = "\n".join([found["prelude"], "image = torch.rand(1, 8, 8)", *found["lines"]])
    names: dict[str, Any] = {}
    exec(cell, names)
    assert names["loss"].isfinite()


def test_what_training_had_beyond_the_loss_of_an_image_is_told() -> None:
    vae = build_vae(ModelConfig(hidden=(5,), latent_shape=(2,)), IMAGE)
    given = {
        (): TrainConfig(beta=4.0),
        ("free_bits", "tc_weight"): TrainConfig(free_bits=0.1, tc_weight=2.0),
        ("importance",): TrainConfig(importance=5),
    }
    for expected, train in given.items():
        found = computation(vae, train)
        assert found
        assert found["beyond"] == list(expected)


def test_there_are_no_lines_of_learned_priors_and_labels() -> None:
    for name in bundled().keys() - BUNDLED:
        entry = MODELS.load(name)
        assert computation(entry.vae(), entry.config.train) is None


def test_each_line_defines_names_and_none_twice() -> None:
    for run_id in BUNDLED:
        entry = MODELS.load(run_id)
        found = computation(entry.vae(), entry.config.train)
        assert found
        steps = [part for line in found["lines"] for part in line.split("\n")]
        names = [n for part in steps if part[0] != "L" for n in part.split(" = ")[0].split(", ")]
        assert len(names) == len(set(names)), names
        assert all(name.isidentifier() for name in names)
        assert names[0] == "x"
        assert names[-1] == "loss"


def test_a_model_of_parts_without_code_has_no_lines_or_no_cell(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Own(nn.Module):
        pass

    assert network_code(nn.Sequential(nn.Flatten(), Own())) is None
    vae = build_vae(ModelConfig(hidden=(5,), latent_shape=(2,)), IMAGE)
    vae.decoder.append(Own())
    found = computation(vae, TrainConfig())
    assert found
    assert found["prelude"] is None
    monkeypatch.setattr(vae.likelihood, "lines", tuple)
    assert computation(vae, TrainConfig()) is None

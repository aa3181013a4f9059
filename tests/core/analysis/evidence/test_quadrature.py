"""The quadrature over z against finer grids, weighed draws and identities, on trained models."""

from __future__ import annotations

import copy
import math

import pytest
import torch
from torch import Tensor

from tests.samples import seeded
from vae_core import VAE, DataConfig, RunStore, load_dataset
from vae_core.analysis import inference_gaps, iwae_bound, true_posterior
from vae_core.analysis.evidence.best_posterior import (
    best_posterior,
    encoder_gaussian,
    gaussian_elbo,
)
from vae_core.analysis.evidence.quadrature import TOLERANCE, quadrature
from vae_core.evaluate import blocks

MODELS = RunStore("assets/models")
KIND = "mnist-2d"
SUMMED = (-125.091342, -98.615831, -222.937529)  # log p(x) of the worst images, by `summed`


@pytest.fixture(scope="module")
def vae() -> VAE:
    return MODELS.load(KIND).vae()


@pytest.fixture
def digits_of_mnist(mnist_folder: str) -> Tensor:
    return load_dataset(DataConfig("mnist", mnist_folder)).test.batch(slice(0, 32))


def log_joint(vae: VAE, x: Tensor, z: Tensor) -> Tensor:
    """log p(x, z) of one image at many z, in float64."""
    with torch.no_grad():
        values = [
            vae.decode(z[some]).log_prob(x).double() + vae.prior().log_prob(z[some]).double()
            for some in blocks(len(z), 20_000)
        ]
    return torch.cat(values)


def summed(vae: VAE, x: Tensor, parts: tuple[int, ...] = (16,), slack: float = 16.0) -> Tensor:
    """log p(x) on a regular grid of step 0.1, cut again and again wherever an image may need it.

    In float64: of thousands of nats, float32 leaves hundredths.
    """
    vae, x, step, n = copy.deepcopy(vae).double(), x.double(), 0.1, 160
    axis = (torch.arange(n).double() + 0.5) * step - 8.0
    z = torch.cartesian_prod(axis, axis)

    def table(z: Tensor) -> Tensor:
        with torch.no_grad():
            return torch.cat(
                [
                    vae.decode(z[some]).log_prob_pairs(x).double()
                    + vae.prior().log_prob(z[some])[:, None].double()
                    for some in blocks(len(z), 4096)
                ]
            )

    coarse = table(z).T.reshape(len(x), 1, n, n)
    high, low = (s * torch.nn.functional.max_pool2d(s * coarse, 3, 1, 1) for s in (1.0, -1.0))
    may_matter = high + (high - low) > coarse.amax((2, 3), keepdim=True) - slack
    z = z[may_matter.any(0).flatten()]
    for count in parts:
        cut = ((torch.arange(count).double() + 0.5) / count - 0.5) * step
        z = (z[:, None] + torch.cartesian_prod(cut, cut)).flatten(0, 1)
        step /= count
        values = table(z)
        z = z[(values > values.amax(0) - slack).any(1)]
    return values.logsumexp(0) + 2.0 * math.log(step)


@pytest.fixture
def worst(mnist_folder: str) -> Tensor:
    """Two digits, and two in one image, whose p(z|x) has peaks between a cell and its parent."""
    x = load_dataset(DataConfig("mnist", mnist_folder)).test.batch(slice(0, 80))
    return torch.stack([x[23], x[26], 0.5 * (x[50] + x[70])])


def test_the_error_that_is_told_covers_that_of_the_worst_images(vae, worst):
    found = quadrature(vae, worst)
    known = torch.tensor(SUMMED).double()
    assert ((found.log_evidence - known).abs() < found.error + 2e-3).all()
    assert float(found.error.max()) <= TOLERANCE


@pytest.mark.grid
def test_the_evidence_of_the_worst_images_is_that_of_a_regular_grid(vae, worst):
    assert summed(vae, worst).tolist() == pytest.approx(SUMMED, abs=1e-4)


@pytest.mark.slow
def test_evidence_is_that_of_5000_weighed_draws_around_the_best_posterior(vae, digits_of_mnist):
    """Of a mixture of q*, wide and wider, the encoder's q and the prior: no mode is out of it."""
    x = digits_of_mnist
    found = quadrature(vae, x)
    best = best_posterior(vae, x, found.mode())
    begun = encoder_gaussian(vae, x)
    parts = [(1500, best.loc, 1.3 * best.scale_tril), (1000, best.loc, 3.0 * best.scale_tril),
             (500, begun[0], 1.3 * begun[1])]  # fmt: skip
    gaussians = [torch.distributions.MultivariateNormal(m, scale_tril=s) for _, m, s in parts]
    torch.manual_seed(0)
    drawn = [q.sample((n,)) for (n, _, _), q in zip(parts, gaussians, strict=True)]
    prior = vae.prior()
    drawn.append(prior.sample((2000, len(x)), seeded(1)).double())
    z = torch.cat(drawn)
    log_r = torch.stack(
        [q.log_prob(z) + math.log(n / 5000) for (n, _, _), q in zip(parts, gaussians, strict=True)]
        + [prior.log_prob(z.float()).double() + math.log(2000 / 5000)]
    ).logsumexp(0)
    log_p = torch.stack([log_joint(vae, x[k : k + 1], z[:, k].float()) for k in range(len(x))], 1)
    bound = (log_p - log_r).logsumexp(0) - math.log(5000)
    apart = found.log_evidence - bound
    assert float(apart.mean()) == pytest.approx(0.0, abs=0.05)
    assert float(apart.abs().median()) < 0.05


@pytest.mark.slow
def test_the_first_test_images_have_the_evidence_and_gaps_that_were_found_by_other_grids(
    vae, mnist_folder
):
    """Means over the first 40, found once by a plain grid and gradient ascent."""
    x = load_dataset(DataConfig("mnist", mnist_folder)).test.batch(slice(0, 40))
    table = inference_gaps(vae, x)
    found = table[["log_evidence", "elbo", "best_elbo"]].mean().tolist()
    assert found == pytest.approx([-123.44, -134.15, -123.63], abs=0.02)
    assert table.mean(numeric_only=True)["approximation_gap"] == pytest.approx(0.20, abs=0.01)
    assert table.mean(numeric_only=True)["amortisation_gap"] == pytest.approx(10.5, abs=0.05)
    missed = table.iloc[8]  # the encoder's q lies in another part of the plane than p(z|x)
    assert missed["log_evidence"] - missed["elbo"] == pytest.approx(133.1, abs=1.0)
    assert missed["began"] == "mode"


@pytest.mark.grid
def test_the_first_hundred_images_have_the_evidence_that_was_found_by_another_grid(
    vae, mnist_folder
):
    x = load_dataset(DataConfig("mnist", mnist_folder)).test.batch(slice(0, 100))
    found, elbo = quadrature(vae, x), gaussian_elbo(vae, x, *encoder_gaussian(vae, x))
    assert float(found.log_evidence.mean()) == pytest.approx(-127.49, abs=0.02)
    assert float(elbo.mean()) == pytest.approx(-136.16, abs=0.05)


def test_cells_that_hold_little_are_spared_without_a_change(vae, digits_of_mnist, monkeypatch):
    """As many fewer cells as the error allows; log p(x) as with all of them."""
    spared = quadrature(vae, digits_of_mnist[:3])
    monkeypatch.setattr("vae_core.analysis.evidence.quadrature.SPARED", 1e-12)
    whole = quadrature(vae, digits_of_mnist[:3])
    assert (spared.log_evidence - whole.log_evidence).abs().max() < TOLERANCE
    assert len(spared.z) < len(whole.z)
    assert torch.equal(spared.mode(), whole.mode())


@pytest.mark.grid
def test_draws_of_the_encoders_posterior_miss_modes_that_it_does_not_cover(vae, mnist_folder):
    """5000 weighed draws of the encoder's q stay nats below log p(x)."""
    x = load_dataset(DataConfig("mnist", mnist_folder)).test.batch(slice(0, 100))
    with torch.no_grad():
        found = iwae_bound(vae, x, 5000, generator=seeded(0))
    assert float(found.bound.mean()) == pytest.approx(-131.4, abs=0.5)
    assert float((quadrature(vae, x).log_evidence - found.bound).max()) > 20.0


def test_the_true_posterior_of_a_trained_model_integrates_to_one(vae, digits_of_mnist):
    x = digits_of_mnist[:1]
    found = true_posterior(vae, x, 301)
    area = [float((a[1] - a[0]) * (b[1] - b[0])) for a, b in zip(*found.axes, strict=True)]
    mass = found.log_density.exp().sum((1, 2)) * torch.tensor(area).double()
    assert mass.tolist() == pytest.approx([1.0], abs=2e-3)
    assert float(found.error.max()) <= TOLERANCE


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mnist-2d", "mnist-full-2d", "digits-2d"])
def test_log_evidence_less_the_elbo_is_the_kl_to_the_true_posterior(name):
    """KL(q || p(z|x)) on a lattice of q that is finer, of the encoder's q and of the best."""
    vae = MODELS.load(name).vae()
    with torch.no_grad():
        x = vae.decode(vae.prior().sample((2,), seeded(3))).sample((), seeded(4))
    table, best = inference_gaps(vae, x), best_posterior(vae, x, quadrature(vae, x).mode())
    axis = torch.arange(-58, 59).double() / 11.0
    eps = torch.cartesian_prod(axis, axis)
    log_normal = -0.5 * eps.square().sum(1) - math.log(2.0 * math.pi)
    whole = table["approximation_gap"] + table["amortisation_gap"]
    for (loc, scale), gap in (
        (encoder_gaussian(vae, x), whole),
        ((best.loc, best.scale_tril), table["approximation_gap"]),
    ):
        for k in range(len(x)):
            z = loc[k] + eps @ scale[k].mT
            log_q = log_normal - scale[k].diagonal().log().sum()
            log_p = log_joint(vae, x[k : k + 1], z.float()) - table["log_evidence"][k]
            kl = float((log_normal.exp() * (log_q - log_p)).sum()) / 11.0**2
            assert kl == pytest.approx(gap[k], abs=1e-3)
            assert kl > -1e-3

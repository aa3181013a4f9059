"""Claims about every family of p(x|z), and about the Bernoulli; others have more in their files."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from tests.samples import assert_mean_is, seeded
from vae_core import ModelConfig
from vae_core.config import LIKELIHOODS, SIGMAS
from vae_core.likelihoods import Likelihood

IMAGE = (3, 4, 5)

# Every family once, and the Gaussian with every origin of its sigma.
KINDS = [(name, "fixed") for name in LIKELIHOODS]
KINDS += [("gaussian", sigma) for sigma in SIGMAS if sigma != "fixed"]
kinds = pytest.mark.parametrize(("name", "sigma"), KINDS, ids=map("-".join, KINDS))
dtypes = pytest.mark.parametrize("dtype", [torch.float32, torch.float64])


def likelihood(
    name: str, sigma: str = "fixed", dtype: torch.dtype = torch.float64, **settings: object
) -> Likelihood:
    """A family as it is outside training."""
    config = ModelConfig(likelihood=name, sigma=sigma, **settings)
    return LIKELIHOODS[name](config).to(dtype).eval()


def output(
    family: Likelihood,
    *batch: int,
    image: tuple[int, int, int] = IMAGE,
    dtype: torch.dtype = torch.float64,
) -> Tensor:
    """What a decoder might say about such images, within the limits of every family."""
    shape = (*batch, image[0] * family.n_params, *image[1:])
    y = torch.randn(shape, generator=seeded(0), dtype=torch.float64)
    return y.clamp(-2.5, 2.5).to(dtype)


def pictures(*batch: int, image: tuple[int, int, int] = IMAGE) -> Tensor:
    """Random grey levels."""
    return torch.rand(*batch, *image, generator=seeded(1), dtype=torch.float64)


def quadrature(low: float, high: float, n: int = 200) -> tuple[Tensor, Tensor]:
    """Points and weights of Gauss and Legendre."""
    points, weights = np.polynomial.legendre.leggauss(n)
    x = torch.from_numpy(points + 1.0) * (high - low) / 2 + low
    return x, torch.from_numpy(weights) * (high - low) / 2


def every_step(low: float, high: float, n: int = 20_001) -> tuple[Tensor, Tensor]:
    """Equal steps: as good as exact for what is smooth and vanishes at both ends."""
    x = torch.linspace(low, high, n, dtype=torch.float64)
    return x, torch.full_like(x, (high - low) / (n - 1))


def every_level(n: int) -> tuple[Tensor, Tensor]:
    return torch.arange(n, dtype=torch.float64) / (n - 1), torch.ones(n, dtype=torch.float64)


# What values a pixel takes, and what each counts in a sum or an integral over them.
SUPPORT = {
    "bernoulli": every_level(2),
    "continuous-bernoulli": quadrature(0.0, 1.0),
    "gaussian": every_step(-200.0, 200.0),
    "discretised-logistic": every_level(256),
}


def masses(name: str, family: Likelihood, y: Tensor) -> Tensor:
    """Share of each value in the support, for one-pixel images: (values, batch)."""
    values, weights = (t.to(y.dtype) for t in SUPPORT[name])
    return family(y).log_prob(values.reshape(-1, 1, 1, 1, 1)).exp() * weights[:, None]


# Shapes and precision


@kinds
@pytest.mark.parametrize("batch", [(), (6,), (2, 6), (0,)])
def test_event_is_the_image(name, sigma, batch):
    family = likelihood(name, sigma)
    p = family(output(family, *batch))
    assert (p.batch_shape, p.event_shape) == (batch, IMAGE)
    assert p.mean.shape == p.sample().shape == (*batch, *IMAGE)
    assert p.sample((5, 2)).shape == (5, 2, *batch, *IMAGE)
    assert p.log_prob(pictures(*batch)).shape == batch
    assert p.log_prob(pictures(7, *[1] * len(batch))).shape == (7, *batch)


@kinds
@dtypes
def test_precision_is_the_decoders(name, sigma, dtype):
    for family in (likelihood(name, sigma, dtype), likelihood(name, sigma, dtype).train()):
        p = family(output(family, 6, dtype=dtype))
        for value in (p.log_prob(pictures(6).to(dtype)), p.mean, p.sample()):
            assert value.dtype == dtype


@kinds
def test_single_precision_is_enough_for_a_score(name, sigma):
    family = likelihood(name, sigma)
    y, x = 5 * output(family, 6), pictures(6)
    expected, single = family(y).log_prob(x), likelihood(name, sigma, torch.float32)
    score = single(y.float()).log_prob(x.float()).double()
    torch.testing.assert_close(score, expected, rtol=1e-5, atol=1e-3)


@kinds
def test_log_prob_is_a_sum_over_pixels(name, sigma):
    """Changing one pixel changes the score by that pixel's share alone."""
    family = likelihood(name, sigma)
    p, x = family(output(family, 1)), torch.full((1, *IMAGE), 0.5, dtype=torch.float64)
    changes = []
    for pixel in ((0, 1, 2), (2, 3, 4)):
        y = x.clone()
        y[(0, *pixel)] = 0.25
        changes.append(p.log_prob(y) - p.log_prob(x))
    both = x.clone()
    both[0, 0, 1, 2] = both[0, 2, 3, 4] = 0.25
    torch.testing.assert_close(p.log_prob(both) - p.log_prob(x), changes[0] + changes[1])


@kinds
def test_images_of_a_batch_do_not_meet(name, sigma):
    """Each is scored and drawn as if it were alone."""
    family = likelihood(name, sigma)
    y, x = output(family, 6), pictures(6)
    alone = [family(y[i]) for i in range(6)]
    scores = torch.stack([p.log_prob(x[i]) for i, p in enumerate(alone)])
    torch.testing.assert_close(family(y).log_prob(x), scores)
    torch.testing.assert_close(family(y).mean, torch.stack([p.mean for p in alone]))


# Gradients


@kinds
def test_log_prob_gradient_is_the_finite_difference(name, sigma):
    family, x = likelihood(name, sigma), pictures(2)
    y = output(family, 2).requires_grad_()
    assert torch.autograd.gradcheck(lambda y: family(y).log_prob(x), y)


@kinds
def test_every_output_of_the_decoder_is_read(name, sigma):
    family = likelihood(name, sigma)
    y = output(family, 2).requires_grad_()
    assert y.shape[-3] == family.n_params * IMAGE[0]
    family(y).log_prob(pictures(2)).sum().backward()
    assert (y.grad != 0).all()


# Densities and draws


@kinds
def test_density_sums_to_one_and_has_the_mean_it_claims(name, sigma):
    family = likelihood(name, sigma)
    y = output(family, 50, image=(1, 1, 1))
    mass, (values, _) = masses(name, family, y), SUPPORT[name]
    torch.testing.assert_close(mass.sum(0), torch.ones(50, dtype=torch.float64))
    torch.testing.assert_close(values @ mass, family(y).mean.flatten())


@kinds
def test_draws_have_the_mean_they_claim(name, sigma):
    family = likelihood(name, sigma)
    p = family(output(family))
    assert_mean_is(p.mean, p.sample((20_000,), seeded(0)), slack=1e-3)


@kinds
def test_draws_follow_the_density(name, sigma):
    """Its mean, its mean square, and a wave: what they average to under the masses."""
    family = likelihood(name, sigma)
    y = output(family, 8, image=(1, 1, 1))
    mass, (values, _) = masses(name, family, y), SUPPORT[name]
    x = family(y).sample((20_000,), seeded(0)).flatten(1)
    assert_mean_is(values @ mass, x, slack=1e-3)
    assert_mean_is(values.square() @ mass, x.square(), slack=1e-3)
    assert_mean_is((2 * math.pi * values).cos() @ mass, (2 * math.pi * x).cos(), slack=1e-3)


@kinds
def test_draws_follow_their_generator_only(name, sigma):
    family = likelihood(name, sigma)
    p = family(output(family, 6))
    before = torch.random.get_rng_state()
    first = p.sample((2,), seeded(7))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.equal(first, p.sample((2,), seeded(7)))
    assert not torch.equal(first, p.sample((2,), seeded(8)))
    assert not torch.equal(first[0], first[1])


@kinds
def test_draws_have_no_gradient(name, sigma):
    family = likelihood(name, sigma)
    p = family(output(family, 6).requires_grad_())
    assert not p.sample((2,)).requires_grad
    assert p.log_prob(pictures(6)).requires_grad


@kinds
@dtypes
@pytest.mark.parametrize("extreme", [-1e4, 1e4])
def test_extreme_outputs_stay_finite(name, sigma, dtype, extreme):
    family = likelihood(name, sigma, dtype)
    y = torch.full_like(output(family, 2, dtype=dtype), extreme).requires_grad_()
    p = family(y)
    score = p.log_prob(pictures(2).to(dtype))
    (gradient,) = torch.autograd.grad(score.sum(), y)
    for value in (score, gradient, p.mean, p.sample()):
        assert value.isfinite().all()


# Words and settings


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_family_has_a_title_and_counts_its_outputs(name):
    titles = [family.title for family in LIKELIHOODS.values()]
    assert titles.count(LIKELIHOODS[name].title) == 1
    expected = {"gaussian-per-image": 2, "discretised-logistic-fixed": 2}
    for sigma in SIGMAS:
        family = likelihood(name, sigma)
        assert family.n_params in (1, 2)
        if (key := f"{name}-{sigma}") in expected:
            assert family.n_params == expected[key]


@kinds
def test_only_a_shared_sigma_is_told(name, sigma):
    told = likelihood(name, sigma, sigma_value=0.25).sigma
    if name == "gaussian" and sigma != "per-image":
        assert told == pytest.approx(0.25)
    else:
        assert told is None


# Bernoulli


def test_bernoulli_is_summed_cross_entropy_with_logits():
    family, x = likelihood("bernoulli"), pictures(6)
    y = output(family, 6)
    expected = binary_cross_entropy_with_logits(y, x, reduction="none").sum((1, 2, 3))
    torch.testing.assert_close(-family(y).log_prob(x), expected)


def test_bernoulli_mean_is_a_grey_level():
    y = torch.tensor([-1e4, -5.0, 0.0, 5.0, 1e4]).reshape(1, 1, 1, 5)
    mean = likelihood("bernoulli")(y).mean
    assert mean.min() >= 0
    assert mean.max() <= 1
    assert mean[0, 0, 0, 2] == 0.5


def test_bernoulli_draws_are_black_or_white():
    family = likelihood("bernoulli")
    assert family(output(family, 6)).sample((5,)).unique().tolist() == [0.0, 1.0]


@pytest.mark.parametrize("grey", [0.1, 0.5, 0.9])
def test_bernoulli_floor_on_grey_is_the_entropy(grey):
    """The best logit scores the entropy of the grey level, not 0: ln 2 = 0.693 at one half."""
    x = torch.full((1, 1, 1), grey, dtype=torch.float64)
    logits = torch.linspace(-8, 8, 4001, dtype=torch.float64).reshape(-1, 1, 1, 1)
    floor = -likelihood("bernoulli")(logits).log_prob(x).max()
    entropy = -grey * math.log(grey) - (1 - grey) * math.log(1 - grey)
    assert floor.item() == pytest.approx(entropy, abs=1e-5)
    if grey == 0.5:
        assert entropy == pytest.approx(0.693, abs=1e-3)

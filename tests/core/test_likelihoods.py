from __future__ import annotations

import math

import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from vae_core import ModelConfig
from vae_core.config import LIKELIHOODS

IMAGE = (3, 4, 5)


def likelihood(name: str, **settings: object):
    return LIKELIHOODS[name](ModelConfig(likelihood=name, **settings))


def output(name: str, *batch: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    """What a decoder might say about colour images."""
    channels = IMAGE[0] * LIKELIHOODS[name].n_params
    generator = torch.Generator().manual_seed(0)
    return torch.randn(*batch, channels, *IMAGE[1:], generator=generator, dtype=dtype)


@pytest.mark.parametrize("name", LIKELIHOODS)
@pytest.mark.parametrize("batch", [(), (6,), (2, 6)])
def test_event_is_the_image(name, batch):
    p = likelihood(name)(output(name, *batch))
    assert (p.batch_shape, p.event_shape) == (batch, IMAGE)
    assert p.mean.shape == p.sample().shape == (*batch, *IMAGE)
    assert p.log_prob(torch.rand(*batch, *IMAGE)).shape == batch


@pytest.mark.parametrize("name", LIKELIHOODS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_precision_is_the_decoders(name, dtype):
    p = likelihood(name)(output(name, 6, dtype=dtype))
    assert p.log_prob(torch.rand(6, *IMAGE, dtype=dtype)).dtype == dtype


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_log_prob_is_a_sum_over_pixels(name):
    """Changing one pixel changes the score by that pixel's share alone."""
    p, x = likelihood(name)(output(name, 1)), torch.full((1, *IMAGE), 0.5, dtype=torch.float64)
    changes = []
    for pixel in ((0, 1, 2), (2, 3, 4)):
        y = x.clone()
        y[(0, *pixel)] = 0.25
        changes.append(p.log_prob(y) - p.log_prob(x))
    both = x.clone()
    both[0, 0, 1, 2] = both[0, 2, 3, 4] = 0.25
    torch.testing.assert_close(p.log_prob(both) - p.log_prob(x), changes[0] + changes[1])


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_log_prob_gradient_is_the_finite_difference(name):
    x = torch.rand(2, *IMAGE, dtype=torch.float64, generator=torch.manual_seed(0))
    assert torch.autograd.gradcheck(
        lambda y: likelihood(name)(y).log_prob(x), output(name, 2).requires_grad_()
    )


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_draws_have_the_mean_they_claim(name):
    p, n = likelihood(name)(output(name)), 20_000
    torch.manual_seed(0)
    x = p.sample((n,))
    assert ((x.mean(0) - p.mean).abs() < 5 * x.std(0) / math.sqrt(n)).all()
    assert LIKELIHOODS[name].title


def test_bernoulli_is_summed_cross_entropy_with_logits():
    y, x = output("bernoulli", 6), torch.rand(6, *IMAGE, dtype=torch.float64)
    expected = binary_cross_entropy_with_logits(y, x, reduction="none").sum((1, 2, 3))
    torch.testing.assert_close(-likelihood("bernoulli")(y).log_prob(x), expected)


def test_bernoulli_mean_is_a_grey_level():
    y = torch.tensor([-1e4, -5.0, 0.0, 5.0, 1e4]).reshape(1, 1, 1, 5)
    mean = likelihood("bernoulli")(y).mean
    assert mean.min() >= 0
    assert mean.max() <= 1
    assert mean[0, 0, 0, 2] == 0.5


@pytest.mark.parametrize("logit", [-1e4, 1e4])
def test_bernoulli_stays_finite_at_extreme_logits(logit):
    y = torch.full((1, 1, 2, 2), logit)
    assert likelihood("bernoulli")(y).log_prob(torch.full_like(y, 0.5)).isfinite().all()


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


def test_gaussian_keeps_its_constant():
    """720.5 nats at D = 784 and sigma = 1, for a perfect picture."""
    y = torch.rand(1, 1, 28, 28, dtype=torch.float64)
    nats = -likelihood("gaussian")(y).log_prob(y).item()
    assert nats == pytest.approx(784 / 2 * math.log(2 * math.pi))
    assert nats == pytest.approx(720.45, abs=0.01)


@pytest.mark.parametrize("sigma", [0.1, 1.0, 3.0])
def test_gaussian_is_the_written_formula(sigma):
    y, x = output("gaussian", 6), torch.rand(6, *IMAGE, dtype=torch.float64)
    size, squares = math.prod(IMAGE), (x - y).square().sum((1, 2, 3))
    expected = size * math.log(sigma) + size / 2 * math.log(2 * math.pi) + squares / 2 / sigma**2
    p = likelihood("gaussian", sigma_value=sigma)(y)
    torch.testing.assert_close(-p.log_prob(x), expected)
    torch.testing.assert_close(p.mean, y)

"""The Gaussian likelihood, and the four origins of its sigma."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from tests.core.likelihoods.test_likelihoods import IMAGE, likelihood, output, pictures
from tests.samples import seeded
from vae_core.config import SIGMA_MAX, SIGMA_MIN, SIGMAS
from vae_core.likelihoods import GaussianLikelihood

SIZE = math.prod(IMAGE)
FORGETTING = GaussianLikelihood.FORGETTING


def gaussian(sigma: str = "fixed", value: float = 1.0) -> GaussianLikelihood:
    return likelihood("gaussian", sigma, sigma_value=value)


def nats(squares: Tensor, sigma: float | Tensor) -> Tensor:
    """D ln s + D/2 ln 2 pi + SSE / (2 s^2)."""
    sigma = torch.as_tensor(sigma, dtype=torch.float64)
    constant = SIZE * sigma.log() + SIZE / 2 * math.log(2 * math.pi)
    return constant + squares / (2 * sigma**2)


def squares_of(y: Tensor, x: Tensor) -> Tensor:
    return (x - y).square().sum((-3, -2, -1))


def with_error(mse: float, n: int = 6) -> tuple[Tensor, Tensor]:
    """Decoder outputs and pictures that differ by this mean squared error, all together."""
    y = output(gaussian(), n)
    noise = torch.randn(y.shape, generator=seeded(2), dtype=torch.float64)
    return y, y + noise * (mse / noise.square().mean()).sqrt()


# Fixed, and what all have in common


def test_gaussian_keeps_its_constant():
    """720.5 nats at D = 784 and sigma = 1, for a perfect picture."""
    y = torch.rand(1, 1, 28, 28, dtype=torch.float64)
    perfect = -gaussian()(y).log_prob(y).item()
    assert perfect == pytest.approx(784 / 2 * math.log(2 * math.pi))
    assert perfect == pytest.approx(720.45, abs=0.01)


@pytest.mark.parametrize("kind", ["fixed", "learned", "analytic"])
@pytest.mark.parametrize("sigma", [0.1, 1.0, 3.0])
def test_gaussian_is_the_written_formula(kind, sigma):
    y, x = output(gaussian(), 6), pictures(6)
    p = gaussian(kind, sigma)(y)
    # sigma is kept in single precision until the whole model is made double
    torch.testing.assert_close(-p.log_prob(x), nats(squares_of(y, x), sigma), rtol=1e-6, atol=0)
    assert torch.equal(p.mean, y)


@pytest.mark.parametrize("kind", SIGMAS)
def test_sigma_says_by_itself_what_is_saved_and_what_is_trained(kind):
    family = gaussian(kind, 0.5)
    saved = {"learned": {"log_sigma"}, "analytic": {"log_sigma", "measured"}}
    assert family.state_dict().keys() == saved.get(kind, set())
    trained = [name for name, _ in family.named_parameters()]
    assert trained == (["log_sigma"] if kind == "learned" else [])
    assert family.n_params == (2 if kind == "per-image" else 1)


@pytest.mark.parametrize("kind", SIGMAS)
def test_draws_are_the_mean_and_noise_of_size_sigma(kind):
    family = gaussian(kind, 0.25)
    y = output(family, 6)
    y[:, 3:] = 0.0  # sigma_value times 1, where the decoder has a say
    noise = torch.randn(5, 6, *IMAGE, generator=seeded(4), dtype=torch.float64)
    torch.testing.assert_close(family(y).sample((5,), seeded(4)), y[:, :3] + 0.25 * noise)


@pytest.mark.parametrize("kind", ["learned", "per-image"])
@pytest.mark.parametrize(("absurd", "limit"), [(-1e6, SIGMA_MIN), (1e6, SIGMA_MAX)])
def test_absurd_sigma_is_limited(kind, absurd, limit):
    family = gaussian(kind)
    y, x = output(family, 6), pictures(6)
    if kind == "learned":
        with torch.no_grad():
            family.log_sigma.fill_(absurd)
        assert family.sigma == pytest.approx(limit)
    else:
        y[:, 3:] = absurd
    expected = nats(squares_of(y[:, :3], x), limit)
    torch.testing.assert_close(-family(y).log_prob(x), expected)


# Learned


def test_learned_sigma_rests_at_the_root_of_the_mean_squared_error():
    """d/d log sigma of the nats per image is D - SSE / sigma^2: zero there, a pull elsewhere."""
    y, x = with_error(0.09)
    for sigma, pull in ((0.3, 0.0), (0.6, 0.75 * SIZE), (0.15, -3.0 * SIZE)):
        family = gaussian("learned", sigma)
        (-family(y).log_prob(x)).mean().backward()
        assert family.log_sigma.grad.item() == pytest.approx(pull, abs=1e-4)


def test_learned_sigma_finds_the_root_of_the_mean_squared_error():
    y, x = with_error(0.09)
    family = gaussian("learned", 1.0)
    optimizer = torch.optim.Adam(family.parameters(), lr=0.05)
    for _ in range(300):
        optimizer.zero_grad()
        (-family(y).log_prob(x)).mean().backward()
        optimizer.step()
    assert family.sigma == pytest.approx(0.3, rel=1e-3)


# Analytic, in training


def test_analytic_sigma_is_the_best_there_is():
    """No fixed sigma gives the batch more; sqrt(MSE) gives as much."""
    y, x = with_error(0.09)
    best = gaussian("analytic").train()(y).log_prob(x)
    assert best.shape == (6,)
    torch.testing.assert_close(-best, nats(squares_of(y, x), 0.3))
    for sigma in torch.linspace(0.05, 1.0, 96):
        assert -nats(squares_of(y, x), sigma).sum() <= best.sum() + 1e-9


def test_analytic_score_is_half_the_log_of_the_mean_squared_error():
    """D/2 (ln(2 pi MSE) + 1) nats per image (Rybkin et al. 2021), and the same gradient."""
    y, x = with_error(0.09)
    first, second = y.clone().requires_grad_(), y.clone().requires_grad_()
    loss = -gaussian("analytic").train()(first).log_prob(x).mean()
    mse = (x - second).square().mean()
    expected = SIZE / 2 * ((2 * math.pi * mse).log() + 1)
    torch.testing.assert_close(loss, expected)
    loss.backward()
    expected.backward()
    torch.testing.assert_close(first.grad, second.grad)
    torch.testing.assert_close(first.grad, (y - x) / 0.09 / 6)


def test_analytic_gradient_is_the_finite_difference():
    """Sigma moves with the output, yet taking it as a constant is right for the whole batch."""
    x = pictures(2)
    assert torch.autograd.gradcheck(
        lambda y: gaussian("analytic").train()(y).log_prob(x).sum(),
        output(gaussian(), 2).requires_grad_(),
    )


def test_a_perfect_batch_stays_finite():
    y = output(gaussian(), 6).requires_grad_()
    family = gaussian("analytic").train()
    p = family(y)
    score = p.log_prob(y.detach())
    family.observe(y.detach(), p)
    torch.testing.assert_close(-score, nats(torch.zeros(6).double(), SIGMA_MIN))
    score.sum().backward()
    assert y.grad.isfinite().all()
    assert family.sigma == pytest.approx(SIGMA_MIN)


def test_several_draws_of_a_batch_share_one_sigma():
    """As in an ELBO of two draws per image: (draws, batch) outputs, one picture each."""
    y, x = with_error(0.09)
    both = torch.stack([y, y])
    score = gaussian("analytic").train()(both).log_prob(x)
    torch.testing.assert_close(-score, nats(squares_of(both, x), 0.3))


# Analytic, remembered


def test_scoring_in_training_changes_nothing():
    """However often: the second score is the first, and sigma is what it was."""
    y, x = with_error(0.09)
    family = gaussian("analytic", 0.7).train()
    before = {name: value.clone() for name, value in family.state_dict().items()}
    p = family(y)
    first, second, again = p.log_prob(x), p.log_prob(x), family(y).log_prob(x)
    assert torch.equal(first, second)
    assert torch.equal(first, again)
    assert all(torch.equal(family.state_dict()[name], value) for name, value in before.items())


@pytest.mark.parametrize("kind", [kind for kind in SIGMAS if kind != "analytic"])
def test_any_other_sigma_has_nothing_to_measure(kind):
    family, x = gaussian(kind, 0.7).train(), pictures(6)
    before = {name: value.clone() for name, value in family.state_dict().items()}
    family.observe(x, family(output(family, 6)))
    assert all(torch.equal(family.state_dict()[name], value) for name, value in before.items())


def test_first_batch_replaces_the_sigma_it_began_with():
    """However far off that was: a few batches are all that small data sets have."""
    y, x = with_error(0.09)
    for begin in (0.01, 1.0, 100.0):
        family = gaussian("analytic", begin)
        assert family.sigma == pytest.approx(begin)
        family.observe(x, family.train()(y))
        assert family.sigma == pytest.approx(0.3)


def test_what_is_remembered_has_no_gradient():
    """Else every batch would keep the one before it alive."""
    y, x = with_error(0.09)
    family = gaussian("analytic").train()
    p = family(y.requires_grad_())
    family.observe(x, p)
    assert p.log_prob(x).requires_grad
    assert not family.log_sigma.requires_grad
    assert not family.measured.requires_grad


def test_remembered_sigma_stays_at_that_of_a_repeated_batch():
    y, x = with_error(0.09)
    family = gaussian("analytic").train()
    for _ in range(20):
        family.observe(x, family(y))
        assert family.sigma == pytest.approx(0.3, rel=1e-9)


def test_remembered_variance_is_a_mean_in_which_old_batches_count_less():
    """Weights (1 - f)^age, divided by their sum."""
    errors = [0.5, 0.1, 0.2, 0.05, 0.3]
    family = gaussian("analytic").train()
    for n, mse in enumerate(errors, start=1):
        y, x = with_error(mse)
        family.observe(x, family(y))
        weights = [(1 - FORGETTING) ** age for age in reversed(range(n))]
        seen = zip(weights, errors, strict=False)
        expected = sum(w * e for w, e in seen) / sum(weights)
        assert family.sigma**2 == pytest.approx(expected, rel=1e-9)


def test_remembered_sigma_follows_a_model_that_improves():
    """It forgets: an epoch of the smallest data set is a dozen batches."""
    family = gaussian("analytic").train()
    for mse in [0.25] * 100 + [0.01] * 100:
        y, x = with_error(mse)
        family.observe(x, family(y))
    assert family.sigma == pytest.approx(0.1, rel=1e-3)


def test_evaluation_scores_with_the_remembered_sigma_and_leaves_it():
    y, x = with_error(0.09)
    family = gaussian("analytic").train()
    family.observe(x, family(y))
    before = {name: value.clone() for name, value in family.state_dict().items()}
    others_y, others_x = with_error(0.5, n=3)
    score = family.eval()(others_y).log_prob(others_x)
    torch.testing.assert_close(-score, nats(squares_of(others_y, others_x), 0.3))
    family(others_y).sample()
    assert all(torch.equal(family.state_dict()[name], value) for name, value in before.items())


def test_a_picture_scores_the_same_in_any_company():
    """Outside training: the best sigma of the very images scored would not be a likelihood."""
    y, x = with_error(0.09)
    family = gaussian("analytic", 0.3)
    torch.testing.assert_close(family(y).log_prob(x)[:1], family(y[:1]).log_prob(x[:1]))


def test_remembered_sigma_travels_with_the_weights():
    """A model that goes on from them remembers as if it had never stopped."""
    family, other = gaussian("analytic").train(), gaussian("analytic", 5.0).train()
    for mse in (0.5, 0.1):
        y, x = with_error(mse)
        family.observe(x, family(y))
    other.load_state_dict(family.state_dict())
    assert other.sigma == family.sigma
    for part in (family, other):
        y, x = with_error(0.2)
        part.observe(x, part(y))
    assert other.sigma == family.sigma


def test_draws_in_training_have_the_remembered_noise():
    family = gaussian("analytic", 0.25).train()
    y = output(family, 6)
    noise = torch.randn(y.shape, generator=seeded(4), dtype=torch.float64)
    torch.testing.assert_close(family(y).sample((), seeded(4)), y + 0.25 * noise)


# Per image


def test_every_image_has_a_sigma_from_the_second_half_of_its_output():
    family, x = gaussian("per-image", 0.5), pictures(6)
    y = output(family, 6)
    sigma = 0.5 * y[:, 3:].mean((1, 2, 3)).exp()
    assert len(sigma.unique()) == 6
    torch.testing.assert_close(-family(y).log_prob(x), nats(squares_of(y[:, :3], x), sigma))
    assert torch.equal(family(y).mean, y[:, :3])


def test_sigma_of_an_image_is_the_mean_of_its_map_alone():
    """Where on the map it is said does not matter, nor what the means are."""
    family = gaussian("per-image")
    y = output(family, 6)
    shuffled, moved = y.clone(), y.clone()
    shuffled[:, 3:] = y[:, 3:].flip(2, 3)
    moved[:, :3] += 1.0
    x = pictures(6)
    torch.testing.assert_close(family(shuffled).log_prob(x), family(y).log_prob(x))
    torch.testing.assert_close(family(moved).log_prob(x + 1.0), family(y).log_prob(x))


def test_sigma_of_an_image_is_the_same_in_training():
    """It is a function of z: nothing about the picture that is scored enters."""
    family, x = gaussian("per-image"), pictures(6)
    y = output(family, 6)
    expected = family(y).log_prob(x)
    assert torch.equal(family.train()(y).log_prob(x), expected)

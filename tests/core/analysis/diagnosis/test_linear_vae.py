"""Probabilistic PCA: the linear Gaussian VAE, in which everything is known in closed form."""

from __future__ import annotations

import math
from itertools import cycle

import pytest
import torch
from torch import Tensor
from torch.distributions import CorrCholeskyTransform, MultivariateNormal, kl_divergence

from tests.samples import seeded, tiny_model
from vae_core import VAE, Dataset, Split, TrainConfig, build_vae, elbo_terms, fit
from vae_core.analysis import data_spectrum
from vae_core.posteriors import FullCorrelationGaussian, FullGaussian

# The families that hold the true posterior: all of it, or when the columns are orthogonal.
CORRELATED = ("full", "full-correlation")
GAUSSIAN = ("diagonal", *CORRELATED)
PIXELS, LATENT = 16, 2


class ProbabilisticPCA:
    """x = W z + b + sigma * noise, with an encoder that is linear too.

    Wraps a linear VAE with one of the GAUSSIAN posteriors, in float64.
    """

    def __init__(self, vae: VAE) -> None:
        self.vae = vae.double().requires_grad_(False)
        self.weight, self.bias = vae.decoder[1].weight, vae.decoder[1].bias
        self.sigma = vae.likelihood.sigma

    @classmethod
    def random(
        cls, seed: int = 0, posterior: str = "diagonal", sigma: float = 0.7, aligned: bool = False
    ) -> ProbabilisticPCA:
        """With random weights; `aligned` makes the columns of W orthogonal."""
        config = tiny_model((LATENT,), hidden=(), posterior=posterior, likelihood="gaussian")
        model = cls(build_vae(config, (1, 4, 4), seed))
        model.sigma = sigma
        model.vae.likelihood.log_sigma.fill_(math.log(sigma))
        if aligned:
            basis, _ = torch.linalg.qr(model.weight)
            model.weight.copy_(basis * torch.tensor([2.0, 1.0]))
        return model

    @classmethod
    def knowing(cls, posterior: str, seed: int = 0, sigma: float = 0.7) -> ProbabilisticPCA:
        """One whose encoder answers with the true posterior."""
        model = cls.random(seed, posterior, sigma, aligned=posterior not in CORRELATED)
        to_mean, covariance = model.truth()
        model.answer(to_mean, covariance)
        return model

    def draw(self, n: int, seed: int = 0) -> Tensor:
        """Images from the model itself, (n, 1, 4, 4)."""
        z = torch.randn(n, LATENT, generator=seeded(seed), dtype=torch.float64)
        noise = torch.randn(n, PIXELS, generator=seeded(seed + 1), dtype=torch.float64)
        return (z @ self.weight.T + self.bias + self.sigma * noise).reshape(n, 1, 4, 4)

    def log_p(self, x: Tensor) -> Tensor:
        """log p(x) = log N(x; b, W W^T + sigma^2 I)."""
        covariance = self.weight @ self.weight.T + self.sigma**2 * torch.eye(PIXELS).double()
        return MultivariateNormal(self.bias, covariance).log_prob(x.flatten(1))

    def truth(self) -> tuple[Tensor, Tensor]:
        """p(z|x) = N(M^-1 W^T (x - b), sigma^2 M^-1), M = W^T W + sigma^2 I."""
        m = self.weight.T @ self.weight + self.sigma**2 * torch.eye(LATENT).double()
        return m.inverse() @ self.weight.T, self.sigma**2 * m.inverse()

    def answer(self, to_mean: Tensor, covariance: Tensor) -> None:
        """Make the encoder answer N(to_mean (x - b), covariance) to every x."""
        factor = torch.linalg.cholesky(covariance)
        family, sd = self.vae.family, covariance.diagonal().sqrt()
        if family is FullGaussian:
            shape = [factor.diagonal().log(), factor[1, :1]]
        elif family is FullCorrelationGaussian:
            below = CorrCholeskyTransform().inv(factor / sd[:, None])
            shape = [2.0 * sd.log(), below]
        else:
            shape = [2.0 * sd.log()]
        head = self.vae.encoder[1]
        head.weight.zero_()
        head.weight[:LATENT] = to_mean
        head.bias.copy_(torch.cat([-to_mean @ self.bias, *shape]))

    def q(self, x: Tensor) -> MultivariateNormal:
        """q(z|x), as torch has it."""
        q = self.vae.encode(x)
        if self.vae.config.posterior in CORRELATED:
            return MultivariateNormal(q.mean, scale_tril=q.scale_tril)
        return MultivariateNormal(q.mean, scale_tril=q.variance.sqrt().diag_embed())

    def gap(self, x: Tensor) -> Tensor:
        """KL(q(z|x) || p(z|x))."""
        to_mean, covariance = self.truth()
        truth = MultivariateNormal((x.flatten(1) - self.bias) @ to_mean.T, covariance)
        return kl_divergence(self.q(x), truth)

    def blur(self, x: Tensor) -> Tensor:
        """tr(W Cov(z|x) W^T): by how much noise in the code spreads the picture."""
        return (self.weight @ self.q(x).scale_tril).square().sum((-2, -1))

    def squares(self, x: Tensor) -> Tensor:
        """E_q ||x - b - W z||^2 = ||x - b - W mu||^2 + tr(W Cov(z|x) W^T)."""
        residual = x.flatten(1) - self.bias - self.q(x).mean @ self.weight.T
        return residual.square().sum(1) + self.blur(x)

    def distortion(self, x: Tensor) -> Tensor:
        """-E_q log p(x|z), exactly."""
        constant = PIXELS * math.log(self.sigma * math.sqrt(2.0 * math.pi))
        return constant + self.squares(x) / (2.0 * self.sigma**2)

    def negative_elbo(self, x: Tensor) -> Tensor:
        """Exactly, without a draw."""
        return self.distortion(x) + elbo_terms(self.vae, x).rate


@pytest.mark.parametrize("posterior", GAUSSIAN)
@pytest.mark.parametrize("seed", [0, 1])
def test_gap_of_the_bound_is_the_kl_to_the_true_posterior(posterior, seed):
    """negative ELBO + log p(x) = KL(q(z|x) || p(z|x)) >= 0, to rounding."""
    model = ProbabilisticPCA.random(seed, posterior)
    x = model.draw(8)
    gap = model.negative_elbo(x) + model.log_p(x)
    torch.testing.assert_close(gap, model.gap(x))
    assert (gap > 0).all()


@pytest.mark.parametrize("posterior", GAUSSIAN)
@pytest.mark.parametrize("seed", [0, 1])
def test_sampled_elbo_is_unbiased_for_the_exact_one(posterior, seed):
    model, n = ProbabilisticPCA.random(seed, posterior), 20_000
    x = model.draw(8)
    terms = elbo_terms(model.vae, x, n, seeded(5))
    error = model.vae.decode(terms.z).log_prob(x).std(0) / math.sqrt(n)
    assert ((terms.distortion - model.distortion(x)).abs() < 5 * error).all()
    bound = terms.negative_elbo + model.log_p(x)
    assert ((bound - model.gap(x)).abs() < 5 * error).all()


@pytest.mark.parametrize("posterior", GAUSSIAN)
@pytest.mark.parametrize("seed", [0, 1])
def test_bound_is_tight_when_the_encoder_knows_the_true_posterior(posterior, seed):
    model = ProbabilisticPCA.knowing(posterior, seed)
    x = model.draw(8)
    torch.testing.assert_close(-model.negative_elbo(x), model.log_p(x))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_best_diagonal_posterior_costs_minus_half_log_one_minus_rho_squared(seed):
    """rho is the correlation of the true posterior; the best diagonal one is too narrow."""
    model = ProbabilisticPCA.random(seed)
    x = model.draw(8)
    to_mean, covariance = model.truth()
    narrow = torch.diag(1.0 / covariance.inverse().diagonal())
    model.answer(to_mean, narrow)
    rho = covariance[0, 1] / covariance.diagonal().prod().sqrt()
    expected = (-0.5 * (1.0 - rho**2).log()).expand(8)
    torch.testing.assert_close(model.negative_elbo(x) + model.log_p(x), expected)
    assert (narrow.diagonal() < covariance.diagonal()).all()
    for factor in (0.9, 1.1):  # any other width is worse
        model.answer(to_mean, factor * narrow)
        assert (model.negative_elbo(x) + model.log_p(x) > expected).all()


def test_rotating_the_latent_changes_the_bound_and_not_the_evidence():
    """log p(x) is flat, the diagonal posterior's ELBO peaks where the columns are orthogonal."""
    model = ProbabilisticPCA.random(aligned=True)
    x, aligned = model.draw(8), model.weight.clone()
    log_p, gaps = model.log_p(x), []
    for angle in torch.linspace(0.0, math.pi / 2, 7, dtype=torch.float64):
        turn = torch.tensor([[angle.cos(), -angle.sin()], [angle.sin(), angle.cos()]])
        model.weight.copy_(aligned @ turn.double())
        to_mean, covariance = model.truth()
        model.answer(to_mean, torch.diag(1.0 / covariance.inverse().diagonal()))
        torch.testing.assert_close(model.log_p(x), log_p)
        gaps.append(float((model.negative_elbo(x) + log_p).mean()))
    assert gaps[0] == pytest.approx(0.0, abs=1e-9)
    assert gaps[-1] == pytest.approx(0.0, abs=1e-9)
    assert gaps[:4] == sorted(gaps[:4])
    assert gaps[3] > 0.1
    assert gaps[3:] == sorted(gaps[3:], reverse=True)


@pytest.fixture(scope="module")
def sample() -> Dataset:
    """1024 draws of a pPCA with two directions above the noise, as 256 grey levels."""
    model = ProbabilisticPCA.random(sigma=0.1)
    basis, _ = torch.linalg.qr(model.weight)
    model.weight.copy_(basis * torch.tensor([0.45, 0.15]))
    model.bias.fill_(0.5)
    pixels = (255 * model.draw(1024)).round().clamp(0, 255).to(torch.uint8)
    split = Split(pixels, torch.zeros(1024).long())
    return Dataset("sample", split, split.take(torch.arange(64)), ("a",))


class Optimum:
    """Maximum likelihood pPCA from the data's eigenvalues (Tipping & Bishop 1999)."""

    def __init__(self, spectrum: Tensor) -> None:
        used, rest = spectrum[:LATENT], spectrum[LATENT:]
        self.sigma = float(rest.mean().sqrt())  # Eq. 8
        self.variances = used - self.sigma**2  # of W z along the axes, Eq. 7
        log_det = used.log().sum() + len(rest) * math.log(self.sigma**2)
        self.log_p = -0.5 * float(PIXELS * math.log(2.0 * math.pi) + log_det + PIXELS)  # Eq. 4

    def near(self, model: ProbabilisticPCA, x: Tensor) -> None:
        """Put a model beside the optimum: columns longer and turned, sigma larger."""
        _, vectors = torch.linalg.eigh(x.flatten(1).double().T.cov(correction=0))
        turn = 0.8 if model.vae.config.posterior in CORRELATED else 0.05
        sine, cosine = math.sin(turn), math.cos(turn)
        rotation = torch.tensor([[cosine, -sine], [sine, cosine]]).double()
        columns = vectors.flip(1)[:, :LATENT] * self.variances.sqrt()
        model.weight.copy_(1.04 * columns @ rotation)
        model.bias.copy_(x.flatten(1).double().mean(0))
        model.sigma = 1.05 * self.sigma
        model.answer(*model.truth())


def test_optimum_is_the_likelihood_of_the_model_made_of_the_eigenvectors(sample):
    optimum = Optimum(data_spectrum(sample.train))
    x = sample.train.images.flatten(1).double()
    _, vectors = torch.linalg.eigh(x.T.cov(correction=0))
    weight = vectors.flip(1)[:, :LATENT] * optimum.variances.sqrt()
    covariance = weight @ weight.T + optimum.sigma**2 * torch.eye(PIXELS).double()
    log_p = MultivariateNormal(x.mean(0), covariance).log_prob(x).mean()
    assert float(log_p) == pytest.approx(optimum.log_p, abs=1e-4)


FITTED = list(  # either sigma in turn
    zip(GAUSSIAN, cycle(["analytic", "learned"]), strict=False)
)


@pytest.fixture(scope="module", params=FITTED, ids=str)
def fitted(sample, request) -> ProbabilisticPCA:
    """A linear VAE trained from beside the optimum and sigma = 1, in smaller and smaller steps."""
    posterior, sigma = request.param
    config = tiny_model(
        (LATENT,), hidden=(), posterior=posterior, likelihood="gaussian", sigma=sigma
    )
    vae = build_vae(config, sample.image_shape)
    Optimum(data_spectrum(sample.train)).near(ProbabilisticPCA(vae), sample.train.images)
    vae.float().requires_grad_(True)
    for lr, batch_size, epochs in ((1e-2, 64, 20), (3e-3, 128, 16), (1e-3, 256, 8)):
        list(fit(vae, sample, TrainConfig(epochs, batch_size, lr, threads=1)))
    return ProbabilisticPCA(vae)


@pytest.mark.slow
def test_trained_bound_reaches_the_maximum_likelihood(sample, fitted):
    """Whatever the family: a diagonal one turns the columns of W until it fits (Lucas 2019)."""
    optimum, x = Optimum(data_spectrum(sample.train)), sample.train.images.double()
    elbo, log_p = -float(fitted.negative_elbo(x).mean()), float(fitted.log_p(x).mean())
    assert elbo < log_p < optimum.log_p
    assert elbo == pytest.approx(optimum.log_p, abs=0.02)


@pytest.mark.slow
def test_trained_sigma_is_the_root_of_the_mean_squared_error(sample, fitted):
    """Learned or analytic, both land on sigma* of the eigenvalues."""
    optimum, x = Optimum(data_spectrum(sample.train)), sample.train.images.double()
    root_mse = math.sqrt(float(fitted.squares(x).mean()) / PIXELS)
    assert fitted.sigma == pytest.approx(root_mse, rel=0.01)
    assert fitted.sigma == pytest.approx(optimum.sigma, rel=0.01)


@pytest.mark.slow
def test_trained_decoder_spans_the_first_directions_of_the_data(sample, fitted):
    """Up to a rotation of the latent, which a diagonal posterior takes away: it turns the
    columns orthogonal, while a full one is content with any (Lucas et al. 2019)."""
    optimum = Optimum(data_spectrum(sample.train))
    products = fitted.weight.T @ fitted.weight
    variances = torch.linalg.eigvalsh(products).flip(0)
    torch.testing.assert_close(variances, optimum.variances, rtol=0.1, atol=0.0)
    cosine = abs(float(products[0, 1] / products.diagonal().prod().sqrt()))
    if fitted.vae.config.posterior in CORRELATED:
        assert cosine > 0.2
    else:
        assert cosine < 0.05

"""Priors by what they are: densities that integrate, samples of them, rates against them."""

from __future__ import annotations

import math
from itertools import product

import pytest
import torch
from torch.distributions import MixtureSameFamily, Normal, kl_divergence

from tests.core.posteriors.families import draw, random_params
from tests.samples import LATENTS, covering, tiny_model
from vae_core import ConfigError, ModelConfig, RunConfig, TrainConfig, build_vae
from vae_core.config import POSTERIORS, PRIORS
from vae_core.priors import closed_rate, log_ratio, rate, rate_per_dim
from vae_core.priors.flow import SampledMarginals

IMAGE = (1, 8, 8)


def possible(**settings: object) -> bool:
    """Whether such a model may be made."""
    try:
        tiny_model(**settings)
    except ConfigError:
        return False
    return True


ALL = [
    {"prior": prior, "posterior": posterior, "latent": latent}
    for prior, posterior, latent in product(PRIORS, POSTERIORS, LATENTS)
    if possible(latent=latent, prior=prior, posterior=posterior)
    and not POSTERIORS[posterior].has_entries  # which has probabilities, and no density
]
LEARNED = [name for name in PRIORS if PRIORS[name].is_learned and possible(prior=name)]


def name_of(settings):
    return "-".join(map(str, settings.values()))


def untidy(latent=(3,), **settings):
    """A model in float64 whose weights, the prior's too, are far from where they begin."""
    vae = build_vae(tiny_model(latent, prior_components=4, **settings), IMAGE).double()
    noise = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for values in vae.latent_prior.parameters():
            values += 0.15 * torch.randn(values.shape, generator=noise, dtype=values.dtype)
    return vae.requires_grad_(False)


@pytest.mark.parametrize("settings", covering(ALL), ids=name_of)
def test_density_and_moments_are_those_of_samples(settings):
    """E_r p(z) / r(z) = 1, for r an equal mixture of p and of the standard prior."""
    vae, noise = untidy(**settings), torch.Generator().manual_seed(1)
    p, other = vae.prior(), vae.family.prior(vae.latent_shape, torch.zeros(1).double())
    n = 20_000
    z = torch.cat([p.sample((n,), noise), other.sample((n,), noise)])
    log_both = torch.logaddexp(p.log_prob(z), other.log_prob(z)) - math.log(2.0)
    ratio = (p.log_prob(z) - log_both).exp()
    assert z.shape == (2 * n, *vae.latent_shape)
    error = ratio.std().item() / math.sqrt(2 * n)
    assert ratio.mean().item() == pytest.approx(1.0, abs=5.0 * error)
    z = z[:n]
    error = (z.var(0) / len(z)).sqrt()
    assert ((p.mean - z.mean(0)).abs() < 6.0 * error + 1e-9).all()
    assert torch.allclose(p.variance, z.var(0), rtol=0.2)


@pytest.mark.parametrize("settings", covering(ALL), ids=name_of)
def test_what_is_kept_of_a_prior_is_the_prior(settings):
    vae = untidy(**settings)
    p, kind = vae.prior(), PRIORS[settings["prior"]]
    if not kind.is_learned:
        assert kind.shapes(vae.config) == {}
        assert kind.of_tensors(vae.config, {}) is None
        return
    tensors = p.tensors()
    assert {name: tuple(t.shape) for name, t in tensors.items()} == kind.shapes(vae.config)
    again = kind.of_tensors(vae.config, {name: t.clone() for name, t in tensors.items()})
    z = p.sample((7,), torch.Generator().manual_seed(3))
    assert torch.equal(again.log_prob(z), p.log_prob(z))
    half = again.to(torch.zeros(1))
    assert half.log_prob(z.float()).dtype == torch.float32
    assert torch.allclose(half.log_prob(z.float()).double(), p.log_prob(z), atol=5e-3)


@pytest.mark.parametrize("posterior", ["diagonal", "full", "laplace"])
@pytest.mark.parametrize("prior", ["mixture", "vamp", "class"])
def test_mixture_density_is_that_of_its_components_one_by_one(prior, posterior):
    vae = untidy((2, 2, 3), prior=prior, posterior=posterior)
    p = vae.prior()
    z = 2.0 * torch.randn(5, 6, 2, 2, 3, generator=torch.Generator().manual_seed(4)).double()
    one_by_one = torch.stack(
        [
            weight + p.family.from_params(params[None]).log_prob(z.flatten(0, 1))
            for weight, params in zip(p.log_weights, p.params, strict=True)
        ]
    )
    expected = one_by_one.exp().sum(0).log().reshape(5, 6)
    assert torch.allclose(p.log_prob(z), expected, atol=1e-9)
    assert p.weights.sum().item() == pytest.approx(1.0)


def test_vamp_components_are_the_posteriors_of_its_pictures():
    vae = untidy(prior="vamp")
    pictures = vae.latent_prior.pseudo_inputs
    assert pictures.shape == (4, *IMAGE)
    assert 0.0 <= pictures.min() <= pictures.max() <= 1.0
    assert torch.equal(vae.prior().params, vae.encode_params(pictures))


def test_mixture_marginals_are_those_of_torch():
    p = untidy(prior="mixture").prior()
    z = torch.randn(9, 3, generator=torch.Generator().manual_seed(6)).double()
    for j in range(3):
        parts = p.components.marginals()
        torch_s = MixtureSameFamily(
            torch.distributions.Categorical(logits=p.log_weights),
            Normal(parts.loc[:, j], parts.scale[:, j]),
        )
        assert torch.allclose(p.marginals().log_prob(z)[:, j], torch_s.log_prob(z[:, j]))
        assert p.marginals().mean[j] == pytest.approx(torch_s.mean.item())
        assert p.marginals().variance[j] == pytest.approx(torch_s.variance.item())


@pytest.mark.parametrize("latent", [(2,), (5,), (2, 2, 3)])
def test_flow_is_inverted_exactly(latent):
    p = untidy(latent, prior="flow").prior()
    u = torch.randn(50, math.prod(latent), generator=torch.Generator().manual_seed(7)).double()
    again, _ = p.to_normal(p.from_normal(u))
    assert torch.allclose(again, u, atol=1e-10)


@pytest.mark.parametrize("latent", [(2,), (5,), (2, 2, 3)])
def test_flow_determinant_is_that_of_autograd(latent):
    p = untidy(latent, prior="flow").prior()
    z = torch.randn(4, math.prod(latent), generator=torch.Generator().manual_seed(8)).double()
    _, log_det = p.to_normal(z)
    for one, found in zip(z, log_det, strict=True):
        jacobian = torch.autograd.functional.jacobian(lambda v: p.to_normal(v[None])[0][0], one)
        assert found.item() == pytest.approx(torch.linalg.slogdet(jacobian)[1].item(), abs=1e-10)


def test_new_flow_is_the_standard_prior():
    vae = build_vae(tiny_model(prior="flow"), IMAGE)
    z = torch.randn(9, 3, generator=torch.Generator().manual_seed(9))
    expected = vae.family.prior((3,), z).log_prob(z)
    assert torch.allclose(vae.prior().log_prob(z), expected, atol=1e-5)


def test_sampled_marginals_come_to_the_density_they_are_samples_of():
    noise = torch.Generator().manual_seed(10)
    samples = 3.0 + 0.5 * torch.randn(20_000, 2, generator=noise).double()
    found, z = SampledMarginals(samples), samples[:500]
    exact = Normal(3.0, 0.5).log_prob(z)
    assert (found.log_prob(z) - exact).mean().abs() < 0.02
    assert found.log_prob(torch.full((1, 2), 60.0).double()).isfinite().all()


def test_class_rate_is_the_closed_form_and_its_mean_is_that_over_labels():
    """sum_y pi_y KL(q(z|y) || p(z|y)) by enumeration, one posterior for each label."""
    vae = untidy(prior="class")
    p, q, labels = vae.prior(), draw("diagonal", (3,), 4), torch.arange(4)
    own = closed_rate(q, p.given(labels))
    parts = p.components.marginals()
    each = kl_divergence(q.marginals(), Normal(parts.loc, parts.scale)).sum(1)
    assert torch.allclose(own, each)
    mixed = torch.tensor([2, 0, 2, 3])
    one_by_one = torch.stack(
        [
            kl_divergence(Normal(q.loc[i], q.scale[i]), Normal(parts.loc[y], parts.scale[y])).sum()
            for i, y in enumerate(mixed)
        ]
    )
    assert torch.allclose(closed_rate(q, p.given(mixed)), one_by_one)
    shares = vae.latent_prior.shares
    assert (shares @ own).item() == pytest.approx(
        sum((shares[y] * each[y]).item() for y in range(4))
    )


@pytest.mark.parametrize("posterior", ["diagonal", "full"])
def test_sampled_rate_agrees_with_the_closed_form(posterior):
    vae = untidy(prior="class", posterior=posterior)
    q, p = draw(posterior, (3,), 4), vae.prior().given(torch.tensor([0, 1, 3, 1]))
    ratios = log_ratio(q, p, q.sample((20_000,), torch.Generator().manual_seed(11)))
    error = ratios.std(0) / math.sqrt(len(ratios))
    assert ((ratios.mean(0) - closed_rate(q, p)).abs() < 5.0 * error).all()


def test_rate_against_one_component_is_that_against_the_gaussian():
    """A mixture of one has no closed form here, and is the Gaussian it is of."""
    vae = build_vae(tiny_model(prior="mixture", prior_components=1), IMAGE).double()
    q, p = draw("diagonal", (3,), 4), vae.prior()
    z = q.sample((20_000,), torch.Generator().manual_seed(12))
    assert closed_rate(q, p) is None
    exact = kl_divergence(q, p.components)
    spread = log_ratio(q, p, z).std(0) / math.sqrt(len(z))
    assert ((rate(q, p, z) - exact).abs() < 5.0 * spread).all()
    per_dim = kl_divergence(q.marginals(), p.components.marginals())
    assert torch.allclose(rate_per_dim(q, p, z), per_dim, atol=0.1)
    assert rate_per_dim(q, p, z).sum(1).sub(rate(q, p, z)).abs().max() < 1e-9


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"posterior": "dirichlet", "prior": "flow"}, "a normalising flow lies in all of space"),
        ({"posterior": "dirichlet", "prior": "mixture"}, "a Dirichlet on a simplex"),
        ({"posterior": "delta", "prior": "vamp"}, "a point mass has no density"),
        ({"latent": (1,), "prior": "flow"}, "at least two"),
        ({"prior": "mixture", "prior_components": 0}, "prior-components must be a whole number"),
        ({"prior": "gamma"}, "prior must be one of .*standard"),
    ],
)
def test_what_does_not_go_together_is_refused_with_the_reason(settings, said):
    with pytest.raises(ConfigError, match=said):
        tiny_model(**settings)


@pytest.mark.parametrize("train", [{"free_bits": 0.1}, {"tc_weight": 1.0}, {"mistake": "mean-kl"}])
@pytest.mark.parametrize("prior", LEARNED)
def test_losses_of_independent_dimensions_are_refused(prior, train):
    with pytest.raises(ConfigError, match="prior standard"):
        RunConfig(model=ModelConfig(prior=prior), train=TrainConfig(**train))


def test_random_parameters_of_every_family_make_a_vamp_prior():
    for name, family in POSTERIORS.items():
        if family.has_density:
            p = PRIORS["vamp"].of_tensors(
                tiny_model(posterior=name, prior="vamp", prior_components=3),
                {"params": random_params(name, (3,), 3), "log_weights": -torch.ones(3).log()},
            )
            assert p.log_prob(p.sample((4,))).isfinite().all()

"""Claims about the KL of every family, and about the parts it is made of."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.distributions import kl_divergence

from tests.core.posteriors.families import (
    ADDITIVE,
    AT_PRIOR,
    WITH_RATE,
    draw,
    kl_rest,
    prior,
    random_params,
)
from tests.samples import LATENTS, assert_mean_is, seeded
from vae_core.config import POSTERIORS
from vae_core.posteriors import kl_per_dim

# KL(q || p)


@pytest.mark.parametrize("name", WITH_RATE)
@pytest.mark.parametrize("latent", LATENTS)
def test_kl_gradient_is_the_finite_difference(name, latent):
    family, p = POSTERIORS[name], prior(name, latent)
    assert torch.autograd.gradcheck(
        lambda params: kl_divergence(family.from_params(params), p),
        random_params(name, latent, 2).requires_grad_(),
    )


@pytest.mark.parametrize("name", WITH_RATE)
@pytest.mark.parametrize("latent", LATENTS)
def test_kl_matches_monte_carlo(name, latent):
    q, p = draw(name, latent), prior(name, latent)
    z = q.sample((50_000,), seeded(1))
    assert_mean_is(kl_divergence(q, p), q.log_prob(z) - p.log_prob(z))


@pytest.mark.parametrize("name", WITH_RATE)
@pytest.mark.parametrize("latent", LATENTS)
def test_kl_per_number_matches_monte_carlo(name, latent):
    """Draws of the whole, weighed by the marginals: these are marginals of this very q."""
    q, p = draw(name, latent), prior(name, latent)
    z = q.sample((20_000,), seeded(1))
    assert_mean_is(kl_per_dim(q, p), q.marginals().log_prob(z) - p.marginals().log_prob(z))


@pytest.mark.parametrize("name", WITH_RATE)
def test_kl_does_not_depend_on_the_order_of_sites(name):
    """Any flattening of the cells gives the same number: sites are independent given x."""
    params, p = random_params(name, (2, 2, 3)), prior(name, (2, 2, 3))
    q = POSTERIORS[name].from_params(params)
    shuffled = POSTERIORS[name].from_params(params.flip(1).transpose(1, 2))
    torch.testing.assert_close(kl_divergence(q, p), kl_divergence(shuffled, p))


@pytest.mark.parametrize("name", WITH_RATE)
def test_a_map_is_the_sum_over_its_sites(name):
    """KL and log-density of a feature map are those of its cells, added up."""
    params = random_params(name, (2, 2, 3))
    q, p = POSTERIORS[name].from_params(params), prior(name, (2, 2, 3))
    cells, cell = POSTERIORS[name].from_params(params.flatten(0, 2)), prior(name, (3,))
    z = q.sample((5,))
    by_cell = cells.log_prob(z.flatten(1, 3)).reshape(5, 4, 4).sum(2)
    torch.testing.assert_close(q.log_prob(z), by_cell)
    torch.testing.assert_close(p.log_prob(z), cell.log_prob(z).sum((2, 3)))
    by_cell = kl_divergence(cells, cell).reshape(4, 4).sum(1)
    torch.testing.assert_close(kl_divergence(q, p), by_cell)


@pytest.mark.parametrize("name", WITH_RATE)
@given(data=st.data())
def test_kl_is_never_negative(name, data):
    n_params = POSTERIORS[name].n_params(3)
    numbers = st.lists(st.floats(-8, 8), min_size=n_params, max_size=n_params)
    params = torch.tensor([data.draw(numbers)], dtype=torch.float64)
    q, p = POSTERIORS[name].from_params(params), prior(name, (3,))
    assert kl_divergence(q, p).item() >= -1e-12
    assert kl_per_dim(q, p).min().item() >= -1e-12


@pytest.mark.parametrize("name", WITH_RATE)
@pytest.mark.parametrize("latent", LATENTS)
def test_kl_is_zero_at_the_prior_and_nowhere_near_it(name, latent):
    """Every single number that moves away from the prior costs something, either way."""
    family, p = POSTERIORS[name], prior(name, latent)
    assert kl_divergence(p, p).item() == 0.0
    params = torch.full_like(random_params(name, latent, 1), AT_PRIOR.get(name, 0.0))
    at_prior = kl_divergence(family.from_params(params), p)
    torch.testing.assert_close(at_prior, torch.zeros_like(at_prior), rtol=0.0, atol=1e-12)
    nudges = torch.eye(params.numel(), dtype=torch.float64).reshape(-1, *params.shape[1:])
    for step in (-0.1, 1e-3, 0.1):
        assert (kl_divergence(family.from_params(params + step * nudges), p) > 1e-8).all()


@pytest.mark.parametrize("name", WITH_RATE)
def test_a_prior_first_asked_for_in_inference_mode_still_trains(name):
    latent = (2, 1, 7)  # one that no other test asks for
    params = random_params(name, latent).requires_grad_()
    with torch.inference_mode():
        POSTERIORS[name].prior(latent, params)
    q, p = POSTERIORS[name].from_params(params), POSTERIORS[name].prior(latent, params)
    terms = kl_divergence(q, p), kl_per_dim(q, p), p.log_prob(q.rsample())
    sum(term.sum() for term in terms).backward()
    assert params.grad is not None


# Marginals, and what they leave of the whole


@pytest.mark.parametrize("name", ADDITIVE)
@pytest.mark.parametrize("latent", LATENTS)
def test_marginals_and_rest_add_up_to_the_kl(name, latent):
    """Only a family that has a name for its rest has one; it is never a gain."""
    q, p = draw(name, latent), prior(name, latent)
    rest = kl_rest(q, p)
    torch.testing.assert_close(kl_per_dim(q, p).flatten(1).sum(1) + rest, kl_divergence(q, p))
    if q.rest_title is None:
        torch.testing.assert_close(rest, torch.zeros_like(rest), rtol=0.0, atol=1e-10)
    else:
        assert (rest > 1e-6).all()


@pytest.mark.parametrize("name", ADDITIVE)
@given(data=st.data())
def test_rest_is_never_negative(name, data):
    n_params = POSTERIORS[name].n_params(3)
    numbers = st.lists(st.floats(-4, 4), min_size=n_params, max_size=n_params)
    q = POSTERIORS[name].from_params(torch.tensor([data.draw(numbers)], dtype=torch.float64))
    assert kl_rest(q, prior(name, (3,))).item() >= -1e-9


@pytest.mark.parametrize("name", ADDITIVE)
@pytest.mark.parametrize("latent", LATENTS)
def test_an_untrained_encoder_says_nothing_of_dependence(name, latent):
    """With the numbers that begin at zero at zero, the marginals are all there is."""
    family, params = POSTERIORS[name], random_params(name, latent)
    begin = family.starts_at_zero(latent[-1])
    params[..., begin] = 0.0
    rest = kl_rest(family.from_params(params), prior(name, latent))
    torch.testing.assert_close(rest, torch.zeros_like(rest), rtol=0.0, atol=1e-10)
    assert (family.rest_title is None) == (params[..., begin].numel() == 0)

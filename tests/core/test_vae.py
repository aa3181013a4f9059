from __future__ import annotations

import itertools
from typing import Any

import jaxtyping
import pytest
import torch

from tests.core.likelihoods.test_likelihoods import KINDS
from tests.core.posteriors.families import kl_rest
from tests.samples import LATENTS, covering, tiny_model
from vae_core import VAE, ConfigError, DataError, build_vae, elbo_terms
from vae_core.config import LIKELIHOODS, NETWORKS, POSTERIORS

ALL = [
    {"network": network, "posterior": posterior, "kind": kind, "latent": latent, "channels": c}
    for network, posterior, kind, latent, c in itertools.product(
        NETWORKS, POSTERIORS, KINDS, LATENTS, [1, 3]
    )
]
SAMPLE = covering(ALL)  # every pair of settings
networks = pytest.mark.parametrize("network", NETWORKS)
posteriors = pytest.mark.parametrize("posterior", POSTERIORS)
latents = pytest.mark.parametrize("latent", LATENTS)


def combined(row: dict[str, Any]) -> VAE:
    likelihood, sigma = row["kind"]
    parts = {"posterior": row["posterior"], "likelihood": likelihood, "sigma": sigma}
    model = tiny_model(row["latent"], network=row["network"], **parts)
    return build_vae(model, (row["channels"], 8, 8))


@pytest.fixture(params=SAMPLE, ids=lambda row: "-".join(map(str, row.values())))
def vae(request) -> VAE:
    """Every network, posterior, likelihood, sigma and kind of latent, grey and in colour."""
    return combined(request.param)


def images(vae: VAE, n: int = 4, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.rand(n, *vae.image_shape, generator=generator, dtype=dtype)


def test_any_combination_encodes_and_decodes(vae):
    x = images(vae)
    q = vae.encode(x)
    assert (q.batch_shape, q.event_shape) == ((4,), vae.latent_shape)
    p = vae.decode(q.rsample((2,)))
    assert (p.batch_shape, p.event_shape) == ((2, 4), vae.image_shape)
    assert p.mean.shape == p.sample().shape == (2, 4, *vae.image_shape)
    assert p.log_prob(x).shape == (2, 4)
    prior = vae.prior()
    assert (prior.batch_shape, prior.event_shape) == ((), vae.latent_shape)
    assert vae.decode(prior.sample()).event_shape == vae.image_shape


def test_any_combination_works_in_double_precision(vae):
    """And says the same as in single precision, given the same latents."""
    x = images(vae, dtype=torch.float64)
    generator = torch.Generator().manual_seed(0)
    terms = elbo_terms(vae.double(), x, generator=generator)
    picture = vae.decode(vae.prior().sample())
    assert terms.distortion.dtype == terms.rate.dtype == terms.z.dtype == torch.float64
    assert picture.mean.dtype == picture.sample().dtype == torch.float64
    vae.float()
    rate = elbo_terms(vae, x.float()).rate
    torch.testing.assert_close(rate, terms.rate.float(), rtol=1e-3, atol=1e-3)
    distortion = -vae.decode(terms.z.float()).log_prob(x.float())
    torch.testing.assert_close(distortion, terms.distortion.float(), rtol=1e-4, atol=1e-3)


def test_every_weight_learns(vae):
    """Distortion, and the rate where there is one, reach all parameters, as in training."""
    terms = elbo_terms(vae.train(), images(vae))
    loss = terms.distortion.sum()
    (loss + terms.rate.sum() if vae.family.has_rate else loss).backward()
    for name, parameter in vae.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.grid
@pytest.mark.parametrize("row", ALL, ids=lambda row: "-".join(map(str, row.values())))
@pytest.mark.parametrize(
    "claim",
    [
        test_any_combination_encodes_and_decodes,
        test_any_combination_works_in_double_precision,
        test_every_weight_learns,
    ],
)
def test_all_combinations(row, claim):
    claim(combined(row))


def test_decoding_a_stack_is_stacking_decodings():
    vae = build_vae(tiny_model((2, 2, 3), network="conv"), (1, 8, 8))
    z = torch.randn(3, 2, 2, 2, 3, generator=torch.Generator().manual_seed(0))
    together = vae.decode(z).mean
    torch.testing.assert_close(together, torch.stack([vae.decode(part).mean for part in z]))
    assert vae.decode(z[:, :0]).mean.shape == (3, 0, 1, 8, 8)


# What a fresh model says


@pytest.mark.parametrize("part", [*POSTERIORS, *LIKELIHOODS])
@networks
def test_same_seed_same_weights_in_evaluation_mode(part, network):
    setting = {"posterior": part} if part in POSTERIORS else {"likelihood": part}
    config = tiny_model(network=network, **setting)
    first, second, other = (build_vae(config, (1, 8, 8), seed) for seed in (3, 3, 4))
    assert not any(module.training for module in first.modules())
    pairs = zip(first.state_dict().items(), second.state_dict().items(), strict=True)
    assert all(a == b and torch.equal(left, right) for (a, left), (b, right) in pairs)
    assert not torch.equal(next(first.parameters()), next(other.parameters()))
    x = images(first)
    assert torch.equal(first.encode_params(x), second.encode_params(x))


@posteriors
@networks
@latents
def test_head_begins_at_zero_where_the_family_says_and_nowhere_else(posterior, network, latent):
    vae = build_vae(tiny_model(latent, network=network, posterior=posterior), (1, 8, 8))
    family, channels = vae.family, latent[-1]
    begin = range(family.n_params(channels))[family.starts_at_zero(channels)]
    *_, weight, bias = vae.encoder.parameters()
    is_zero = torch.zeros(family.n_params(channels), dtype=torch.bool)
    is_zero[list(begin)] = True
    is_zero = is_zero.repeat(len(bias) // len(is_zero))  # of every site that has a row
    assert torch.equal((weight.flatten(1) == 0).all(1), is_zero)
    assert torch.equal(bias == 0, is_zero)
    params = vae.encode_params(images(vae))
    assert torch.equal((params == 0).flatten(0, -2).all(0), is_zero[: params.shape[-1]])


@pytest.mark.parametrize("posterior", ["full", "full-correlation"])
@networks
@latents
def test_full_posterior_begins_without_correlation_for_any_image(posterior, network, latent):
    vae = build_vae(tiny_model(latent, network=network, posterior=posterior), (3, 8, 8), seed=2)
    x = torch.cat([images(vae), 100 * images(vae), torch.zeros(1, 3, 8, 8)])
    q = vae.encode(x)
    diagonal = torch.diag_embed(q.scale_tril.diagonal(dim1=-2, dim2=-1))
    assert torch.equal(q.scale_tril, diagonal)
    assert (q.scale_tril.diagonal(dim1=-2, dim2=-1) != 1).all()  # the widths are the encoder's
    rest = kl_rest(vae.double().encode(images(vae, dtype=torch.float64)), vae.prior())
    torch.testing.assert_close(rest, torch.zeros_like(rest), rtol=0.0, atol=1e-12)


@pytest.mark.parametrize("posterior", ["full", "full-correlation"])
@networks
@latents
def test_full_posterior_learns_correlation(posterior, network, latent):
    """Zero is where it begins, not where it must stay."""
    vae = build_vae(tiny_model(latent, network=network, posterior=posterior), (1, 8, 8)).double()
    x, optimizer = images(vae, dtype=torch.float64), torch.optim.SGD(vae.parameters(), lr=0.1)
    generator = torch.Generator().manual_seed(1)
    elbo_terms(vae, x, generator=generator).negative_elbo.mean().backward()
    optimizer.step()
    assert (kl_rest(vae.encode(x), vae.prior()) > 1e-8).all()


def test_building_leaves_the_global_generator_alone():
    before = torch.random.get_rng_state()
    build_vae(tiny_model(), (1, 8, 8), seed=5)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_parameters_are_counted():
    vae = build_vae(tiny_model((3,), hidden=(8,)), (1, 8, 8))
    assert vae.n_parameters == (64 * 8 + 8) + (8 * 6 + 6) + (3 * 8 + 8) + (8 * 64 + 64)


@posteriors
@pytest.mark.parametrize("kind", KINDS, ids=map("-".join, KINDS))
def test_networks_are_as_wide_as_family_and_likelihood_ask(posterior, kind):
    likelihood, sigma = kind
    parts = {"posterior": posterior, "likelihood": likelihood, "sigma": sigma}
    vae = build_vae(tiny_model((3,), hidden=(), **parts), (3, 8, 8))
    n_in, n_out = vae.family.n_params(3), 3 * 64 * vae.likelihood.n_params
    extra = sum(p.numel() for p in vae.likelihood.parameters())
    assert vae.n_parameters == (192 + 1) * n_in + (3 + 1) * n_out + extra
    assert extra == (sigma == "learned")


# What it refuses


@pytest.mark.parametrize("shape", [(4, 1, 8, 9), (4, 3, 8, 8), (4, 1, 28, 28)])
def test_images_of_another_shape_are_refused(shape):
    vae = build_vae(tiny_model(), (1, 8, 8))
    with pytest.raises(DataError, match=r"expected images of shape \(n, 1, 8, 8\); got \(4, "):
        vae.encode(torch.zeros(shape))


@pytest.mark.parametrize("shape", [(5, 4), (3, 5)])
def test_latents_of_another_shape_are_refused(shape):
    vae = build_vae(tiny_model((3,)), (1, 8, 8))
    with pytest.raises(DataError, match=r"expected latents \(\.\.\., \(3,\)\); got \("):
        vae.decode(torch.zeros(shape))


def test_model_that_does_not_fit_its_images_is_refused():
    with pytest.raises(ConfigError, match="finer than the image"):
        build_vae(tiny_model((9, 9, 1), network="conv"), (1, 8, 8))


def test_shape_annotations_are_checked_in_tests():
    """A wrong number of axes is caught by jaxtyping before the model's own message."""
    vae = build_vae(tiny_model(), (1, 8, 8))
    with pytest.raises(jaxtyping.TypeCheckError, match="n c H W"):
        vae.encode(torch.zeros(4, 8, 8))
    with pytest.raises(jaxtyping.TypeCheckError, match="Float"):
        vae.encode(torch.zeros(4, 1, 8, 8, dtype=torch.int64))

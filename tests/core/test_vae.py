from __future__ import annotations

import itertools

import jaxtyping
import pytest
import torch

from tests.samples import LATENTS, tiny_model
from vae_core import ConfigError, DataError, build_vae, elbo_terms
from vae_core.config import LIKELIHOODS, NETWORKS, POSTERIORS

GRID = list(itertools.product(NETWORKS, POSTERIORS, LIKELIHOODS, LATENTS, [1, 3]))


@pytest.fixture(params=GRID, ids=lambda p: "-".join(map(str, p)))
def vae(request):
    """Every network with every posterior, likelihood and kind of latent, grey and in colour."""
    network, posterior, likelihood, latent, c = request.param
    config = tiny_model(latent, network=network, posterior=posterior, likelihood=likelihood)
    return build_vae(config, (c, 8, 8))


def images(vae, n: int = 4, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.rand(n, *vae.image_shape, generator=torch.manual_seed(0), dtype=dtype)


def test_any_combination_encodes_and_decodes(vae):
    q = vae.encode(images(vae))
    assert (q.batch_shape, q.event_shape) == ((4,), vae.latent_shape)
    p = vae.decode(q.rsample((2,)))
    assert (p.batch_shape, p.event_shape) == ((2, 4), vae.image_shape)
    prior = vae.prior()
    assert (prior.batch_shape, prior.event_shape) == ((), vae.latent_shape)
    assert vae.decode(prior.sample()).event_shape == vae.image_shape


def test_any_combination_works_in_double_precision(vae):
    x = images(vae, dtype=torch.float64)
    terms = elbo_terms(vae.double(), x, generator=torch.Generator().manual_seed(0))
    assert terms.distortion.dtype == terms.rate.dtype == torch.float64
    single = elbo_terms(vae.float(), x.float(), generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(single.rate, terms.rate.float(), rtol=1e-3, atol=1e-3)


def test_every_weight_learns(vae):
    """Distortion, and the rate where there is one, reach all parameters."""
    terms = elbo_terms(vae, images(vae))
    loss = terms.distortion.sum()
    (loss + terms.rate.sum() if vae.family.has_rate else loss).backward()
    for name, parameter in vae.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.abs().sum() > 0, name


def test_decoding_a_stack_is_stacking_decodings():
    vae = build_vae(tiny_model((2, 2, 3), network="conv"), (1, 8, 8))
    z = torch.randn(3, 2, 2, 2, 3, generator=torch.manual_seed(0))
    together = vae.decode(z).mean
    torch.testing.assert_close(together, torch.stack([vae.decode(part).mean for part in z]))
    assert vae.decode(z[:, :0]).mean.shape == (3, 0, 1, 8, 8)


def test_same_seed_same_weights():
    first, second, other = (build_vae(tiny_model(), (1, 8, 8), seed) for seed in (3, 3, 4))
    pairs = zip(first.parameters(), second.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    assert not torch.equal(next(first.parameters()), next(other.parameters()))


def test_building_leaves_the_global_generator_alone():
    before = torch.random.get_rng_state()
    build_vae(tiny_model(), (1, 8, 8), seed=5)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_parameters_are_counted():
    vae = build_vae(tiny_model((3,), hidden=(8,)), (1, 8, 8))
    assert vae.n_parameters == (64 * 8 + 8) + (8 * 6 + 6) + (3 * 8 + 8) + (8 * 64 + 64)


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

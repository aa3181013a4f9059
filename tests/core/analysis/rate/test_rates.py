from __future__ import annotations

import dataclasses
import math

import pytest
import torch

from tests.samples import LATENTS, tiny_model
from vae_core import Codes, DataError, build_vae, encode_dataset
from vae_core.analysis import (
    active_units,
    channel_order,
    class_draws,
    class_posteriors,
    class_rates,
    decode_mean,
    kl_per_dim,
    latent_names,
    rate_table,
    total_rate,
    traverse,
)
from vae_core.analysis.rate.rates import ACTIVE_VARIANCE, relative_width
from vae_core.config import POSTERIORS

WITH_RATE = [n for n, kind in POSTERIORS.items() if kind.has_rate and not kind.has_entries]


def model(posterior: str = "diagonal", latent: tuple[int, ...] = (3,), seed: int = 0):
    return build_vae(tiny_model(latent, posterior=posterior), (1, 8, 8), seed)


def random_codes(posterior: str = "diagonal", latent: tuple[int, ...] = (3,), n: int = 40) -> Codes:
    """Codes of three classes of different sizes, labels 1, 4 and 7."""
    n_params = POSTERIORS[posterior].n_params(latent[-1])
    generator = torch.Generator().manual_seed(0)
    params = torch.randn(n, *latent[:-1], n_params, generator=generator)
    labels = torch.tensor([4] * (n // 2) + [1] * (n // 4) + [7] * (n - n // 2 - n // 4))
    return Codes(params, labels, posterior, latent)


@pytest.mark.parametrize("posterior", POSTERIORS)
@pytest.mark.parametrize("latent", LATENTS)
def test_codes_are_the_posteriors_in_order(digits, posterior, latent):
    vae = model(posterior, latent)
    codes = encode_dataset(vae, digits.test)
    q = vae.encode(digits.test.images)
    assert codes.posterior().batch_shape == (96,)
    assert codes.prior().event_shape == latent
    assert torch.equal(codes.labels, digits.test.labels)
    torch.testing.assert_close(codes.mean, q.mean.detach())
    torch.testing.assert_close(codes.variance, q.variance.detach())
    assert not codes.params.requires_grad


def test_codes_do_not_depend_on_the_block(digits):
    """More images than one block; the last one is smaller."""
    index = torch.arange(1100) % 96
    codes = encode_dataset(model(), digits.test.take(index))
    torch.testing.assert_close(codes.params[:96], codes.params[960:1056])
    torch.testing.assert_close(codes.params, encode_dataset(model(), digits.test).params[index])


def test_taking_codes_keeps_images_and_labels_together():
    codes = random_codes()
    index = torch.tensor([33, 2, 17])
    some = codes.take(index)
    assert len(some) == 3
    assert torch.equal(some.mean, codes.mean[index])
    assert torch.equal(some.labels, codes.labels[index])
    assert torch.equal(some.take(torch.tensor([1])).mean, codes.mean[2:3])


def test_double_precision_model_encodes_a_split(digits):
    vae = model()
    single, double = encode_dataset(vae, digits.test), encode_dataset(vae.double(), digits.test)
    assert double.params.dtype == torch.float64
    torch.testing.assert_close(double.params.float(), single.params)


def test_split_of_another_shape_is_refused(digits):
    vae = build_vae(tiny_model(), (1, 9, 8))
    with pytest.raises(DataError, match="expected images of shape"):
        encode_dataset(vae, digits.test)


@pytest.mark.parametrize("posterior", POSTERIORS)
def test_class_moments_match_draws_from_the_class(posterior):
    codes, n = random_codes(posterior), 200_000
    draws = class_draws(codes, n, seed=1)
    for known in class_posteriors(codes):
        z = draws.mean[draws.labels == known.label].double()
        centred = z - z.mean(0)
        products = centred[:, :, None] * centred[:, None, :]
        error = z.std(0) / math.sqrt(len(z))
        assert ((z.mean(0) - known.mean).abs() < 5 * error).all()
        error = products.std(0) / math.sqrt(len(z))
        assert ((products.mean(0) - known.covariance).abs() < 5.5 * error).all()


def test_class_draws_keep_proportions_and_follow_their_seed():
    codes, n = random_codes(), 20_000
    before = torch.random.get_rng_state()
    draws = class_draws(codes, n)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.equal(draws.mean, class_draws(codes, n).mean)
    assert not torch.equal(draws.mean, class_draws(codes, n, seed=1).mean)
    share = (draws.labels == 4).double().mean().item()
    assert share == pytest.approx(0.5, abs=5 * 0.5 / math.sqrt(n))
    assert draws.latent_shape == codes.latent_shape


@pytest.mark.parametrize("latent", LATENTS)
def test_total_variance_is_within_plus_between(latent):
    """Var q(z_j) = E[sigma_j^2] + Var[mu_j], over all images and over the classes."""
    codes = random_codes(latent=latent)
    mu, variance = codes.mean.flatten(1).double(), codes.variance.flatten(1).double()
    whole = variance.mean(0) + mu.var(0, correction=0)
    classes = class_posteriors(codes)
    assert [c.label for c in classes] == [1, 4, 7]
    assert sum(c.n_images for c in classes) == len(codes)
    weight = torch.tensor([c.n_images / len(codes) for c in classes]).double()
    means = torch.stack([c.mean for c in classes])
    within = weight @ torch.stack([c.covariance.diagonal() for c in classes])
    between = weight @ (means - weight @ means).square()
    torch.testing.assert_close(within + between, whole, rtol=1e-6, atol=1e-6)


def test_class_of_one_image_is_that_images_posterior():
    codes = random_codes().take(torch.tensor([5]))
    (only,) = class_posteriors(codes)
    torch.testing.assert_close(only.mean, codes.mean[0].double())
    torch.testing.assert_close(only.covariance, torch.diag(codes.variance[0].double()))


def test_active_units_are_those_whose_mean_moves():
    """Var_x(mu_j) > 0.01, whatever the posterior's own width."""
    n = 1001
    wave = torch.linspace(-1, 1, n)
    wave = wave / wave.std()
    scales = torch.tensor([0.0, 0.9, 1.1, 5.0]) * math.sqrt(ACTIVE_VARIANCE)
    params = torch.cat([wave[:, None] * scales + 3.0, torch.randn(n, 4)], 1)
    codes = Codes(params, torch.zeros(n).long(), "diagonal", (4,))
    assert ACTIVE_VARIANCE == 0.01
    assert active_units(codes).tolist() == [False, False, True, True]


@pytest.mark.parametrize("posterior", WITH_RATE)
@pytest.mark.parametrize("latent", LATENTS)
def test_class_rates_average_to_the_whole(posterior, latent):
    codes = random_codes(posterior, latent)
    sizes = torch.tensor([(codes.labels == label).sum() for label in (1, 4, 7)])
    whole = kl_per_dim(codes.posterior(), codes.prior()).mean(0)
    rates = class_rates(codes)
    assert rates.shape == (3, *latent)
    torch.testing.assert_close(torch.einsum("k,k...->...", sizes / len(codes), rates), whole)


@pytest.mark.parametrize("latent", LATENTS)
def test_rate_table_adds_up_to_the_total(latent):
    codes = random_codes(latent=latent)
    table = rate_table(codes)
    assert list(table["name"]) == latent_names(latent)
    assert table["kl"].sum() == pytest.approx(total_rate(codes), rel=1e-5)
    assert table["active"].tolist() == active_units(codes).flatten().tolist()
    mu, sigma2 = codes.mean.flatten(1), codes.variance.flatten(1)
    assert table["mean_variance"].to_numpy() == pytest.approx(mu.var(0, correction=0).numpy())
    assert table["posterior_variance"].to_numpy() == pytest.approx(sigma2.mean(0).numpy())


def test_the_only_image_of_a_split_moves_nothing():
    codes = random_codes(n=4).take(torch.tensor([0]))
    assert not active_units(codes).any()
    assert rate_table(codes)["mean_variance"].tolist() == [0.0] * 3


def test_point_mass_has_an_infinite_rate_and_an_order():
    codes = random_codes("delta")
    assert total_rate(codes) == math.inf
    assert rate_table(codes)["kl"].map(math.isinf).all()
    variance = codes.mean.var(0, correction=0)
    order = channel_order(codes)
    assert variance[order].tolist() == sorted(variance.tolist(), reverse=True)


@pytest.mark.parametrize("latent", LATENTS)
def test_channels_are_ordered_by_what_they_say(latent):
    codes = random_codes(latent=latent)
    kl = rate_table(codes)["kl"]
    order = channel_order(codes)
    assert sorted(order) == list(range(math.prod(latent)))
    assert kl[order].is_monotonic_decreasing


def test_names_are_in_the_order_of_flattened_z():
    assert latent_names((3,)) == ["z0", "z1", "z2"]
    h, w, channels = latent = (2, 3, 2)
    z = torch.arange(math.prod(latent)).reshape(latent)
    names = latent_names(latent)
    for i, j, c in torch.cartesian_prod(*map(torch.arange, (h, w, channels))).tolist():
        assert names[z[i, j, c]] == f"c{c} ({i}, {j})"
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("latent", LATENTS)
def test_traversal_changes_that_number_and_no_other(latent):
    vae, values = model(latent=latent), torch.linspace(-3, 3, 5)
    z = torch.randn(latent, generator=torch.Generator().manual_seed(0))
    kept, index = z.clone(), math.prod(latent) - 2
    pictures = traverse(vae, z, index, values)
    assert pictures.shape == (5, 1, 8, 8)
    assert torch.equal(z, kept)
    for value, picture in zip(values, pictures, strict=True):
        changed = z.clone()
        changed.view(-1)[index] = value
        torch.testing.assert_close(picture, decode_mean(vae, changed[None])[0])
    assert not torch.equal(pictures[0], pictures[-1])


def test_decoded_pictures_can_be_shown():
    vae = build_vae(tiny_model(likelihood="gaussian"), (3, 8, 8))
    pictures = decode_mean(vae, 50 * torch.randn(6, 3, generator=torch.manual_seed(0)))
    assert pictures.shape == (6, 3, 8, 8)
    assert (pictures.min(), pictures.max()) == (0, 1)
    assert not pictures.requires_grad


@pytest.mark.parametrize("posterior", ["diagonal", "dirichlet"])
def test_the_relative_width_is_one_where_posteriors_are_the_prior(posterior):
    codes = random_codes(posterior)
    n = len(codes)
    if posterior == "diagonal":  # mean 0 and log-variance 0
        alike = dataclasses.replace(codes, params=torch.zeros_like(codes.params))
        assert relative_width(alike) == pytest.approx(1.0)
        moved = torch.linspace(-1, 1, n)[:, None].expand(n, 3)
        halved = torch.cat([moved, torch.full((n, 3), 2 * math.log(0.5))], 1)
        assert relative_width(dataclasses.replace(codes, params=halved)) == pytest.approx(0.5)
    else:
        ratio = (codes.variance / codes.prior().variance).sqrt()
        assert ratio.min() <= relative_width(codes) <= ratio.max()

"""Models with learned priors train, resume, are kept and measured."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import product

import pytest
import torch

from tests.core.priors.test_priors import LEARNED, possible
from tests.core.runs.test_resume import assert_same, interrupted
from tests.samples import LATENTS, covering, tiny_model, tiny_run
from vae_core import (
    ConfigError,
    DataConfig,
    RunConfig,
    RunStore,
    TrainConfig,
    build_vae,
    elbo_terms,
    encode_dataset,
    evaluate,
)
from vae_core.analysis import iwae_bound
from vae_core.config import LIKELIHOODS, POSTERIORS
from vae_core.runs.export import export_run
from vae_core.training_loss import importance_weighted_loss

SHAPES = [("mlp", LATENTS[0]), ("conv", LATENTS[1])]
ALL = [
    {"prior": prior, "posterior": posterior, "likelihood": likelihood, "shape": shape}
    for prior, posterior, likelihood, shape in product(
        (*LEARNED, "codebook"), POSTERIORS, LIKELIHOODS, SHAPES
    )
    if possible(latent=shape[1], prior=prior, posterior=posterior)
]
TRAIN = TrainConfig(epochs=1, batch_size=16, lr=5e-3, threads=1)


def name(settings):
    return "-".join((*map(str, list(settings.values())[:3]), settings["shape"][0]))


@pytest.mark.parametrize("settings", covering(ALL), ids=name)
def test_any_pair_of_parts_trains_and_loads(tmp_path, digits, settings):
    trains_and_loads(tmp_path, digits, settings)


@pytest.mark.grid
@pytest.mark.parametrize("settings", ALL, ids=name)
def test_any_combination_trains_and_loads(tmp_path, digits, settings):
    trains_and_loads(tmp_path, digits, settings)


def trains_and_loads(root, digits, settings):
    network, latent = settings["shape"]
    parts = {key: settings[key] for key in ("prior", "posterior", "likelihood")}
    model = tiny_model(latent, network=network, **parts)
    run = RunStore(root).create(RunConfig(DataConfig(limit=96), model, TRAIN))
    before = build_vae(model, digits.image_shape, TRAIN.seed)
    (record,) = run.train(digits)
    assert math.isfinite(record.test_distortion + record.test_rate)
    vae, codes = run.vae(), run.codes()
    moved = zip(vae.latent_prior.parameters(), before.latent_prior.parameters(), strict=True)
    assert all(not torch.equal(one, other) for one, other in moved)
    told = run.metrics().rate
    assert evaluate(vae, digits.test).rate == pytest.approx(told, rel=1e-4, abs=1e-6)
    noise = torch.Generator().manual_seed(0)
    z = vae.prior().sample((5,), noise)
    assert vae.decode(z).mean.isfinite().all()
    # the prior that travels with the codes is the model's
    assert torch.allclose(codes.prior().log_prob(z), vae.prior().log_prob(z), atol=1e-4)
    assert codes.rate.isfinite().all()


@pytest.mark.parametrize("prior", LEARNED)
def test_resumed_training_is_the_uninterrupted_one(tmp_path, digits, prior):
    whole = RunStore(tmp_path / "whole").create(tiny_run(prior=prior))
    list(whole.train(digits))
    run = interrupted(tmp_path / "part", digits, prior=prior)
    list(RunStore(tmp_path / "part").load(run.id).train(digits))
    for file in ("weights", "codes", "resume"):
        assert_same(run, whole, file)


def test_vamp_begins_at_training_images_and_class_with_their_shares(digits):
    vamp, of_class = (
        build_vae(tiny_model(prior=prior), digits.image_shape).latent_prior
        for prior in ("vamp", "class")
    )
    for part in (vamp, of_class):
        part.begin(digits.train, torch.Generator().manual_seed(0))
    images = digits.train.images.flatten(1)
    apart = torch.cdist(vamp.pseudo_inputs.detach().flatten(1), images).amin(1)
    assert apart.max() == 0.0
    counts = digits.train.labels.bincount(minlength=10)
    assert torch.allclose(of_class.shares, counts / 96)


def test_class_prior_of_too_few_is_refused_before_training(tmp_path, digits):
    run = RunStore(tmp_path).create(tiny_run(prior="class", prior_components=9))
    with pytest.raises(ConfigError, match="expected at least 10, got 9"):
        list(run.train(digits))
    assert not run.has_model


@pytest.mark.parametrize("prior", LEARNED)
def test_bound_of_one_draw_is_the_elbo(digits, prior):
    """In expectation, against p(z): of the class prior, too, which bounds log p(x) without y."""
    vae = build_vae(tiny_model(prior=prior, prior_components=10), digits.image_shape)
    x = digits.test.images[:8]
    noise = [torch.Generator().manual_seed(s) for s in (1, 2)]
    bound = iwae_bound(vae, x.repeat(500, 1, 1, 1), 1, generator=noise[0]).bound.reshape(500, 8)
    terms = elbo_terms(vae, x, 500, noise[1])
    error = bound.std(0) / math.sqrt(500)
    assert ((bound.mean(0) + terms.negative_elbo).abs() < 8.0 * error).all()


def test_importance_weighted_loss_charges_each_image_by_its_label(digits):
    vae = build_vae(tiny_model(prior="class"), digits.image_shape)
    with torch.no_grad():
        vae.latent_prior.loc += torch.arange(10.0)[:, None]
    x, labels = digits.test.images[:8], digits.test.labels[:8]
    found = [
        importance_weighted_loss(vae, x, 1, generator=torch.Generator().manual_seed(1), labels=y)
        for y in (labels, None)
    ]
    z = vae.encode(x).rsample((1,), torch.Generator().manual_seed(1))
    p = vae.prior()
    apart = (p.log_prob(z) - p.given(labels).log_prob(z)).mean()
    assert (found[0] - found[1]).item() == pytest.approx(apart.item(), rel=1e-4)


@pytest.mark.parametrize("prior", LEARNED)
def test_rate_of_codes_is_that_of_the_model_within_its_error(digits, prior):
    vae = build_vae(tiny_model(prior=prior), digits.image_shape)
    codes = encode_dataset(vae, digits.test)
    many = evaluate(vae, digits.test, n_samples=50)
    closed = prior == "class"
    assert (codes.rate_error == 0.0) == closed
    error = 1e-5 if closed else 6.0 * codes.rate_error
    assert float(codes.rate.mean()) == pytest.approx(many.rate, abs=error)
    per_dim = torch.tensor(many.rate_per_dim)
    assert torch.allclose(codes.kl.mean(0).flatten(), per_dim, atol=0.05)
    assert codes.take(torch.arange(3)).prior() is codes.prior()
    assert codes.double().prior().mean.dtype == torch.float64


def test_checkpoints_and_frames_have_the_prior_of_their_time(tmp_path, digits):
    config = tiny_run(prior="vamp")
    train = replace(config.train, keep_epochs=(1, 3))
    run = RunStore(tmp_path).create(replace(config, train=train))
    list(run.train(digits))
    first, last = (run.checkpoint(epoch) for epoch in (1, 3))
    z = run.vae().prior().sample((4,), torch.Generator().manual_seed(0))
    assert torch.allclose(last.decoder.prior().log_prob(z), run.vae().prior().log_prob(z))
    assert not torch.allclose(first.decoder.prior().log_prob(z), last.codes.prior().log_prob(z))
    frames = [run.frame(step) for step in run.frame_steps()]
    assert frames
    assert all(frame.codes.learned_prior is not None for frame in frames)


@pytest.mark.parametrize("prior", LEARNED)
def test_exported_run_keeps_its_prior(tmp_path, digits, prior):
    run = RunStore(tmp_path).create(tiny_run(prior=prior))
    list(run.train(digits))
    shipped = export_run(run, digits, tmp_path / "shipped")
    assert evaluate(shipped.vae(), digits.test).rate == shipped.metrics().rate
    assert shipped.metrics().rate == pytest.approx(run.metrics().rate, abs=0.05)
    z = shipped.vae().prior().sample((4,), torch.Generator().manual_seed(0))
    assert torch.allclose(
        shipped.codes().prior().log_prob(z), shipped.vae().prior().log_prob(z), atol=1e-3
    )

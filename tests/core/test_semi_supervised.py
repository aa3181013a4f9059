"""Models that few images have a label for: the bound without one is a sum over all labels."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from tests.core.test_trainer import assert_same
from tests.samples import LATENTS, seeded, tiny_model, tiny_run
from vae_core import (
    VAE,
    ConfigError,
    DataError,
    Dataset,
    ModelConfig,
    RunConfig,
    RunStore,
    TrainConfig,
    build_vae,
    elbo_terms,
    evaluate,
    fit,
)
from vae_core.config import POSTERIORS
from vae_core.limits import Limits
from vae_core.objective import Objective
from vae_core.runs.export import export_run
from vae_core.semi_supervised import (
    UNKNOWN,
    KnownLabels,
    cross_entropy,
    known_labels,
    semi_supervised_loss,
    unlabelled_terms,
)
from vae_core.sweep import sweep
from vae_core.trainer import estimate_seconds

WITH_DENSITY = [name for name, kind in POSTERIORS.items() if kind.has_density]
SHAPES = [("mlp", LATENTS[0]), ("mlp", LATENTS[1]), ("conv", LATENTS[0]), ("conv", LATENTS[1])]
COUNT = 4
TRAIN = TrainConfig(epochs=2, batch_size=32, threads=1)


def semi(latent: tuple[int, ...] = (3,), **settings: object) -> ModelConfig:
    given = {"labels": "conditional", "labelled": 20} | settings
    return tiny_model(latent, **given)


def model(latent: tuple[int, ...] = (3,), **settings: object) -> VAE:
    vae = build_vae(semi(latent, label_count=COUNT, **settings), (1, 8, 8), seed=1).double()
    with torch.no_grad():
        for part in (vae.encoder_labels, vae.decoder_labels):
            part.weight.normal_(generator=seeded(2))
    return vae


def images(n: int = 5) -> Tensor:
    return torch.rand(n, 1, 8, 8, generator=seeded(3), dtype=torch.float64)


@pytest.mark.parametrize("posterior", WITH_DENSITY)
@pytest.mark.parametrize(("network", "latent"), SHAPES)
def test_bound_without_a_label_is_the_sum_over_all(posterior, network, latent):
    vae, x = model(latent, network=network, posterior=posterior), images()
    terms = unlabelled_terms(vae, x, seeded(5))
    z, q = terms.z.unflatten(0, (COUNT, len(x))), vae.label_posterior(x).probs
    assert torch.allclose(q.sum(-1), torch.ones(len(x), dtype=torch.float64))
    whole = torch.zeros(len(x), dtype=torch.float64)
    for label in range(COUNT):  # with the same draws, a label at a time
        given = vae.given(label)
        own, p = given.encode(x), vae.prior()
        assert torch.allclose(own.mean, terms.posterior.mean.unflatten(0, (COUNT, -1))[label])
        distortion = -given.decode(z[label]).log_prob(x)
        rate = elbo_terms(vae, x, labels=torch.full((len(x),), label)).rate
        assert p.batch_shape == ()
        whole += q[:, label] * (distortion + rate + math.log(COUNT) + q[:, label].log())
    assert torch.allclose(terms.negative_elbo, whole)


@pytest.mark.parametrize("prior", ["mixture", "flow"])
def test_it_holds_under_learned_priors(prior):
    vae, x = model(prior=prior, prior_components=2), images()
    terms, q = unlabelled_terms(vae, x, seeded(5)), vae.label_posterior(x)
    z = terms.z.unflatten(0, (COUNT, len(x)))
    whole = math.log(COUNT) - q.entropy()
    for label in range(COUNT):
        given = vae.given(label)
        ratio = given.encode(x).log_prob(z[label]) - vae.prior().log_prob(z[label])
        whole = whole + q.probs[:, label] * (ratio - given.decode(z[label]).log_prob(x))
    assert torch.allclose(terms.negative_elbo, whole)


def test_it_bounds_the_evidence_of_the_image_below_that_of_its_best_label():
    vae, x = model(), images()
    terms = unlabelled_terms(vae, x, seeded(5))
    z = terms.z.unflatten(0, (COUNT, len(x)))
    each = []
    for label in range(COUNT):
        given = vae.given(label)
        rate = elbo_terms(vae, x, labels=torch.full((len(x),), label)).rate
        each.append(given.decode(z[label]).log_prob(x) - rate)
    best = (torch.stack(each) - math.log(COUNT)).logsumexp(0)  # of the best q(y|x)
    assert (-terms.negative_elbo <= best + 1e-9).all()


def test_an_image_with_a_label_has_the_loss_of_a_conditional_model():
    vae, x = model(), images()
    y = torch.tensor([0, 3, 1, 1, 2])
    loss = semi_supervised_loss(vae, x, y, Objective(beta=0.7), 1, seeded(4))
    assert loss == Objective(beta=0.7)(elbo_terms(vae, x, generator=seeded(4), labels=y))
    some = torch.tensor([0, UNKNOWN, 1, UNKNOWN, UNKNOWN])
    mixed = semi_supervised_loss(vae, x, some, Objective(), 1, noise := seeded(4))
    again, known = seeded(4), some != UNKNOWN
    parts = elbo_terms(vae, x[known], generator=again, labels=some[known]).negative_elbo.sum()
    parts = parts + unlabelled_terms(vae, x[~known], again).negative_elbo.sum()
    assert torch.allclose(mixed, parts / len(x))
    assert torch.equal(noise.get_state(), again.get_state())


def test_with_all_labels_and_without_alpha_it_is_the_conditional_model(digits: Dataset):
    config = semi(labelled=len(digits.train))
    plain = replace(config, labelled=0)
    own, other = (build_vae(one, digits.image_shape, TRAIN.seed) for one in (config, plain))
    list(fit(own, digits, replace(TRAIN, alpha=0.0)))
    list(fit(other, digits, TRAIN))
    weights = own.state_dict()
    assert all(torch.equal(weights[name], value) for name, value in other.state_dict().items())
    assert evaluate(own, digits.test) == evaluate(other, digits.test)


def test_gradients_reach_the_classifier_from_both_sides():
    vae, x = model(), images()
    for loss in (
        unlabelled_terms(vae, x, seeded()).negative_elbo.mean(),
        cross_entropy(vae, x, torch.tensor([0, 1, 2, 3, 0])),
    ):
        vae.zero_grad()
        loss.backward()
        for p in vae.classifier.parameters():
            assert p.grad is not None
            assert p.grad.abs().sum() > 0.0
    own = {id(p) for p in vae.encoding}
    assert all(id(p) in own for p in vae.classifier.parameters())
    assert cross_entropy(vae, x, y := torch.tensor([0, 1, 2, 3, 0])).item() == pytest.approx(
        -vae.label_posterior(x).log_prob(y).mean().item()
    )


def test_labels_are_chosen_by_the_seed_as_many_of_each_class():
    labels = torch.tensor([0] * 50 + [3] * 30 + [5] * 2)
    for count, expected in ((3, [1, 1, 1]), (6, [2, 2, 2]), (9, [4, 3, 2]), (82, [50, 30, 2])):
        known = known_labels(labels, count, seed=1)
        kept = known != UNKNOWN
        assert torch.equal(known[kept], labels[kept])
        assert known[kept].unique(return_counts=True)[1].tolist() == expected
        assert torch.equal(known, known_labels(labels, count, seed=1))
    few, more = known_labels(labels, 6, 1) != UNKNOWN, known_labels(labels, 9, 1) != UNKNOWN
    assert (more | ~few).all()
    assert not torch.equal(few, known_labels(labels, 6, 2) != UNKNOWN)
    assert torch.equal(known_labels(labels, 0, 1), labels)
    drawn = KnownLabels.of(semi(labelled=9), labels, 1)
    assert len(drawn.draw(20, seeded())) == 9
    assert torch.isin(drawn.draw(4, seeded()), drawn.among).all()


@pytest.mark.parametrize(
    "changes", [{}, {"encoder_steps": 2, "augmentation": "shifts", "batch_size": 16}]
)
def test_resumed_is_uninterrupted(digits, changes):
    config, train = semi(), replace(TRAIN, epochs=3, **changes)

    def fresh(seed: int) -> VAE:
        return build_vae(config, digits.image_shape, seed)

    whole = list(fit(vae := fresh(0), digits, train))
    *_, resumed = fit(other := fresh(9), digits, train, whole[0].state)
    assert_same(resumed.state, whole[-1].state)
    moved = (vae.classifier[1].weight - fresh(0).classifier[1].weight).abs().max()
    assert moved > 0.0
    assert torch.equal(vae.classifier[1].weight, other.classifier[1].weight)


def test_its_run_is_kept_exported_and_read_again(tmp_path, digits: Dataset):
    run = RunStore(tmp_path).create(tiny_run(labels="conditional", labelled=20))
    list(run.train(digits))
    weights = RunStore(tmp_path).load(run.id).vae().state_dict()
    assert "classifier.1.weight" in weights
    exported = export_run(run, digits, tmp_path / "exported")
    assert exported.config.model.labelled == 20
    x, half = digits.test.images[:9], exported.vae()
    both = [one.label_posterior(x).probs for one in (run.vae(), half)]
    assert torch.allclose(*both, atol=2e-3)
    assert RunConfig.from_dict(run.config.to_dict()) == run.config


def test_it_is_swept_over():
    config = RunConfig(model=semi())
    assert [one.model.labelled for one in sweep(config, "labelled", ["20", "50"])] == [20, 50]
    assert [one.train.alpha for one in sweep(config, "alpha", [0.0, 10.0])] == [0.0, 10.0]


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"labels": "unused"}, "choose labels conditional"),
        ({"posterior": "delta"}, "no density"),
        ({"posterior": "codebook"}, "no density"),
        ({"label_count": 1}, "label-count of at least 2"),
        ({"likelihood": "gaussian", "sigma": "analytic"}, "choose sigma learned"),
        ({"labelled": -1}, "whole number"),
    ],
)
def test_models_that_cannot_sum_over_labels_are_refused(settings, reason):
    with pytest.raises(ConfigError, match=reason):
        semi(**settings)


@pytest.mark.parametrize("changes", [{"free_bits": 0.1}, {"tc_weight": 1.0}, {"importance": 2}])
def test_losses_of_one_label_are_refused(changes):
    with pytest.raises(ConfigError, match="labelled to 0"):
        RunConfig(model=semi(), train=TrainConfig(**changes))
    assert RunConfig(model=semi(labelled=0), train=TrainConfig(**changes))


def test_too_few_and_too_many_labels_are_refused_with_how_many_there_are(digits: Dataset):
    for labelled in (9, 97):
        vae = build_vae(semi(labelled=labelled), digits.image_shape)
        with pytest.raises(ConfigError, match=rf"from 10.* to 96.*got {labelled}"):
            list(fit(vae, digits, TRAIN))
    plain = build_vae(semi(labelled=0), digits.image_shape)
    with pytest.raises(DataError, match="expected a model with a classifier"):
        plain.label_posterior(digits.test.images[:2])


def test_what_it_costs_is_counted_with_every_label():
    model, plain = semi(label_count=100), semi(label_count=100, labelled=0)
    train = TrainConfig(batch_size=60_000)
    with pytest.raises(ConfigError, match="one step would hold"):
        Limits().check_config(RunConfig(model=model, train=train), (1, 8, 8), 10)
    assert Limits().check_config(RunConfig(model=plain, train=train), (1, 8, 8), 10)
    assert estimate_seconds(model, TRAIN, (1, 8, 8), 96) > 0.0

"""A classifier that learned from few labels, beside its supervised twin."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch

from tests.samples import tiny_run
from vae_core import ConfigError, Dataset, Run, RunStore, build_vae
from vae_core.analysis import classifier_score, supervised_twin, unlabelled_bound
from vae_core.analysis.diagnosis.label_classifier import UPDATES, is_right, n_twin_updates
from vae_core.semi_supervised import UNKNOWN, known_labels, unlabelled_terms


@pytest.fixture(scope="module")
def run(tmp_path_factory, digits: Dataset) -> Run:
    made = RunStore(tmp_path_factory.mktemp("m2")).create(
        tiny_run(labels="conditional", labelled=20)
    )
    list(made.train(digits))
    return made


def test_twin_learns_from_the_labelled_images_alone(run: Run, digits: Dataset):
    twin, begun = (
        supervised_twin(run.config, digits),
        build_vae(run.config.model, digits.image_shape, run.config.train.seed),
    )
    for name, value in begun.state_dict().items():
        is_same = torch.equal(twin.state_dict()[name], value)
        assert is_same != name.startswith("classifier."), name
    known = known_labels(digits.train.labels, 20, run.config.train.seed) != UNKNOWN
    assert is_right(twin, digits.train.take(known.nonzero()[:, 0])).all()
    # other labels on the images that have none make no difference
    moved = torch.where(known, digits.train.labels, (digits.train.labels + 1) % 10)
    other = replace(digits, train=replace(digits.train, labels=moved))
    again = known_labels(moved, 20, run.config.train.seed) != UNKNOWN
    if torch.equal(known, again):
        assert torch.equal(
            supervised_twin(run.config, other).classifier[1].weight, twin.classifier[1].weight
        )


def test_scores_are_shares_of_the_test_images(run: Run, digits: Dataset, cli):
    vae, test = run.vae(), digits.test
    found = classifier_score(vae, run.config, digits)
    guessed = vae.label_posterior(test.images).probs.argmax(-1)
    assert found.accuracy.value == pytest.approx((guessed == test.labels).double().mean().item())
    assert found.difference.value == pytest.approx(found.accuracy.value - found.alone.value)
    rows = found.by_class
    assert rows["n_images"].sum() == len(test)
    for name, whole in (("accuracy", found.accuracy), ("alone", found.alone)):
        assert (rows[name] * rows["n_images"]).sum() / len(test) == pytest.approx(whole.value)
    assert found.alone.value > 0.4
    bound = unlabelled_bound(vae, test)
    with torch.inference_mode():
        terms = unlabelled_terms(vae, test.images, torch.Generator().manual_seed(0))
    assert bound.value == pytest.approx(terms.negative_elbo.double().mean().item(), rel=1e-4)
    said = json.loads(cli("evaluate", run.path, "--json")[1])
    assert said["test_accuracy"] == found.accuracy.value
    assert said["alone_accuracy"] == found.alone.value
    assert said["accuracy_gain_error"] == pytest.approx(found.difference.standard_error)
    assert said["unlabelled_bound"] == pytest.approx(bound.value)
    lines = cli("evaluate", run.path)[1]
    assert f"test_accuracy  {found.accuracy.value:.4f}" in lines
    assert "bounds -log p(x)" in lines
    assert "given their label" in cli("show", run.path)[1]


def test_it_has_at_least_so_many_passes_and_needs_a_classifier(digits: Dataset):
    assert n_twin_updates(100, 128) == UPDATES
    assert n_twin_updates(60_000, 100) == 6000
    with pytest.raises(ConfigError, match="expected a run with a classifier"):
        supervised_twin(tiny_run(labels="conditional"), digits)

"""The validation split: disjoint, the same each time, never trained on, and the judge of epochs."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import pytest
import torch

from tests.samples import assert_same_weights, tensors, tiny_model, tiny_run
from vae_core import (
    ConfigError,
    DataConfig,
    RunConfig,
    RunError,
    RunStore,
    Split,
    TrainConfig,
    build_vae,
    evaluate,
    fit,
    load_dataset,
)
from vae_core.analysis.diagnosis.epochs import epoch_scores, epoch_table, with_error_of
from vae_core.config import BINARISATIONS
from vae_core.runs.overfitting import judging_loss

HELD_OUT = DataConfig(limit=96, validation=20)
TERMS = ("validation_distortion", "validation_rate", "validation_error")


def images(split: Split) -> list[bytes]:
    """The pixels and the label of every image."""
    pixels = split.pixels.flatten(1).numpy()
    return [x.tobytes() + bytes([int(y)]) for x, y in zip(pixels, split.labels, strict=True)]


def with_validation(**settings: object) -> RunConfig:
    return replace(tiny_run(**settings), data=HELD_OUT)


@pytest.mark.parametrize("binarisation", BINARISATIONS)
def test_training_images_are_parted_and_nothing_else_changes(binarisation):
    whole = load_dataset(replace(HELD_OUT, binarisation=binarisation, validation=0))
    parted = load_dataset(replace(HELD_OUT, binarisation=binarisation))
    assert whole.validation is None
    assert (len(parted.train), len(parted.validation)) == (76, 20)
    assert torch.equal(parted.test.pixels, whole.test.pixels)
    assert parted.train.redraw == (binarisation == "dynamic")
    assert not parted.validation.redraw
    if binarisation != "dynamic":  # whose validation images are drawn, the training ones not yet
        both = images(parted.train) + images(parted.validation)
        assert sorted(both) == sorted(images(whole.train))
    if binarisation == "grey":  # others make some images equal
        assert not set(images(parted.train)) & set(images(parted.validation))
    assert parted.fingerprint != whole.fingerprint


def test_the_data_seed_alone_chooses_and_fewer_are_some_of_more():
    one, again = load_dataset(HELD_OUT), load_dataset(HELD_OUT)
    assert torch.equal(one.validation.pixels, again.validation.pixels)
    assert one.fingerprint == again.fingerprint
    other = load_dataset(DataConfig(validation=20, seed=1)).validation
    assert images(other) != images(load_dataset(DataConfig(validation=20)).validation)
    fewer = load_dataset(replace(HELD_OUT, validation=5)).validation
    assert set(images(fewer)) < set(images(one.validation))


def test_no_image_would_be_left_to_train_on():
    with pytest.raises(ConfigError, match=r"^validation must be below .* 1437; got 1437"):
        load_dataset(DataConfig(validation=1437))


def test_an_old_config_has_no_validation_split():
    values = tiny_run().to_dict()
    del values["data"]["validation"]
    assert RunConfig.from_dict(values) == tiny_run()


class Watched(Split):
    """A split that remembers the images of every batch."""

    def batch(self, index, generator=None, device="cpu"):
        seen.append(self.pixels[index])
        return super().batch(index, generator, device)


seen: list[torch.Tensor] = []


def test_no_validation_image_is_in_a_training_batch():
    data = load_dataset(HELD_OUT)
    train = Watched(data.train.pixels, data.train.labels, data.train.levels)
    seen.clear()
    vae = build_vae(tiny_model(), data.image_shape)
    first, *_ = fit(vae, replace(data, train=train), TrainConfig(epochs=2, batch_size=32))
    drawn = {image.numpy().tobytes() for batch in seen for image in batch}
    held_out = {image.numpy().tobytes() for image in data.validation.pixels}
    assert len(drawn) == len(data.train)
    assert not drawn & held_out
    assert first.validation_distortion is not None


@pytest.mark.parametrize("posterior", ["diagonal", "delta"])
def test_terms_of_the_validation_images_are_those_of_the_weights(posterior):
    data = load_dataset(HELD_OUT)
    vae = build_vae(tiny_model(posterior=posterior), data.image_shape)
    for record in fit(vae, data, TrainConfig(epochs=2, batch_size=32)):
        found = evaluate(vae, data.validation)
        mine = tuple(getattr(record, name) for name in TERMS)
        assert mine == (found.distortion, found.rate, found.error)


def test_validation_changes_no_weight_beyond_the_images_it_takes():
    data, config = load_dataset(HELD_OUT), TrainConfig(epochs=2, batch_size=32)
    *_, judged = fit(build_vae(tiny_model(), data.image_shape), data, config)
    *_, alone = fit(
        build_vae(tiny_model(), data.image_shape), replace(data, validation=None), config
    )
    assert all(torch.equal(judged.state.model[k], v) for k, v in alone.state.model.items())
    assert not {*TERMS} & alone.to_dict().keys()


@pytest.mark.parametrize("posterior", ["diagonal", "delta"])
def test_a_resumed_run_has_the_same_split_weights_and_history(tmp_path, posterior):
    config, data = with_validation(posterior=posterior), load_dataset(HELD_OUT)
    whole, parts = (RunStore(tmp_path / name).create(config) for name in ("whole", "parts"))
    list(whole.train(data))
    for steps in (1, 3):
        list(islice(parts.train(load_dataset(HELD_OUT)), steps))
    assert_same_weights(whole, parts)
    timeless = [
        [replace(r, seconds=0.0, images_per_second=0.0) for r in run.history()]
        for run in (whole, parts)
    ]
    assert timeless[0] == timeless[1]
    assert (whole.data().n_train, whole.data().n_validation) == (76, 20)
    found = parts.overfitting()
    assert found.split == "validation"
    lowest = min(parts.history(), key=lambda r: judging_loss(r, beta=1.0))
    assert (found.epoch, found.lowest) == (lowest.epoch, judging_loss(lowest, beta=1.0))


def test_a_run_does_not_go_on_with_another_split(tmp_path):
    run = RunStore(tmp_path).create(with_validation())
    next(run.train(load_dataset(HELD_OUT)))
    with pytest.raises(RunError, match="not the images the run was started with"):
        next(run.train(load_dataset(replace(HELD_OUT, validation=0))))


def test_the_epoch_that_is_kept_is_the_best_on_validation_images(tmp_path):
    config = with_validation(hidden=(128,), latent_shape=(8,))
    train = replace(config.train, epochs=40, batch_size=8, lr=3e-3)
    config = replace(config, data=DataConfig(limit=32, validation=8), train=train)
    run, data = RunStore(tmp_path).create(config), load_dataset(config.data)
    list(run.train(data))
    history, found = run.history(), run.overfitting()
    scores = [r.validation_distortion + r.validation_rate for r in history]
    assert found.epoch == 1 + scores.index(min(scores)) < 40
    vae = build_vae(config.model, data.image_shape)
    vae.load_state_dict(tensors(run, "best"))
    assert evaluate(vae, data.validation).negative_elbo == pytest.approx(min(scores))


def test_the_table_marks_the_lowest_and_its_parts_add_up(finished_run):
    history, found = finished_run.history(), finished_run.overfitting()
    table = epoch_table(history, found.epoch)
    assert "validation" not in table
    assert table["test"].idxmin() == table["chosen"].idxmax()
    assert table["chosen"].sum() == 1
    assert (table["test"] - table["train"]).tolist() == pytest.approx(table["gap"].tolist())


def test_errors_are_those_of_the_images(finished_run, digits):
    last, terms = epoch_scores(finished_run.history())[-1], finished_run.terms()
    expected = terms.negative_elbo.std().item() / len(terms) ** 0.5
    assert last.test.standard_error == pytest.approx(expected, rel=1e-5)
    bare = [replace(r, train_error=None, test_error=None) for r in finished_run.history()]
    guessed = with_error_of(epoch_scores(bare)[-1], terms, finished_run.data())
    assert guessed.test.standard_error == pytest.approx(expected, rel=1e-5)
    assert guessed.gap.standard_error == pytest.approx(2**0.5 * expected, rel=1e-5)

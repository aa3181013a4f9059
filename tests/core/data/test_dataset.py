"""Data sets in memory: digits, what every source promises, subsets and binarisation."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch.nn.functional import one_hot

from tests.samples import ROOT, archives, cifar_files, synthetic_files, write_files
from vae_core import DataConfig, DataError, Dataset, Split, load_dataset
from vae_core.config import BINARISATIONS, DATASETS
from vae_core.data.sources import SOURCES


@pytest.fixture(scope="module")
def data_folder(tmp_path_factory):
    """The files of every data set that needs some, side by side and synthetic."""
    files = synthetic_files() | cifar_files() | archives("dsprites")
    return write_files(tmp_path_factory.mktemp("data"), files)


@pytest.fixture(params=DATASETS)
def source(request, data_folder) -> DataConfig:
    """Every registered data set."""
    name = request.param
    return DataConfig(name, path=str(data_folder) if name in SOURCES else None)


def rows(split: Split) -> set[tuple[int, ...]]:
    return {tuple(pixels) for pixels in split.pixels.flatten(1).tolist()}


def test_every_source_keeps_the_contract(source):
    dataset = load_dataset(source, download=False)
    for split in (dataset.train, dataset.test):
        c, height, width = dataset.image_shape
        assert split.images.shape == (len(split), c, height, width)
        assert split.images.dtype == torch.float32
        assert c in (1, 3)
        assert 0 <= split.images.min() < split.images.max() <= 1
        assert split.labels.shape == (len(split),)
        assert split.labels.dtype == torch.int64
        assert 0 <= split.labels.min() <= split.labels.max() < len(dataset.class_names)


def test_every_source_is_deterministic(source):
    first, second = load_dataset(source), load_dataset(source)
    assert torch.equal(first.train.pixels, second.train.pixels)
    assert first.fingerprint == second.fingerprint
    assert len(bytes.fromhex(first.fingerprint)) == 8


@pytest.mark.parametrize("binarisation", BINARISATIONS)
def test_every_source_can_be_binarised(source, binarisation):
    dataset = load_dataset(replace(source, binarisation=binarisation))
    x = dataset.train.batch(slice(0, 20), torch.Generator().manual_seed(0))
    assert dataset.binarisation == binarisation
    are_ones = binarisation != "grey" or source.name == "dsprites"  # whose grey is black and white
    assert (set(x.unique().tolist()) == {0.0, 1.0}) == are_ones


def test_digits_are_split_without_overlap():
    dataset = load_dataset(DataConfig())
    assert (len(dataset.train), len(dataset.test)) == (1437, 360)
    assert dataset.image_shape == (1, 8, 8)
    assert dataset.class_names == tuple("0123456789")
    assert not rows(dataset.train) & rows(dataset.test)
    assert len(rows(dataset.train) | rows(dataset.test)) == 1797


def test_digits_are_those_of_scikit_learn_which_is_not_imported_for_them():
    code = (
        "import sys, vae_core.jobs.training; from vae_core import DataConfig, load_dataset; "
        "load_dataset(DataConfig('digits')); "
        "print(sorted({'sklearn', 'scipy', 'pandas'} & set(sys.modules)))"
    )
    asked = [sys.executable, "-c", code]
    assert subprocess.run(asked, cwd=ROOT, capture_output=True, text=True).stdout == "[]\n"
    bunch, digits = load_digits(), load_dataset(DataConfig("digits"))
    order = np.random.default_rng(0).permutation(len(bunch.target))
    pixels = torch.cat([digits.test.images, digits.train.images])[:, 0] * 16
    assert (pixels.numpy() == bunch.images[order]).all()
    labels = torch.cat([digits.test.labels, digits.train.labels])
    assert (labels.numpy() == bunch.target[order]).all()


def test_digits_split_follows_the_seed():
    first, other = load_dataset(DataConfig(seed=0)), load_dataset(DataConfig(seed=1))
    assert rows(first.test) != rows(other.test)
    assert rows(first.train) | rows(first.test) == rows(other.train) | rows(other.test)
    assert first.fingerprint != other.fingerprint


@pytest.mark.parametrize("part", ["pixels", "labels", "levels", "binarisation"])
def test_fingerprint_notices(digits, part):
    changed = {
        "pixels": lambda s: replace(s, pixels=s.pixels.index_fill(0, torch.tensor([3]), 0)),
        "labels": lambda s: replace(s, labels=s.labels.flip(0)),
        "levels": lambda s: replace(s, levels=255),
    }
    if part == "binarisation":
        other = replace(digits, binarisation="dynamic")
    else:
        other = replace(digits, test=changed[part](digits.test))
    assert other.fingerprint != digits.fingerprint


def test_class_subset_keeps_only_its_labels():
    dataset = load_dataset(DataConfig(classes=(1, 7)))
    everything = load_dataset(DataConfig())
    for split, whole in ((dataset.train, everything.train), (dataset.test, everything.test)):
        assert split.labels.unique().tolist() == [1, 7]
        assert len(split) == int(torch.isin(whole.labels, torch.tensor([1, 7])).sum())


def test_limit_takes_a_seeded_subset():
    whole = load_dataset(DataConfig())
    few, again = load_dataset(DataConfig(limit=50)), load_dataset(DataConfig(limit=50))
    assert (len(few.train), len(few.test)) == (50, 50)
    assert few.fingerprint == again.fingerprint
    assert rows(few.train) < rows(whole.train)
    assert load_dataset(DataConfig(limit=10_000)).fingerprint == whole.fingerprint


def test_limit_counts_images_of_the_chosen_classes():
    dataset = load_dataset(DataConfig(classes=(3,), limit=10))
    assert dataset.train.labels.tolist() == [3] * 10


def test_unknown_class_is_refused():
    with pytest.raises(DataError, match=r"digits has classes 0 to 9; got classes \[2, 12\]"):
        load_dataset(DataConfig(classes=(2, 12)))


def test_threshold_turns_on_what_is_above_one_half():
    grey, binary = load_dataset(DataConfig()), load_dataset(DataConfig(binarisation="threshold"))
    assert torch.equal(binary.train.images, (grey.train.images > 0.5).float())
    levels = Split(
        torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16), torch.zeros(1).long()
    )
    from vae_core.data.dataset import prepare

    dataset = Dataset("ramp", levels, levels, ("0",))
    ramp = prepare(dataset, DataConfig(binarisation="threshold")).test.images
    assert torch.equal(ramp, (levels.images > 0.5).float())


def test_static_pixels_are_drawn_once_per_seed():
    static, again, other = (
        load_dataset(DataConfig(binarisation="static", seed=seed)) for seed in (0, 0, 1)
    )
    x = static.train.batch(slice(0, 9))
    assert torch.equal(x, static.train.batch(slice(0, 9)))
    assert static.fingerprint == again.fingerprint != other.fingerprint


def test_static_draw_has_the_grey_level_as_its_mean():
    grey, static = load_dataset(DataConfig()), load_dataset(DataConfig(binarisation="static"))
    x, p = static.train.images, grey.train.images
    error = (p * (1 - p)).sum().sqrt() / p.numel()  # standard error of the mean pixel
    assert abs(x.mean() - p.mean()) < 5 * error
    assert torch.equal(x[p == 0], torch.zeros(int((p == 0).sum())))
    assert torch.equal(x[p == 1], torch.ones(int((p == 1).sum())))


def test_dynamic_draws_every_batch_anew_around_the_grey_level():
    grey = load_dataset(DataConfig(limit=5))
    dynamic = load_dataset(DataConfig(limit=5, binarisation="dynamic"))
    generator = torch.Generator().manual_seed(0)
    n = 2000
    draws = torch.stack([dynamic.train.batch(slice(None), generator) for _ in range(n)])
    p = grey.train.images
    error = (p * (1 - p) / n).sqrt()
    assert not torch.equal(draws[0], draws[1])
    assert ((draws.mean(0) - p).abs() <= 5.5 * error).all()


def test_dynamic_draws_follow_their_generator_only():
    split = load_dataset(DataConfig(limit=5, binarisation="dynamic")).train
    before = torch.random.get_rng_state()
    first = split.batch(slice(None), torch.Generator().manual_seed(3))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.equal(first, split.batch(slice(None), torch.Generator().manual_seed(3)))


def test_dynamic_test_images_stay_the_same():
    dataset = load_dataset(DataConfig(limit=20, binarisation="dynamic"))
    static = load_dataset(DataConfig(limit=20, binarisation="dynamic"))
    x = dataset.test.batch(slice(None))
    assert set(x.unique().tolist()) == {0.0, 1.0}
    assert torch.equal(x, dataset.test.batch(slice(None)))
    assert torch.equal(x, static.test.images)


def test_colour_split_keeps_three_channels():
    pixels = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (6, 3, 9, 7), np.uint8))
    split = Split(pixels, torch.arange(6))
    assert split.image_shape == (3, 9, 7)
    assert torch.equal(split.images * 255, pixels.float())
    assert torch.equal(split.take(torch.tensor([4, 1])).pixels, pixels[[4, 1]])
    assert torch.equal(split.batch(torch.tensor([4, 1])), split.images[[4, 1]])


@pytest.mark.parametrize(
    ("shape", "n_labels", "message"),
    [
        ((5, 8, 8), 5, r"expected images of shape \(n, 1 or 3, H, W\); got \(5, 8, 8\)"),
        ((5, 2, 8, 8), 5, r"got \(5, 2, 8, 8\)"),
        ((5, 1, 3, 8), 5, "expected images of 4 to 128 pixels a side; got 3 x 8"),
        ((5, 1, 8, 129), 5, "got 8 x 129"),
        ((5, 1, 8, 8), 4, "expected one label per image; got 5 images and 4 labels"),
    ],
)
def test_misshapen_split_is_refused(shape, n_labels, message):
    with pytest.raises(DataError, match=message):
        Split(torch.zeros(shape, dtype=torch.uint8), torch.zeros(n_labels).long())


def test_images_are_in_the_order_of_their_labels(idx_folder):
    dataset = load_dataset(DataConfig("mnist", path=str(idx_folder)))
    assert torch.equal(one_hot(dataset.test.labels, 10).argmax(1), torch.arange(20) % 10)

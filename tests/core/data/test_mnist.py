"""MNIST and Fashion-MNIST: how they are recognised, and the real files where there are any."""

from __future__ import annotations

import gzip

import pytest

from tests.samples import synthetic_files
from vae_core import DataConfig, DataError, ModelConfig, TrainConfig, build_vae, fit, load_dataset
from vae_core.data.mnist import FAMILY, FILES


@pytest.mark.parametrize("name", FAMILY)
def test_source_is_recognised_and_has_its_classes(name):
    entry = FAMILY[name]
    assert len(entry.mirrors) >= (1 if name == "kmnist" else 2)  # which is served by one
    assert len(entry.hashes) == len(FILES)
    assert len(entry.first_test_labels) in (0, 10)  # 0: not known
    assert len(entry.class_names) == 10


@pytest.mark.slow
def test_real_mnist_is_read_whole(mnist_folder):
    dataset = load_dataset(DataConfig("mnist", path=mnist_folder))
    assert dataset.image_shape == (1, 28, 28)
    assert (len(dataset.train), len(dataset.test)) == (60_000, 10_000)
    assert dataset.train.labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert dataset.test.labels[:5].tolist() == [7, 2, 1, 0, 4]
    assert dataset.train.pixels.float().mean() / 255 == pytest.approx(0.1307, abs=1e-4)
    assert tuple(dataset.test.labels[:10].tolist()) == FAMILY["mnist"].first_test_labels


def test_real_mnist_is_not_taken_for_fashion(mnist_folder):
    with pytest.raises(DataError, match="expected Fashion-MNIST; it holds MNIST"):
        load_dataset(DataConfig("fashion-mnist", path=mnist_folder))


@pytest.mark.slow
def test_short_training_on_real_mnist_reaches_the_known_bound(mnist_folder):
    dataset = load_dataset(DataConfig("mnist", path=mnist_folder, limit=20_000))
    vae = build_vae(ModelConfig(), dataset.image_shape)
    *_, last = fit(vae, dataset, TrainConfig(epochs=3, threads=1))
    assert 120 < last.test_distortion + last.test_rate < 135


@pytest.mark.parametrize(
    "layout",
    [
        "{}", "MNIST/raw/{}", "MNIST/raw/{}.gz", "raw/{}", "{dotted}",
        "{}/{dotted}", "mnist/{}.gz",
    ],
)  # fmt: skip
def test_files_are_found_where_other_libraries_put_them(tmp_path, layout):
    """torchvision's folders, and the archives that are handed around."""
    for name, content in synthetic_files().items():
        dotted = name.replace("-idx", ".idx")
        path = tmp_path / layout.format(name, dotted=dotted)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(content) if layout.endswith(".gz") else content)
    dataset = load_dataset(DataConfig("mnist", path=str(tmp_path)), download=False)
    assert dataset.image_shape == (1, 8, 12)

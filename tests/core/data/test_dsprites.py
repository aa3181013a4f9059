"""dSprites: the part of it that is drawn, and files that are not it."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch

from tests.samples import dsprites_bytes
from vae_core import DataConfig, DataError, load_dataset
from vae_core.data import dsprites


def read(folder, content, seed=0):
    (folder / dsprites.FILE).write_bytes(content)
    return load_dataset(DataConfig("dsprites", path=str(folder), seed=seed), download=False)


def npy(array, **options):
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


def test_images_and_shapes_are_those_of_the_file_in_both_splits(tmp_path, monkeypatch):
    monkeypatch.setattr(dsprites, "BLOCK", 7)
    data = read(tmp_path, dsprites_bytes(80))
    assert data.image_shape == (1, 64, 64)
    assert (len(data.train), len(data.test)) == (60, 20)
    assert data.class_names == ("square", "ellipse", "heart")
    rng = np.random.default_rng(0)
    images = rng.integers(0, 2, (80, 64, 64), dtype=np.uint8)
    label = {image.tobytes(): k % 3 for k, image in enumerate(images)}
    for split in (data.train, data.test):
        for image, of in zip(split.pixels, split.labels.tolist(), strict=True):
            assert label.pop(image.numpy().tobytes()) == of
    assert not label
    other = read(tmp_path, dsprites_bytes(80), seed=1)
    assert not torch.equal(other.test.pixels, data.test.pixels)


def test_a_part_is_drawn_of_a_larger_file(tmp_path, monkeypatch):
    monkeypatch.setattr(dsprites, "N_TRAIN", 30)
    monkeypatch.setattr(dsprites, "N_TEST", 5)
    data = read(tmp_path, dsprites_bytes(80))
    assert (len(data.train), len(data.test)) == (30, 5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"imgs": npy(np.zeros((80, 64, 63), np.uint8))}, r"imgs\.npy is not \(80, 64, 64\) bytes"),
        ({"imgs": npy(np.full((80, 64, 64), 2, np.uint8))}, "pixels other than 0 and 1"),
        ({"imgs": npy(np.zeros((80, 64, 64), np.uint8))[:9000]}, "it is cut short"),
        ({"imgs": b"nothing"}, "cannot be read"),
        ({"latents_classes": npy(np.zeros((80, 5), np.int64))}, "whole numbers"),
        ({"latents_classes": npy(np.full((80, 6), 3))}, "shapes other than 0 to 2"),
        ({"latents_classes": npy(np.array([{}] * 80))}, "whole numbers"),
    ],
)
def test_another_file_is_refused_in_a_sentence(tmp_path, changes, message):
    with pytest.raises(DataError, match=message) as caught:
        read(tmp_path, dsprites_bytes(80, **changes))
    assert "\n" not in str(caught.value)
    with pytest.raises(DataError, match="cannot be read"):
        read(tmp_path, dsprites_bytes(80)[:5000])

"""The IDX reader: plain and gzipped, whole and damaged; folders of four such files."""

from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest
import torch

from tests.samples import idx_bytes, synthetic_files, write_files
from vae_core import DataConfig, DataError, load_dataset
from vae_core.data.idx import read_idx
from vae_core.data.mnist import FAMILY, FILES

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 6, 7), dtype=np.uint8)
TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS = FILES


def test_plain_and_gzipped_files_agree(tmp_path):
    plain, zipped = tmp_path / "plain", tmp_path / "zipped"
    plain.write_bytes(idx_bytes(IMAGES))
    zipped.write_bytes(gzip.compress(idx_bytes(IMAGES)))
    np.testing.assert_array_equal(read_idx(plain, 3), IMAGES)
    np.testing.assert_array_equal(read_idx(zipped, 3), IMAGES)


def test_folders_of_plain_and_gzipped_files_agree(idx_folder, zipped_folder):
    plain = load_dataset(DataConfig("mnist", path=str(idx_folder)))
    zipped = load_dataset(DataConfig("mnist", path=str(zipped_folder)))
    assert plain.fingerprint == zipped.fingerprint


WHOLE = idx_bytes(IMAGES)
DAMAGED = {
    "empty": (b"", "expected a header of 16 bytes; got 0"),
    "half a header": (WHOLE[:9], "expected a header of 16 bytes; got 9"),
    "truncated": (WHOLE[:-1], "announces 5 x 6 x 7 = 210 bytes; the file holds 209"),
    "too long": (WHOLE + b"\0", "announces 5 x 6 x 7 = 210 bytes; the file holds more"),
    "truncated gzip": (gzip.compress(WHOLE)[:-20], "cannot be read .*fetch it again"),
    "gzip header only": (b"\x1f\x8b", "cannot be read"),
    "corrupt gzip": (b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + bytes(range(200)), "cannot be read"),
    "damaged gzip sum": (gzip.compress(WHOLE)[:-8] + b"12345678", "cannot be read"),
    "gzip of a truncated file": (gzip.compress(WHOLE[:-1]), "the file holds 209"),
    "labels": (
        idx_bytes(np.arange(40, dtype=np.uint8)),
        r"expected IDX images \(magic number 2051\); got 2049",
    ),
    "another type": (struct.pack(">4I", 0x0D03, 5, 6, 7) + bytes(840), "got 3331"),
    "web page": (b"<!DOCTYPE html><html>404</html>", "got 1008813135"),
    "absurd header": (struct.pack(">4I", 0x0803, *[2**32 - 1] * 3), "at most 512 MiB of data"),
    "no image of absurd sides": (
        struct.pack(">4I", 0x0803, 0, 2**32 - 1, 2**32 - 1),
        "at most 512 MiB of data",
    ),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_damaged_file_is_named_with_its_fault(tmp_path, case):
    content, message = DAMAGED[case]
    path = tmp_path / "pictures"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        read_idx(path, 3)
    assert str(caught.value).startswith(f"{path}: ")


def test_images_in_place_of_labels_are_refused(tmp_path):
    path = tmp_path / "labels"
    path.write_bytes(WHOLE)
    with pytest.raises(DataError, match=r"expected IDX labels \(magic number 2049\); got 2051"):
        read_idx(path, 1)


def test_folder_in_place_of_a_file_is_refused(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read_idx(tmp_path, 3)


def load_changed(folder, name="mnist", **changes):
    """Load a folder of synthetic files after replacing, or with None removing, some."""
    files = synthetic_files() | changes
    write_files(folder, {file: content for file, content in files.items() if content is not None})
    return load_dataset(DataConfig(name, path=str(folder)))


@pytest.mark.parametrize("missing", FILES)
def test_missing_file_is_named_beside_all_four(tmp_path, missing):
    with pytest.raises(
        DataError, match=rf"the files of MNIST in .*; missing: {missing}\."
    ) as caught:
        load_changed(tmp_path, **{missing: None})
    assert all(file in str(caught.value) for file in FILES)
    assert str(tmp_path) in str(caught.value)


def test_folder_named_like_a_file_counts_as_missing(tmp_path):
    (tmp_path / TEST_LABELS).mkdir()
    with pytest.raises(DataError, match=f"missing: {TEST_LABELS}"):
        load_changed(tmp_path, **{TEST_LABELS: None})


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("zipped", [False, True])
def test_truncated_file_in_a_folder_is_named(tmp_path, file, zipped):
    write_files(tmp_path, synthetic_files(), zipped)
    path = tmp_path / (f"{file}.gz" if zipped else file)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(DataError, match="fetch it again") as caught:
        load_dataset(DataConfig("mnist", path=str(tmp_path)))
    assert str(path) in str(caught.value)


def test_labels_of_another_length_are_refused(tmp_path):
    short = idx_bytes(np.zeros(19, np.uint8))
    with pytest.raises(DataError, match=r"t10k.* has 20 images and its labels file 19"):
        load_changed(tmp_path, **{TEST_LABELS: short})


def test_label_out_of_range_is_refused(tmp_path):
    labels = np.arange(60, dtype=np.uint8) % 11
    with pytest.raises(DataError, match="expected labels 0 to 9; got 10"):
        load_changed(tmp_path, **{TRAIN_LABELS: idx_bytes(labels)})


def test_folder_without_images_is_refused(tmp_path):
    none = synthetic_files(n_test=0)
    with pytest.raises(DataError, match="no image is left"):
        load_changed(tmp_path, **{f: none[f] for f in (TEST_IMAGES, TEST_LABELS)})


@pytest.mark.parametrize("side", [(3, 8), (129, 8), (0, 0)])
def test_pictures_too_small_or_too_large_are_refused(tmp_path, side):
    with pytest.raises(DataError, match="expected images of 4 to 128 pixels a side"):
        load_changed(tmp_path, **synthetic_files(side=side))


@pytest.mark.parametrize("other", [name for name in FAMILY if FAMILY[name].first_test_labels])
@pytest.mark.parametrize("name", FAMILY)
def test_namesake_of_another_data_set_is_refused(tmp_path, name, other):
    if name == other:
        return
    labels = np.array(FAMILY[other].first_test_labels * 2, np.uint8)
    expected = f"expected {FAMILY[name].title}; it holds {FAMILY[other].title}"
    with pytest.raises(DataError, match=expected):
        load_changed(tmp_path / "a", name, **{TEST_LABELS: idx_bytes(labels)})
    held = load_changed(tmp_path / "b", other, **{TEST_LABELS: idx_bytes(labels)})
    assert held.name == other


def test_train_and_test_may_not_differ_in_size(tmp_path):
    other = synthetic_files(side=(9, 9))[TEST_IMAGES]
    with pytest.raises(DataError, match=r"8 x 12.*9 x 9"):
        load_changed(tmp_path, **{TEST_IMAGES: other})


def test_pixels_are_memory_of_their_own(idx_folder):
    dataset = load_dataset(DataConfig("mnist", path=str(idx_folder)))
    assert dataset.image_shape == (1, 8, 12)
    pixels = dataset.test.pixels
    assert torch.equal(pixels.clone().zero_(), torch.zeros_like(pixels))

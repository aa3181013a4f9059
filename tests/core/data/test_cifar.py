"""CIFAR-10: its records, the six files or their archive, what is refused, how it is fetched."""

from __future__ import annotations

import gzip
import io
import os
import resource
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.samples import cifar_files, local_source, tar_bytes, write_files
from vae_core import DataConfig, DataError, Dataset, build_vae, elbo_terms, load_dataset
from vae_core.__main__ import main
from vae_core.config import ModelConfig
from vae_core.data.cifar import ARCHIVE, CLASS_NAMES, FILES, FOLDER, MAX_BYTES, MAX_UNZIPPED
from vae_core.data.sources import DATA_VARIABLE, SOURCES, cache_folder, find_files

pytestmark = pytest.mark.usefixtures("bare_machine")

SECOND, TEST = FILES[1], FILES[-1]
GOOD = cifar_files()


def record(label: int, red: int = 0, green: int = 0, blue: int = 0) -> bytes:
    """A picture of one colour."""
    return bytes([label]) + b"".join(bytes([level]) * 1024 for level in (red, green, blue))


def load(folder: Path) -> Dataset:
    return load_dataset(DataConfig("cifar10", path=str(folder)))


def load_changed(folder: Path, **changes: bytes | None) -> Dataset:
    """Load a folder after replacing, or with None removing, files such as `test_batch`."""
    files = GOOD | {f"{name}.bin": content for name, content in changes.items()}
    return load(write_files(folder, {f: c for f, c in files.items() if c is not None}))


def archive(folder: Path, content: bytes | None = None) -> Path:
    """A folder that holds the archive alone."""
    return write_files(folder, {ARCHIVE: tar_bytes(GOOD) if content is None else content})


def test_a_red_a_green_and_a_blue_picture_are_just_that(tmp_path):
    colours = record(0, red=255) + record(1, green=255) + record(2, blue=255)
    images = load_changed(tmp_path, test_batch=colours).test.images
    for k, picture in enumerate(images):
        expected = torch.zeros(3)
        expected[k] = 1.0
        assert torch.equal(picture, expected[:, None, None].expand(3, 32, 32))


def test_planes_are_written_row_by_row(tmp_path):
    levels = np.arange(3072) % 251
    content = bytes([4]) + levels.astype(np.uint8).tobytes()
    dataset = load_changed(tmp_path, test_batch=content)
    assert dataset.test.pixels.dtype == torch.uint8
    np.testing.assert_array_equal(dataset.test.pixels[0], levels.reshape(3, 32, 32))
    top = dataset.test.pixels[0, 0, 0]
    assert top.tolist() == list(range(32))


def test_training_images_are_the_five_batches_in_order(tmp_path):
    batches = {f"data_batch_{k}": record(k, red=k) * k for k in range(1, 6)}
    dataset = load_changed(tmp_path, **batches, test_batch=record(9) + record(7))
    expected = [k for k in range(1, 6) for _ in range(k)]
    assert dataset.train.labels.tolist() == expected
    assert dataset.train.pixels[:, 0, 5, 5].tolist() == expected
    assert dataset.test.labels.tolist() == [9, 7]
    assert dataset.test.labels.dtype == torch.int64


def test_classes_are_named_in_the_order_of_their_labels(cifar_folder):
    dataset = load(cifar_folder)
    assert dataset.class_names == CLASS_NAMES
    assert (CLASS_NAMES[0], CLASS_NAMES[3], CLASS_NAMES[9]) == ("airplane", "cat", "truck")
    assert (len(dataset.train), len(dataset.test)) == (60, 20)
    assert dataset.image_shape == (3, 32, 32)


def test_pixels_are_memory_of_their_own(cifar_folder):
    pixels = load(cifar_folder).train.pixels
    assert torch.equal(pixels.zero_(), torch.zeros_like(pixels))  # read-only memory would warn
    assert load(cifar_folder).train.pixels.any()


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
@pytest.mark.parametrize("latent", [(5,), (8, 8, 2)])
@pytest.mark.parametrize("network", ["mlp", "conv"])
def test_colour_goes_through_every_network(cifar_folder, network, latent, likelihood):
    dataset = load(cifar_folder)
    model = ModelConfig(network, (8,), latent, likelihood=likelihood)
    vae, x = build_vae(model, dataset.image_shape), dataset.test.batch(slice(0, 4))
    assert vae.decode(vae.encode(x).sample()).mean.shape == (4, 3, 32, 32)
    assert elbo_terms(vae, x).distortion.shape == (4,)


# Where the files are looked for.

PLACES = {
    "files": lambda folder: write_files(folder, GOOD),
    "files in a folder named after the data set": lambda f: write_files(f / "cifar10", GOOD),
    "the archive, unpacked": lambda folder: write_files(folder / FOLDER, GOOD),
    "the archive, unpacked in a folder": lambda f: write_files(f / "cifar10" / FOLDER, GOOD),
    "the archive": archive,
    "the archive in a folder": lambda folder: archive(folder / "cifar10"),
    "an archive of the files alone": lambda f: archive(f, tar_bytes(GOOD, folder="")),
    "an archive of the folder here": lambda f: archive(f, tar_bytes(GOOD, f"./{FOLDER}/")),
}


@pytest.mark.parametrize("place", PLACES)
def test_every_place_in_a_folder_holds_the_same_images(cifar_folder, tmp_path, place):
    PLACES[place](tmp_path / "pictures")
    assert load(tmp_path / "pictures").fingerprint == load(cifar_folder).fingerprint


def test_whole_set_of_files_is_preferred_to_the_archive_and_the_archive_to_a_part(tmp_path):
    archive(tmp_path)
    changed = record(1) * 20
    assert load_changed(tmp_path, test_batch=changed).test.labels.tolist() == [1] * 20
    (tmp_path / SECOND).unlink()
    assert load(tmp_path).test.labels.tolist() == [*range(10)] * 2


def test_a_part_in_the_variables_folder_gives_way_to_the_cache(monkeypatch, tmp_path):
    archive(cache_folder("cifar10"))
    some = write_files(tmp_path / "variable", {TEST: GOOD[TEST]})
    monkeypatch.setenv(DATA_VARIABLE, str(some))
    assert find_files("cifar10") == (cache_folder("cifar10") / ARCHIVE,) * len(FILES)
    write_files(some, GOOD)
    assert find_files("cifar10") == tuple(some / file for file in FILES)
    assert find_files("cifar10", str(tmp_path / "elsewhere")) is None


# What is refused, and in which words.


@pytest.mark.parametrize("missing", FILES)
def test_missing_file_is_named_beside_all_six(tmp_path, missing):
    with pytest.raises(DataError, match=rf"; missing: {missing}\. Put them there, or") as caught:
        load_changed(tmp_path, **{missing.removesuffix(".bin"): None})
    assert all(file in str(caught.value) for file in (*FILES, ARCHIVE, str(tmp_path)))


def test_several_missing_files_are_named_for_the_place_that_has_most(tmp_path):
    write_files(tmp_path / FOLDER, {file: GOOD[file] for file in FILES[:4]})
    write_files(tmp_path, {TEST: GOOD[TEST]})
    with pytest.raises(DataError, match=rf"; missing: {FILES[4]}, {TEST}\. "):
        load(tmp_path)


def test_empty_folder_is_told_what_to_hold(tmp_path):
    with pytest.raises(DataError, match=r"test_batch\.bin \(or cifar-10-binary\.tar\.gz\); none"):
        load(tmp_path)


DAMAGED = {
    "empty": (b"", "expected one or more records of 3073 bytes .*; got 0 bytes"),
    "cut short": (GOOD[SECOND][:-1], f"got {12 * 3073 - 1} bytes. Delete the file and fetch it"),
    "too long": (GOOD[SECOND] + b"\0", rf"a label and 3 x 32 x 32 levels\); got {12 * 3073 + 1}"),
    "one byte": (b"\3", "got 1 bytes"),
    "web page": (b"<!DOCTYPE html><html>404</html>", "got 31 bytes"),
    "label": (record(9) + record(10), "expected labels 0 to 9; got 10 for image 1. Delete the"),
    "not CIFAR": (b"\xff" * 3073, "expected labels 0 to 9; got 255 for image 0"),
}


@pytest.mark.parametrize("archived", [False, True])
@pytest.mark.parametrize("case", DAMAGED)
def test_damaged_file_is_named_with_its_fault(tmp_path, case, archived):
    content, message = DAMAGED[case]
    files = GOOD | {SECOND: content}
    write_files(tmp_path, {ARCHIVE: tar_bytes(files)} if archived else files)
    with pytest.raises(DataError, match=message) as caught:
        load(tmp_path)
    where = f"{tmp_path / ARCHIVE}, {SECOND}" if archived else str(tmp_path / SECOND)
    assert str(caught.value).startswith(f"{where}: ")


def test_file_larger_than_any_batch_is_refused(tmp_path):
    write_files(tmp_path, GOOD)
    os.truncate(tmp_path / SECOND, MAX_BYTES + 3073)
    with pytest.raises(DataError, match="expected at most 12000 images; it holds more"):
        load(tmp_path)


def test_folder_named_like_a_file_counts_as_missing(tmp_path):
    (tmp_path / SECOND).mkdir()
    (tmp_path / ARCHIVE).mkdir()
    with pytest.raises(DataError, match=f"missing: {SECOND}"):
        load_changed(tmp_path, data_batch_2=None)


def nonsense_tar() -> bytes:
    """A member whose size is no number."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", format=tarfile.PAX_FORMAT) as tar:
        member = tarfile.TarInfo(f"{FOLDER}/{SECOND}")
        member.pax_headers = {"GNU.sparse.size": "x"}
        tar.addfile(member)
    return buffer.getvalue()


WHOLE = tar_bytes(GOOD)
PLAIN = gzip.decompress(WHOLE)
DAMAGED_ARCHIVES = {
    "empty": (b"", "cannot be read"),
    "tar of nothing": (tar_bytes({}), "missing: data_batch_1.bin, "),
    "web page": (b"<!DOCTYPE html><html>404</html>", "cannot be read"),
    "gzip header only": (b"\x1f\x8b", "cannot be read"),
    "half of it": (WHOLE[: len(WHOLE) // 2], "cannot be read"),
    "without its end": (WHOLE[:-20], "cannot be read"),
    "wrong checksum": (WHOLE[:-8] + b"12345678", "cannot be read"),
    "no tar": (gzip.compress(bytes(range(256)) * 9), "cannot be read"),
    "tar cut in a file": (gzip.compress(PLAIN[:50_000]), "cannot be read"),
    "tar cut between files": (gzip.compress(PLAIN[: 512 + 37_376]), "cannot be read"),
    "nonsense header": (nonsense_tar(), "missing: data_batch_1.bin, "),
    "plain tar": (PLAIN, "cannot be read"),
}


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.REGTYPE])
def test_an_archive_that_unzips_to_gigabytes_is_left_before_it_takes_the_memory(tmp_path, kind):
    """A header of 3 GiB before the files: of an extension, of a long name, of another file."""
    member = tarfile.TarInfo("p")
    member.type, member.size = kind, 3 << 30
    with gzip.open(tmp_path / ARCHIVE, "wb", compresslevel=1) as file:
        file.write(member.tobuf(tarfile.GNU_FORMAT))
        for _ in range(1 + MAX_UNZIPPED // (1 << 24)):
            file.write(bytes(1 << 24))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(DataError, match=f"it unzips to more than {MAX_UNZIPPED:,} bytes"):
        load(tmp_path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kB


def test_zeros_behind_an_archive_are_not_unzipped_without_end(tmp_path):
    with gzip.open(tmp_path / ARCHIVE, "wb", compresslevel=1) as file:
        file.write(PLAIN)
        for _ in range(1 + MAX_UNZIPPED // (1 << 24)):
            file.write(bytes(1 << 24))
    with pytest.raises(DataError, match="it unzips to more than"):
        load(tmp_path)


@pytest.mark.parametrize("case", DAMAGED_ARCHIVES)
def test_damaged_archive_is_named_with_its_fault(tmp_path, case):
    content, message = DAMAGED_ARCHIVES[case]
    with pytest.raises(
        DataError, match=rf"{message}.*Delete the file and fetch it again"
    ) as caught:
        load(archive(tmp_path, content))
    assert str(caught.value).startswith(f"{tmp_path / ARCHIVE}: ")
    assert "\n" not in str(caught.value)


def test_only_known_members_are_read_and_nothing_is_written(tmp_path):
    strange = {"../../escaped.bin": b"x", f"/{SECOND}": b"x", "readme.html": b"x"}
    files = {f"{FOLDER}/{file}": content for file, content in GOOD.items()}
    folder = archive(tmp_path / "a" / "b", tar_bytes(strange | files, folder=""))
    assert len(load(folder).train) == 60
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [folder / ARCHIVE]


@pytest.mark.parametrize("name", [f"other/{SECOND}", f"../{SECOND}", f"/{SECOND}", SECOND.upper()])
def test_member_in_another_place_is_not_taken(tmp_path, name):
    files = {f"{FOLDER}/{file}": content for file, content in GOOD.items() if file != SECOND}
    with pytest.raises(DataError, match=f"missing: {SECOND}"):
        load(archive(tmp_path, tar_bytes(files | {name: GOOD[SECOND]}, folder="")))


def test_link_in_the_archive_is_not_followed(tmp_path):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for file in FILES:
            member = tarfile.TarInfo(f"{FOLDER}/{file}")
            member.type, member.linkname = tarfile.SYMTYPE, "/etc/hostname"
            tar.addfile(member)
    with pytest.raises(DataError, match=f"missing: {', '.join(FILES)}"):
        load(archive(tmp_path, buffer.getvalue()))


PICKLED = {
    "archive": "cifar-10-python.tar.gz",
    "folder": "cifar-10-batches-py/data_batch_1",
    "files": "data_batch_1",
}


@pytest.mark.parametrize("how", ["named folder", "variable", "no download", "no network"])
@pytest.mark.parametrize("case", PICKLED)
def test_pickles_are_not_opened_and_the_binary_version_is_asked_for(
    monkeypatch, tmp_path, closed_port, case, how
):
    path = tmp_path / "pictures" / "cifar10" / PICKLED[case]
    path.parent.mkdir(parents=True)
    path.write_bytes(b"cos\nsystem\n(S'touch opened'\ntR.")
    monkeypatch.setitem(SOURCES, "cifar10", replace(SOURCES["cifar10"], mirrors=(closed_port,)))
    named = str(tmp_path / "pictures")
    if how != "named folder":
        monkeypatch.setenv(DATA_VARIABLE, named)
    config = DataConfig("cifar10", path=named if how == "named folder" else None)
    expected = r"Python version, which is pickles.* never opened here\. Get the binary version"
    with pytest.raises(DataError, match=expected) as caught:
        load_dataset(config, download=how != "no download")
    assert str(caught.value).endswith(f"{ARCHIVE}.")
    assert "\n" not in str(caught.value)


def test_pickles_beside_the_binary_files_do_no_harm(tmp_path):
    write_files(tmp_path, {"data_batch_1": b"pickle"})
    assert len(load_changed(tmp_path).train) == 60


# Download, as far as it differs from one data set to the next, and the command line.


def test_download_is_the_archive_and_is_read_as_it_is(monkeypatch, tmp_path, server, cifar_folder):
    archive(tmp_path / "web")
    monkeypatch.setitem(SOURCES, "cifar10", local_source("cifar10", server))
    assert load_dataset(DataConfig("cifar10")).fingerprint == load(cifar_folder).fingerprint
    assert [path.name for path in cache_folder("cifar10").iterdir()] == [ARCHIVE]


def test_download_of_other_pictures_is_refused(monkeypatch, tmp_path, server):
    archive(tmp_path / "web", tar_bytes(cifar_files(n=13)))
    monkeypatch.setitem(SOURCES, "cifar10", local_source("cifar10", server))
    with pytest.raises(
        DataError, match=r"could not be downloaded \(127\.0\.0\.1:\d+: ValueError\)"
    ):
        load_dataset(DataConfig("cifar10"))
    assert find_files("cifar10") is None


def test_download_is_the_official_archive():
    entry = SOURCES["cifar10"]
    addresses = [mirror + file for mirror in entry.mirrors for file in entry.archives]
    assert addresses == ["https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"]


def test_train_on_an_empty_folder_exits_2_with_one_line(capsys, tmp_path):
    (tmp_path / "empty").mkdir()
    words = ["train", "--dataset", "cifar10", "--data-dir", str(tmp_path / "empty")]
    assert main([*words, "--runs", str(tmp_path / "runs")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("DataError: expected the files of CIFAR-10 in ")
    assert err.count("\n") == 1
    assert not (tmp_path / "runs").exists()


def test_train_and_evaluate_read_the_archive(capsys, tmp_path):
    data = ["--data-dir", str(archive(tmp_path / "data"))]
    settings = "--network conv --hidden 4 --latent 8x8x2 --likelihood gaussian --epochs 1"
    words = ["train", "--dataset", "cifar10", *data, *settings.split(), "--threads", "1"]
    assert main([*words, "--runs", str(tmp_path / "runs"), "--json"]) == 0
    (run,) = (tmp_path / "runs").iterdir()
    assert main(["evaluate", str(run), *data, "--json"]) == 0
    assert '"n_test": 20' in capsys.readouterr().out


@pytest.mark.slow
def test_real_cifar_is_read_whole(cifar10_folder):
    dataset = load(Path(cifar10_folder))
    assert (len(dataset.train), len(dataset.test)) == (50_000, 10_000)
    assert dataset.train.labels[:5].tolist() == [6, 9, 9, 4, 1]
    assert dataset.test.labels[:5].tolist() == [3, 8, 8, 0, 6]
    assert dataset.train.labels.bincount().tolist() == [5_000] * 10
    means = [float(plane.float().mean()) / 255 for plane in dataset.train.pixels.unbind(1)]
    assert means == pytest.approx([0.4914, 0.4822, 0.4465], abs=1e-4)

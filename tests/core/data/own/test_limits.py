"""Bombs, lies and traps: each is refused in a sentence, before it takes memory or time."""

from __future__ import annotations

import io
import os
import struct
import zipfile
import zlib

import numpy as np
import pytest

from tests.pictures import encoded, npy_bytes, photo_files, some_pixels, zip_bytes
from tests.samples import idx_bytes
from vae_core.data import own
from vae_core.data.own import Options, draft, pictures, tree
from vae_core.errors import ConfigError, DataError

PIXELS = some_pixels(20)


def refusal(files):
    with pytest.raises(DataError) as caught:
        own.draft_of_uploads(files, Options())
    message = str(caught.value)
    assert "\n" not in message
    return message


def png_of(width, height):
    """A PNG that announces a size, with hardly a pixel in it."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
            + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b""))  # fmt: skip


@pytest.mark.parametrize("side", [8_000, 10_000, 15_000, 100_000, 2**31 - 1])
def test_a_picture_of_too_many_pixels_is_dropped_before_it_is_decoded(side):
    files = photo_files(PIXELS) | {"cat/bomb.png": png_of(side, side)}
    dropped = own.draft_of_uploads({"a.zip": zip_bytes(files)}, Options()).dropped
    assert sum(n for n, _ in dropped.values()) == 1
    if side < 100_000:
        assert dropped == {"more than 50 million pixels": (1, ("cat/bomb.png",))}


def test_a_zip_that_unpacks_to_too_much_is_refused(monkeypatch):
    bomb = zip_bytes({"a/1.png": b"\x89PNG\r\n\x1a\n" + bytes(40 << 20)})
    assert len(bomb) < 100_000
    said = refusal({"a.zip": bomb})
    assert said.endswith("for these were dropped: 1: expected at most 32 MiB; it holds more.")
    monkeypatch.setattr(tree, "MAX_READ", 1000)
    said = refusal({"a.zip": zip_bytes(photo_files(PIXELS))})
    assert "expected files of at most 0 GiB when unpacked; they hold more" in said


@pytest.mark.parametrize("name", ["../../x/1.png", "/etc/1.png", "C:\\x\\1.png", "a/../../b/1.png"])
def test_names_in_a_zip_lead_nowhere(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ELBO_ROOM_OWN_DATA", str(tmp_path / "deep" / "own"))
    path = tmp_path / "a.zip"
    path.write_bytes(
        zip_bytes({name.replace("1", str(k)): encoded(p) for k, p in enumerate(PIXELS)})
    )
    kept = own.keep(own.draft_of_path(path, Options()), "mine")
    assert not {"..", "/", "\\"} & set(kept.class_names)
    found = {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*")}
    assert found == {"a.zip", "deep", "deep/own", "deep/own/mine.safetensors"}


def test_a_link_in_a_zip_is_no_picture_and_one_in_a_folder_is_not_followed(tmp_path):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        for name, content in photo_files(PIXELS).items():
            packed.writestr(name, content)
        link = zipfile.ZipInfo("cat/link.png")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        packed.writestr(link, "/etc/passwd")
    zipped = own.draft_of_uploads({"a.zip": file.getvalue()}, Options())
    assert len(zipped.train) + len(zipped.test) == 20
    for name, content in photo_files(PIXELS).items():
        (tmp_path / "a" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "a" / name).write_bytes(content)
    (tmp_path / "a" / "cat" / "far.png").symlink_to(tmp_path / "a" / "dog" / "1.png")
    (tmp_path / "a" / "dog" / "round").symlink_to(tmp_path / "a")
    os.mkfifo(tmp_path / "a" / "cat" / "pipe.png")
    found = own.draft_of_path(tmp_path / "a", Options())
    assert len(found.train) + len(found.test) == 20
    assert found.dropped["a link"] == (2, ("cat/far.png", "dog/round"))


def test_a_zip_with_a_list_of_too_many_files_is_refused_unread():
    whole = bytearray(zip_bytes(photo_files(PIXELS)))
    at = whole.rfind(b"PK\x05\x06")
    for place, value in ((at + 8, b"\xff\xff"), (at + 12, b"\xff\xff\xff\x7f")):
        lie = bytearray(whole)
        lie[place : place + len(value)] = value
        if place == at + 8:
            lie[at + 10 : at + 12] = b"\xff\xff"
        assert "at most 65,534 files and 4 GB" in refusal({"a.zip": bytes(lie)})


def test_headers_that_announce_more_than_there_is_are_refused():
    whole = npy_bytes(PIXELS)
    lie = whole.replace(b"(20, 8, 12)", b"(9**9, 8, )")
    huge = npy_bytes(PIXELS).replace(b"(20, 8, 12), ", b"(99999999,9,)")
    for content in (lie, huge):
        assert "a.npy: expected" in refusal({"a.npy": content})
    images = idx_bytes(PIXELS)
    assert "MiB of data; the header announces" in refusal(
        {"x-idx3-ubyte": images[:4] + b"\x7f\xff\xff\xff" + images[8:]}
    )


def test_counts_are_bounded(monkeypatch):
    files = {"a.zip": zip_bytes(photo_files(PIXELS))}
    for limit, value, said in (
        ("MAX_PICTURES", 12, "expected at most 12 pictures; it holds more"),
        ("MAX_BYTES", 500, "MiB of pixels; it holds more at 8 x 12"),
        ("MAX_CLASSES", 1, "expected at most 1 classes; got 2, such as cat, dog"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(draft, limit, value)
            assert said in refusal(files)
    monkeypatch.setattr(tree, "MAX_FILES", 5)


def test_a_folder_of_too_many_files_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(tree, "MAX_FILES", 5)
    for k in range(6):
        (tmp_path / f"{k}.png").write_bytes(b"")
    with pytest.raises(DataError, match="expected at most 5 files; it holds more"):
        own.draft_of_path(tmp_path, Options())


def test_a_row_of_colour_takes_three_times_the_room(monkeypatch):
    monkeypatch.setattr(draft, "MAX_BYTES", 3000)
    files = photo_files(some_pixels(20)) | {"cat/c.png": encoded(some_pixels(1, (8, 12, 3))[0])}
    said = refusal({"a.zip": zip_bytes(files)})
    assert "in colour they take more" in said or "it holds more" in said


@pytest.mark.parametrize(
    "options",
    [
        {"size": (3, 8)}, {"size": (8, 129)}, {"size": (8,)}, {"fit": "magic"}, {"colour": "red"},
        {"test_share": 0.0}, {"test_share": float("nan")}, {"shape": (8,)}, {"shape": (8, 8, 2)},
        {"seed": -1},
    ],
)  # fmt: skip
def test_options_out_of_range_are_refused(options):
    with pytest.raises(ConfigError, match=f"{next(iter(options)).replace('_', '-')} must be"):
        Options(**options)


def test_the_largest_picture_that_is_decoded_is_below_pillows_own_limit():
    from PIL import Image

    assert pictures.MAX_PIXELS < Image.MAX_IMAGE_PIXELS
    assert np.prod((9000, 5000)) < pictures.MAX_PIXELS  # of a camera with 45 million pixels

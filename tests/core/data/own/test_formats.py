"""The same pictures come out of every format, and what is wrong with one drops that one."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest
import torch

from tests.pictures import (
    CLASSES,
    FORMATS,
    csv_bytes,
    encoded,
    npy_bytes,
    npz_bytes,
    some_pixels,
    zip_bytes,
)
from tests.samples import write_files
from vae_core.data import own
from vae_core.data.own import Draft, Options
from vae_core.errors import DataError

PIXELS = some_pixels(20)
AS_ROWS = Options(shape=(8, 12))


def drafted(files: dict[str, bytes], options: Options = AS_ROWS) -> Draft:
    return own.draft_of_uploads(files, options)


def pictures(draft: Draft) -> dict[bytes, str]:
    """Class by pixels, whatever the order and the split."""
    return {
        picture.numpy().tobytes(): draft.class_names[label]
        for split in (draft.train, draft.test)
        for picture, label in zip(split.pixels, split.labels.tolist(), strict=True)
    }


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_gives_the_same_pictures_and_classes(tmp_path, kind):
    files = FORMATS[kind](PIXELS)
    draft = drafted(files)
    names = draft.class_names
    assert names == (("0", "1") if kind == "idx" else CLASSES)
    assert draft.train.image_shape == (1, 8, 12)
    assert (len(draft.train), len(draft.test), draft.n_dropped) == (16, 4, 0)
    assert torch.bincount(draft.test.labels).tolist() == [2, 2]
    assert pictures(draft) == {p.tobytes(): names[k % 2] for k, p in enumerate(PIXELS)}
    for name, content in files.items():
        path = tmp_path / "given" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    one = tmp_path / "given" / next(iter(files)) if len(files) == 1 else tmp_path / "given"
    assert pictures(own.draft_of_path(one, AS_ROWS)) == pictures(draft)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (PIXELS / 255, PIXELS),
        (PIXELS.astype(np.int64), PIXELS),
        (PIXELS > 127, 255 * (PIXELS > 127)),
        ((PIXELS > 127).astype(np.uint8), 255 * (PIXELS > 127)),
        (PIXELS.astype(np.uint16) * 257, PIXELS),
        (PIXELS.reshape(20, -1), PIXELS),
        (PIXELS[:, None], PIXELS),
        (PIXELS[..., None], PIXELS),
        (np.asfortranarray(PIXELS), PIXELS),
    ],
)
def test_arrays_of_other_types_and_layouts_are_the_same_pictures(values, expected):
    draft = drafted({"a.npy": npy_bytes(values)})
    assert draft.class_names == ("all",)
    assert set(pictures(draft)) == {p.astype(np.uint8).tobytes() for p in expected}


def test_colours_stay_and_grey_ones_are_grey():
    colour = some_pixels(10, (8, 8, 3))
    files = {f"a/{k}.png": encoded(p) for k, p in enumerate(colour)}
    assert drafted(files, Options()).train.image_shape == (3, 8, 8)
    assert drafted(files, Options(colour="grey")).train.image_shape == (1, 8, 8)
    grey = {f"a/{k}.png": encoded(np.repeat(p[..., :1], 3, -1)) for k, p in enumerate(colour)}
    assert drafted(grey, Options()).train.image_shape == (1, 8, 8)
    assert drafted(grey, Options(colour="colour")).train.image_shape == (3, 8, 8)
    first = drafted({"a.npy": npy_bytes(np.moveaxis(colour, -1, 1))}, Options())
    expected = {np.moveaxis(p, -1, 0).tobytes() for p in colour}
    assert set(pictures(first)) == expected


def test_sixteen_bits_one_bit_palettes_and_what_is_transparent_are_read():
    from PIL import Image

    deep = (np.arange(64, dtype=np.uint16).reshape(8, 8) * 1040).astype(np.uint16)
    clear = np.zeros((8, 8, 4), np.uint8)
    files = {"a/deep.png": encoded(deep), "a/clear.png": encoded(clear)}
    files |= {f"a/{k}.png": encoded(p) for k, p in enumerate(some_pixels(8, (8, 8)))}
    found = set(pictures(drafted(files, Options())))
    assert (deep / 257).round().astype(np.uint8).tobytes() in found
    assert np.full((8, 8), 255, np.uint8).tobytes() in found  # of nothing, white is left
    flat = np.asarray(Image.fromarray(some_pixels(1, (8, 8))[0]).convert("P"))
    assert flat.shape == (8, 8)


@pytest.mark.parametrize(
    ("fit", "corner", "middle"), [("crop", 200, 200), ("pad", 0, 200), ("stretch", 10, 200)]
)
def test_a_wide_picture_is_cropped_padded_or_stretched(fit, corner, middle):
    wide = np.full((40, 120), 200, np.uint8)
    wide[:, :30] = wide[:, -30:] = 10
    files = {f"a/{k}.png": encoded(wide) for k in range(10)}
    draft = drafted(files, Options(size=(20, 20), fit=fit))
    picture = draft.train.pixels[0, 0]
    assert picture.shape == (20, 20)
    assert abs(int(picture[0, 0]) - corner) < 12
    assert abs(int(picture[10, 10]) - middle) < 12
    assert any("20 × 20" in note for note in draft.notes)


def test_pictures_without_a_size_in_common_get_one():
    sizes = [(8, 12)] * 6 + [(9, 12), (300, 200), (8, 12), (40, 40)]
    files = {f"a/{k}.png": encoded(some_pixels(1, s)[0]) for k, s in enumerate(sizes)}
    assert drafted(files, Options()).train.image_shape == (1, 32, 32)
    assert drafted(files, Options(size=(16, 24))).train.image_shape == (1, 16, 24)


def test_inverted_is_255_less():
    plain, turned = (
        drafted({"a.npy": npy_bytes(PIXELS)}, Options(invert=i)) for i in (False, True)
    )
    assert torch.equal(plain.train.pixels, 255 - turned.train.pixels)


def test_the_split_is_that_of_the_source_or_a_share_by_seed():
    other = some_pixels(12, seed=1)
    arrays = {"x_train": PIXELS, "y_train": np.arange(20) % 2, "x_test": other,
              "y_test": np.arange(12) % 2}  # fmt: skip
    files = {"a.npz": zip_bytes({f"{n}.npy": npy_bytes(a) for n, a in arrays.items()})}
    draft = drafted(files)
    assert (len(draft.train), len(draft.test)) == (20, 12)
    assert {p.numpy().tobytes() for p in draft.test.pixels} == {p.tobytes() for p in other}
    shared = drafted(files, Options(test_share=0.5))
    assert (len(shared.train), len(shared.test)) == (16, 16)
    again, others = (drafted(files, Options(test_share=0.5, seed=seed)) for seed in (0, 1))
    assert torch.equal(shared.test.pixels, again.test.pixels)
    assert not torch.equal(shared.test.pixels, others.test.pixels)
    folders = {f"{s}/{c}/{k}.png": encoded(p) for s, ps in (("train", PIXELS), ("test", other))
               for k, p in enumerate(ps) for c in [CLASSES[k % 2]]}  # fmt: skip
    draft = drafted({"all.zip": zip_bytes({f"around/{n}": c for n, c in folders.items()})})
    assert (len(draft.train), len(draft.test), draft.class_names) == (20, 12, CLASSES)


def test_a_class_with_one_picture_has_none_to_test_and_order_is_mixed():
    labels = np.array([0] * 30 + [1])
    arrays = {"images.npy": npy_bytes(some_pixels(31)), "labels.npy": npy_bytes(labels)}
    draft = drafted({"a.npz": zip_bytes(arrays)})
    assert torch.bincount(draft.train.labels).tolist() == [24, 1]
    assert draft.test.labels.unique().tolist() == [0]
    many = drafted({"a.npz": npz_bytes(some_pixels(200))})
    assert 0 < many.test.labels[:20].sum() < 20  # not sorted by class


def test_numbered_classes_are_in_the_order_of_their_numbers():
    labels = np.arange(36) % 12
    arrays = {"x.npy": npy_bytes(some_pixels(36)), "y.npy": npy_bytes(labels)}
    assert drafted({"a.npz": zip_bytes(arrays)}).class_names == tuple(map(str, range(12)))


def test_what_is_wrong_with_one_picture_drops_it_and_is_told():
    files = FORMATS["folder"](PIXELS)
    whole = files["cat/0.png"]
    files |= {
        "cat/cut.png": whole[:60], "cat/text.jpg": b"\xff\xd8\xff and no more",
        "notes.txt": b"a, b", "alone.png": whole, "cat/.hidden.png": whole, "__MACOSX/a.png": whole,
    }  # fmt: skip
    draft = drafted({"a.zip": zip_bytes(files)})
    assert len(draft.train) + len(draft.test) == 20
    assert draft.dropped["no PNG or JPEG, or a damaged one"][0] == 2
    assert draft.dropped["in no folder of a class, as the others are"] == (1, ("alone.png",))
    assert draft.n_dropped == 4
    assert any("notes.txt" in line for line in draft.dropped_lines())


def test_a_damaged_member_of_a_zip_is_dropped_and_the_others_stay():
    whole = zip_bytes(FORMATS["folder"](PIXELS), zipfile.ZIP_STORED)
    at = whole.find(b"IDAT", whole.find(b"dog/1.png"))
    draft = drafted({"a.zip": whole[: at + 9] + b"\xff\0\xff" + whole[at + 12 :]})
    assert len(draft.train) + len(draft.test) == 19
    assert draft.dropped == {"a file that is empty, damaged or encrypted": (1, ("dog/1.png",))}


def test_wrong_rows_of_a_csv_are_dropped_by_number():
    rows = csv_bytes(PIXELS).decode().split("\n")
    rows[3] = rows[3].replace(",", ",x", 1)
    rows[5] = "cat,1,2"
    rows[7] = "dog," + ",".join(["256"] * 96)
    draft = drafted({"a.csv": "\r\n".join(rows).encode()})
    assert draft.dropped == {
        "a pixel that is no number": (1, ("a.csv, row 4",)),
        "2 pixels, where others have 96": (1, ("a.csv, row 6",)),
        "a level that is not from 0 to 255, nor from 0 to 1": (1, ("a.csv, row 8",)),
    }


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_csv_may_have_no_header_other_separators_and_the_label_elsewhere(separator):
    body = csv_bytes(PIXELS).decode().split("\n")[1:]
    swapped = [line.partition(",")[2] + "," + line.partition(",")[0] for line in body]
    names = ",".join([*(f"p{k}" for k in range(96)), "class"])
    for lines in (body, [names, *swapped]):
        table = "\n".join(lines).replace(",", separator).encode()
        assert pictures(drafted({"a.csv": table})) == pictures(
            drafted({"a.csv": csv_bytes(PIXELS)})
        )


def test_class_names_are_one_line_of_text():
    labels = np.array(["<b>", "a\nb", "e\u0301", "x" * 300, ""] * 4)
    arrays = {"x.npy": npy_bytes(PIXELS), "y.npy": npy_bytes(labels)}
    names = drafted({"a.npz": zip_bytes(arrays)}).class_names
    assert names == ("<b>", "a?b", "all", "x" * 58 + " …", "\u00e9")
    assert json.loads(json.dumps(names)) == list(names)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a.txt": b"hello"}, r"expected PNG or JPEG pictures .*; got a\.txt"),
        ({"a.zip": zip_bytes({})}, r"expected .* or Parquet; got no file"),
        ({"a.npy": npy_bytes(PIXELS[:5])}, "expected at least 10 pictures; got 5"),
        ({"a.npy": npy_bytes(np.zeros((20, 97)))}, r"square pictures.*; got 97 numbers a picture"),
        ({"a.npy": npy_bytes(PIXELS - 300.0)}, "got 0, for these were dropped: 20: a level that"),
        (
            {"a.npy": npy_bytes(np.array([{}] * 20), allow_pickle=True)},
            "pickles: they can run code",
        ),
        ({"a.npy": npy_bytes(np.arange(20))}, r"expected an array of images.*; got a \(20,\)"),
        ({"x.csv": b"label,pixel0\n"}, "expected rows of a label and pixels; there are none"),
        ({"a.npy": npy_bytes(np.zeros((20, 2, 2)))}, None),
    ],
)
def test_what_makes_no_set_is_refused_in_one_sentence(files, message):
    if message is None:  # too small to be kept as they are: made larger
        assert drafted(files, Options()).train.image_shape == (1, 32, 32)
        return
    with pytest.raises(DataError, match=message) as caught:
        drafted(files, Options())
    assert "\n" not in str(caught.value)


def test_a_parquet_without_pictures_is_told_its_columns():
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"a": [1], "b": ["x"]}), sink)
    with pytest.raises(DataError, match=r"a column of encoded pictures.*; got the columns a, b\."):
        drafted({"a.parquet": sink.getvalue().to_pybytes()})


def test_idx_without_labels_is_one_class_and_other_lengths_are_refused(tmp_path):
    files = FORMATS["idx"](PIXELS)
    (images, content), (labels, _) = files.items()
    assert drafted({images: content}).class_names == ("all",)
    shorter = FORMATS["idx"](PIXELS[:15])[labels]
    with pytest.raises(DataError, match=r"one label per image; it has 20 images and .* 15"):
        drafted({images: content, labels: shorter})
    folder = write_files(tmp_path / "idx", FORMATS["idx"](PIXELS))
    assert len(own.draft_of_path(folder, Options()).class_names) == 2

"""Pictures in every format that own data sets come in."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.samples import idx_bytes

CLASSES = ("cat", "dog")
Pixels = NDArray[np.uint8]


def some_pixels(n: int = 12, shape: tuple[int, ...] = (8, 12), seed: int = 0) -> Pixels:
    """Random ones, (n, *shape)."""
    return np.random.default_rng(seed).integers(0, 256, (n, *shape), dtype=np.uint8)


def encoded(pixels: Pixels, kind: str = "PNG", **options: Any) -> bytes:
    """A picture's file."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


def zip_bytes(files: Mapping[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A .zip of these files; the same bytes each time."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", packing) as packed:
        for name, content in files.items():
            packed.writestr(zipfile.ZipInfo(name), content, packing)
    return file.getvalue()


def npy_bytes(array: NDArray[Any], **options: Any) -> bytes:
    """A .npy file."""
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


def photo_files(pixels: Pixels) -> dict[str, bytes]:
    """The pictures in folders of two classes, by turns."""
    return {f"{CLASSES[k % 2]}/{k}.png": encoded(p) for k, p in enumerate(pixels)}


def csv_bytes(pixels: Pixels) -> bytes:
    """A row a picture, after a row of names."""
    rows = [["label", *(f"pixel{k}" for k in range(pixels[0].size))]]
    rows += [[CLASSES[k % 2], *map(str, p.reshape(-1))] for k, p in enumerate(pixels)]
    return "\n".join(map(",".join, rows)).encode()


def npz_bytes(pixels: Pixels) -> bytes:
    """Images, labels and the names of the classes."""
    arrays = {
        "images": pixels,
        "labels": np.arange(len(pixels)) % 2,
        "class_names": np.array(CLASSES),
    }
    return zip_bytes({f"{name}.npy": npy_bytes(array) for name, array in arrays.items()})


def parquet_bytes(pixels: Pixels) -> bytes:
    """As the hubs have it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    notes = {"info": {"features": {"label": {"names": CLASSES, "_type": "ClassLabel"}}}}
    table = pa.table(
        {
            "image": [{"bytes": encoded(p), "path": None} for p in pixels],
            "label": [k % 2 for k in range(len(pixels))],
        }
    ).replace_schema_metadata({"huggingface": json.dumps(notes)})
    file = io.BytesIO()
    pq.write_table(table, file)
    return file.getvalue()


def idx_files(pixels: Pixels) -> dict[str, bytes]:
    """Images, gzipped, and labels."""
    labels = np.arange(len(pixels), dtype=np.uint8) % 2
    return {
        "x-images-idx3-ubyte.gz": gzip.compress(idx_bytes(pixels), 1, mtime=0),
        "x-labels-idx1-ubyte": idx_bytes(labels),
    }


FORMATS: dict[str, Callable[[Pixels], dict[str, bytes]]] = {  # the same pictures in each
    "folder": photo_files,
    "zip": lambda pixels: {"photos.zip": zip_bytes(photo_files(pixels))},
    "csv": lambda pixels: {"rows.csv": csv_bytes(pixels)},
    "npz": lambda pixels: {"arrays.npz": npz_bytes(pixels)},
    "parquet": lambda pixels: {"rows.parquet": parquet_bytes(pixels)},
    "idx": idx_files,
}

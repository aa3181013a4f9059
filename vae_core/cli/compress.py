"""The commands `compress` and `decompress`: test images as bytes, and back."""

from __future__ import annotations

import argparse
import io
import json
import math
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from vae_core.compression import (
    check_model,
    fingerprint,
    pack,
    read_packed,
    sizes,
    to_levels,
    unpack,
)
from vae_core.data import reload_dataset
from vae_core.data.dataset import Split
from vae_core.decimals import fixed
from vae_core.errors import ConfigError, RunError, VAECoreError, printable
from vae_core.evaluate import evaluate
from vae_core.io import write_bytes
from vae_core.runs.run import Run
from vae_core.runs.store import RunStore

NAT = 1.0 / math.log(2.0)  # bits


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Of `compress`."""
    parser.add_argument(
        "--limit", type=int, metavar="N", help="only the first N test images; default: all"
    )
    parser.add_argument("--to", required=True, metavar="FILE", help="the new file")


def add_reverse_flags(parser: argparse.ArgumentParser) -> None:
    """Of `decompress`."""
    parser.add_argument("file", metavar="FILE", help="a file that compress wrote")
    parser.add_argument(
        "--to", required=True, metavar="OUT.npy",
        help="the new file: uint8, images x channels x rows x columns",
    )  # fmt: skip


def compress(run: Run, file: Path, args: argparse.Namespace) -> dict[str, Any]:
    """Write the packed test images of a run; what it took, beside other formats.

    Raises
    ------
    ConfigError
        When the model cannot code images, or the limit is no number of images.
    DataError or RunError
        When the images are not here, or others.
    """
    n_levels = check_model(run.config.model)
    if args.limit is not None and args.limit < 1:
        raise ConfigError(f"--limit: expected at least 1 image; got {args.limit}.")
    dataset = reload_dataset(run.config.data, args.data_dir)
    run.check_images(dataset)
    levels, vae = to_levels(dataset.test.images[: args.limit], n_levels), run.vae()
    with tqdm(total=len(levels), unit="image", desc="compress", disable=None) as bar:
        packed, _ = pack(vae, levels, bar.update)
    content = packed.to_bytes()
    write_bytes(file, content)
    labels = torch.zeros(len(levels), dtype=torch.int64)
    of_levels = Split(torch.from_numpy(levels), labels, n_levels - 1)
    elbo = evaluate(vae, of_levels)
    pixels = levels.size
    return {
        "run_id": run.id,
        "n_images": len(levels),
        "levels": n_levels,
        "bytes": len(content),
        "bits_per_pixel": 8 * len(content) / pixels,
        "negative_elbo": elbo.negative_elbo,
        "negative_elbo_error": elbo.error if math.isfinite(elbo.error) else None,
        "negative_elbo_bits_per_pixel": elbo.negative_elbo * NAT * len(levels) / pixels,
        "other_bits_per_pixel": {
            name: 8 * length * len(levels) / pixels
            for name, length in sizes(levels, n_levels).items()
        },
        "file": str(file),
    }


def lines(found: dict[str, Any]) -> list[str]:
    """For people."""
    error = found["negative_elbo_error"]
    about = "" if error is None else f" ± {fixed(error)}"
    grey = "0 or 1 (threshold 0.5)" if found["levels"] == 2 else f"0 to {found['levels'] - 1}"
    others = (f"{name} {bits:.3f}" for name, bits in found["other_bits_per_pixel"].items())
    return [
        f"{found['n_images']:,} test images, pixels {grey}: {found['bytes']:,} bytes, "
        f"{found['bits_per_pixel']:.4f} bits per pixel.",
        f"Negative ELBO of these images: {fixed(found['negative_elbo'])}{about} nats per image, "
        f"{found['negative_elbo_bits_per_pixel']:.4f} bits per pixel.",
        f"Other formats, bits per pixel: {', '.join(others)}.",
    ]


def run_compress(run: Run, file: Path, args: argparse.Namespace) -> int:
    """The command `compress`."""
    found = compress(run, file, args)
    print(json.dumps(found) if args.json else "\n".join(lines(found)))
    return 0


def _packed_by(model: str, store: RunStore) -> Run:
    """The run with the model of this fingerprint."""
    for run in (entry.run for entry in store.list()):
        with suppress(VAECoreError):  # of a damaged one, which cannot be the one
            if run is not None and run.has_model and fingerprint(run.vae()) == model:
                return run
    raise RunError(
        f"{printable(str(store.root))}: expected a run with the model {printable(model, 20)}, "
        "which packed this file; found none. Name the folder that has it with --runs."
    )


def run_decompress(file: Path, store: RunStore, args: argparse.Namespace) -> int:
    """The command `decompress`."""
    packed = read_packed(Path(args.file))
    run = _packed_by(packed.model, store)
    with tqdm(total=packed.n, unit="image", desc="decompress", disable=None) as bar:
        levels = unpack(packed, run.vae(), bar.update)
    content = io.BytesIO()
    np.save(content, levels)
    write_bytes(file, content.getvalue())
    values = {"run_id": run.id, "n_images": len(levels), "shape": list(levels.shape)}
    sentence = (
        f"{len(levels):,} images of shape {' x '.join(map(str, levels.shape[1:]))}, "
        f"bit for bit those that {printable(run.title)} packed, in {file}."
    )
    print(json.dumps(values | {"file": str(file)}) if args.json else sentence)
    return 0

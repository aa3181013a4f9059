"""The command `data`: own data sets are added, listed and removed."""

from __future__ import annotations

import argparse
import io
import json
import os
from pathlib import Path
from typing import Any

from PIL import Image

from vae_core.config import OWN, own_name
from vae_core.data import own
from vae_core.errors import ConfigError, shown
from vae_core.io import write_bytes
from vae_core.settings import sizes

ABOUT = "A folder or .zip of PNG or JPEG pictures, one folder a class; IDX; CSV (label, pixels); "
ABOUT += ".npy or .npz; Parquet with encoded pictures."


def add_flags(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    deeds = parser.add_subparsers(dest="deed", required=True, metavar="add|list|remove")
    add = deeds.add_parser("add", help="make a data set of pictures", description=ABOUT)
    add.add_argument("path", metavar="PATH", help=ABOUT)
    add.add_argument("--name", required=True, help=f"it is chosen by {OWN}NAME from then on")
    add.add_argument(
        "--size", metavar="HxW",
        help="height and width, or one number for both (default: the pictures' own up to 128, "
        "else 32)",
    )  # fmt: skip
    add.add_argument(
        "--fit", choices=own.FITS, default="crop",
        help="what happens to a picture of other proportions (default: crop, to its middle)",
    )  # fmt: skip
    add.add_argument(
        "--colour", choices=own.COLOURS, default="auto",
        help="default: in colour as soon as one picture is",
    )  # fmt: skip
    add.add_argument("--invert", action="store_true", help="dark and light change places")
    add.add_argument(
        "--test-share", type=float, metavar="F",
        help="share of each class kept for testing (default: the split of the source, else 0.2)",
    )  # fmt: skip
    add.add_argument(
        "--shape", metavar="HxW", help="rows x columns (x 3) of pictures that are rows of numbers"
    )
    add.add_argument("--split-seed", type=int, default=0, metavar="N", help="of the split")
    add.add_argument(
        "--preview", metavar="FILE.png", help="write a sheet of the pictures, and keep nothing"
    )
    remove = deeds.add_parser("remove", help="remove a data set", description="Remove a data set.")
    remove.add_argument("name", metavar="NAME", help="of a set that was added")
    listed = deeds.add_parser("list", help="list own data sets", description="List own data sets.")
    for deed in (add, remove, listed):  # after the deed, too
        deed.add_argument("--json", action="store_true", default=argparse.SUPPRESS,
                          help="print one JSON object, last")  # fmt: skip


def run_command(args: argparse.Namespace) -> int:
    """Add, list or remove."""
    return {"add": _add, "list": _list, "remove": _remove}[args.deed](args)


def _add(args: argparse.Namespace) -> int:
    name, preview = own_name(args.name.removeprefix(OWN)), args.preview
    if preview is not None and (not preview.lower().endswith(".png") or os.path.lexists(preview)):
        raise ConfigError(
            f"--preview: expected the name of a new file that ends in .png; got {shown(preview)}."
        )
    options = own.Options(
        _size(args.size), args.fit, args.colour, args.invert, args.test_share,
        None if args.shape is None else _sizes("shape", args.shape), args.split_seed,
    )  # fmt: skip
    draft = own.draft_of_path(Path(os.path.expanduser(args.path)), options)
    said = [f"Left out, {line}" for line in draft.dropped_lines()] + list(draft.notes)
    if preview is not None:
        picture = io.BytesIO()
        Image.fromarray(own.sheet(draft.train, len(draft.class_names))).save(picture, "PNG")
        write_bytes(Path(preview), picture.getvalue())
        made: dict[str, Any] = {"preview": preview}
        said.append(f"The first pictures of each class are in {preview}. Nothing was kept.")
    else:
        made = _values(own.keep(draft, name))
        said.append(f"Train on it with: python -m vae_core train --dataset {OWN}{name}")
    if args.json:
        dropped = {why: n for why, (n, _) in draft.dropped.items()}
        print(json.dumps(made | {"dropped": dropped, "notes": list(draft.notes)}))
        return 0
    shape = " x ".join(map(str, draft.train.image_shape))
    print(
        f"{OWN}{name}: {len(draft.train):,} training and {len(draft.test):,} test pictures of "
        f"{shape} (channels x height x width), {len(draft.class_names)} classes."
    )
    print("\n".join(said))
    return 0


def _list(args: argparse.Namespace) -> int:
    sets = own.sets()
    if args.json:
        print(json.dumps({"sets": [_values(one) for one in sets]}))
        return 0
    for one in sets:
        shape = " x ".join(map(str, one.image_shape))
        what = one.problem or (
            f"{shape}, {one.n_train:,} + {one.n_test:,} pictures, {len(one.class_names)} classes, "
            f"{one.fingerprint}"
        )
        print(f"{one.choice}  {what}")
    if not sets:
        print(f"No own data sets in {own.folder()}. Add one: python -m vae_core data add PATH "
              "--name NAME")  # fmt: skip
    return 0


def _remove(args: argparse.Namespace) -> int:
    name = args.name.removeprefix(OWN)
    own.remove(name)
    print(json.dumps({"removed": OWN + name}) if args.json else f"{OWN}{name} is removed.")
    return 0


def _values(one: own.OwnSet) -> dict[str, Any]:
    return {"dataset": one.choice, **vars(one)}


def _sizes(flag: str, text: str) -> tuple[int, ...]:
    try:
        return tuple(sizes(text))
    except ValueError as error:
        raise ConfigError(
            f"{flag} must be whole numbers such as 28x40; got {shown(text)}."
        ) from error


def _size(text: str | None) -> tuple[int, ...] | None:
    """28x40 or 32. Wrong ones are left for Options to refuse."""
    if text is None:
        return None
    found = _sizes("size", text)
    return found * 2 if len(found) == 1 else found

"""Archives: a finished run as one .zip, to be unpacked into another folder of runs."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from vae_core.errors import RunError, printable
from vae_core.io import write_bytes
from vae_core.runs.changes import CHANGES, in_words
from vae_core.runs.checkpoints import checkpoint_path
from vae_core.runs.export import score_line
from vae_core.runs.run import TRAINING_CODES, Run
from vae_core.runs.store import envelope
from vae_core.runs.terms import TERMS
from vae_core.runs.weights import NoModelFile

FILES = (
    *("data.json", "history.jsonl", "metrics.json", "weights.safetensors", "codes.safetensors"),
    *(TERMS, TRAINING_CODES, CHANGES, "README.md"),
)
OPTIONAL = {"history.jsonl", TERMS, TRAINING_CODES, CHANGES, "README.md"}
WEIGHTS = "weights.safetensors"
MAX_WEIGHTS, MAX_TEXT = 400 << 20, 1 << 20  # bytes that are unpacked
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the same bytes whenever it is packed


def archive(run: Run) -> bytes:
    """The run's folder as a .zip that unpacks to a folder of the run's name.

    Only the files of a finished run go along: no resume state, nothing that is not the run's,
    no links; nor the path of the data, which is of one machine. The same run gives the same
    bytes.

    Raises
    ------
    RunError
        When the run is not finished, or a file is missing or a link.
    """
    if not run.is_finished:
        raise RunError(f"{run.path}: only a finished run can be packed; resume it first.")
    contents = {"README.txt": _readme(run).encode(), "config.json": _config(run)}
    kept = [checkpoint_path(run.path, epoch) for epoch in run.kept_epochs()]
    for path in (*(run.path / name for name in FILES), *kept):
        name = path.relative_to(run.path).as_posix()
        if path.is_file() and not (path.is_symlink() or path.parent.is_symlink()):
            contents[name] = path.read_bytes()
        elif name not in OPTIONAL:
            raise RunError(f"{path}: expected a file of its own; there is none. Copy the run anew.")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in contents.items():
            member = zipfile.ZipInfo(f"{run.id}/{name}", LONG_AGO)
            member.create_system = 3  # Unix, on any machine
            member.external_attr = 0o644 << 16
            member.compress_type = zipfile.ZIP_DEFLATED
            file.writestr(member, content)
    return packed.getvalue()


def write_archive(run: Run, path: Path, replace: bool = False) -> None:
    """Write `archive` to a file. Raises RunError when it exists or cannot be written.

    `replace` is for a file that may be overwritten.
    """
    if not replace and os.path.lexists(path):
        raise RunError(f"{path}: exists already. Choose another name.")
    write_bytes(path, archive(run))


def unpack_model(path: Path, folder: Path) -> Path:
    """The weights file of a packed run, unpacked into a folder with what describes it.

    Nothing else of the archive is read, and its members' paths are not followed.

    Parameters
    ----------
    path : Path
        A .zip that `archive` made.
    folder : Path
        Where the files go, under names of their own.

    Raises
    ------
    NoModelFile
        When it is no such .zip, is encrypted or damaged, or its files are too large.
    """
    name = printable(path.name)
    try:
        with zipfile.ZipFile(path) as packed:
            found = [m for m in packed.infolist() if PurePosixPath(m.filename).name == WEIGHTS]
            found = [m for m in found if len(PurePosixPath(m.filename).parts) <= 2]
            if len(found) != 1:
                raise NoModelFile(
                    f"{name}: expected the .zip of one run, with one {WEIGHTS}; got {len(found)} "
                    "of them. Give the .zip that Take home makes."
                )
            home = PurePosixPath(found[0].filename).parent
            for file, most in ((WEIGHTS, MAX_WEIGHTS), ("config.json", MAX_TEXT),
                               ("data.json", MAX_TEXT)):  # fmt: skip
                member = str(home / file)
                if member in packed.namelist():
                    with packed.open(member) as opened:
                        content = opened.read(most + 1)
                    if len(content) > most:
                        raise NoModelFile(f"{name}: {file} is larger than {most >> 20} MB.")
                    write_bytes(folder / file, content)
    except (OSError, ValueError, RuntimeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise NoModelFile(
            f"{name}: expected a whole .zip without a password; it cannot be read. Give the file "
            "as Take home made it."
        ) from error
    return folder / WEIGHTS


def _config(run: Run) -> bytes:
    config = dataclasses.replace(run.config, data=dataclasses.replace(run.config.data, path=None))
    return (json.dumps(envelope(config, run.created), indent=1) + "\n").encode()


def _readme(run: Run) -> str:
    """What the folder is and how to open it, in a few lines."""
    changed = f"{told}\n" if (told := in_words(run.changes())) else ""
    return (
        f"{run.title}\n\n"
        "A variational auto-encoder, trained with ELBO Room.\n"
        f"{score_line(run)}\n"
        f"{changed}\n"
        "To open it, choose Train, then Open a model file, and give this .zip. Or unpack it into\n"
        f"ELBO Room's folder of runs, so that there is\n"
        f"runs/{run.id}/config.json. It is then among the models of every page, and\n\n"
        f"    python -m vae_core show {run.id}\n\n"
        "prints its settings and numbers. The weights alone will do as well, where the data set "
        "is:\n\n"
        "    python -m vae_core import weights.safetensors\n"
    )

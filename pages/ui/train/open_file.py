"""Open a model file on the Train page: uploaded, or by its path on the server's machine."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import streamlit as st

from pages.ui.drawing import escaping
from pages.ui.library import cached, images, passcode
from pages.ui.session import browser, chosen, keys, paths, problems
from pages.ui.train import disk, progress
from vae_core.data.sources import SOURCES
from vae_core.errors import DataError, VAECoreError, printable
from vae_core.io import write_bytes
from vae_core.runs.archive import unpack_model
from vae_core.runs.model_file import ModelFile, import_model, read_model_file
from vae_core.runs.store import RunStore
from vae_core.runs.weights import NEVER, PICKLES, NoModelFile

ZIP = ".zip"
MEGABYTES = 200  # of an upload


def open_file() -> bool:
    """The two ways to give a file, and what came of it.

    Returns True when it asks for the images, which a page can do only once.
    """
    boxes = keys.FILES_OPENED.setdefault(0)  # new boxes, empty, after each
    with st.expander("Open a model file"):
        if not passcode.ask("Opening a model file"):
            return False
        upload = st.file_uploader(
            "A run's .zip from *Take home*, or a .safetensors file of weights that ELBO Room wrote",
            ["zip", "safetensors"], max_upload_size=MEGABYTES, key=f"model-file-{boxes}",
        )  # fmt: skip
        if not browser.sends_cookies():
            st.caption(
                "The box needs a cookie that this browser does not send here, as in the frame of "
                f"another site. Open this page in a [window of its own]({st.context.url}), or give "
                "the file's path."
            )
        path = st.text_input(
            "or its path on the machine that runs ELBO Room", key=f"model-path-{boxes}"
        ).strip()
        pressed = st.button("Open the model", icon=":material/folder_open:")
        waiting = bool(keys.AWAITS_IMAGES.pop())
        given = upload is not None or bool(path)
        if pressed and not given:
            st.error("Choose a file, or write its path.")
        asks = given and (pressed or waiting) and _open(upload, path)
        run, opened = keys.CHOSEN.get(), keys.OPENED.get()
        if run is not None and run.id == opened:
            st.success(
                f"{escaping.markdown(run.title)} is open: it is now the chosen model on every "
                "page.",
                icon=":material/check:",
            )
            progress.onward((run,))
    return asks


class Upload(Protocol):
    """What `st.file_uploader` returns; Streamlit keeps the name of its class to itself."""

    name: str

    def getvalue(self) -> bytes:
        """The whole file."""


def _open(upload: Upload | None, path: str) -> bool:
    """Import the file and choose it; True while its images are missing and asked for."""
    try:
        with _on_disk(upload, path) as place:
            file = _read(place, uploaded=upload is not None)
            data = replace(file.config.data, path=images.data_dir())
            disk.check_disk()
            with st.spinner("Encoding and scoring its test images …"):
                dataset = cached.dataset(data)
                run = import_model(file, RunStore(paths.RUNS), dataset, limits=disk.limits())
    except DataError as error:
        if data.name not in SOURCES:
            problems.show(error)
            return False
        keys.AWAITS_IMAGES.set(True)  # and go on when they are there
        images.offer_images(data.name, "Opening it needs the images it was trained on.", str(error))
        return True
    except VAECoreError as error:
        problems.show(error)
        return False
    keys.FILES_OPENED.set(keys.FILES_OPENED.get_or(0) + 1)
    keys.OPENED.set(run.id)
    chosen.choose(run.id)
    st.rerun()


def _read(place: Path, uploaded: bool) -> ModelFile:
    """The file's header, checked; of a path, nothing is told but that it is no model file."""
    try:
        return read_model_file(place)
    except NoModelFile as error:
        if uploaded:
            raise
        hint = f" {NEVER}" if place.suffix.lower() in PICKLES else ""
        raise NoModelFile(
            f"{printable(str(place))}: expected a .safetensors file that ELBO Room wrote; there is "
            f"none at this path that the server may read.{hint}"
        ) from error


@contextmanager
def _on_disk(upload: Upload | None, path: str) -> Iterator[Path]:
    """The path of the weights; an upload's, and those of a .zip, in a folder gone afterwards."""
    if upload is None:
        place = Path(os.path.expanduser(path))
        if place.suffix.lower() != ZIP:
            yield place
            return
        with tempfile.TemporaryDirectory() as folder:
            yield _unpacked(place, Path(folder))
        return
    with tempfile.TemporaryDirectory() as folder:
        name = re.sub(r"[^\w.-]", "-", upload.name)[-50:].lstrip(".")  # 255 bytes are a name's most
        place = Path(folder) / (name or "model")
        write_bytes(place, upload.getvalue())
        yield unpack_model(place, Path(folder)) if place.suffix.lower() == ZIP else place


def _unpacked(place: Path, folder: Path) -> Path:
    """The weights in a .zip on the server; of one that is none, only that is told."""
    try:
        return unpack_model(place, folder)
    except NoModelFile as error:
        raise NoModelFile(
            f"{printable(str(place))}: expected the .zip of a run; there is none at this path that "
            "the server may read."
        ) from error

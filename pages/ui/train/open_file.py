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
from pages.ui.session import chosen, keys, paths, problems
from pages.ui.train import disk
from vae_core.data.sources import SOURCES
from vae_core.errors import DataError, VAECoreError
from vae_core.io import write_bytes
from vae_core.runs.model_file import import_model, read_model_file
from vae_core.runs.store import RunStore

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
            "A .safetensors file of weights that ELBO Room wrote",
            "safetensors", max_upload_size=MEGABYTES, key=f"model-file-{boxes}",
        )  # fmt: skip
        path = st.text_input(
            "or its path on the machine that runs ELBO Room", key=f"model-path-{boxes}"
        ).strip()
        pressed = st.button("Open the model", icon=":material/folder_open:")
        waiting = bool(keys.AWAITS_IMAGES.pop())
        given = upload is not None or bool(path)
        if pressed and not given:
            st.error("Choose a file, or write its path.")
        asks = given and (pressed or waiting) and _open(upload, path)
        chosen, opened = keys.CHOSEN.get(), keys.OPENED.get()
        if chosen is not None and chosen.id == opened:
            st.success(
                f"{escaping.markdown(chosen.title)} is open: it is now the chosen model on every "
                "page.",
                icon=":material/check:",
            )
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
            file = read_model_file(place)
            data = replace(file.config.data, path=images.data_dir())
            disk.check_disk()
            with st.spinner("Encoding and scoring its test images …"):
                run = import_model(file, RunStore(paths.RUNS), cached.dataset(data))
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


@contextmanager
def _on_disk(upload: Upload | None, path: str) -> Iterator[Path]:
    """The file's path; an upload's in a folder that is gone afterwards."""
    if upload is None:
        yield Path(os.path.expanduser(path))
        return
    with tempfile.TemporaryDirectory() as folder:
        name = re.sub(r"[^\w.-]", "-", upload.name)[-50:].lstrip(".")  # 255 bytes are a name's most
        place = Path(folder) / (name or "model")
        write_bytes(place, upload.getvalue())
        yield place

"""The original images: which one is looked at, and what to do when they are not here."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages.ui import cached
from vae_core import Codes, Dataset, Run
from vae_core.data.sources import SOURCES, download_files
from vae_core.errors import DataError


class _Bar:
    """What a pooch download reports to, drawn as a progress bar."""

    def __init__(self, title: str) -> None:
        self.title, self.total, self.done = title, 0, 0
        self.bar = st.progress(0.0, f"Downloading {title} …")

    def update(self, n: int) -> None:
        self.done += n
        share = min(1.0, self.done / self.total) if self.total else 0.0
        self.bar.progress(share, f"Downloading {self.title}: {self.done / 1e6:.1f} MB")

    def reset(self) -> None:
        self.done = 0

    def close(self) -> None:
        pass


def data_dir() -> str | None:
    """The folder of images the reader named, if any."""
    return st.session_state.get("data_dir") or None


def images_of(run: Run) -> Dataset | None:
    """The run's data set when it is on this machine."""
    found = cached.images_of(run, data_dir())
    return found if isinstance(found, Dataset) else None


def offer_images(name: str, why: str, reason: str | None = None) -> None:
    """Say that images are missing and what for; offer the download, or a folder."""
    source = SOURCES[name]
    st.info(f"{why} {reason or f'{source.title} is not on this machine.'}", icon=":material/image:")
    with st.popover(f"Get {source.title}"):
        if st.button(f"Download (about {source.megabytes} MB)"):
            try:
                download_files(name, progress=_Bar(source.title))
                st.session_state["data_dir"] = ""  # a named folder is the only one looked at
                st.rerun()
            except DataError as error:
                st.error(str(error))
        st.text_input(
            "or use a folder that holds its files", key="data_dir", persist_state="session"
        )
        st.caption(source.listing)
        if data_dir() and reason:
            st.error(reason)


def offer_images_of(run: Run, why: str) -> None:
    """`offer_images` for the run's data set, when it can be had; else the reason alone."""
    found = cached.images_of(run, data_dir())
    if isinstance(found, Dataset):
        return
    if run.config.data.name in SOURCES:
        offer_images(run.config.data.name, why, found)
    else:
        st.info(f"{why} {found}", icon=":material/image:")


def pick_image(codes: Codes, class_names: list[str]) -> int:
    """A test image: by number, by class, or another of its class. Kept in the address."""
    last = len(codes) - 1
    if (index := st.session_state.get("image")) is not None:
        # Set anew each time, or the first page after a link to an image forgets it.
        st.session_state["image"] = index if index <= last else 0
    index = int(st.number_input("Test image", 0, last, key="image", bind="query-params", width=140))
    label = int(codes.labels[index])
    st.selectbox(
        "Class", codes.labels.unique().tolist(), index=None, key="image_class", width=140,
        format_func=lambda k: class_names[k], placeholder=class_names[label],
        on_change=_image_of_class, args=(codes,),
    )  # fmt: skip
    st.button("Another", on_click=_another, args=(codes, label), icon=":material/shuffle:")
    return index


def _image_of_class(codes: Codes) -> None:
    label = st.session_state["image_class"]
    if label is not None:
        _another(codes, label)
        st.session_state["image_class"] = None


def _another(codes: Codes, label: int) -> None:
    candidates = np.flatnonzero((codes.labels == label).numpy())
    after = candidates[candidates > st.session_state.get("image", 0)]
    st.session_state["image"] = int(after[0] if len(after) else candidates[0])

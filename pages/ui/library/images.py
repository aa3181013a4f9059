"""The original images of a run, and the offer to fetch them when they are not here."""

from __future__ import annotations

import streamlit as st

from pages.ui.drawing import escaping
from pages.ui.library import cached, passcode
from pages.ui.session import keys, problems
from vae_core import Dataset, Run
from vae_core.config import OWN, is_own
from vae_core.data import own
from vae_core.data.sources import SOURCES, download_files, find_files
from vae_core.errors import DataError


class _Bar:
    """A progress bar for a download with pooch."""

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
    return keys.DATA_DIR.get() or None


def images_of(run: Run) -> Dataset | None:
    """The run's data set when it is on this machine."""
    found = cached.images_of(run, data_dir())
    return found if isinstance(found, Dataset) else None


def are_on_disk(run: Run) -> bool:
    """Whether files of the run's data set are on this machine; they are not read."""
    return are_here(run.config.data.name)


def are_here(name: str) -> bool:
    """Whether the files of a data set are on this machine; they are not read."""
    if is_own(name):
        return own.find(name.removeprefix(OWN), data_dir()) is not None
    return name not in SOURCES or find_files(name, data_dir()) is not None


def offer_images(name: str, why: str, reason: str | None = None) -> None:
    """A note that images are missing and what for, with the download or a folder on offer."""
    source = SOURCES[name]
    missing = reason or f"{source.title} is not on this machine."
    st.info(f"{why} {escaping.message(missing)}", icon=":material/image:")
    with st.popover(f"Get {source.title}"):
        if not passcode.ask("Getting images"):
            return
        if st.button(f"Download (about {source.megabytes} MB)"):
            try:
                download_files(name, progress=_Bar(source.title))
                keys.DATA_DIR.set("")  # a named folder is the only one looked at
                st.rerun()
            except DataError as error:
                problems.show(error)
        st.text_input(
            "or use a folder that holds its files", key=keys.DATA_DIR.name, persist_state="session"
        )
        st.caption(source.listing)
        if data_dir() and reason:
            problems.show(reason)


def offer_images_of(run: Run, why: str) -> None:
    """`offer_images` for the run's data set, when it can be had; else the reason alone."""
    found = cached.images_of(run, data_dir())
    if isinstance(found, Dataset):
        return
    if run.config.data.name in SOURCES:
        offer_images(run.config.data.name, why, found)
    else:
        st.info(f"{why} {escaping.message(found)}", icon=":material/image:")

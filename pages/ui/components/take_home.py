"""Files of the chosen model to download, made when they are asked for."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from pages.ui.components import lens_file
from pages.ui.library import cached, images
from vae_core import Dataset, Run
from vae_core.analysis import codes_table, csv_bytes, parquet_bytes
from vae_core.browser.portable import why_too_large
from vae_core.runs.archive import archive


def offer(run: Run) -> None:
    """The popover beside the picker."""
    with st.popover("Take home", icon=":material/download:"):
        _lens(run)
        _button("The run, .zip", ":material/folder_zip:", f"{run.id}.zip", lambda: archive(run))
        st.markdown("Settings, weights, codes, curves and numbers, to open in ELBO Room elsewhere.")
        with st.container(horizontal=True):
            _button("Codes, .csv", ":material/table:", f"{run.id}-codes.csv",
                    lambda: csv_bytes(codes_table(cached.codes(run))))  # fmt: skip
            _button("Codes, .parquet", ":material/table:", f"{run.id}-codes.parquet",
                    lambda: parquet_bytes(codes_table(cached.codes(run))))  # fmt: skip
        st.markdown("Mean and standard deviation of q(z|x) and its KL in nats, per test image.")


def _lens(run: Run) -> None:
    if reason := _why_no_lens(run):
        st.markdown(f"No lens to take home. {reason}")
        return
    folder = images.data_dir()  # not known where the file is made

    def make() -> bytes:
        found = cached.images_of(run, folder)
        return lens_file.html(run, found if isinstance(found, Dataset) else None)

    _button("The lens, .html", ":material/web:", f"{run.id}.html", make)
    st.markdown("One file that works offline: move z, draw a digit, see the picture follow.")


@cached.per_run(max_entries=32)
def _why_no_lens(run: Run) -> str | None:
    return why_too_large(cached.vae(run))


def _button(label: str, icon: str, name: str, make: Callable[[], bytes]) -> None:
    st.download_button(
        label, make, file_name=name, icon=icon, on_click="ignore", key=f"take-{name}"
    )

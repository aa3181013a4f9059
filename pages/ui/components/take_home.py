"""Files of the chosen model to download, made when they are asked for."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pandas as pd
import streamlit as st

from pages.ui.components import lens_file
from pages.ui.library import cached, images
from vae_core import Dataset, ImageTerms, Run
from vae_core.analysis import codes_table, csv_bytes, parquet_bytes
from vae_core.browser.portable import why_too_large
from vae_core.config import POSTERIORS
from vae_core.errors import RunError
from vae_core.runs.archive import archive


def offer(run: Run) -> None:
    """The popover beside the picker."""
    with st.popover("Take home", icon=":material/download:"):
        _lens(run)
        _button("The run, .zip", ":material/folder_zip:", f"{run.id}.zip", lambda: archive(run))
        st.markdown("Settings, weights, codes, curves and numbers, to open in ELBO Room elsewhere.")
        _codes(run)


def _codes(run: Run) -> None:
    folder = images.data_dir()  # not known where the file is made
    with st.container(horizontal=True):
        _button("Codes, .csv", ":material/table:", f"{run.id}-codes.csv",
                lambda: csv_bytes(table_of(run, folder)))  # fmt: skip
        _button("Codes, .parquet", ":material/table:", f"{run.id}-codes.parquet",
                lambda: parquet_bytes(table_of(run, folder)))  # fmt: skip
    family = POSTERIORS[run.config.model.posterior]
    has_scores = images.are_on_disk(run) or _kept_terms(run) is not None
    st.markdown(codes_note(family.has_rate, has_scores, family.has_density))


def table_of(run: Run, folder: str | None) -> pd.DataFrame:
    """The codes of the test images, with their scores where these are known."""
    found = cached.images_of(run, folder)
    terms = cached.image_terms(run, found) if isinstance(found, Dataset) else _kept_terms(run)
    return codes_table(cached.codes(run), terms)


@cached.per_run(max_entries=32)
def _kept_terms(run: Run) -> ImageTerms | None:
    """Those of before, where they were kept and are whole."""
    with suppress(RunError):
        return run.terms()
    return None


def codes_note(has_rate: bool, has_scores: bool, has_density: bool) -> str:
    """What the table of codes has of every test image; and what it has not, and why."""
    known = "mean and standard deviation of q(z|x)" if has_density else "z"
    known += ", rate" if has_rate else ""
    scores = "distortion and negative ELBO" if has_rate else "distortion"
    if has_scores:
        joint = "," if has_rate else " and"
        return f"Per test image: {known}{joint} {scores} in nats."
    nats = " in nats" if has_rate else ""
    return (
        f"Per test image: {known}{nats}. No {scores}: the images, which are scored for it, are not "
        "on this machine."
    )


def _lens(run: Run) -> None:
    if reason := _why_no_lens(run):
        st.markdown(f"No lens to take home. {reason}")
        return
    folder = images.data_dir()  # not known where the file is made

    def make() -> bytes:
        found = cached.images_of(run, folder)
        return lens_file.html(run, found if isinstance(found, Dataset) else None)

    _button("The lens, .html", ":material/web:", f"{run.id}.html", make)
    st.markdown("One file that works offline: move z or draw, and see the picture follow.")


@cached.per_run(max_entries=32)
def _why_no_lens(run: Run) -> str | None:
    return why_too_large(cached.vae(run))


def _button(label: str, icon: str, name: str, make: Callable[[], bytes]) -> None:
    st.download_button(
        label, make, file_name=name, icon=icon, on_click="ignore", key=f"take-{name}"
    )

"""Add a data set on the Data page: upload, options, a preview, and only then it is kept."""

from __future__ import annotations

import re
from typing import Any

import streamlit as st

from pages.ui.drawing import escaping
from pages.ui.library import passcode
from pages.ui.library.background import run_in_background
from pages.ui.session import browser, keys, problems
from pages.ui.train.class_rows import rows_html
from vae_core.config import MAX_OWN_NAME, OWN, own_name
from vae_core.data import own
from vae_core.data.own import Draft, Options
from vae_core.errors import VAECoreError

MEGABYTES = 200  # of a file
TAKES = (
    "A .zip with a folder of PNG or JPEG for each class; CSV, a label and the pixels in a row; "
    ".npy or .npz; Parquet with encoded pictures; IDX, images and labels together. Pictures become "
    "at most 128 × 128 pixels."
)
FITS = {"crop": "crop to the middle", "pad": "pad with black", "stretch": "stretch"}
COLOURS = {"auto": "as they are", "grey": "grey", "colour": "colour"}


def ask() -> Draft | None:
    """The boxes for files and options; what they make, if anything."""
    if not passcode.ask("Adding data"):
        return None
    boxes = _boxes()
    uploads = st.file_uploader(
        "Your pictures, as one file or several that belong together", max_upload_size=MEGABYTES,
        accept_multiple_files=True, key=f"data-files-{boxes}", help=TAKES,
    )  # fmt: skip
    if not browser.sends_cookies():
        st.caption(
            "The box needs a cookie that this browser does not send here, as in the frame of "
            f"another site. Open this page in a [window of its own]({st.context.url})."
        )
    if not uploads:
        keys.DRAFT.pop()
        st.caption(f"{TAKES} From a terminal: python -m vae_core data add PATH --name NAME")
        return None
    made = _draft(uploads, _options(boxes))
    if isinstance(made, str):
        problems.show(made)
        return None
    return made


def preview(made: Draft) -> None:
    """What would be kept, what was dropped and why, and the way to keep it."""
    st.markdown("## Before it is kept")
    channels, height, width = made.train.image_shape
    many = len(made.class_names)
    classes = "1 class" if many == 1 else f"{many:,} classes"
    colour = "colour" if channels == 3 else "grey"
    st.markdown(
        f"**{len(made.train):,} training and {len(made.test):,} test pictures** of {height} × "
        f"{width} pixels, {colour}, {classes}. {' '.join(made.notes)}"
    )
    if made.dropped:
        lines = "\n".join(f"- {escaping.message(line)}" for line in made.dropped_lines())
        st.warning(f"{made.n_dropped:,} left out:\n{lines}")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(
            "Name", key=f"data-name-{_boxes()}", max_chars=MAX_OWN_NAME, width=300,
            placeholder="such as leaves", help="Letters, digits, - and _. The set is chosen as "
            "own:NAME.",
        ).strip()  # fmt: skip
        # No callback: it would keep what the page showed before the name was typed.
        pressed = st.button("Keep", type="primary", icon=":material/check:", key="keep-data")
    if pressed:
        _keep(made, name)
    st.html(rows_html(made.train, made.class_names))
    st.caption("The first training pictures of each class, as a model would see them.")


def _boxes() -> int:
    """The number of the boxes: new ones, empty, after each set."""
    return keys.DATA_ADDED.setdefault(0)


def _options(boxes: int) -> Options:
    """The options as widgets. Raises ConfigError when one is out of range."""
    left, middle, right = st.columns(3)
    size = left.text_input(
        "Height × width", key=f"data-size-{boxes}", placeholder="their own, or 32",
        help="Two numbers, or one for both. Empty: the size that all have in common, up to 128; "
        "else 32 × 32.",
    )  # fmt: skip
    fit = middle.selectbox(
        "Other proportions", list(FITS), format_func=FITS.__getitem__, key=f"data-fit-{boxes}"
    )
    colour = right.selectbox(
        "Colours", list(COLOURS), format_func=COLOURS.__getitem__, key=f"data-colour-{boxes}"
    )
    share = left.number_input(
        "Test pictures, %", 1, 90, None, key=f"data-share-{boxes}", placeholder="as given, or 20",
        help="Of each class. Empty: the split of the source where it has one, else 20 %.",
    )  # fmt: skip
    shape = middle.text_input(
        "Rows of numbers are", key=f"data-shape-{boxes}", placeholder="square pictures",
        help="Height × width of pictures whose pixels stand in one row, and × 3 for colour.",
    )  # fmt: skip
    invert = right.checkbox(
        "Invert", key=f"data-invert-{boxes}", help="Dark and light change places: ink on paper "
        "becomes light on dark, as in MNIST.",
    )  # fmt: skip
    sides = _numbers(size)
    return Options(
        sides * 2 if sides and len(sides) == 1 else sides, fit, colour, invert,
        None if share is None else int(share) / 100, _numbers(shape),
    )  # fmt: skip


def _numbers(text: str) -> tuple[int, ...] | None:
    """Whole numbers in a text; none in an empty one. Others are left for Options to refuse."""
    parts = [part for part in re.split(r"[\s,x×*]+", text.strip().lower()) if part]
    if not parts:
        return None
    return tuple(int(part) if part.isdecimal() and len(part) < 9 else 0 for part in parts)


def _draft(uploads: list[Any], options: Options) -> Draft | str:
    """What the files make, or why they make nothing: worked out once for these options."""
    mark = f"{[upload.file_id for upload in uploads]} {options}"
    kept = keys.DRAFT.get()
    if kept is None or kept[0] != mark:
        files = {upload.name: upload.getvalue() for upload in uploads}
        with st.spinner("Reading the pictures …"):
            try:
                made: Draft | str = run_in_background(own.draft_of_uploads, files, options)
            except VAECoreError as error:
                made = str(error)
        kept = (mark, made)
        keys.DRAFT.set(kept)
    return kept[1]


@passcode.guarded
def _keep(made: Draft, name: str) -> None:
    """Put it on the shelf, and begin anew."""
    try:
        kept = own.keep(made, own_name(name.removeprefix(OWN)))
    except VAECoreError as error:
        problems.show(error)
        return
    keys.DRAFT.pop()
    keys.DATA_ADDED.set(_boxes() + 1)
    keys.DATA_MESSAGES.set([f"{kept.choice} is kept. It is among the data sets of New model."])
    st.rerun()

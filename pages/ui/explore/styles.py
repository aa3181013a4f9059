"""Walks, Styles: a sheet of z x y for a model that is given the label: each hand, every digit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import streamlit as st
import torch
from torch import Tensor

from pages.ui.components import lens
from pages.ui.components.lens_state import LensState
from pages.ui.drawing import numbers
from pages.ui.drawing.escaping import html
from pages.ui.drawing.strips import STYLE
from pages.ui.explore import walks
from pages.ui.library import cached
from pages.ui.measure import diagnostics
from pages.ui.session import keys, links, problems
from vae_core import Dataset, Run
from vae_core.analysis import ClassProbes, decode_mean, every_label
from vae_core.errors import ConfigError
from vae_core.figures import contact_sheet, data_uri

IMAGES, SAMPLES, LENS = "test images", "prior samples", "z of the lens"
ROWS = 8
LITTLE = 0.1  # of the images: what a classifier reads from z beyond a guess
HEADING = "## The same z with every label. **Try this:** look along a row, then down a column."
GRID = """<style>
.styles{display:grid;grid-template-columns:minmax(34px,1fr) 10fr;gap:4px 10px;max-width:880px;
 align-items:center}
.styles img{width:100%;display:block;image-rendering:pixelated;border-radius:3px}
.styles .labels{display:grid;grid-auto-columns:1fr;grid-auto-flow:column;text-align:center}
</style>"""


@dataclass(frozen=True)
class Styles:
    """Latent vectors z, (n, *latent), which of the three kinds they are, and what each is of."""

    kind: str
    z: Tensor
    titles: tuple[str, ...]
    originals: Tensor | None = None  # (n, c, H, W), where z is of a picture


@problems.fragment
def show(run: Run, data: Dataset | None) -> None:
    """The sheet, what z tells of the class, and the sheet as a file."""
    st.markdown(HEADING)
    st.markdown(sentence(_probes(run)))
    chosen = pick(run, data)
    drawn = pictures(run, chosen.z)
    names = run.data().class_names
    st.html(sheet_html(drawn, chosen, [names[y] for y in cached.labels(run)]))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "Sheet as PNG", partial(sheet, drawn), f"{run.id}-styles.png", "image/png",
            key="styles-png", on_click="ignore", icon=":material/download:",
        )  # fmt: skip
        links.to_page("", "Draw a digit on Overview", {})
    st.caption(conditions(chosen))


def pick(run: Run, data: Dataset | None) -> Styles:
    """Which z make the rows."""
    codes = cached.codes(run)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium", key="style-rows"):
        kind = st.segmented_control(
            "Rows", [IMAGES, SAMPLES, LENS], default=IMAGES, key="styles", bind="query-params",
            required=True, width="content",
        )  # fmt: skip
        if kind == SAMPLES:
            seed = st.number_input(
                "Sheet of samples", 0, 9999, key="style-seed", bind="query-params", width=150
            )
            z = codes.prior().sample((ROWS,), torch.Generator().manual_seed(int(seed)))
            return Styles(kind, z, tuple(f"sample {k + 1} of the prior" for k in range(ROWS)))
        if kind == LENS:
            return of_lens(run)
        last = len(codes) - 1
        first = st.number_input(
            "First test image", 0, last, key="style-image", bind="query-params", width=150
        )
    index = torch.arange(int(first), min(int(first) + ROWS, last + 1))
    titles = tuple(f"test image {i}" for i in index.tolist())
    originals = torch.stack([walks.picture_of(run, data, i) for i in index.tolist()])
    return Styles(kind, codes.mean[index], titles, originals)


def of_lens(run: Run) -> Styles:
    """z as the reader left the lens: of a test image, of a drawing, or moved by hand."""
    of, state = keys.LENS_STATE.get_or((run.id, LensState()))
    state = state if of == run.id else LensState()
    z, label = lens.code(run, state)[None], lens.label(run, state)
    what = "your drawing" if state.drawing else "z of the lens"
    return Styles(LENS, z, (what,), decode_mean(cached.vae(run).given(label), z))


@cached.per_run(max_entries=100)
def pictures(run: Run, z: Tensor) -> Tensor:
    """The decoder's mean pictures, (n, labels, c, H, W)."""
    return every_label(cached.vae(run), z, torch.tensor(cached.labels(run)))


def sheet(drawn: Tensor) -> bytes:
    """All pictures as one PNG, a row for each z."""
    return contact_sheet(drawn.flatten(0, 1).numpy(), drawn.shape[1], scale=3)


def sheet_html(drawn: Tensor, chosen: Styles, labels: Sequence[str]) -> str:
    """The sheet with what each row is of before it, and the label of each column over it."""
    heads = "".join(f"<span>{html(name)}</span>" for name in labels)
    cells = [f"<span>z of</span><div class='labels'>{heads}</div>"]
    for k, (title, row) in enumerate(zip(chosen.titles, drawn, strict=True)):
        before = f"<span>{k + 1}</span>"
        if chosen.originals is not None:
            source = data_uri(contact_sheet(chosen.originals[k : k + 1].numpy(), 1, scale=3))
            before = f"<img alt='{html(title)}' src='{source}'>"
        strip = data_uri(contact_sheet(row.numpy(), len(row), scale=3))
        named = f"{title}: z decoded with the labels {', '.join(labels)}"
        cells.append(f"{before}<img alt='{html(named)}' src='{strip}'>")
    return f"{STYLE}{GRID}<div class='styles'>{''.join(cells)}</div>"


def _probes(run: Run) -> ClassProbes | None:
    """How well the class is read from z; None where the images have too few classes."""
    try:
        return diagnostics.class_probes(run)
    except ConfigError:
        return None


def sentence(found: ClassProbes | None) -> str:
    """What z alone tells of the class."""
    if found is None:
        return "The label y is given to the decoder beside z."
    linear, guess = found.linear, found.guess
    read = f"A linear classifier reads the class from z alone for {numbers.percent(linear)}"
    if linear.value - guess < LITTLE:
        means = "What z holds is the rest: how it is written."
    else:
        means = "So z still tells of the class, and a column need not be of one."
    return (
        f"{read} of the test images; always naming the most frequent one is right for {guess:.0%}. "
        f"{means}"
    )


def conditions(chosen: Styles) -> str:
    """What the rows are."""
    of = {
        IMAGES: "Rows: posterior means of test images, each encoded with its own label.",
        SAMPLES: "Rows: samples of the prior, which is the same for every label.",
        LENS: "Row: z as the lens was last left on Overview or Latent sliders, from an image, a "
        "drawing, or moved by hand; before it, z decoded with the lens' own label.",
    }
    return f"{of[chosen.kind]} Pictures: the decoder's mean."

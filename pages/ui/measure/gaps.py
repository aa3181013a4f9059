"""Where the gap between log p(x) and the ELBO comes from: over images, and the worst of them."""

from __future__ import annotations

from html import escape
from urllib.parse import urlencode

import numpy as np
import pandas as pd
import streamlit as st
import torch
from numpy.typing import NDArray
from torch.distributions import constraints

from pages.ui.drawing import charts
from pages.ui.drawing.escaping import html
from pages.ui.drawing.given_label import given
from pages.ui.drawing.numbers import sum_and_parts
from pages.ui.library import cached
from pages.ui.measure.worst_images import STYLE
from pages.ui.session import keys
from vae_core import Dataset, Run
from vae_core.analysis import decode_mean, random_images
from vae_core.analysis.evidence.best_posterior import has_best_posterior
from vae_core.figures import contact_sheet, data_uri, gap_histogram

COUNT = 8  # pictures
NAMES = {
    "amortisation_gap": "amortisation gap: the encoder",
    "approximation_gap": "approximation gap: the family",
}
HEADING = "Where the gap comes from, image by image"
ABOUT_PARTS = (
    "The approximation gap is what the best q of the family leaves to log p(x); the amortisation "
    "gap is from there to the encoder's q (Cremer et al. 2018). The best q is searched for by "
    "natural gradient steps from the encoder's q and from the mode of p(z | x); a search may miss "
    "a better one, which would move nats from the first gap to the second."
)
ABOUT_DRAWS = (
    "The approximation gap is what the best q of the family leaves to log p(x); the amortisation "
    "gap is from there to the encoder's q (Cremer et al. 2018). The best q of this family is "
    "searched for by gradient steps on samples of q; a search may stop short of it, which moves "
    "nats from the second gap to the first."
)


def show(run: Run, data: Dataset, table: pd.DataFrame) -> None:
    """The histogram, then the images that miss most, with links to them."""
    st.markdown(f"## {HEADING}")
    chart, pictures = st.columns([2, 3], gap="large")
    with chart:
        charts.draw("gaps", gap_histogram, by_name(table))
        about = ABOUT_PARTS if has_best_posterior(cached.vae(run)) else ABOUT_DRAWS
        st.caption(given(about, run))
    with pictures:
        st.html(_worst(run, data, table))


def by_name(table: pd.DataFrame) -> dict[str, NDArray[np.float64]]:
    """Nats of every image under what they are called, (n,) each."""
    return {title: table[name].to_numpy() for name, title in NAMES.items()}


def worst(table: pd.DataFrame, n_test: int) -> pd.DataFrame:
    """The images whose gap is largest, the largest first: index in the test split, and gaps."""
    whole = table["log_evidence"] - table["elbo"]
    shown = table.assign(whole=whole, index=random_images(n_test)[: len(table)].numpy())
    return shown.nlargest(min(COUNT, len(table)), "whole")


def card(row: dict[str, float], name: str) -> list[str]:
    """The lines below one image; `name` is its class, escaped."""
    lines = [f"<b>{name}</b>, image {int(row['index'])}"]
    sure = f" ± {row['error']:.2f}" if row["error"] >= 0.005 else ""
    whole, approximation, amortisation = sum_and_parts(
        row["approximation_gap"], row["amortisation_gap"]
    )
    return [*lines, f"gap {whole}{sure} nats", f"family {approximation} + encoder {amortisation}"]


def address(label: str, index: int, has_layer: bool) -> str:
    """Where the Overview shows an image, with p(z|x) where it can."""
    query = {"run": label, "image": str(index), "draw": "0"}
    if has_layer:
        query["layers"] = "points,classes,true-posterior"
    return f"./?{urlencode(query, safe=',')}"


@cached.per_run("Decoding the worst images …", max_entries=64)
def _pictures(run: Run, data: Dataset, index: tuple[int, ...]) -> list[str]:
    """Each image beside what the encoder's mean decodes to, as sources of pictures."""
    where = torch.tensor(index)
    x = data.test.batch(where)
    some = cached.codes(run).take(where)
    decoded = decode_mean(cached.vae(run).given(some.labels), some.mean)
    both = torch.stack([x, decoded], 1)
    return [data_uri(contact_sheet(pair.numpy(), 2, scale=3)) for pair in both]


def _worst(run: Run, data: Dataset, table: pd.DataFrame) -> str:
    rows = worst(table, len(data.test)).to_dict("records")
    labels = data.test.labels
    label = keys.RUN_LABEL.get() or run.title
    vae = cached.vae(run)
    is_triangle = cached.codes(run).is_triangle
    has_layer = is_triangle or vae.family.support is not constraints.simplex
    sources = _pictures(run, data, tuple(int(row["index"]) for row in rows))
    figures = []
    for row, source in zip(rows, sources, strict=True):
        index = int(row["index"])
        lines = card(
            {str(k): v for k, v in row.items()}, html(data.class_names[int(labels[index])])
        )
        href = escape(address(label, index, has_layer))
        figures.append(
            f"<figure><a href='{href}' target='_self'><img alt='test image {index} and its "
            f"reconstruction' src='{source}'></a><figcaption>{'<br>'.join(lines)}<br>"
            f"<a href='{href}' target='_self'>on the Overview</a></figcaption></figure>"
        )
    return f"{STYLE}<div class='worst'>{''.join(figures)}</div>"

"""Rate and distortion, Bytes: test images coded by the model, step by step."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import streamlit as st
import torch

from pages.ui.drawing import charts, numbers
from pages.ui.library import cached, images
from pages.ui.session import links, problems
from vae_core import Dataset, Run
from vae_core.analysis import CodedImages, Estimate, code_images
from vae_core.compression import check_model, sizes, to_levels
from vae_core.compression.bits_back import Levels
from vae_core.errors import ConfigError
from vae_core.figures import contact_sheet, data_uri, format_bars, stack_steps

OWN = "this model"
COUNTS = [1, 2, 4, 8, 16, 32, 64]
HEADING = (
    "## A negative ELBO is a length: what does an image cost in bytes? **Try this:** pack one "
    "image, then sixteen. Which part of z's cost comes back?"
)
WHY_IMAGES = "To code test images takes the images themselves."
FORMULA = (
    r"\underbrace{-\log_2 p(x\mid z)}_{\text{x given z}}\;\underbrace{-\log_2 p(z)}_{\text{z}}\;"
    r"\underbrace{+\log_2 q(z\mid x)}_{\text{bits back}}\quad\text{in the mean over }z:\quad "
    r"-\mathrm{ELBO}/\ln2"
)
BYTE = 8.0


def can_code(run: Run) -> bool:
    """Whether images can be coded by this model."""
    try:
        return bool(check_model(run.config.model))
    except ConfigError:
        return False


def show(run: Run) -> None:
    """The view; for a model that cannot code, why not and one that can."""
    st.markdown(HEADING)
    try:
        n_levels = check_model(run.config.model)
    except ConfigError as error:
        st.info(f"{str(error)[:1].upper()}{str(error)[1:]}", icon=":material/compress:")
        links.offer_models(can_code, run)
        return
    data = images.images_of(run)
    if data is None:
        images.offer_images_of(run, WHY_IMAGES)
        return
    _coded(run, data, n_levels)


@problems.fragment
def _coded(run: Run, data: Dataset, n_levels: int) -> None:
    n_test = len(data.test)
    chart, side = st.columns([3, 2], gap="large")
    with side:
        first_image, count = st.columns(2)
        begin = first_image.number_input(
            "First test image", 0, n_test - 1, 0, key="bytes_first", bind="query-params"
        )
        n = count.select_slider("How many", COUNTS, 8, key="bytes_count", bind="query-params")
    index = torch.arange(int(begin), min(int(begin) + int(n), n_test))
    levels = _levels(data, index, n_levels)
    found = coded(run, data, int(begin), len(index))
    with side:
        sheet = data_uri(contact_sheet(_pictures(levels, n_levels), min(16, len(levels)), scale=2))
        st.html(f"<img alt='the images that are coded' src='{sheet}' style='max-width:100%;"
                "image-rendering:pixelated;border-radius:4px'>")  # fmt: skip
        with st.container(key="bytes-numbers"):
            for label, value in told(found.table).items():
                st.metric(label, value)
    with chart:
        names = [str(k) for k in index.tolist()]
        charts.draw("stack", stack_steps, found.lengths, found.table["negative_elbo"], names)
        beside = {OWN: found.table["total"].mean() / BYTE} | sizes(levels, n_levels)
        charts.draw("formats", format_bars, beside, OWN)
    with st.container(key="formulas"):
        st.latex(FORMULA)
    with st.container(key="bytes-numbers--table"):
        st.dataframe(named(found.table, names), hide_index=True)
    st.caption(conditions(run, n_levels, found))


@cached.per_run("Coding the images …", max_entries=64)
def coded(run: Run, data: Dataset, begin: int, n: int) -> CodedImages:
    """Test images begin ... begin + n - 1, coded by the run's model."""
    n_levels = check_model(run.config.model)
    return code_images(cached.vae(run), _levels(data, torch.arange(begin, begin + n), n_levels))


def _levels(data: Dataset, index: torch.Tensor, n_levels: int) -> Levels:
    """As `compress` has them: levels of the model's pixels, binarised by a threshold."""
    return to_levels(data.test.take(index).images, n_levels)


def _pictures(levels: Levels, n_levels: int) -> np.ndarray:
    pictures: np.ndarray = levels.astype(np.float32) / (n_levels - 1)
    return pictures


def told(table: pd.DataFrame) -> dict[str, str]:
    """The sum of an image and its parts, means over the images, beside the negative ELBO."""
    mean = table.mean() / BYTE
    n = len(table)
    noise = math.sqrt(float((table["deviation"] ** 2).sum())) / n / BYTE
    return {
        "Coded, bytes an image": numbers.fixed(mean["total"], 1),
        "of which x given z": numbers.fixed(mean["pixels"], 1),
        "and z under the prior": numbers.fixed(mean["prior"], 1),
        "less what came back from z": f"−{numbers.fixed(mean['back'], 1)}",
        "Negative ELBO, bytes ± one sample of z": numbers.estimate(
            Estimate(float(mean["negative_elbo"]), noise), 1
        ),
    }


def named(table: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Bits of every image by the names that are shown."""
    shown = numbers.rounded(table, 1).rename(
        columns={
            **{"back": "bits back", "pixels": "x given z", "prior": "z under the prior"},
            **{"total": "sum, bits", "negative_elbo": "negative ELBO, bits"},
            "deviation": "± sd over samples of z",
        }
    )
    shown.insert(0, "test image", names)
    return shown


def conditions(run: Run, n_levels: int, found: CodedImages) -> str:
    """What the numbers are of."""
    pixels = (
        "Pixels are 0 or 1, by a threshold at 0.5" if n_levels == 2 else f"{n_levels} grey levels"
    )
    first = found.table["back"].iloc[0] / BYTE
    return (
        f"{pixels}; bits-back coding with rANS on this model's q(z|x), p(x|z) and p(z), and every "
        "image comes back bit for bit (`python -m vae_core compress`). The negative ELBO is the "
        f"mean over {found.n_samples} samples of z; coding takes one, so an image's sum differs "
        "from it by about one standard deviation. The first image has no earlier bits to take: "
        f"the {first:.0f} bytes that its z is chosen by are borrowed, and a file must hold them. "
        "gzip, bz2 and xz write all the images in one stream, a byte a pixel; PNG and WebP a file "
        "for each, most of it the format's own when images are so small."
    )

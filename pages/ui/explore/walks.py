"""Walks between two codes: their ends, pictures, norms and texts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import pandas as pd
import streamlit as st
import torch
from torch import Tensor
from torch.distributions import constraints

from pages.ui.drawing import escaping, numbers
from pages.ui.drawing.strips import FRAMES, GIF_SIDE, picture_html, rows_html
from pages.ui.library import cached
from pages.ui.session import links, problems
from vae_core import Codes, Dataset, Run
from vae_core.analysis import (
    Estimate,
    Shell,
    code_norms,
    decode_mean,
    interpolate,
    norms,
    prior_shell,
    straight_middles,
    walks_of,
)
from vae_core.analysis.diagnosis.collapse import is_collapsed
from vae_core.analysis.diagnosis.shell import N_DRAWS
from vae_core.figures import gif
from vae_core.vae import VAE

STEPS = 11  # an odd number: one of them is the middle
IMAGES, SAMPLES = "test images", "prior samples"
DRAWS = "prior draws"  # what SAMPLES were called: links of then have it


@dataclass(frozen=True)
class Ends:
    """Where a walk begins and ends, and what these are."""

    start: Tensor
    end: Tensor
    title: str
    images: tuple[int, ...] = ()
    label: int | None = None  # of a conditional model: all of the walk is decoded with it


@cached.per_run(max_entries=64)
def middles(run: Run) -> Estimate:
    """How many straight walks between prior draws have their middle in the prior's shell."""
    return straight_middles(cached.codes(run).prior())


@cached.per_run("Measuring how far codes are from the origin …", max_entries=32)
def lengths(run: Run) -> tuple[Shell, pd.DataFrame]:
    """Norms of the prior's draws, and of the codes."""
    codes = cached.codes(run)
    return prior_shell(codes.prior()), code_norms(codes)


def headline(codes: Codes, middles: Estimate) -> str:
    """The heading of the page, with the share of straight walks whose middle is in the shell."""
    if is_collapsed(codes):
        return (
            "## The codes of all images lie at one place, so no walk leaves it. **Try this:** "
            "choose prior samples. Does the picture change between them?"
        )
    if not codes.family.has_rate:
        return (
            "## An auto-encoder is trained without a prior: nothing makes it decode what lies "
            "between its codes. **Try this:** walk between classes, and look for pictures that "
            "are of none."
        )
    if codes.family.has_entries:
        return (
            "## Between the entries of a codebook lies no code: no image is encoded there, and the "
            "decoder was never trained on it. **Try this:** walk between classes, and look at the "
            "middle."
        )
    if len(walks_of(codes.family)) == 1:
        return (
            "## A straight walk mixes its ends, and stays on the simplex. **Try this:** walk "
            "between images of different classes."
        )
    d = math.prod(codes.latent_shape)
    dims = "1 latent dimension" if d == 1 else f"{d} latent dimensions"
    exact = middles.standard_error == 0.0
    share = f"{middles.value:.1%}" if exact else numbers.percent(middles)
    return (
        f"## In {dims}, the middle of a straight walk between two samples from the prior is in "
        f"the prior's shell, with 95% of the samples, in {share} of all cases. **Try this:** "
        "choose prior samples, and compare the middles."
    )


def pick_image(label: str, key: str, first: int, codes: Codes, names: Sequence[str]) -> int:
    """A test image: by its number, by its class, or another of the same class."""
    last = len(codes) - 1
    asked = int(st.session_state.get(key) or 0)
    if asked > last:  # or chosen for a model with more images
        st.session_state[key] = last
    number = st.number_input(
        label, 0, None, min(first, last), key=key, bind="query-params", width=130
    )
    asked, number = max(asked, number), min(number, last)
    if asked > last:
        st.toast(beyond(asked, last), icon=":material/info:")
    label_here, by_class = int(codes.labels[number]), f"{key}-class"
    if len(known := codes.labels.unique().tolist()) > 1:
        st.session_state[by_class] = label_here  # it follows the number
        st.selectbox(
            "Class", known, key=by_class, width=100,
            format_func=lambda y: escaping.plain(names[y]),
            on_change=problems.callback(_to_class), args=(key, by_class, codes.labels),
        )  # fmt: skip
    st.button(
        "Another", key=f"{key}-another", on_click=problems.callback(st.session_state.update),
        args=({key: next_of(codes.labels, number, label_here)},),
    )  # fmt: skip
    return number


def beyond(asked: int, last: int) -> str:
    """What is said of an image number that the model has not."""
    return f"Test image {asked:,} is not there: numbers go from 0 to {last:,}. Shown is {last:,}."


def _to_class(key: str, by_class: str, labels: Tensor) -> None:
    """Another image, of the class that was chosen."""
    st.session_state[key] = next_of(labels, -1, int(st.session_state[by_class]))


def next_of(labels: Tensor, index: int, label: int) -> int:
    """The next image of a class after one, beginning again after the last."""
    those = (labels == label).nonzero().flatten()
    after = those[those > index]
    return int(after[0] if len(after) else those[0])


def picture_of(run: Run, data: Dataset | None, index: int) -> Tensor:
    """A test image, (c, H, W), or where it is not here its reconstruction."""
    if data is not None:
        return data.test.batch(slice(index, index + 1))[0]
    codes = cached.codes(run)
    vae = cached.vae(run).given(codes.labels[index])
    return decode_mean(vae, codes.mean[index : index + 1])[0]


def pick_images(run: Run, data: Dataset | None) -> tuple[int, int]:
    """Two test images by their numbers, each with its picture."""
    codes, names = cached.codes(run), run.data().class_names
    chosen = []
    another = int((codes.labels != codes.labels[0]).int().argmax()) or 1  # of another class
    for label, key, first in (("From test image", "from", 0), ("to test image", "to", another)):
        with st.container(
            horizontal=True, vertical_alignment="bottom", gap="small", width="content"
        ):
            index = pick_image(label, key, first, codes, names)
            title = f"test image {index}, class {names[int(codes.labels[index])]}"
            st.html(picture_html(picture_of(run, data, index), title), width=84)
        chosen.append(index)
    return chosen[0], chosen[1]


def pick_ends(run: Run, data: Dataset | None) -> Ends:
    """Two means of test images, or two draws from the prior."""
    codes, names = cached.codes(run), run.data().class_names
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium", key="walk-ends"):
        if st.query_params.get("ends") == DRAWS:
            del st.query_params["ends"]
            st.session_state["ends"] = SAMPLES
        kind = st.segmented_control(
            "Ends", [IMAGES, SAMPLES], default=IMAGES, key="ends", bind="query-params",
            required=True, width="content",
        )  # fmt: skip
        if kind == SAMPLES:
            seed = st.number_input("Pair of samples", 0, 9999, key="pair", bind="query-params",
                                   width=150)  # fmt: skip
            z = codes.prior().sample((2,), torch.Generator().manual_seed(int(seed)))
            label = _pick_label(run, int(codes.labels.unique()[0]))
            return Ends(z[0], z[1], "two samples from the prior", label=label)
        start, end = pick_images(run, data)
        label = _pick_label(run, int(codes.labels[start]))
    what = " to ".join(f"image {i} ({names[int(codes.labels[i])]})" for i in (start, end))
    title = f"posterior means, {what}"
    return Ends(codes.mean[start], codes.mean[end], title, (start, end), label)


def _pick_label(run: Run, begin: int) -> int | None:
    """The label that a conditional model decodes the walk with; None for another model."""
    if not run.config.model.is_conditional:
        return None
    names, known = run.data().class_names, cached.labels(run)
    return st.selectbox(
        "Decode with label y", known, known.index(begin), key="walk-label", width=180,
        format_func=lambda y: escaping.plain(names[y]), bind="query-params",
    )  # fmt: skip


def offer_ends(ends: Ends) -> None:
    """Links to Overview for the images that a walk is between."""
    with st.container(horizontal=True):
        for index in dict.fromkeys(ends.images):
            links.to_page("", f"Image {index} on Overview", {"image": str(index)})


def between(vae: VAE, ends: Ends, steps: int = STEPS) -> dict[str, Tensor]:
    """The latents of every kind of walk that the family allows, by its kind."""
    return {
        how: interpolate(ends.start, ends.end, steps, how, vae.family)
        for how in walks_of(vae.family)
    }


@cached.per_run(max_entries=200)
def strips(run: Run, walks: dict[str, Tensor], label: int | None = None) -> str:
    """Every walk as decoded pictures, one below the other."""
    vae = cached.vae(run).given(label)
    rows = [(f"{how} walk, decoded means", decode_mean(vae, z)) for how, z in walks.items()]
    return rows_html(rows, ["start", "½ of the way", "end"])


def offer_gifs(run: Run, vae: VAE, ends: Ends) -> None:
    """A download for every walk: made when it is asked for, in finer steps."""
    with st.container(horizontal=True):
        for how in walks_of(vae.family):
            st.download_button(
                f"{how.capitalize()} walk as GIF",
                partial(animation, vae, ends, how),
                f"{run.id}-{how}.gif",
                "image/gif",
                key=f"gif-{how}",
                on_click="ignore",
                icon=":material/download:",
            )


def animation(vae: VAE, ends: Ends, how: str) -> bytes:
    """A walk there and back, as a GIF."""
    z = interpolate(ends.start, ends.end, FRAMES, how, vae.family)
    return gif(decode_mean(vae, z).numpy(), GIF_SIDE // vae.image_shape[-1])


def norms_frame(walks: dict[str, Tensor]) -> pd.DataFrame:
    """What `walk_norms` draws as lines."""
    frames = [
        pd.DataFrame({"how": how, "t": torch.linspace(0, 1, len(z)), "norm": norms(z)})
        for how, z in walks.items()
    ]
    return pd.concat(frames)


def conditions(run: Run, ends: Ends, shell: Shell) -> str:
    """What the walk is of, and where the prior is."""
    codes = cached.codes(run)
    d, family = codes.mean[0].numel(), codes.family
    said = (
        f"From and to: {escaping.message(ends.title)}. "
        f"Shaded: between {shell.low:.2f} and {shell.high:.2f} lie 95% of the norms of the "
        f"prior's samples, {d} {'latent dimension' if d == 1 else 'latent dimensions'} each. "
    )
    if family.support is constraints.simplex:
        return said + (
            "Only the straight walk is shown: the latent dimensions of a cell add up to 1, and a "
            "turn about the origin would leave that simplex. The norm says how pure a mixture is."
        )
    if family.has_entries:
        return f"{said}The prior's samples are of {N_DRAWS:,}, each cell of any entry."
    if not shell.is_exact:
        said += f"They, and the share of middles in the heading, are from {N_DRAWS:,} samples."
    if not family.has_rate:
        said += " A point mass is trained without a prior: the shell is only a scale."
    return said

"""Sliders that edit z, and strips that show each of its numbers swept."""

from __future__ import annotations

import math
from zlib import crc32

import streamlit as st
import torch
from torch import Tensor

from vae_core import Codes
from vae_core.analysis import decode_mean, traverse
from vae_core.figures import contact_sheet, data_uri, difference_image, one_image
from vae_core.posteriors import Posterior
from vae_core.vae import VAE

REACH = 4.0
FEW = 10
STEPS = 13


def start_from(origin: str | None, vae: VAE, codes: Codes, index: int) -> Tensor:
    """The z that sliders begin at: an image's mean, the origin, or a draw from the prior."""
    if origin == "z = 0":
        return torch.zeros(vae.latent_shape)
    if origin == "a draw from the prior":
        prior = vae.prior()
        assert isinstance(prior, Posterior)
        seed = st.session_state.get("prior_draw", 0)
        return prior.sample((), torch.Generator().manual_seed(seed))
    return codes.mean[index]


def _bench(run_id: str, start: Tensor) -> str:
    """How keys of sliders begin. Another model, or another z to begin at, has its own."""
    return f"z-{run_id}-{crc32(start.numpy().tobytes()):08x}-"


def _forget(kept: str | None = None) -> None:
    for key in [k for k in map(str, st.session_state) if k.startswith("z-")]:
        if kept is None or not key.startswith(kept):
            del st.session_state[key]


def reset(run_id: str, start: Tensor, randomise: int = 0) -> None:
    """Forget all slider positions, or draw `randomise` of them from N(0, 1)."""
    _forget()
    for j in range(randomise):
        value = float(torch.randn(()).clamp(-REACH, REACH))
        st.session_state[f"{_bench(run_id, start)}{j}"] = round(value, 2)


def sliders(run_id: str, start: Tensor, order: list[int], names: list[str]) -> None:
    """One slider per latent number, two columns of them; all beyond the first few on demand."""
    shown = order
    if len(order) > 2 * FEW and not st.toggle(f"All {len(order)} numbers", key="all_latents"):
        shown = order[:FEW]
    bench = _bench(run_id, start)
    _forget(bench)
    abreast = 1 if len(shown) <= 3 else 2
    for first in range(0, len(shown), abreast):  # row by row, so that a phone keeps the order
        for column, j in zip(st.columns(abreast, gap="medium"), shown[first:], strict=False):
            origin = float(start.flatten()[j])
            reach = max(REACH, float(math.ceil(abs(origin))))
            st.session_state.setdefault(f"{bench}{j}", round(origin, 2))
            # kept while other cells' sliders are shown: `edited` reads all of them
            column.slider(
                names[j], -reach, reach, step=0.05, key=f"{bench}{j}", persist_state="session"
            )


def edited(run_id: str, start: Tensor) -> Tensor:
    """`start` with every number whose slider was moved."""
    z, bench = start.flatten().clone(), _bench(run_id, start)
    for j, origin in enumerate(start.flatten().tolist()):
        value = st.session_state.get(f"{bench}{j}")
        if value is not None and abs(value - round(origin, 2)) > 1e-9:
            z[j] = value
    return z.reshape(start.shape)


def show_pictures(vae: VAE, start: Tensor, z: Tensor) -> None:
    """The decoded picture, large; below it the one at the start, and what changed.

    Sent with the page: pictures at an address of their own come later, and a quick next one
    can replace them before they are fetched.
    """
    before, after = (decode_mean(vae, code[None])[0].numpy() for code in (start, z))
    small = [
        ("at the start", one_image(before, 150), "at the start"),
        ("difference", difference_image(after, before, 150), "orange brighter, blue darker"),
    ]
    with st.container(key="hero"):
        st.html(
            f"<figure class='large'>{_image('decoded', one_image(after, 420))}"
            "<figcaption>decoder's mean picture</figcaption></figure><div class='small'>"
            + "".join(
                f"<figure>{_image(alt, png)}<figcaption>{caption}</figcaption></figure>"
                for alt, png, caption in small
            )
            + "</div>"
        )


def _image(alt: str, png: bytes) -> str:
    return f"<img alt='{alt}' src='{data_uri(png)}'>"


def strips_html(vae: VAE, z: Tensor, order: list[int], names: list[str]) -> str:
    """A strip of decoded pictures for each of the most informative numbers, -3 to 3."""
    values = torch.linspace(-3.0, 3.0, STEPS)
    rows = []
    for j in order[:FEW]:
        sheet = contact_sheet(traverse(vae, z, j, values).numpy(), STEPS)
        rows.append(
            f"<tr><th>{names[j]}</th><td><img alt='traversal of {names[j]}' "
            f"src='{data_uri(sheet)}'></td></tr>"
        )
    ticks = "".join(f"<span>{v:.1f}</span>" for v in values[::3].tolist())
    return (
        "<style>.strips{width:100%;border-collapse:collapse}.strips th{text-align:right;"
        "padding-right:12px;white-space:nowrap;width:1%}.strips img{width:100%;display:block;"
        "image-rendering:pixelated;margin:2px 0}.strips .ticks{display:flex;"
        "justify-content:space-between;font-variant-numeric:tabular-nums}</style>"
        f"<table class='strips'>{''.join(rows)}<tr><th></th><td><div class='ticks'>{ticks}"
        "</div></td></tr></table>"
    )

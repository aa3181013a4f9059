"""Sliders that edit z, and strips that show each of its numbers swept."""

from __future__ import annotations

import math
from zlib import crc32

import streamlit as st
import torch
from torch import Tensor

from vae_core import Codes
from vae_core.analysis import decode_draw, decode_mean, traverse
from vae_core.figures import contact_sheet, data_uri, difference_image, one_image
from vae_core.vae import VAE

FEW = 10
STEPS = 13
STRIP = 3.0  # how far traversals go, where the latent is not bounded
AT_MEAN = "the prior's mean"
FROM_PRIOR = "a draw from the prior"
ORIGINS = ("an image", AT_MEAN, FROM_PRIOR)


def start_from(origin: str | None, vae: VAE, codes: Codes, index: int) -> Tensor:
    """The z that sliders begin at: an image's mean, the prior's mean, or a draw from it."""
    if origin == AT_MEAN:
        return vae.prior().mean
    if origin == FROM_PRIOR:
        seed = st.session_state.get("prior_draw", 0)
        return vae.prior().sample((), torch.Generator().manual_seed(seed))
    return codes.mean[index]


class Bench:
    """The z that the sliders of a model stand for; begun anew for another model or start."""

    def __init__(self, run_id: str, vae: VAE, start: Tensor) -> None:
        self.vae, self.start = vae, start
        self.key = f"z-{run_id}-{crc32(start.numpy().tobytes()):08x}"
        if st.session_state.get("bench") != self.key:
            st.session_state["bench"] = self.key
            self.place(start)

    @property
    def z(self) -> Tensor:
        """As the sliders stand."""
        z: Tensor = st.session_state["z"]
        return z

    def place(self, z: Tensor) -> None:
        """Put all sliders to this z."""
        st.session_state["z"] = z.clone()

    def randomise(self) -> None:
        """Put all sliders to a draw from the prior."""
        low, high = self.vae.family.low, self.vae.family.high
        self.place(self.vae.prior().sample().clamp(low, high))

    def sliders(self, order: list[int], names: list[str]) -> None:
        """One slider per latent number, two columns; all beyond the first few on demand."""
        shown = order
        if len(order) > 2 * FEW and not st.toggle(f"All {len(order)} numbers", key="all_latents"):
            shown = order[:FEW]
        abreast = 1 if len(shown) <= 3 else 2
        for first in range(0, len(shown), abreast):  # row by row: a phone keeps the order
            for column, j in zip(st.columns(abreast, gap="medium"), shown[first:], strict=False):
                with column:
                    self._slider(j, names[j])

    def _slider(self, j: int, name: str) -> None:
        low, high = self.vae.family.low, self.vae.family.high
        origin = abs(float(self.start.flatten()[j]))
        if origin > high:
            low, high = -math.ceil(origin), math.ceil(origin)
        key = f"{self.key}-{j}"
        # The slider shows what z is, also when another slider moved this number.
        st.session_state[key] = round(min(max(float(self.z.flatten()[j]), low), high), 2)
        step = 0.05 if high > 1.0 else 0.01
        st.slider(name, float(low), float(high), step=step, key=key, on_change=self._moved,
                  args=(j, key))  # fmt: skip

    def _moved(self, j: int, key: str) -> None:
        value = torch.tensor([st.session_state[key]])
        self.place(self.vae.family.move(self.z, j, value)[0])


def show_pictures(vae: VAE, start: Tensor, z: Tensor) -> None:
    """The decoded picture, large; below it the one at the start, and what changed.

    Sent with the page: pictures at an address of their own come later, and a quick next one
    can replace them before they are fetched.
    """
    before, after = (decode_mean(vae, code[None])[0].numpy() for code in (start, z))
    drawn = decode_draw(vae, z[None], seed=0)[0].numpy()
    small = [
        ("at the start", one_image(before, 120), "at the start"),
        ("difference", difference_image(after, before, 120), "orange brighter, blue darker"),
        ("decoder draw", one_image(drawn, 120), "decoder draw"),
    ]
    with st.container(key="hero"):
        st.html(
            f"<figure class='large'>{_image('decoded', one_image(after, 420))}"
            "<figcaption>decoder mean</figcaption></figure><div class='small'>"
            + "".join(
                f"<figure>{_image(alt, png)}<figcaption>{caption}</figcaption></figure>"
                for alt, png, caption in small
            )
            + "</div>"
        )


def _image(alt: str, png: bytes) -> str:
    return f"<img alt='{alt}' src='{data_uri(png)}'>"


def strips_html(vae: VAE, z: Tensor, order: list[int], names: list[str]) -> str:
    """A strip of decoded pictures for each of the most informative numbers."""
    values = torch.linspace(max(-STRIP, vae.family.low), min(STRIP, vae.family.high), STEPS)
    rows = []
    for j in order[:FEW]:
        sheet = contact_sheet(traverse(vae, z, j, values).numpy(), STEPS)
        rows.append(
            f"<tr><th>{names[j]}</th><td><img alt='traversal of {names[j]}' "
            f"src='{data_uri(sheet)}'></td></tr>"
        )
    ticks = "".join(f"<span>{v:.4g}</span>" for v in values[::3].tolist())
    return (
        "<style>.strips{width:100%;border-collapse:collapse}.strips th{text-align:right;"
        "padding-right:12px;white-space:nowrap;width:1%}.strips img{width:100%;display:block;"
        "image-rendering:pixelated;margin:2px 0}.strips .ticks{display:flex;"
        "justify-content:space-between;font-variant-numeric:tabular-nums}</style>"
        f"<table class='strips'>{''.join(rows)}<tr><th></th><td><div class='ticks'>{ticks}"
        "</div></td></tr></table>"
    )

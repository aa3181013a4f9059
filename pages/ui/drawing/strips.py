"""Strips of small pictures: traversals, walks, and the nearest test images."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st
import torch
from torch import Tensor

from pages.ui.drawing.escaping import html
from pages.ui.drawing.numbers import fixed
from vae_core import Codes, Dataset, Run
from vae_core.analysis import decode_mean, nearest_codes, traverse
from vae_core.analysis.diagnosis.picture_change import reach
from vae_core.figures import contact_sheet, data_uri, gif
from vae_core.vae import VAE

MAX_STRIPS = 10
STEPS = 13
NEIGHBOURS = 12
MAX_TITLE = 200  # letters
WITHIN = 0.99  # of the codes' numbers lie between the ends of a traversal without a prior
FRAMES = 25  # of an animation, one way
GIF_SIDE = 256  # pixels, about

STYLE = """<style>
.strips{width:100%;border-collapse:collapse}
.strips th{text-align:right;padding-right:12px;white-space:nowrap;width:1%}
.strips img{width:100%;display:block;image-rendering:pixelated;margin:2px 0}
.strips .ticks{display:flex;justify-content:space-between}
.near{display:grid;grid-template-columns:repeat(auto-fill,minmax(84px,1fr));gap:8px 12px;
 max-width:1250px}
.near figure{margin:0}.near img{width:100%;image-rendering:pixelated;border-radius:4px;
 display:block}
.near figcaption{font-size:.86rem;line-height:1.3}
.rows figure{margin:0 0 .5rem}.rows figcaption{font-size:.95rem;line-height:1.5}
.rows img{width:100%;display:block;image-rendering:pixelated}
.rows .ticks{display:flex;justify-content:space-between;font-size:.9rem}
.equation{display:flex;align-items:center;gap:12px;font-size:1.6rem;max-width:620px}
.equation img{flex:1 1 0;min-width:0;image-rendering:pixelated;border-radius:4px}
.one img{display:block;width:100%;image-rendering:pixelated;border-radius:4px}
</style>"""


def span(codes: Codes) -> tuple[float, float]:
    """From where to where a dimension is set: as wide as the prior, or the codes without one."""
    if codes.family.has_rate:
        return reach(codes.family) if codes.is_standard else codes.reach
    wide = float(f"{max(float(codes.first(1000).mean.abs().quantile(WITHIN)), 1.0):.1g}")
    return -wide, wide


def traversals_html(
    vae: VAE, z: Tensor, order: list[int], names: list[str], ends: tuple[float, float]
) -> str:
    """A strip of decoded pictures for each of the most informative latent dimensions."""
    values = torch.linspace(*ends, STEPS)
    rows = []
    for j in order[:MAX_STRIPS]:
        sheet = contact_sheet(traverse(vae, z, j, values).numpy(), STEPS)
        rows.append(
            f"<tr><th>{names[j]}</th><td><img alt='traversal of {names[j]}' "
            f"src='{data_uri(sheet)}'></td></tr>"
        )
    ticks = "".join(f"<span>{f'{v:.3g}'.replace('-', '−')}</span>" for v in values[::3].tolist())
    return (
        f"{STYLE}<table class='strips'>{''.join(rows)}<tr><th></th><td><div class='ticks'>{ticks}"
        "</div></td></tr></table>"
    )


def offer_traversal(
    run: Run, vae: VAE, z: Tensor, order: list[int], names: list[str], ends: tuple[float, float]
) -> None:
    """A download of one latent dimension's traversal, made when it is asked for."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        index = st.selectbox(
            "Latent dimension", order, format_func=lambda j: names[j], key="gif-number", width=150
        )
        st.download_button(
            "Traversal as GIF",
            partial(_traversal_gif, vae, z, int(index), ends),
            f"{run.id}-z{index}.gif",
            "image/gif",
            key="gif-traversal",
            on_click="ignore",
            icon=":material/download:",
        )


def _traversal_gif(vae: VAE, z: Tensor, index: int, ends: tuple[float, float]) -> bytes:
    """Dimension `index` of z going there and back, everything else as it is."""
    values = torch.linspace(*ends, FRAMES)
    return gif(traverse(vae, z, index, values).numpy(), GIF_SIDE // vae.image_shape[-1])


def rows_html(rows: Sequence[tuple[str, Tensor]], ticks: Sequence[str] = ()) -> str:
    """Strips of pictures below each other, each (n, c, H, W) under its title."""
    figures = "".join(_row_html(html(title, MAX_TITLE), pictures) for title, pictures in rows)
    marks = "".join(f"<span>{html(tick)}</span>" for tick in ticks)
    return f"{STYLE}<div class='rows'>{figures}<div class='ticks'>{marks}</div></div>"


def _row_html(title: str, pictures: Tensor) -> str:
    source = data_uri(contact_sheet(pictures.numpy(), len(pictures), scale=3))
    return f"<figure><figcaption>{title}</figcaption><img alt='{title}' src='{source}'></figure>"


def picture_html(picture: Tensor, title: str, width: int = 96) -> str:
    """One picture, (c, H, W)."""
    source = data_uri(contact_sheet(picture[None].numpy(), 1, scale=4))
    return (
        f"{STYLE}<div class='one' style='max-width:{width}px'><img alt='{html(title, MAX_TITLE)}' "
        f"src='{source}'></div>"
    )


def neighbours_html(
    vae: VAE, codes: Codes, z: Tensor, class_names: Sequence[str], data: Dataset | None
) -> str:
    """The test images whose means lie nearest to z: themselves, or as they are decoded."""
    near = nearest_codes(codes, z, NEIGHBOURS)
    if data is None:
        pictures = decode_mean(vae.given(near.labels), near.mean)
    else:
        pictures = data.test.batch(near.index)
    figures = []
    for k in range(len(near)):
        label = html(class_names[int(near.labels[k])])
        rate = f"KL {fixed(float(near.rate[k]), 1)}" if codes.family.has_rate else ""
        sheet = data_uri(contact_sheet(pictures[k : k + 1].numpy(), 1, scale=3))
        number = int(near.index[k])
        figures.append(
            f"<figure><img alt='test image {number}' src='{sheet}'><figcaption><b>{label}</b> "
            f"{rate}<br>image {number}</figcaption></figure>"
        )
    return f"{STYLE}<div class='near'>{''.join(figures)}</div>"

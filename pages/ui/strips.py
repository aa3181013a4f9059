"""Strips of small pictures below the lens: where z leads, and which images it is near."""

from __future__ import annotations

import torch
from torch import Tensor

from vae_core import Codes, Dataset
from vae_core.analysis import decode_mean, nearest_codes, traverse
from vae_core.figures import contact_sheet, data_uri
from vae_core.vae import VAE

MOST_STRIPS = 10
STEPS = 13
REACH = 3.0  # how far traversals go, where the latent is not bounded
NEIGHBOURS = 12

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
</style>"""


def traversals_html(vae: VAE, z: Tensor, order: list[int], names: list[str]) -> str:
    """A strip of decoded pictures for each of the most informative numbers of z."""
    values = torch.linspace(max(-REACH, vae.family.low), min(REACH, vae.family.high), STEPS)
    rows = []
    for j in order[:MOST_STRIPS]:
        sheet = contact_sheet(traverse(vae, z, j, values).numpy(), STEPS)
        rows.append(
            f"<tr><th>{names[j]}</th><td><img alt='traversal of {names[j]}' "
            f"src='{data_uri(sheet)}'></td></tr>"
        )
    ticks = "".join(f"<span>{v:.4g}</span>" for v in values[::3].tolist())
    return (
        f"{STYLE}<table class='strips'>{''.join(rows)}<tr><th></th><td><div class='ticks'>{ticks}"
        "</div></td></tr></table>"
    )


def neighbours_html(
    vae: VAE, codes: Codes, z: Tensor, class_names: list[str], data: Dataset | None
) -> str:
    """The test images whose means lie nearest to z: themselves, or as they are decoded."""
    near = nearest_codes(codes, z, NEIGHBOURS)
    pictures = decode_mean(vae, near.mean) if data is None else data.test.batch(near.index)
    figures = []
    for k in range(len(near)):
        label = class_names[int(near.labels[k])]
        rate = f"KL {float(near.rate[k]):.1f}" if codes.kind.has_rate else ""
        sheet = data_uri(contact_sheet(pictures[k : k + 1].numpy(), 1, scale=3))
        number = int(near.index[k])
        figures.append(
            f"<figure><img alt='test image {number}' src='{sheet}'><figcaption><b>{label}</b> "
            f"{rate}<br>image {number}</figcaption></figure>"
        )
    return f"{STYLE}<div class='near'>{''.join(figures)}</div>"

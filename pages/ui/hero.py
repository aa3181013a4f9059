"""The Overview's picture: x -> q(z|x) -> z -> p(x|z) for one image, as HTML.

No plotting library: it is on screen with the page.
"""

from __future__ import annotations

import torch

from vae_core import Codes
from vae_core.analysis import Passage, latent_names
from vae_core.figures import code_rows_svg, data_uri, one_image, plane_svg, triangle_svg
from vae_core.figures.pictures import Picture
from vae_core.figures.svg import CodeRow
from vae_core.figures.theme import CORRELATION, DISTORTION, NEGATIVE_ELBO, RATE
from vae_core.posteriors import DiagonalGaussian

MAX_ROWS = 10
CLOUD = 400

STYLE = """<style>
.room{display:flex;flex-wrap:wrap;gap:12px 22px;align-items:flex-start;
 font-variant-numeric:tabular-nums}
.room figure{margin:0;flex:1 1 180px;max-width:300px}
.room figure.wide{flex:1.5 1 320px;max-width:430px}
.room figure.wide img{max-width:none;image-rendering:auto;border:none}
.room figcaption{font-size:1rem;margin-bottom:6px;min-height:2.9em;line-height:1.35}
.room figcaption b{font-size:1.12rem}
.room img{width:100%;max-width:280px;image-rendering:pixelated;border-radius:4px;display:block;
 border:1px solid rgba(138,143,152,.45);box-sizing:border-box}
.room .none{aspect-ratio:1;max-width:280px;border:2px dashed #8a8f98;border-radius:4px;display:flex;
 align-items:center;justify-content:center;text-align:center;padding:12px;box-sizing:border-box}
.room .ledger{flex:1.25 1 230px;max-width:300px}
.room table{width:100%;border-collapse:collapse;font-size:1.12rem}
.room td{padding:5px 0}.room td+td{text-align:right;font-weight:700}
.room tr.sum td{border-top:2px solid currentColor}
.room tr.part td{font-size:1rem;padding:0 0 5px 18px}
.room small{opacity:.75}
</style>"""


def overview_html(
    passage: Passage,
    original: Picture | None,
    codes: Codes,
    order: list[int],
    title: str,
    ink: str,
) -> str:
    """The steps and the ledger, side by side on a wide screen, stacked on a narrow one."""
    names = latent_names(codes.latent_shape)
    drawing, note, rows = _posterior(passage, codes, order, names, ink)
    before = (
        '<div class="none">the original is not on this machine</div>'
        if original is None
        else f'<img alt="{title}" src="{data_uri(one_image(original))}">'
    )
    mean, drawn = (data_uri(one_image(p.numpy())) for p in (passage.picture, passage.drawn))
    return (
        f'{STYLE}<div class="room">'
        f"<figure><figcaption><b>x</b> &nbsp;{title}<br><small>the image</small></figcaption>"
        f"{before}</figure>"
        f'<figure class="wide"><figcaption><b>q(z|x)</b> &nbsp;and a draw <b style="color:{RATE}">z'
        f'</b><br><small>{note}</small></figcaption><img alt="posterior: {_spoken(rows)}" '
        f'src="{data_uri(drawing)}"></figure>'
        "<figure><figcaption><b>decoder mean</b><br><small>mean of p(x|z)"
        f'</small></figcaption><img alt="decoder mean" src="{mean}"></figure>'
        "<figure><figcaption><b>decoder draw</b><br><small>sampled from p(x|z)"
        f'</small></figcaption><img alt="decoder draw" src="{drawn}"></figure>'
        f"{_ledger(passage, codes)}</div>"
    )


def _posterior(
    passage: Passage, codes: Codes, order: list[int], names: list[str], ink: str
) -> tuple[str, str, list[CodeRow]]:
    """A drawing of q(z|x), what it shows, and the numbers that are in it."""
    prior, every = codes.prior(), len(names)
    own = codes.take(torch.tensor([passage.index]))
    whole = every == 2 or codes.is_triangle
    rows = [
        CodeRow(names[j], float(passage.mu[j]), float(passage.sigma[j]), float(passage.z[j]))
        for j in (sorted(order) if whole else order[:MAX_ROWS])
    ]
    pointlike = "; no width, it is a point" if passage.rate is None else ""
    if codes.is_triangle:
        draws = own.posterior().sample((CLOUD,), torch.Generator().manual_seed(0))[:, 0]
        note = f"the simplex to scale, {CLOUD} draws; grey: the uniform prior"
        return triangle_svg(rows, draws.double().numpy(), ink), note, rows
    if every == 2 and isinstance(prior, DiagonalGaussian):
        note = "the plane of both latent numbers, to scale"
        return plane_svg(rows[0], rows[1], own.mean_covariance.numpy(), ink), note + pointlike, rows
    band = float(prior.mean.flatten()[0]), float(prior.variance.flatten()[0].sqrt())
    shown = f"the {len(rows)} most informative of {every} numbers" if every > 2 else "both numbers"
    note = f"{shown}; grey: prior at 1σ and 2σ{pointlike}"
    return code_rows_svg(rows, ink, (codes.kind.low, codes.kind.high), band), note, rows


def _spoken(rows: list[CodeRow]) -> str:
    return "; ".join(f"{r.name}: mean {r.mu:.2f}, sigma {r.sigma:.2f}, z {r.z:.2f}" for r in rows)


def _ledger(passage: Passage, codes: Codes) -> str:
    total = (
        None
        if passage.distortion is None or passage.rate is None
        else passage.distortion + passage.rate
    )
    lines = [
        ("distortion", passage.distortion, DISTORTION, ""),
        ("rate: KL to prior", passage.rate, RATE, ""),
        ("−ELBO, one draw", total, NEGATIVE_ELBO, ' class="sum"'),
    ]
    if codes.kind.rest_title:
        part = (f"of it, {codes.kind.rest_title}", passage.rest, CORRELATION, ' class="part"')
        lines.insert(2, part)
    rows = "".join(
        f'<tr{kind}><td><span style="color:{colour}">■</span> {name}</td>'
        f"<td>{_nats(value, name, passage)}</td></tr>"
        for name, value, colour, kind in lines
    )
    return (
        '<div class="ledger"><figcaption><b>What it costs</b><br><small>nats for this image'
        f"</small></figcaption><table>{rows}</table></div>"
    )


def _nats(value: float | None, name: str, passage: Passage) -> str:
    if value is not None:
        return f"{value:.2f}"
    return "∞" if passage.rate is None and not name.startswith("distortion") else "–"

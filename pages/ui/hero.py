"""The Overview's picture: x -> q(z|x) -> z -> p(x|z) for one image, as HTML.

No plotting library: it is on screen with the page.
"""

from __future__ import annotations

from vae_core.analysis import Passage, latent_names
from vae_core.figures import code_rows_svg, data_uri, one_image, plane_svg
from vae_core.figures.pictures import Picture
from vae_core.figures.svg import CodeRow
from vae_core.figures.theme import DISTORTION, NEGATIVE_ELBO, RATE

MAX_ROWS = 10

STYLE = """<style>
.room{display:flex;flex-wrap:wrap;gap:12px 22px;align-items:flex-start;
 font-variant-numeric:tabular-nums}
.room figure{margin:0;flex:1 1 210px;max-width:300px}
.room figure.wide{flex:1.5 1 320px;max-width:430px}
.room figure.wide img{max-width:none;image-rendering:auto;border:none}
.room figcaption{font-size:1rem;margin-bottom:6px;min-height:2.9em;line-height:1.35}
.room figcaption b{font-size:1.12rem}
.room img{width:100%;max-width:280px;image-rendering:pixelated;border-radius:4px;display:block;
 border:1px solid rgba(138,143,152,.45);box-sizing:border-box}
.room .none{aspect-ratio:1;max-width:280px;border:2px dashed #8a8f98;border-radius:4px;display:flex;
 align-items:center;justify-content:center;text-align:center;padding:12px;box-sizing:border-box}
.room .ledger{flex:1 1 200px;max-width:280px}
.room table{width:100%;border-collapse:collapse;font-size:1.12rem}
.room td{padding:5px 0}.room td+td{text-align:right;font-weight:700}
.room tr.sum td{border-top:2px solid currentColor}
.room small{opacity:.75}
</style>"""


def overview_html(
    passage: Passage,
    original: Picture | None,
    latent_shape: tuple[int, ...],
    order: list[int],
    title: str,
    ink: str,
) -> str:
    """The four steps and the ledger, side by side on a wide screen, stacked on a narrow one."""
    names = latent_names(latent_shape)
    rows = [
        CodeRow(names[j], float(passage.mu[j]), float(passage.sigma[j]), float(passage.z[j]))
        for j in (sorted(order) if len(order) == 2 else order[:MAX_ROWS])
    ]
    if len(rows) == 2:
        drawing, note = (
            plane_svg(rows[0], rows[1], ink),
            "the plane of both latent numbers, to scale",
        )
    else:
        shown = f"the {len(rows)} most informative of {len(names)} numbers"
        drawing, note = code_rows_svg(rows, ink), f"{shown}; grey: prior at 1σ and 2σ"
    if passage.rate is None:
        note += "; no width, it is a point"
    before = (
        '<div class="none">the original is not on this machine</div>'
        if original is None
        else f'<img alt="{title}" src="{data_uri(one_image(original))}">'
    )
    after = data_uri(one_image(passage.picture.numpy()))
    return (
        f'{STYLE}<div class="room">'
        f"<figure><figcaption><b>x</b> &nbsp;{title}<br><small>the image</small></figcaption>"
        f"{before}</figure>"
        f'<figure class="wide"><figcaption><b>q(z|x)</b> &nbsp;and a draw <b style="color:{RATE}">z'
        f'</b><br><small>{note}</small></figcaption><img alt="posterior: {_spoken(rows)}" '
        f'src="{data_uri(drawing)}"></figure>'
        f"<figure><figcaption><b>mean of p(x|z)</b><br><small>what the decoder makes of z</small>"
        f'</figcaption><img alt="decoded picture" src="{after}"></figure>'
        f"{_ledger(passage)}</div>"
    )


def _spoken(rows: list[CodeRow]) -> str:
    return "; ".join(f"{r.name}: mean {r.mu:.2f}, sigma {r.sigma:.2f}, z {r.z:.2f}" for r in rows)


def _ledger(passage: Passage) -> str:
    total = (
        None
        if passage.distortion is None or passage.rate is None
        else passage.distortion + passage.rate
    )
    lines = [
        ("distortion of this z", passage.distortion, DISTORTION, ""),
        ("KL of q(z|x) and prior", passage.rate, RATE, ""),
        ("−ELBO, one draw", total, NEGATIVE_ELBO, ' class="sum"'),
    ]
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

"""The lens of one model as one .html file, to open anywhere: no server, no network."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

from pages.ui.components import lens
from pages.ui.components.bundle import bundle
from pages.ui.components.component import ASSETS
from pages.ui.components.lens_state import LensState
from pages.ui.drawing import escaping
from pages.ui.library import cached
from pages.ui.session import summary
from vae_core import Dataset, Run
from vae_core.browser.portable import Portable, portable

SCRIPT = "take_home/take_home.js"
N_ORIGINALS = 60
# The browser itself refuses whatever would leave the page.
POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'"
VIEWS = (
    ("overview", "Overview", 1, "drag z, then begin somewhere else."),
    ("sliders", "Latent sliders", 0, "move the first one slowly, then the last."),
    ("cells", "Feature map", 0, "move one cell, and see which pixels change."),
)
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>ELBO Room</title>
<style>
{page_style}</style>
</head>
<body>
<header>
<h1><span id="title"></span> <small>from ELBO Room</small></h1>
<p id="summary"></p>
<nav id="tabs" aria-label="Views"></nav>
<p><b>Try this:</b> <span id="hint"></span></p>
</header>
<noscript>The lens is a program: allow this file to run JavaScript.</noscript>
<main id="lens"><template shadowrootmode="open"><style>
{lens_style}.sliders > .result, .cells > .result {{ top: 0; }}
</style></template></main>
<footer><p id="contents"></p></footer>
<script type="application/json" id="facts">{facts}</script>
{parts}
<script type="module">
{script}</script>
</body>
</html>
"""


def html(run: Run, data: Dataset | None) -> bytes:
    """The file, as bytes.

    Whatever a person may have named goes through JSON, in which no `<` is left.

    Parameters
    ----------
    run : Run
        With a model for which `why_too_large` is None.
    data : Dataset or None
        The images it was trained on, when they are here: the first of the test split go along.
    """
    whole = cached.codes(run)
    pack = portable(cached.vae(run), whole)
    n_originals = min(N_ORIGINALS, len(pack.kept)) if data else 0
    parts = {"model": pack.model, "posteriors": pack.codes}
    if data:
        parts |= {f"images/{k}": lens.image_bytes(data, k) for k in range(n_originals)}
    facts = {
        "title": escaping.plain(run.title),
        "summary": escaping.plain(summary.summary(run), escaping.MAX_MESSAGE),
        "contents": _contents(pack, len(whole), n_originals),
        "views": _views(run),
        "state": LensState().fit(len(pack.kept), whole.latent_shape, cached.order(run)).to_page(),
        "facts": lens.facts(run) | {"computation": lens.lines(run)} | _inside(pack, n_originals),
    }
    page = PAGE.format(
        policy=POLICY,
        page_style=(ASSETS / "take_home" / "take_home.css").read_text(encoding="utf-8"),
        lens_style=lens.LENS.style(),
        facts=json.dumps(facts, allow_nan=False).replace("<", r"\u003c"),
        parts="\n".join(_part(name, content) for name, content in parts.items()),
        script=bundle(ASSETS, SCRIPT),
    )
    return page.encode()


def _inside(pack: Portable, n_originals: int) -> dict[str, Any]:
    """Addresses of the lens's files; one that begins with # is in the page itself."""
    return {
        "address": "#",
        "images": "#" if n_originals else None,
        "n_images": len(pack.kept),
        "labels": pack.kept.labels.unique().tolist(),
        "n_originals": n_originals,
        "missing": "the original is not in this file",
    }


def _contents(pack: Portable, n_test: int, n_originals: int) -> str:
    """What of the test split is in the file."""
    n = len(pack.kept)
    codes = f"all {n:,}" if n == n_test else f"the first {n:,} of {n_test:,}"
    images = f"the first {n_originals} of them themselves" if n_originals else "not they themselves"
    rounded = (
        " Its weights are in half precision, which changes no pixel by more than a thousandth; the "
        "score above is that of the model as it was trained."
    )
    return (
        f"In this file: the model, the codes of {codes} test images, and {images}. It needs no "
        f"network: keep it, or hand it on.{rounded if pack.is_rounded else ''}"
    )


def _views(run: Run) -> list[dict[str, Any]]:
    """The views that fit the latent."""
    is_map = len(run.config.model.latent_shape) == 3
    keys = ("name", "title", "first_draw", "hint")
    return [dict(zip(keys, view, strict=True)) for view in VIEWS if view[0] != "cells" or is_map]


def _part(name: str, content: bytes) -> str:
    """Bytes as text in the page; the same text for the same bytes."""
    text = base64.b64encode(gzip.compress(content, 9, mtime=0)).decode()
    return f'<script type="text/plain" id="{name}">{text}</script>'

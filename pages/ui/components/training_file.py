"""Training in the page as one .html file, to open anywhere: no server, no network."""

from __future__ import annotations

import json

from pages.ui.components import training
from pages.ui.components.bundle import bundle
from pages.ui.components.component import ASSETS

SCRIPT = "training/alone.js"
# The browser itself refuses whatever would leave the page; the worker is made of this very file.
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; worker-src blob:; style-src 'unsafe-inline'"
)
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Training in the page · ELBO Room</title>
<style>
{page_style}</style>
</head>
<body>
<header>
<h1>Training in the page <small>from ELBO Room</small></h1>
<p><b>Try this:</b> press <i>Train</i>, and watch the dots find their places.</p>
</header>
<noscript>Training is a program: allow this file to run JavaScript.</noscript>
<main id="training"><template shadowrootmode="open"><style>
{style}</style></template></main>
<footer><p>In this file: the program and 1797 digits of 8 × 8 pixels. It needs no network: keep it,
or hand it on.</p></footer>
<script type="application/json" id="facts">{facts}</script>
<script type="module">
{script}</script>
</body>
</html>
"""


def html() -> bytes:
    """The file, as bytes."""
    facts = json.dumps(training.facts({}), allow_nan=False).replace("<", r"\u003c")
    page = PAGE.format(
        policy=POLICY,
        page_style=(ASSETS / "take_home" / "take_home.css").read_text(encoding="utf-8"),
        style=training.TRAINING.style(),
        facts=facts,
        script=bundle(ASSETS, SCRIPT),
    )
    return page.encode()

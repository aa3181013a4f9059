"""Modules of Streamlit's page that every first picture needs, asked for with the document.

Streamlit's page fetches what draws an element when the first of its kind has come, after script,
socket and server have had their turns. A browser that knows the names at once fetches and
compiles these meanwhile.
"""

from __future__ import annotations

import re
from pathlib import Path

import streamlit

STATIC = Path(streamlit.__file__).parent / "static"
NEEDED = ("BidiComponent", "Html", "Selectbox", "StreamlitMarkdown")  # what draws a page's head
IMPORT = re.compile(r"""(?:from|import)["']\./([\w.-]+\.js)["']""")  # not those on demand


def early(static: Path = STATIC) -> list[str]:
    """Names of the modules and of all that they import, without those that the document has.

    Empty where this version of Streamlit has none of these names.
    """
    folder = static / "js" if (static / "js").is_dir() else static / "static" / "js"
    document = (static / "index.html").read_text(encoding="utf-8")
    waiting = [path.name for root in NEEDED for path in sorted(folder.glob(f"{root}.*.js"))]
    found: dict[str, None] = {}
    while waiting:
        name = waiting.pop()
        if name in found or not (folder / name).is_file():
            continue
        found[name] = None
        waiting += IMPORT.findall((folder / name).read_text(encoding="utf-8"))
    return [name for name in found if name not in document]


def links(static: Path = STATIC) -> str:
    """The elements that ask for them, addressed as the document addresses its own."""
    return "".join(
        f'<link rel="modulepreload" crossorigin href="./static/js/{name}">'
        for name in early(static)
    )

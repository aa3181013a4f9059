"""Escaping: text that comes from a file, or is a person's, shown as nothing but text.

Names of classes, of runs, of folders, and messages that quote a file may hold anything: tags,
Markdown with images that tell another server who looks, marks that turn the direction of writing.
Each place needs its own function: `markdown` wherever Streamlit reads Markdown (also labels,
metrics, options of pills and of select sliders, texts of progress bars), `html` within `st.html`,
`plain` where text is shown as it is (options of select boxes, cells of tables, components), and
`figures.text.inert` in figures.
"""

from __future__ import annotations

import html as standard
import re

from vae_core.figures.text import MAX_NAME, printable

MAX_MESSAGE = 600  # letters of a message that may quote a file
JOINER = "\u2060"  # takes no room, and is seen by nobody

# Letters that open or close something anywhere in a line; and beginnings of headings, quotes,
# lists and rules.
SPECIAL = re.compile(r"([\\`*{}\[\]<>|~$&]|_(?![^\W_])|(?<![^\W_])_)")  # _ within a word is itself
BEGINNING = re.compile(r"^(\d*)([-+#=:.)])")
# What Streamlit replaces, or makes a link of, when backslashes are gone already.
REPLACED = re.compile(r"(:(?=[\w+/-])|@|www(?=\.)|(?<![^ ])(?:<-|[-><~])(?=[->=]))", re.IGNORECASE)


def plain(text: object, most: int = MAX_NAME) -> str:
    """For places that show text as it is: on one line, seen to be what it is, and not too long."""
    return printable(text, most)


def markdown(text: object, most: int = MAX_NAME) -> str:
    """For places that read Markdown: it looks as `plain` does."""
    joined = REPLACED.sub(rf"\1{JOINER}", printable(text, most))
    return BEGINNING.sub(r"\1\\\2", SPECIAL.sub(r"\\\1", joined))


def html(text: object, most: int = MAX_NAME) -> str:
    """For `st.html`, in elements and in attributes: it looks as `plain` does."""
    return standard.escape(printable(text, most))


def message(text: object) -> str:
    """`markdown` for sentences, such as those of errors."""
    return markdown(text, MAX_MESSAGE)

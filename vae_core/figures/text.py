"""Text that comes from a file, such as the name of a class, where it is shown."""

from __future__ import annotations

import re

MAX_NAME = 60  # letters, as many as the name of a run may have
MAX_LABEL = 30  # letters of a name in a figure


def printable(text: object, most: int = MAX_NAME) -> str:
    """The same on one line: without letters that cannot be seen, and not endlessly long.

    Marks that turn the direction of writing are among those that cannot be seen. Each is
    replaced by a question mark, so that nobody takes one name for another.

    Parameters
    ----------
    text : object
        Its `str` is shown.
    most : int
        Letters; what is longer ends in "…".
    """
    start = re.sub(r"\s+", " ", str(text)[: 4 * most]).strip()
    seen = "".join(letter if letter.isprintable() else "?" for letter in start)
    return seen if len(seen) <= most else f"{seen[: most - 1].rstrip()}…"


def fixed(value: float, digits: int = 2) -> str:
    """A number with so many decimals and a true minus sign; zero has none."""
    text = f"{value:.{digits}f}"
    return (text.lstrip("-") if float(text) == 0.0 else text).replace("-", "−")


def inert(text: object, most: int = MAX_LABEL) -> str:
    """A name for Plotly, which reads tags and links in whatever it draws: there it is only text.

    Of a hover template a name can be no part, for that has braces of its own as well: it goes
    into the trace's `name` or `text`, and the template says where.
    """
    seen = printable(text, most)
    return seen.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

"""Charts: figures cached for all readers, and shown with ways to save them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal, ParamSpec

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from pages.ui.components.save import SAVE
from pages.ui.session import first, keys, problems
from vae_core.figures.sketch import sketch
from vae_core.figures.theme import CONFIG

P = ParamSpec("P")


def draw(key: str, figure: Callable[P, go.Figure], *args: P.args, **options: P.kwargs) -> None:
    """Show what a function draws of these arguments, which it does once for all readers.

    To draw a figure takes many times what it takes to look whether it is drawn already: by all
    that goes into it, so that nothing old is ever shown.
    """
    name = f"{figure.__module__}.{figure.__qualname__}"
    show(_drawn(name, args, options, partial(figure, *args, **options)), key)


def _contents(table: pd.DataFrame) -> list[Any]:
    """The content of a table, in a form that is hashed faster than the table."""
    columns = [part.to_numpy() for part in (table.index, *(table[name] for name in table))]
    return [list(table), *(repr(c.tolist()) if c.dtype == object else c for c in columns)]


@st.cache_resource(max_entries=600, show_spinner=False, hash_funcs={pd.DataFrame: _contents})
def _drawn(
    name: str, args: tuple[Any, ...], options: dict[str, Any], _draw: Callable[[], go.Figure]
) -> go.Figure:
    return plain(_draw())


def plain(figure: go.Figure) -> go.Figure:
    """The same to be shown again and again, and not to be changed any more."""
    return _Plain(figure.to_dict())


class _Plain(go.Figure):  # type: ignore[misc]
    """A figure as plain values: all that Streamlit uses of a figure, at every run."""

    def __init__(self, values: dict[str, Any]) -> None:
        super().__init__()
        self._values = values
        self._sketch = sketch(values)

    @property
    def first_picture(self) -> dict[str, Any] | None:
        """What the page draws at once, until Plotly has come."""
        return self._sketch

    def to_dict(self) -> dict[str, Any]:
        return self._values


def show(figure: go.Figure, key: str) -> None:
    """A figure with the page's fonts and colours, a quiet toolbar, and ways to save it.

    A sketch of it stands in its place until Plotly has come, which is not even sent before the
    session's first picture is seen.
    """
    values = figure.to_dict()
    drawn = figure.first_picture if isinstance(figure, _Plain) else None
    is_awaited = drawn is not None and not first.is_seen()
    if drawn and is_awaited:
        first.expect()
        st.container(key=key, height=drawn["height"], border=False)  # a place, and nothing in it
    else:
        is_grown = bool(keys.PROJECTOR.get())  # with the screen: projector.css
        height: Literal["stretch", "content"] = "stretch" if is_grown else "content"
        st.plotly_chart(figure, key=key, config=CONFIG, height=height)
    data = {
        "chart": key, "name": _file_name(key), "label": label(values), "sketch": drawn,
        "is_awaited": is_awaited,
    }  # fmt: skip
    told = SAVE.mount(key=f"save-{key}", data=data, on_seen_change=problems.callback(first.note))
    if is_awaited and told.seen:  # to a server before this one, of a page that has stayed
        first.note()
        st.rerun()


def label(figure: dict[str, Any]) -> str:
    """What a chart is called for a reader who does not see it: what is up over what is across."""
    layout = figure.get("layout", {})
    named = [
        [_text(axis) for name, axis in layout.items() if name.startswith(side)]
        for side in ("yaxis", "xaxis")
    ]
    up, across = (" and ".join(dict.fromkeys(filter(None, names))) for names in named)
    panels = [str(each.get("text") or "") for each in layout.get("annotations", ())]
    said = " over ".join(filter(None, (up, across))) or ", ".join(filter(None, panels))
    plain = said.replace("<br>", " ")
    return re.sub(r"<[^>]*>", "", f"Chart: {plain}") if said else "Chart"


def _text(part: Mapping[str, Any]) -> str:
    title = part.get("title") or ""
    return title if isinstance(title, str) else str(title.get("text") or "")


def _file_name(key: str) -> str:
    """What a saved figure is called: after its model, page and key."""
    run, page = keys.CHOSEN.get(), keys.PAGE.get()
    words = [run.id if run else "", page or "", "" if key == page else key]
    return "-".join(word for word in words if word)

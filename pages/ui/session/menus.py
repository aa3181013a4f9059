"""The menus: a door each page, the open one lit, those that cannot show the model greyed."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from pages.ui.session.doors import DOORS, Door
from vae_core.runs.run import Run

IN_MENU = ":is([data-testid=stTopNavDropdownLink],[data-testid=stSidebarNavLink])"


def scripts() -> dict[Door, StreamlitPage]:
    """The page of each door."""
    return {
        door: st.Page(
            door.script,
            title=door.title,
            url_path=door.url_path or None,
            default=not door.url_path,
            visibility="hidden" if door.view_of else "visible",
            help=f"{door.question} Needs {door.needs}." if door.needs else door.question,
        )
        for door in DOORS
    }


def names() -> list[str]:
    """The menus in teaching order; the first has no name, its pages stand in the bar."""
    return list(dict.fromkeys(door.menu for door in DOORS))


def navigate(pages: Mapping[Door, StreamlitPage], is_hidden: bool) -> StreamlitPage:
    """Draw the menus; the page that is open."""
    return st.navigation(
        {menu: [pages[door] for door in DOORS if door.menu == menu] for menu in names()},
        position="hidden" if is_hidden else "top",
    )


def light(door: Door) -> None:
    """Underline the menu of the open page, as Streamlit does for pages in the bar."""
    if door.menu:
        place = sum(not other.menu for other in DOORS) + names().index(door.menu)
        st.html(
            f"<style>[data-testid='stTopNav'] > :nth-child({place}) > button p "
            "{font-weight:700;text-decoration:underline;text-underline-offset:.3em}</style>"
        )


def link(door: Door) -> str:
    """The selector of a door's links in the menus."""
    return f"{IN_MENU}[href$='/{door.url_path}']"


def grey(run: Run | None) -> None:
    """Dim the pages that cannot show the chosen model, with what they need behind their names.

    They still open: the page says why, and offers models that it can show.
    """
    rules = [
        f"{link(door)}{{opacity:.75}}"
        f"{link(door)}::after{{content:'needs {door.needs}';font-size:.75em;margin-left:.5em}}"
        for door in DOORS
        if run is not None and not door.serves(run)
    ]
    if rules:
        st.html(f"<style>{' '.join(rules)}</style>")

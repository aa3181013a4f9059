"""Components of the page: each is one script, joined of the modules that it imports."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import streamlit as st

from pages.ui.components.bundle import bundle
from pages.ui.session import paths

ASSETS = paths.ASSETS / "components"


@dataclass(frozen=True)
class Component:
    """A module of assets/components that is mounted, with all that it imports.

    Attributes
    ----------
    name : its own among components
    entry : the module whose default export mounts it
    styles : its style sheets, from the general to the particular
    """

    name: str
    entry: str
    styles: tuple[str, ...]

    def script(self) -> str:
        """The modules as one script, for Streamlit takes only one."""
        return bundle(ASSETS, self.entry)

    def style(self) -> str:
        """The style sheets as one."""
        return "\n".join((ASSETS / name).read_text(encoding="utf-8") for name in self.styles)

    @cached_property
    def mount(self) -> Any:
        """Puts the component on the page: called with key, data and callbacks."""
        name = f"elbo_room.{self.name}"
        return st.components.v2.component(name, js=self.script(), css=self.style())

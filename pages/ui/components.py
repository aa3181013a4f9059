"""Components of the page, each one script joined of modules of assets/components."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import streamlit as st

from pages.ui.state import ROOT

ASSETS = ROOT / "assets" / "components"


@dataclass(frozen=True)
class Component:
    """Modules that are mounted as one; the last of them has the default export.

    Attributes
    ----------
    name : its own among components
    modules : paths in assets/components, each after those it needs
    styles : names of its style sheets there
    """

    name: str
    modules: tuple[str, ...]
    styles: tuple[str, ...] = ("lens/lens",)

    def script(self) -> str:
        """The modules as one, for a component takes only one.

        Every name at the top of one of them is its own, so none needs to be imported.
        """
        joined = "\n".join((ASSETS / f"{name}.js").read_text() for name in self.modules)
        joined = re.sub(r'^import \{[^}]*\} from "[./\w]+\.js";$', "", joined, flags=re.M)
        return re.sub(r"^export (?!default )", "", joined, flags=re.M)

    def style(self) -> str:
        """The style sheets as one."""
        return "\n".join((ASSETS / f"{name}.css").read_text() for name in self.styles)

    @cached_property
    def mount(self) -> Any:
        """What puts it on the page: called with key, data and callbacks."""
        name = f"elbo_room.{self.name}"
        return st.components.v2.component(name, js=self.script(), css=self.style())

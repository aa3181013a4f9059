"""The bar below a chart that saves it as a picture, or its numbers as a table."""

from __future__ import annotations

from pages.ui.components.component import Component

SAVE = Component("save", "save/save.js", ("save/save.css",))

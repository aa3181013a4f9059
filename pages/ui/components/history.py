"""The browser's history: one step for each page opened, none for what is set on it."""

from __future__ import annotations

from pages.ui.components.component import Component

HISTORY = Component("history", "history/history.js", ())

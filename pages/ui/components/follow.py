"""What follows a class in the browser: its part of the page runs again when there is news."""

from __future__ import annotations

from pages.ui.components.component import Component

FOLLOW = Component("follow", "follow/follow.js", ())

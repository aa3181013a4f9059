"""Published numbers: what others printed, and what this code gives."""

from __future__ import annotations

from pages.ui.compare import published

published.show()

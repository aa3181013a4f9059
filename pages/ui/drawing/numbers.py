"""Numbers as text on screen."""

from __future__ import annotations


def signed(value: float, digits: int = 1) -> str:
    """So many decimals, a minus sign where it is below zero, and no sign where it rounds to 0."""
    text = f"{value:.{digits}f}"
    if not text.strip("-0."):
        text = text.lstrip("-")
    return text.replace("-", "−")

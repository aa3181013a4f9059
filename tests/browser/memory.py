"""What a page holds: listeners, nodes and bytes, as the browser counts them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page


def counter(page: Page) -> Callable[[], dict[str, float]]:
    """Counts by name, after what nobody needs has been collected."""
    client = page.context.new_cdp_session(page)
    client.send("Performance.enable")

    def counts() -> dict[str, float]:
        for _ in range(3):
            client.send("HeapProfiler.collectGarbage")
        metrics = client.send("Performance.getMetrics")["metrics"]
        return {m["name"]: m["value"] for m in metrics}

    return counts

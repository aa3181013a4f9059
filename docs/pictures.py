"""The pictures of the tour: `python -m docs.pictures` starts the app and takes them all anew.

Pages of a model that shows them well, at one size, as WebP in docs/pictures. MNIST is read where
ELBO_ROOM_DATA names it; without it some pages have no images to show. Names of pages, to take
these alone, may follow.
"""

from __future__ import annotations

import io
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from tests.browser.server import CHROMIUM, FLAGS, serve
from tests.browser.test_axe import settled

if TYPE_CHECKING:
    from playwright.sync_api import Page

FOLDER = Path(__file__).parent / "pictures"
SIZE = {"width": 1280, "height": 800}
QUALITY = 62  # of 100
FADE = 1500  # milliseconds until nothing moves any more
FLAT, DEEP, MAP = "run=MNIST+2-D", "run=MNIST+20-D", "run=MNIST+feature+map"


def nothing(page: Page) -> None:
    """The page as it opens."""


def open_room(page: Page) -> None:
    """A teacher opens a room: the wall."""
    page.get_by_role("button", name="Open a room", exact=True).click()
    page.locator(".st-key-class-question").wait_for()


SHOTS: dict[str, tuple[str, Callable[[Page], None]]] = {
    "overview": (f"?{FLAT}&image=0", nothing),
    "latent-space": (f"posteriors?{FLAT}", nothing),
    "projection": (f"projection?{DEEP}", nothing),
    "sliders": (f"sliders?{DEEP}", nothing),
    "feature-map": (f"feature-map?{MAP}", nothing),
    "walks": (f"walks?{FLAT}", nothing),
    "kl": (f"kl?{DEEP}", nothing),
    "aggregate": (f"aggregate?{FLAT}", nothing),
    "bounds": (f"bounds?{FLAT}", nothing),
    "diagnostics": ("diagnostics?run=MNIST+collapsed,+mean+MSE+%2B+sum+KL", nothing),
    "train": ("train", nothing),
    "rate-distortion": (f"rate-distortion?{FLAT}", nothing),
    "time-machine": ("time-machine", nothing),
    "lesson": ("?lesson=mu-sigma", nothing),
    "wall": ("classroom", open_room),
}


def main(names: list[str]) -> None:
    """Take the pictures of these pages, or of all."""
    from playwright.sync_api import sync_playwright

    FOLDER.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        serve(Path(folder), data=os.environ.get("ELBO_ROOM_DATA")) as server,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for name in names or SHOTS:
            address, act = SHOTS[name]
            page = browser.new_page(viewport=SIZE, color_scheme="light", reduced_motion="reduce")
            page.goto(server.url + address)
            settled(page)
            act(page)
            page.wait_for_timeout(FADE)
            settled(page)  # what comes after the first picture
            with Image.open(io.BytesIO(page.screenshot())) as picture:
                picture.save(FOLDER / f"{name}.webp", quality=QUALITY, method=6)
            page.close()
        browser.close()
    for path in sorted(FOLDER.glob("*.webp")):
        print(f"{path.stat().st_size / 1000:6.0f} kB  {path.name}")


if __name__ == "__main__":
    main(sys.argv[1:])

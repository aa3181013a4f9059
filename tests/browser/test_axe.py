"""Every page as axe-core judges it: no serious and no critical fault, in light and dark.

The structure of a page is the same in both themes, so dark is asked for contrast alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import axe_playwright_python
import pytest

from pages.ui.session.doors import DOORS
from tests.browser.server import Server
from tests.browser.test_app import DECODED, Open, fits
from tests.samples import until

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SCRIPT = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
FLAT, MAP = "run=Digits+2-D", "run=Digits+feature+map"
LONGEST = "run=MNIST+collapsed,+mean+MSE+%2B+sum+KL"
PAGES = {
    "overview": f"?{FLAT}&image=0",
    "overview, start": f"?{FLAT}&tour=2",
    "overview of a map": f"?{MAP}&image=0",
    "train": "train",
    "train in the page": "train?training=In+the+page",
    "runs": "runs",
    "data": "data",
    "lessons": "lessons",
    "class": "classroom",
    "glossary": "glossary",
    "posteriors": f"posteriors?{FLAT}",
    "sliders": f"sliders?{FLAT}",
    "feature map": f"feature-map?{MAP}",
    "locality": f"locality?{MAP}",
    "projection": f"projection?{MAP}",
    "walks": f"walks?{FLAT}",
    "kl": f"kl?{FLAT}",
    "kl of a map": f"kl?{MAP}",
    "aggregate": f"aggregate?{FLAT}",
    "bounds": f"bounds?{FLAT}",
    "diagnostics": f"diagnostics?{FLAT}",
    "two models": f"compare?{FLAT}",
    "rate and distortion": f"rate-distortion?{FLAT}",
    "time machine": "time-machine",
    "published numbers": "published-numbers",
    "lesson": "?lesson=kl-sign",
}
DESK, PHONE = (1440, 900), (390, 844)
ON_A_PHONE = ("overview", "kl", "lesson", "class")  # judged there, too
FIRST_ON_A_PHONE = ("posteriors", "sliders", "rate and distortion")
FIGURES = {  # what a page shows, and may not be wider than it
    **dict.fromkeys(("overview", "posteriors", "sliders", "feature map"), DECODED),
    **dict.fromkeys(
        ("kl", "aggregate", "bounds", "rate and distortion"),
        ".js-plotly-plot .main-svg",
    ),
    "train": "button[kind=primary]",
    "projection": ".atlas.ready .stage",
}
STREAMLIT = {  # selector -> what is wrong there that cannot be mended from here
    "[data-testid=stSidebarNavItems]": "a phone's menus: divs in the list hold its items",
}
EXCLUDED = {  # selector within the components -> why it is not judged
    ".lens[data-start] > :not(.start)": "dim while the start lights one part, on purpose: it can "
    "be used all the same, is bright in its step, and Skip is always there",
}
COMPONENT = "[data-testid=stBidiComponentIsolated]"  # the shadow root is below it
SERIOUS = ("serious", "critical")
ALSO = ("heading-order",)  # a rule that axe takes less seriously than we do
STILL = (  # pages that do not jump while they are opened on a desk
    "overview", "overview, start", "sliders", "feature map", "kl", "bounds", "diagnostics",
    "two models", "rate and distortion", "time machine", "runs", "walks", "locality",
    "train", "train in the page", "lessons",
)  # fmt: skip
STILL_ON_A_PHONE = ("kl", "rate and distortion")
MAX_SHIFT = 0.1  # cumulative layout shift that counts as good


def settled(page: Page) -> None:
    """Until the script has run to its end and what it shows is there."""
    page.wait_for_selector("h1", state="attached")
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    lens = page.locator(".lens:is(.overview, .sliders, .cells, .atlas, .training):not(.ready)")
    until(lambda: lens.count() == 0 and page.get_by_test_id("stSkeleton").count() == 0, 60)


def layout_shift(page: Page) -> float:
    """How far the page has jumped while it was opened: the sum of its layout shifts."""
    total: float = page.evaluate("""new Promise((done) => {
      new PerformanceObserver((list) => {
        const all = list.getEntries().filter((each) => !each.hadRecentInput);
        done(all.reduce((sum, { value }) => sum + value, 0));
      }).observe({ type: "layout-shift", buffered: true });
      setTimeout(() => done(0), 1000); // where nothing has shifted, nothing is told
    })""")
    return total


def least_shift(page: Page, loads: int = 3) -> float:
    """The least of a few loads: on a machine that is busy, parts of a page come in any order."""
    shift = layout_shift(page)
    while shift > MAX_SHIFT and (loads := loads - 1):
        page.reload()
        settled(page)
        shift = layout_shift(page)
    return shift


def faults(page: Page, *rules: str) -> list[str]:
    """What axe finds serious or critical, or out of order: one line for each element."""
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if rules:
        options["runOnly"] = list(rules)
    if not page.evaluate("'axe' in window"):
        page.evaluate(SCRIPT)
    exclude = [
        *([selector] for selector in STREAMLIT),
        *({"fromShadowDom": [COMPONENT, selector]} for selector in EXCLUDED),
    ]
    found = page.evaluate("([exclude, options]) => axe.run({exclude}, options)", [exclude, options])
    return [
        f"{one['impact']} {one['id']}: {' '.join(map(str, node['target']))}: {node['html'][:160]}"
        for one in found["violations"]
        if one["impact"] in SERIOUS or one["id"] in ALSO
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("name", PAGES)
def test_no_page_has_a_serious_fault_or_is_wider_than_a_phone(
    name: str, server: Server, open_page: Open
) -> None:
    """Opened on a desk or on a phone, and then made as wide as the other."""
    sizes = (PHONE, DESK) if name in (*ON_A_PHONE, *FIRST_ON_A_PHONE) else (DESK, PHONE)
    page = open_page(server.url + PAGES[name], sizes[0], shared=True)
    settled(page)
    assert page.locator("h1").count() == 1
    if name in (STILL if sizes[0] == DESK else STILL_ON_A_PHONE):
        assert least_shift(page) <= MAX_SHIFT
    problems = page.locator("[data-testid=stException], [data-testid=stAlertContentError]")
    figure = page.locator(FIGURES[name]).first if name in FIGURES else None
    for size in sizes:
        page.set_viewport_size({"width": size[0], "height": size[1]})
        until(lambda: fits(page, "html") and fits(page, "[data-testid=stMain]"), 10)
        assert problems.count() == 0
        box = figure and figure.bounding_box()
        assert box is None or (0 < box["width"] <= size[0] and box["x"] >= 0)
        assert (box is None) == (figure is None)
        if size == DESK or name in ON_A_PHONE:
            assert faults(page) == []
        if size == DESK:
            page.emulate_media(color_scheme="dark")
            page.wait_for_timeout(300)  # the theme fades in
            assert faults(page, "color-contrast") == []
            page.emulate_media(color_scheme="light")


def test_no_door_of_the_app_is_left_out() -> None:
    opened = {address.partition("?")[0] for address in PAGES.values()}
    assert opened == {door.url_path for door in DOORS}


def test_on_a_phone_title_and_model_stand_on_one_line(server: Server, open_page: Open) -> None:
    page = open_page(server.url + f"rate-distortion?{FLAT}", PHONE, shared=True)
    settled(page)
    title, model = (
        page.locator("h1.door").bounding_box(),
        page.get_by_label("Model").first.bounding_box(),
    )
    question = page.locator("h1.door span").bounding_box()
    hero = page.locator(".stMain h2").first.bounding_box()
    assert title
    assert model
    assert question
    assert hero
    assert abs(title["y"] + title["height"] / 2 - model["y"] - model["height"] / 2) < 8
    assert title["x"] + title["width"] <= model["x"]
    assert question["y"] >= model["y"]
    assert question["height"] < 60  # two lines
    assert question["y"] + question["height"] <= hero["y"]
    details = page.get_by_role("button", name="Details").bounding_box()
    assert details
    assert question["x"] + question["width"] <= details["x"]
    cut = "e => e.scrollWidth > e.clientWidth || getComputedStyle(e).overflow !== 'visible'"
    assert not page.locator("h1.door span").evaluate(cut)


def test_a_chart_grows_with_a_projectors_screen(server: Server, open_page: Open) -> None:
    page = open_page(server.url + f"kl?{FLAT}&projector=1", (1280, 720), shared=True)
    chart = page.locator(".js-plotly-plot").first
    chart.locator(".main-svg").first.wait_for()
    height = "e => e.getBoundingClientRect().height"
    assert chart.evaluate(height) == 420
    page.set_viewport_size({"width": 1920, "height": 1080})
    until(lambda: chart.evaluate(height) > 600, 10)


def test_the_longest_name_of_a_model_is_whole_in_the_box(server: Server, open_page: Open) -> None:
    page = open_page(server.url + f"kl?{LONGEST}", PHONE, shared=True)
    settled(page)
    name = page.get_by_label("Model").first
    for size in (PHONE, (1280, 720), DESK):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        until(lambda: name.evaluate("e => e.scrollWidth <= e.clientWidth"), 10)
        until(lambda: fits(page, "[data-testid=stMain]"), 10)

"""Figures as files: PNG and SVG on white, and their numbers as CSV."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from PIL import Image

from tests.browser.server import Server
from tests.browser.test_app import CHART, Open, contrast, settled
from tests.samples import ROOT, until
from vae_core import RunStore
from vae_core.analysis import rate_table, total_rate

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page, Route

pytestmark = [pytest.mark.browser, pytest.mark.slow]
MODELS = RunStore(ROOT / "assets" / "models")


def saved(page: Page, bar: Locator, kind: str, touch: bool = False) -> tuple[str, bytes]:
    """The name and the content of what a button gives."""
    button = bar.get_by_role("button", name=kind)
    with page.expect_download() as coming:
        button.tap() if touch else button.click()
    return coming.value.suggested_filename, Path(coming.value.path()).read_bytes()


def colours(page: Page, svg: bytes) -> list[str]:
    """Colours of all words of an SVG, as a browser paints them."""
    script = """(text) => {
      const host = document.createElement('div');
      host.innerHTML = text;
      document.body.append(host);
      const all = [...host.querySelectorAll('text')].filter((t) => t.textContent);
      const found = all.map((t) => getComputedStyle(t).fill);
      host.remove();
      return found;
    }"""
    found: list[str] = page.evaluate(script, svg.decode())
    return found


def test_figures_of_a_dark_page_are_saved_dark_on_white(server: Server, open_page: Open) -> None:
    address = "kl?run=Digits+feature+map&view=By+cell"
    page = open_page(server.url + address, shared=True, color_scheme="dark")
    chart = settled(page, CHART).locator("xpath=ancestor::*[contains(@class,'js-plotly-plot')]")
    bar = page.locator(".save").first
    bar.scroll_into_view_if_needed()
    name, png = saved(page, bar, "PNG")
    assert name == "digits-map-kl.png"
    picture = Image.open(io.BytesIO(png)).convert("RGBA")
    shown = chart.evaluate("e => [e.clientWidth, e.clientHeight]")
    assert picture.size == tuple(3 * side for side in shown)
    assert {picture.getpixel((x, y)) for x in (0, 9) for y in (0, 9)} == {(255, 255, 255, 255)}
    name, svg = saved(page, bar, "SVG")
    assert name == "digits-map-kl.svg"
    for words in (">column<", ">row<", ">nats per image<", ">all channels<"):
        assert words in svg.decode()
    outside = [c for c in colours(page, svg) if c != "rgb(255, 255, 255)"]  # those on dark cells
    assert len(outside) > 10
    assert min(contrast(c, "rgb(255, 255, 255)") for c in outside) > 4.5


def test_numbers_of_a_figure_are_those_it_draws(server: Server, open_page: Open) -> None:
    run = MODELS.load("digits-map")
    page = open_page(server.url + "kl?run=Digits+feature+map&view=By+cell", shared=True)
    settled(page, CHART)
    page.locator(".save").nth(1).wait_for()
    _, cells = saved(page, page.locator(".save").nth(0), "CSV")
    _, channels = saved(page, page.locator(".save").nth(1), "CSV")
    table = pd.read_csv(io.BytesIO(cells))
    assert list(table.columns) == ["series", "column", "row", "value"]
    assert table["value"].sum() == pytest.approx(total_rate(run.codes()), rel=1e-4)
    table = pd.read_csv(io.BytesIO(channels))
    h, w, n_channels = run.config.model.latent_shape
    kl = rate_table(run.codes())["kl"].to_numpy().reshape(h, w, n_channels)
    for k, (panel, rows) in enumerate(table.groupby("panel")):
        assert panel == f"c{k}"
        assert rows["value"].to_numpy() == pytest.approx(kl[:, :, k].flatten(), rel=1e-5)


def test_every_cell_of_a_map_has_its_own_column_and_row(modules: Page) -> None:
    csv = modules.evaluate(
        """async (trace) => {
          const { toCsv } = await import("/save/save.js");
          return toCsv({ layout: {}, _fullData: [trace] });
        }""",
        {"name": "map", "x": [5, 6, 7], "y": [1, 2], "z": [[10, 20, 30], [40, 50, 60]]},
    )
    table = pd.read_csv(io.StringIO(csv))
    assert table["x"].tolist() == [5, 6, 7, 5, 6, 7]
    assert table["y"].tolist() == [1, 1, 1, 2, 2, 2]
    assert table["value"].tolist() == [10, 20, 30, 40, 50, 60]


def test_a_name_in_a_table_is_neither_a_tag_nor_a_formula(modules: Page) -> None:
    """Plotly gets names escaped; a spreadsheet computes what begins like a formula."""
    names = ["<b>bold</b>", "&lt;form&gt; &amp;amp;", "=1+1", "+1", "-1", "@a", "a=b", "−3", "z0"]
    csv = modules.evaluate(
        """async (x) => {
          const { toCsv } = await import("/save/save.js");
          return toCsv({ layout: {}, _fullData: [{ name: "=n", x, y: x.map((_, k) => -k) }] });
        }""",
        names,
    )
    table = pd.read_csv(io.StringIO(csv), dtype=str)
    assert set(table["series"]) == {"'=n"}
    shown = ["bold", "<form> &amp;", "'=1+1", "'+1", "'-1", "'@a", "a=b", "−3", "z0"]
    assert table["x"].tolist() == shown
    assert table["y"].tolist() == [str(-k) for k in range(len(names))]


def test_a_finger_saves_the_plane_with_thousands_of_points(server: Server, open_page: Open) -> None:
    page = open_page(
        server.url + "posteriors?run=Digits+2-D", (390, 844), shared=True, has_touch=True
    )
    settled(page, ".lens.ready canvas[aria-label=decoded]")
    bar = page.locator(".lens .save")
    bar.scroll_into_view_if_needed()
    name, png = saved(page, bar, "PNG", touch=True)
    assert name == "digits-2d-posteriors-plane.png"
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    assert picture.getpixel((0, 0)) == (255, 255, 255)
    shown = page.locator(".stage canvas").first.evaluate("e => [e.clientWidth, e.clientHeight]")
    assert picture.size == tuple(3 * side for side in shown)
    assert len(picture.getcolors(1 << 24)) > 100  # the points of all classes, over one another
    _, csv = saved(page, bar, "CSV", touch=True)
    table = pd.read_csv(io.BytesIO(csv))
    mean = MODELS.load("digits-2d").codes().mean
    points = table[table["what"] == "mean"]
    drawn = set(zip(points["z0"].round(4), points["z1"].round(4), strict=True))
    assert {(round(a, 4), round(b, 4)) for a, b in mean.double().tolist()} <= drawn


def test_what_another_version_hides_is_one_sentence(server: Server, open_page: Open) -> None:
    """One thing after another is taken from the page; each is the first that its button misses."""
    page = open_page(server.url + "kl?run=Digits+feature+map&view=By+cell", shared=True)
    settled(page, CHART)
    bar = page.locator(".save").first
    bar.wait_for()
    for gone, kind, sentence in (
        ("delete chart._fullData", "CSV", "keeps its numbers to itself: save the figure as PNG"),
        ("delete window.Plotly", "PNG", "keeps Plotly to itself: only the numbers can be saved"),
        ("chart.classList.remove('js-plotly-plot')", "SVG", "The figure is not found on this page"),
    ):
        page.evaluate(
            f"for (const chart of document.querySelectorAll('.js-plotly-plot')) {{ {gone}; }}"
        )
        bar.get_by_role("button", name=kind).click()
        bar.get_by_role("status").filter(has_text=sentence).wait_for()


def test_the_style_sheet_finds_what_streamlit_and_katex_name(
    server: Server, open_page: Open
) -> None:
    """Class names of other people's pages, which may change with a version."""
    sheet = (ROOT / "assets" / "frame.css").read_text()
    named = set(re.findall(r"^ *(\.[\w-]+) \{", sheet, flags=re.M))
    named = {name for name in named if name.startswith((".katex", ".stM", ".stA"))}  # not ours
    assert {".katex", ".katex-display"} <= named
    page = open_page(server.url + "bounds?run=Digits+2-D", shared=True)
    page.locator(".katex-display").first.wait_for()
    for selector in named:
        assert page.locator(selector).count(), f"{selector} of frame.css is nothing on the page"


def test_a_chart_is_seen_before_plotly_has_come_and_nothing_moves_when_it_does(
    server: Server, open_page: Open
) -> None:
    page = open_page("about:blank", shared=True)
    held: list[Route] = []
    page.route("**/PlotlyChart*.js", lambda route: held.append(route))
    page.goto(server.url + "kl?run=Digits+2-D")
    first = page.locator("canvas.first")
    first.wait_for()
    until(lambda: first.bounding_box() and held)  # asking lets the route be heard
    box = first.bounding_box()
    painted = "c => new Set(c.getContext('2d').getImageData(0, 0, c.width, c.height).data).size"
    assert first.evaluate(painted) > 50  # bars, words and their edges
    bar = page.locator(".save").first.bounding_box()
    for route in held:
        route.continue_()
    chart = settled(page, CHART)
    until(lambda: not first.count())
    assert chart.bounding_box() == box
    assert page.locator(".save").first.bounding_box() == bar

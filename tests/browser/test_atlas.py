"""The atlas in a browser: what is picked is what lies there, whatever is hidden or left out."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from pages.ui.components.atlas import ATLAS, COLOURS
from pages.ui.server import routes
from tests.browser.memory import counter
from tests.browser.server import Server
from tests.samples import ROOT
from vae_core import RunStore
from vae_core.analysis import project

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

pytestmark = [pytest.mark.browser, pytest.mark.slow]

N = 400
SIDE = 560  # CSS pixels
SPRITES = np.full((100, 1, 4, 4), 200, np.uint8)
STYLE = f""".stage {{ position: relative; width: {SIDE}px }}
.stage canvas {{ display: block; width: 100% }}
.stage canvas:last-child {{ position: absolute; inset: 0 }}"""
MOUNT = """async ({facts, times = 1, script = '/atlas-bundle.js'}) => {
  const mount = (await import(script)).default;
  const parentElement = document.createElement('div');
  parentElement.style.width = '700px';
  document.body.append(parentElement);
  window.told = [];
  let left = 0;
  for (let k = 0; k < times; k++) {
    const component = {parentElement, data: facts, setStateValue: (_, pick) => told.push(pick)};
    window.unmount = mount(component);
    mount(component);
    while (!parentElement.querySelector('.ready')) await new Promise(requestAnimationFrame);
    await new Promise(requestAnimationFrame);
    if (times > 1) { unmount(); left += parentElement.childNodes.length; }
  }
  if (times > 1) parentElement.remove();
  return left;
}"""


@pytest.fixture
def points() -> dict[str, np.ndarray]:
    """Points of three classes on [-1, 1]^2, whose numbers in the split are in no order."""
    rng = np.random.default_rng(0)
    x, y = rng.uniform(-1, 1, (2, N)).astype("<f4")
    x[:2], y[:2] = [-1, 1], [-1, 1]  # the square is known
    index = rng.permutation(10 * N)[:N].astype("<i4")
    return {"x": x, "y": y, "index": index, "labels": (np.arange(N) % 3).astype("<i4")}


def mount(page: Page, points: dict[str, np.ndarray], **changes: Any) -> int:
    files = {
        "coordinates": b"".join(points[name].tobytes() for name in ("x", "y", "index", "labels")),
        "sprites": SPRITES.tobytes(),
    }

    def answer(route: Route) -> None:
        name = route.request.url.rpartition("/")[2]
        content = files.get(name, SPRITES[0].tobytes())
        route.fulfill(body=content, content_type=routes.BYTES)

    page.route("http://lens.test/files/**", answer)
    page.route(
        "http://lens.test/atlas-bundle.js",
        lambda route: route.fulfill(body=ATLAS.script(), content_type="text/javascript"),
    )
    facts = {
        "address": "http://lens.test/files/", "pictures": "http://lens.test/files/",
        "sprites_note": "", "image_shape": [1, 4, 4], "n": N, "titles": ["PC 1", "PC 2"],
        "has_unit": True, "class_names": ["ant", "bee", "cat"], "colours": COLOURS,
        "pick": {"kind": "none", "index": []},
    }  # fmt: skip
    if not page.locator("style").count():
        page.add_style_tag(content=STYLE)
    left: int = page.evaluate(MOUNT, {"facts": facts} | changes)
    return left


def on_screen(page: Page, x: float, y: float) -> tuple[float, float]:
    """Where a place of the plane is, at zoom 1: margins of 40, 10 and 10 around it."""
    box = page.locator(".stage canvas").last.bounding_box()
    assert box
    side, reach = SIDE - 50, 0.53 * 2
    scale = side / (2 * reach)
    left, top = box["x"] + 40 + side / 2 + x * scale, box["y"] + 10 + side / 2 - y * scale
    return float(left), float(top)


def loop(page: Page, corners: list[tuple[float, float]]) -> None:
    page.mouse.move(*on_screen(page, *corners[0]))
    page.mouse.down()
    for corner in corners[1:]:
        page.mouse.move(*on_screen(page, *corner), steps=3)
    page.mouse.up()


def last_told(page: Page) -> dict[str, Any]:
    told: dict[str, Any] = page.evaluate("() => told.at(-1)")
    return told


def shown_classes(page: Page, *pressed: str) -> list[str]:
    for name in pressed:
        page.get_by_role("button", name=name).click()
    return page.locator(".legend button[aria-pressed=true]").all_inner_texts()


def test_a_loop_picks_those_inside_of_the_classes_shown_by_their_number_in_the_split(
    modules: Page, points: dict[str, np.ndarray]
) -> None:
    mount(modules, points)
    assert shown_classes(modules, "bee") == ["bee"]  # the first shows that class alone
    assert shown_classes(modules, "bee") == ["ant", "bee", "cat"]
    assert shown_classes(modules, "ant", "cat") == ["ant", "cat"]
    modules.get_by_role("button", name="Images", exact=True).click()
    modules.get_by_role("button", name="Lasso").click()
    loop(modules, [(-0.5, -0.5), (0.6, -0.5), (0.6, 0.4), (-0.5, 0.4)])
    x, y, labels = points["x"], points["y"], points["labels"]
    inside = (x > -0.5) & (x < 0.6) & (y > -0.5) & (y < 0.4)
    near = [abs(v - edge) for v, edges in ((x, (-0.5, 0.6)), (y, (-0.5, 0.4))) for edge in edges]
    clear = np.min(near, axis=0) > 0.01  # a pixel is 0.004
    told = last_told(modules)
    assert told["kind"] == "lasso"
    picked = np.isin(points["index"], told["index"])
    assert len(told["index"]) == picked.sum() > 20
    np.testing.assert_array_equal(picked[clear], (inside & (labels != 1))[clear])
    assert f"Picked: {picked.sum()} of 400" in modules.locator(".reading").inner_text()


def test_a_click_picks_the_nearest_image_and_one_beside_all_of_them_none(
    modules: Page, points: dict[str, np.ndarray]
) -> None:
    mount(modules, points)
    for i in (7, 123, 398):
        modules.mouse.move(*on_screen(modules, points["x"][i], points["y"][i]))
        name = f"test image {points['index'][i]}"
        assert name in modules.locator(".tip").inner_text()
        modules.mouse.down()
        modules.mouse.up()
        assert last_told(modules) == {"kind": "image", "index": [int(points["index"][i])]}
        assert name in modules.locator(".reading").inner_text()
    modules.mouse.click(*on_screen(modules, -1.05, 1.05))
    assert last_told(modules) == {"kind": "none", "index": []}


def test_keys_go_to_an_image_and_pick_it_and_what_is_zoomed_is_picked_rightly(
    modules: Page, points: dict[str, np.ndarray]
) -> None:
    mount(modules, points)
    modules.locator(".stage canvas").last.focus()
    for key in ("ArrowRight", "ArrowRight", "+", "+", "ArrowUp", "Enter"):
        modules.keyboard.press(key)
    (number,) = last_told(modules)["index"]
    assert f"test image {number}" in modules.locator(".live").inner_text()
    at = int(np.flatnonzero(points["index"] == number)[0])
    middle = np.hypot(points["x"], points["y"]).argmin()
    assert points["x"][at] > points["x"][middle]


def test_fifty_mounts_leave_nothing_behind(modules: Page, points: dict[str, np.ndarray]) -> None:
    counts = counter(modules)
    assert mount(modules, points, times=10) == 0
    before = counts()
    assert mount(modules, points, times=50) == 0
    after = counts()
    assert after["JSEventListeners"] <= before["JSEventListeners"] + 2
    assert after["Nodes"] <= before["Nodes"] + 40
    assert after["JSHeapUsedSize"] < before["JSHeapUsedSize"] + 2e6


def test_the_modules_work_by_themselves_as_well(
    modules: Page, points: dict[str, np.ndarray]
) -> None:
    assert mount(modules, points, script="/atlas/atlas.js") == 0


def test_what_is_clicked_is_shown_beside_it(server: Server, open_page: Callable[..., Page]) -> None:
    run = RunStore(ROOT / "assets" / "models").load("digits-map")
    page = open_page(f"{server.url}projection?run={run.title.replace(' ', '+')}", shared=True)
    page.wait_for_selector(".atlas.ready")
    found = project(run.codes())
    x, y = found.coordinates.numpy().T
    reach = 0.53 * max(np.ptp(x), np.ptp(y))
    box = page.locator(".stage canvas").last.bounding_box()
    assert box
    side = box["width"] - 50
    i = int(x.argmax())
    left = 40 + side / 2 + (x[i] - (x.max() + x.min()) / 2) * side / (2 * reach)
    down = 10 + side / 2 - (y[i] - (y.max() + y.min()) / 2) * side / (2 * reach)
    page.mouse.click(box["x"] + float(left), box["y"] + float(down))
    page.get_by_role("heading", name=f"test image {i}").wait_for()
    assert json.dumps(i) in page.url

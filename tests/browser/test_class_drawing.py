"""A student's pad and the sheet of drawings, without a server: what they send, keep and show."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.drawings import drag
from vae_core.lessons.drawings import SIDE

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser]

LABELS = ["cat", "<b>house</b>"]
PAD = {"labels": LABELS, "first": 0, "n": 0, "most": 20, "handled": "", "is_kept": False}
# One run of the part, as Streamlit makes it: the same element, other data.
MOUNT = """async ([name, data]) => {
  const {default: mount} = await import(`/class_drawing/${name}.js`);
  const host = document.getElementById('host') ?? document.createElement('div');
  Object.assign(host, {id: 'host'}).style.width = '340px';
  document.body.append(host);
  window.sent ??= [];
  mount({parentElement: host, data, setStateValue: (key, value) => window.sent.push([key, value])});
}"""


def mount(page: Page, name: str, data: dict[str, Any]) -> None:
    page.evaluate(MOUNT, [name, data])


def scribble(page: Page) -> None:
    box = page.locator("canvas.pad").bounding_box()
    assert box
    left, top, side = box["x"], box["y"], box["width"]
    drag(
        page, *((left + x * side, top + y * side) for x, y in ((0.3, 0.3), (0.5, 0.5), (0.7, 0.6)))
    )


def test_a_drawing_stays_on_the_pad_until_it_is_kept(modules: Page) -> None:
    mount(modules, "draw", PAD)
    send = modules.get_by_role("button", name="Send", exact=True)
    assert send.is_disabled()
    scribble(modules)
    send.click()
    assert send.is_disabled()  # not twice
    ((key, sent),) = modules.evaluate("window.sent")
    assert (key, sent["label"], len(sent["pixels"])) == ("sent", 0, SIDE * SIDE)
    assert (min(sent["pixels"]), max(sent["pixels"])) == (0, 255)
    assert all(isinstance(level, int) for level in sent["pixels"])
    mount(modules, "draw", PAD | {"handled": sent["mark"]})  # refused: it can be sent again
    assert send.is_enabled()
    send.click()
    _, again = modules.evaluate("window.sent")[-1]
    assert again["pixels"] == sent["pixels"]
    assert again["mark"] != sent["mark"]
    mount(modules, "draw", PAD | {"handled": again["mark"], "is_kept": True, "n": 1})
    assert send.is_disabled()  # the pad is empty, and the next label is proposed
    pressed = modules.locator("[aria-pressed='true']")
    assert pressed.all_inner_texts() == ["<b>house</b>"]
    assert "You have sent 1 of at most 20." in modules.locator("#host").inner_text()
    mount(modules, "draw", PAD | {"n": 20})
    scribble(modules)
    assert send.is_disabled()


def test_marked_drawings_are_removed_and_labels_are_text(modules: Page) -> None:
    pixels = base64.b64encode(bytes(range(196)) * 12).decode()
    sheet = {
        "labels": LABELS, "counts": [2, 1], "names": ["a.00", "b.00", "c.00"], "of": [0, 0, 1],
        "pixels": pixels, "picks": False,
    }  # fmt: skip
    mount(modules, "gallery", sheet)
    assert modules.locator("h3").all_inner_texts() == ["cat: 2", "<b>house</b>: 1"]
    assert modules.locator("#host b").count() == 0
    modules.locator(".tile").first.click()  # the newest of its row
    modules.get_by_role("button", name="Remove the marked drawing").click()
    key, told = modules.evaluate("window.sent")[-1]
    assert (key, told["remove"]) == ("told", ["b.00"])
    left = sheet | {"counts": [1, 1], "names": ["a.00", "c.00"], "of": [0, 1], "pixels": pixels}
    mount(modules, "gallery", left)
    assert modules.locator(".tile").count() == 2
    assert not modules.get_by_role("button", name="Remove").is_visible()

"""The pad: what mouse, finger and keys do to it, and what it tells."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.browser.drawings import MNIST, Image, Place, drag, extent, one_frame

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession, Page

pytestmark = [pytest.mark.browser]

# What the pad tells is kept in `told`; `frames` counts the animation frames meanwhile.
CREATE = """async (shape) => {
  const { createPad } = await import("/controls/pad.js");
  document.body.innerHTML = "<div id=host></div><p style='height: 3000px'></p>";
  document.body.style.margin = "0";
  Object.assign(host.style, { width: "280px", margin: "20px", color: "rgb(200, 0, 0)" });
  Object.assign(window, { told: [], frames_: 0 });
  const count = () => { window.frames_++; requestAnimationFrame(count); };
  requestAnimationFrame(count);
  const onInk = (picture) => told.push(picture ? Array.from(picture) : "nothing");
  const onRelease = () => told.push("released");
  window.pad = createPad(host.attachShadow({ mode: "open" }),
    { imageShape: shape, onInk, onRelease, label: "Draw a digit" });
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
}"""
MIDDLE = (160.0, 160.0)  # of the pad, in the window


@pytest.fixture
def pad(modules: Page) -> Page:
    """A page that can be scrolled, with a pad of 280 pixels in a shadow root."""
    modules.evaluate(CREATE, list(MNIST))
    return modules


@pytest.fixture
def own_pad(own_modules: Page) -> Page:
    """The same on a page of its own, which may have another screen or be touched."""
    own_modules.evaluate(CREATE, list(MNIST))
    return own_modules


def told(page: Page) -> list[Any]:
    """What the pad said since the last time."""
    one_frame(page)
    said: list[Any] = page.evaluate("told.splice(0)")
    return said


def picture(page: Page) -> Image | None:
    values = page.evaluate("pad.picture() && Array.from(pad.picture())")
    return None if values is None else np.array(values, dtype=np.float32).reshape(MNIST[1:])


def painted(page: Page) -> int:
    """How many pixels of the canvas have ink."""
    count: int = page.evaluate(
        """() => {
          const { width, height } = pad.element;
          const { data } = pad.element.getContext("2d").getImageData(0, 0, width, height);
          return data.filter((value, k) => k % 4 === 3 && value > 0).length;
        }"""
    )
    return count


@pytest.fixture
def touch(own_pad: Page) -> Iterator[Callable[..., None]]:
    """`touch("touchStart", (x, y), ...)`: the fingers that are down from now on."""
    session: CDPSession = own_pad.context.new_cdp_session(own_pad)
    session.send("Emulation.setTouchEmulationEnabled", {"enabled": True, "maxTouchPoints": 5})

    def send(kind: str, *places: Place) -> None:
        points = [{"x": x, "y": y, "id": k} for k, (x, y) in enumerate(places)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    yield send
    session.detach()


def test_a_mouse_draws(pad: Page) -> None:
    drag(pad, (100, 60), (100, 160), (100, 260))
    assert painted(pad) == pytest.approx(228 * 28, rel=0.05)
    drawn = picture(pad)
    assert drawn is not None
    assert extent(drawn)[0] == 20
    assert drawn.max() == 1


def test_the_picture_comes_while_one_draws_and_the_end_is_told_once(pad: Page) -> None:
    pad.mouse.move(100, 60)
    pad.mouse.down()
    pad.mouse.move(100, 120)
    first = told(pad)
    pad.mouse.move(180, 240)
    second = told(pad)
    assert "released" not in first + second
    assert first[-1] != second[-1]
    pad.mouse.up()
    assert told(pad).count("released") == 1


def test_the_last_picture_comes_before_the_end_is_told(pad: Page) -> None:
    drag(pad, (100, 60), (100, 160), (200, 260))
    *pictures, last = told(pad)
    now = picture(pad)
    assert now is not None
    assert last == "released"
    np.testing.assert_array_equal(np.float32(pictures[-1]), now.ravel())


def test_there_is_at_most_one_picture_a_frame(pad: Page) -> None:
    pad.mouse.move(60, 60)
    pad.mouse.down()
    told(pad)
    start = pad.evaluate("frames_")
    for step in range(25):
        pad.mouse.move(60 + 7 * step, 60 + 5 * step)
    pictures = told(pad)
    assert 0 < len(pictures) <= pad.evaluate("frames_") - start + 1
    pad.evaluate(
        """() => {
          for (let k = 0; k < 50; k++) {
            const at = { pointerId: 1, buttons: 1, clientX: 50 + k, clientY: 90 };
            pad.element.dispatchEvent(new PointerEvent("pointermove", at));
          }
        }"""
    )
    assert len(told(pad)) == 1


def test_a_press_without_a_move_makes_a_dot(pad: Page) -> None:
    drag(pad, MIDDLE)
    assert painted(pad) == pytest.approx(np.pi * 14**2, rel=0.1)
    assert not pad.evaluate("pad.isEmpty()")


def test_only_the_primary_button_draws(pad: Page) -> None:
    pad.mouse.move(*MIDDLE)
    for button in ("right", "middle"):
        pad.mouse.down(button=button)  # type: ignore[arg-type]
        pad.mouse.move(200, 200)
        pad.mouse.up(button=button)  # type: ignore[arg-type]
    assert told(pad) == []
    assert pad.evaluate("pad.isEmpty()")


def test_a_move_without_a_press_draws_nothing(pad: Page) -> None:
    pad.mouse.move(60, 60)
    pad.mouse.move(200, 200)
    assert told(pad) == []


def test_a_line_goes_on_when_the_pointer_leaves_the_pad_and_ends_outside(pad: Page) -> None:
    drag(pad, MIDDLE, (500, 160), (500, 400))
    assert told(pad)[-1] == "released"
    before = painted(pad)
    pad.mouse.move(60, 60)
    pad.mouse.move(250, 60)
    assert told(pad) == []
    assert painted(pad) == before > 14 * 28


def test_the_pen_does_not_stick_when_released_outside(pad: Page) -> None:
    pad.mouse.move(*MIDDLE)
    pad.mouse.down()
    told(pad)
    before = painted(pad)
    pad.evaluate(  # a mouse whose release nobody saw
        """() => {
          const at = { pointerId: 1, buttons: 0, clientX: 60, clientY: 60 };
          pad.element.dispatchEvent(new PointerEvent("pointermove", at));
        }"""
    )
    assert told(pad) == ["released"]
    pad.mouse.move(250, 250)
    assert told(pad) == []
    assert painted(pad) == before


@pytest.mark.parametrize("name", ["pointercancel", "lostpointercapture"])
def test_a_line_ends_when_the_pointer_is_taken_away(pad: Page, name: str) -> None:
    pad.mouse.move(*MIDDLE)
    pad.mouse.down()
    pad.evaluate(
        "name => pad.element.dispatchEvent(new PointerEvent(name, { pointerId: 1 }))", name
    )
    assert told(pad)[-1] == "released"
    pad.mouse.move(250, 250)
    pad.mouse.up()
    assert told(pad) == []


def test_a_line_does_not_end_with_another_pointer(pad: Page) -> None:
    pad.mouse.move(*MIDDLE)
    pad.mouse.down()
    pad.evaluate("pad.element.dispatchEvent(new PointerEvent('pointerup', { pointerId: 77 }))")
    assert "released" not in told(pad)
    pad.mouse.up()
    assert told(pad) == ["released"]


def test_a_finger_draws_and_the_page_does_not_scroll(
    own_pad: Page, touch: Callable[..., None]
) -> None:
    def swipe(x: float) -> None:
        touch("touchStart", (x, 260))
        for step in range(1, 10):
            touch("touchMove", (x, 260 - 20 * step))
        touch("touchEnd")

    swipe(160)
    assert told(own_pad)[-1] == "released"
    assert painted(own_pad) > 150 * 28
    assert own_pad.evaluate("scrollY") == 0
    swipe(500)  # beside the pad: this page can be scrolled
    own_pad.wait_for_function("scrollY > 0")


def test_a_second_finger_is_ignored(own_pad: Page, touch: Callable[..., None]) -> None:
    touch("touchStart", (60, 60))
    touch("touchMove", (60, 100))
    told(own_pad)
    before = painted(own_pad)
    touch("touchStart", (60, 100), (240, 240))
    touch("touchMove", (60, 100), (160, 200))
    assert painted(own_pad) == before
    touch("touchMove", (60, 200), (240, 240))
    assert "released" not in told(own_pad)
    touch("touchEnd")
    assert told(own_pad).count("released") == 1
    assert painted(own_pad) == pytest.approx(28 * 140 + np.pi * 14**2, rel=0.1)


def test_a_touch_that_the_system_takes_ends_the_line(
    own_pad: Page, touch: Callable[..., None]
) -> None:
    touch("touchStart", MIDDLE)
    touch("touchMove", (200, 200))
    touch("touchCancel")
    assert told(own_pad).count("released") == 1
    touch("touchStart", (60, 60))
    touch("touchEnd")
    assert told(own_pad).count("released") == 1


def test_undo_takes_one_line_and_clear_takes_all(pad: Page) -> None:
    drag(pad, (60, 60), (60, 240))
    one = picture(pad)
    drag(pad, (200, 60), (200, 240))
    drag(pad, (60, 100), (200, 100))
    told(pad)
    pad.evaluate("pad.undo()")
    pad.evaluate("pad.undo()")
    now = picture(pad)
    assert one is not None
    np.testing.assert_array_equal(now, one)
    shown, end, *again = told(pad)
    assert end == "released"
    np.testing.assert_array_equal(np.float32(again[0]), one.ravel())
    assert shown != again[0]
    pad.evaluate("pad.clear()")
    assert told(pad) == ["nothing", "released"]
    assert pad.evaluate("pad.isEmpty()")
    assert painted(pad) == 0
    assert picture(pad) is None


def test_clearing_ends_the_line_that_is_drawn(pad: Page) -> None:
    pad.mouse.move(*MIDDLE)
    pad.mouse.down()
    told(pad)
    pad.evaluate("pad.clear()")
    pad.mouse.move(200, 200)
    pad.mouse.up()
    assert told(pad) == ["nothing", "released"]
    assert painted(pad) == 0


def test_keys_clear(pad: Page) -> None:
    for key in ("Escape", "Delete"):
        drag(pad, (60, 60), (60, 240))
        drag(pad, (200, 60), (200, 240))
        pad.keyboard.press(key)  # the pad has the focus since one drew on it
        assert pad.evaluate("pad.isEmpty()"), key


def test_keys_undo(pad: Page) -> None:
    drag(pad, (60, 60), (60, 240))
    before = painted(pad)
    for key in ("Backspace", "Control+z", "Meta+z"):
        drag(pad, (200, 60), (200, 240))
        assert painted(pad) > before
        pad.keyboard.press(key)
        assert painted(pad) == before, key
    pad.keyboard.press("x")
    pad.keyboard.press("Tab")
    assert painted(pad) == before


def test_the_pad_has_a_name_and_can_be_reached_by_keys(pad: Page) -> None:
    assert pad.get_by_role("img", name="Draw a digit").count() == 1
    pad.keyboard.press("Tab")
    assert pad.evaluate("host.shadowRoot.activeElement === pad.element")


def test_ink_has_the_colour_of_text_and_is_as_sharp_as_the_screen(own_pad: Page) -> None:
    session = own_pad.context.new_cdp_session(own_pad)
    drag(own_pad, MIDDLE)
    for ratio in (1, 3):
        size = {"width": 2400 // ratio, "height": 1800 // ratio}  # as zooming does
        metrics = size | {"deviceScaleFactor": ratio, "mobile": False}
        session.send("Emulation.setDeviceMetricsOverride", metrics)
        own_pad.wait_for_function(f"pad.element.width === {280 * ratio}", timeout=5000)
        middle = 140 * ratio
        colour = (
            f"Array.from(pad.element.getContext('2d').getImageData({middle},{middle},1,1).data)"
        )
        assert own_pad.evaluate(colour) == [200, 0, 0, 255]
    own_pad.evaluate("host.style.color = 'rgb(0, 90, 0)'; pad.repaint()")
    assert own_pad.evaluate(colour) == [0, 90, 0, 255]
    session.detach()


def test_the_picture_does_not_depend_on_the_size_of_the_pad(pad: Page) -> None:
    drag(pad, (100, 60), (180, 160), (100, 260))
    before = picture(pad)
    pad.evaluate("host.style.width = '190px'")
    pad.wait_for_function("pad.element.width === 190")
    assert pad.evaluate("[pad.element.clientWidth, pad.element.clientHeight]") == [190, 190]
    assert before is not None
    np.testing.assert_array_equal(picture(pad), before)
    pad.evaluate("pad.clear()")
    drag(pad, *[(20 + (x - 20) * 19 / 28, 20 + (y - 20) * 19 / 28) for x, y in
                [(100, 60), (180, 160), (100, 260)]])  # fmt: skip
    after = picture(pad)
    assert after is not None
    assert np.abs(after - before).mean() < 0.01


def test_a_pad_that_is_not_shown_at_first_is_right_when_it_is(pad: Page) -> None:
    pad.evaluate("host.hidden = true")
    one_frame(pad)
    assert pad.evaluate("pad.repaint(), pad.picture()") is None
    pad.evaluate("host.hidden = false")
    pad.wait_for_function("pad.element.width === 280")
    drag(pad, MIDDLE)
    assert painted(pad) > 0


def test_nothing_is_left_of_a_pad_that_is_destroyed(pad: Page) -> None:
    pad.mouse.move(*MIDDLE)
    pad.mouse.down()
    told(pad)
    pad.evaluate(  # while it waits for a frame
        """() => {
          const at = { pointerId: 1, buttons: 1, clientX: 200, clientY: 200 };
          pad.element.dispatchEvent(new PointerEvent("pointermove", at));
          pad.destroy();
        }"""
    )
    assert told(pad) == []
    assert pad.evaluate("host.shadowRoot.childElementCount") == 0
    pad.mouse.move(100, 100)
    pad.mouse.up()
    pad.evaluate(
        """() => {
          host.shadowRoot.append(pad.element);
          for (const name of ["pointerdown", "pointermove", "pointerup"]) {
            const at = { pointerId: 1, isPrimary: true, button: 0, buttons: 1 };
            pad.element.dispatchEvent(new PointerEvent(name, at));
          }
          pad.element.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));
          pad.clear();
          pad.undo();
        }"""
    )
    assert told(pad) == []


def test_a_picture_is_ready_well_within_a_frame(pad: Page) -> None:
    drag(pad, *[(60 + 8 * k, 160 + 90 * np.sin(k / 2)) for k in range(25)])
    took = pad.evaluate(
        """() => {
          const times = Array.from({ length: 15 }, () => {
            const start = performance.now();
            pad.picture();
            return performance.now() - start;
          });
          return times.sort((a, b) => a - b)[2];
        }"""
    )
    assert took < 16


def test_a_finger_that_scrolls_over_a_slider_leaves_it_as_it_was(modules: Page) -> None:
    """Where a finger comes down the thumb goes at once, before the page takes it for scrolling."""
    told = modules.evaluate("""async () => {
      const {range} = await import('/page/element.js');
      const told = [];
      const slider = range({
        min: -4, max: 4, step: 0.01, oninput: () => told.push(slider.value),
        onchange: () => told.push('released'),
      });
      const finger = (kind) => slider.dispatchEvent(new PointerEvent(kind));
      slider.value = 1;
      for (const end of ['pointerup', 'pointercancel', 'pointercancel']) {
        finger('pointerdown');
        if (told.length < 3) slider.value = -2 - told.length;
        slider.dispatchEvent(new Event('input'));
        finger(end);
      }
      return told;
    }""")
    assert told == ["-2", "-3", "-2", "released", "-2"]

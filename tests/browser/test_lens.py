"""The lens on its pages: what moves under the finger, and what is told of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
import torch
from torch.distributions import kl_divergence

from tests.browser.server import Server
from tests.browser.test_app import turn_to
from tests.samples import ROOT, until
from vae_core import (
    DataConfig,
    RunStore,
    load_dataset,
)

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page, WebSocket

Open = Callable[..., "Page"]
pytestmark = [pytest.mark.browser, pytest.mark.slow]

PLANE = ".stage canvas:last-child"
DIGITS, DIGITS_MAP = "?run=Digits+2-D", "feature-map?run=Digits+feature+map"


def open_lens(open_page: Open, address: str, **options: Any) -> Page:
    """The page, once its lens has been told of: it tells where it stands when it is ready."""
    page = open_page(address, shared=True, **options)
    page.wait_for_selector(".lens.ready")
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    return page


def frames(page: Page) -> None:
    """Until what has happened is drawn, however busy the machine is."""
    page.evaluate("new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r)))")


def address_of(page: Page) -> dict[str, str]:
    address: str = page.evaluate("location.href")  # page.url is as of the last event
    return {k: v[0] for k, v in parse_qs(urlsplit(address).query).items()}


def moved(page: Page) -> dict[int, float]:
    """The dimensions of z in the address."""
    pairs = (part.split(":") for part in address_of(page).get("z", "").split(",") if part)
    return {int(j): float(v) for j, v in pairs}


def picture(page: Page, label: str = "decoded") -> str:
    source: str = page.locator(f"canvas[aria-label='{label}']").evaluate("c => c.toDataURL()")
    return source


def centre(target: Locator) -> tuple[float, float]:
    box = target.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def ledger(page: Page) -> list[float]:
    """Distortion, rate, their sum."""
    texts = page.locator("table.ledger tr:not(.gap) .value").all_inner_texts()
    return [float(t.replace("−", "-")) for t in texts]


def reading(page: Page) -> dict[str, float]:
    """z as it is written below the plane."""
    text = page.locator(".reading").inner_text()
    found = re.findall(r"(z\d+) = (−?[\d.]+)", text)
    return {name: float(v.replace("−", "-")) for name, v in found}


def test_z_follows_the_mouse_and_the_server_hears_of_it_on_release_only(
    server: Server, open_page: Open
) -> None:
    sent: list[int] = []
    received: list[int] = []
    fetched: list[str] = []

    def listen(ws: WebSocket) -> None:
        ws.on("framesent", lambda frame: sent.append(len(frame)))
        ws.on("framereceived", lambda frame: received.append(len(frame)))

    page = open_page("about:blank", shared=True)
    page.on("websocket", listen)
    page.on("request", lambda r: fetched.append(r.url.rpartition("/")[2]))
    page.goto(server.url + DIGITS)
    page.wait_for_selector(".lens.ready")
    page.wait_for_timeout(1000)
    x, y = centre(page.locator(PLANE))
    page.mouse.move(x, y)
    page.mouse.down()
    pictures, before = set(), len(sent)
    for step in range(8):
        page.mouse.move(x + 12 * step, y - 8 * step)
        frames(page)
        pictures.add(picture(page))
    assert len(pictures) == 8
    assert len(sent) == before
    page.mouse.up()
    until(lambda: len(moved(page)) == 2)
    assert len(sent) > before
    z = moved(page)
    assert reading(page) == pytest.approx({"z0": z[0], "z1": z[1]}, abs=0.006)
    # Neither the model nor the lens itself are sent again.
    received.clear()
    page.mouse.click(x, y)
    until(lambda: moved(page) != z)
    page.wait_for_timeout(1000)
    assert sum(received) < 60_000
    assert fetched.count("model") == fetched.count("posteriors") == 1


def test_z_stays_where_it_was_put_through_reruns(server: Server, open_page: Open) -> None:
    page = open_lens(open_page, server.url + DIGITS)
    x, y = centre(page.locator(PLANE))
    page.mouse.click(x + 80, y - 60)
    until(lambda: len(moved(page)) == 2)
    before = reading(page), picture(page)
    page.mouse.move(x - 200, y + 100)  # leaves the plane's middle, then the plane
    page.mouse.move(5, 5)
    page.keyboard.press("r")  # Streamlit: run again
    page.wait_for_timeout(1500)
    assert (reading(page), picture(page)) == before


def test_a_press_puts_z_under_the_pointer(server: Server, open_page: Open) -> None:
    page = open_lens(open_page, server.url + DIGITS)
    places = []
    for right, up in ((0, 0), (90, 0), (0, 90)):
        x, y = centre(page.locator(PLANE))
        page.mouse.click(x + right, y - up)
        frames(page)
        places.append(reading(page))
    start, right, up = places
    # To scale: as many units across as up for the same way on screen.
    assert right["z0"] - start["z0"] == pytest.approx(up["z1"] - start["z1"], abs=0.011)
    assert right["z0"] > start["z0"]
    assert right["z1"] == start["z1"]
    assert up["z0"] == start["z0"]


def test_keys_move_z_with_shift_in_small_steps(server: Server, open_page: Open) -> None:
    page = open_lens(open_page, server.url + DIGITS)
    page.locator(PLANE).focus()
    start = reading(page)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    frames(page)
    large = reading(page)
    page.keyboard.press("Shift+ArrowRight")
    frames(page)
    small = reading(page)
    step = large["z0"] - start["z0"]
    assert 0.05 < step < 0.3
    assert large["z1"] - start["z1"] == pytest.approx(step, abs=0.011)
    assert 0 < small["z0"] - large["z0"] < step / 4
    said = page.locator(".live").inner_text()
    assert re.search(r"z\d −?\d\.\d\d, .*nearest class \d; KL \d+\.\d\d nats", said)
    until(lambda: len(moved(page)) == 2)


def test_a_finger_drags_z_and_the_page_does_not_scroll(server: Server, open_page: Open) -> None:
    page = open_lens(open_page, server.url + DIGITS, size=(390, 844), has_touch=True)
    page.locator(PLANE).scroll_into_view_if_needed()
    x, y = centre(page.locator(PLANE))
    touch = page.context.new_cdp_session(page)
    scroll = "document.querySelector('[data-testid=stMain]').scrollTop"
    before, start = page.evaluate(scroll), reading(page)

    def send(kind: str, *points: tuple[float, float]) -> None:
        touch.send(
            "Input.dispatchTouchEvent",
            {"type": kind, "touchPoints": [{"x": px, "y": py} for px, py in points]},
        )

    send("touchStart", (x, y))  # a tap brings z there, and a finger then takes hold of it
    send("touchEnd")
    until(lambda: reading(page) != start)
    start = reading(page)
    send("touchStart", (x, y))
    for step in range(10):
        send("touchMove", (x, y - 10 * step))
    send("touchEnd")
    until(lambda: len(moved(page)) == 2)
    assert page.evaluate(scroll) == before
    assert reading(page) != start


def test_the_ledger_is_vae_cores(server: Server, open_page: Open) -> None:
    run = RunStore(ROOT / "assets" / "models").load("digits-2d")
    vae, data = run.vae(), load_dataset(DataConfig("digits"))
    page = open_page("about:blank", shared=True)
    for index in (0, 17):
        page.goto(f"{server.url}{DIGITS}&image={index}&draw=0")
        page.wait_for_selector(".lens.ready")
        until(lambda: "–" not in page.locator("table.ledger").inner_text())
        x = data.test.batch(slice(index, index + 1))
        with torch.no_grad():
            q = vae.encode(x)
            rate = float(kl_divergence(q, vae.prior()))
            distortion = float(-vae.decode(q.mean).log_prob(x))
        assert ledger(page) == pytest.approx([distortion, rate, distortion + rate], abs=0.011)
        assert "not a bound" in page.locator(".costs").inner_text()


def test_the_ledger_of_points_samples_nothing(server: Server, open_page: Open) -> None:
    page = open_lens(open_page, server.url + "?run=MNIST+auto-encoder+2-D&image=0")
    until(lambda: "∞" in page.locator("table.ledger").inner_text())
    said = page.locator("table.ledger").inner_text()
    assert "−ELBO" in said
    assert "sample" not in said


def test_what_correlation_costs_is_a_part_of_the_rate(server: Server, open_page: Open) -> None:
    codes = RunStore(ROOT / "assets" / "models").load("mnist-full-2d").codes()
    known = codes.rate[2] - codes.kl[2].sum()  # half a nat
    page = open_lens(open_page, server.url + "?run=MNIST+full+covariance+2-D&image=2")
    _, rate, correlation, _ = page.locator("table.ledger tr:not(.gap) .value").all_inner_texts()
    marginals = page.locator(".bars .value").all_inner_texts()
    assert float(correlation) == pytest.approx(float(known), abs=0.011)
    total = sum(map(float, marginals)) + float(correlation)
    assert float(rate) == pytest.approx(total)  # as they are printed


def test_another_image_of_the_class_is_the_next_one(server: Server, open_page: Open) -> None:
    labels = RunStore(ROOT / "assets" / "models").load("digits-2d").codes().labels
    page = open_lens(open_page, server.url + DIGITS + "&image=0")
    number = page.get_by_label("Test image", exact=True)
    _, *others = (labels == labels[int(number.input_value())]).nonzero()[:, 0].tolist()
    assert number.input_value() == "0"
    for following in others[:2]:
        page.get_by_role("button", name="Another").click()
        until(lambda following=following: number.input_value() == str(following), 20)
    until(lambda: address_of(page).get("image") == str(others[1]))


def test_a_draw_is_an_estimate_and_moves_z_but_not_the_rate(
    server: Server, open_page: Open
) -> None:
    page = open_lens(open_page, server.url + DIGITS)
    until(lambda: "–" not in page.locator("table.ledger").inner_text())
    assert "unbiased" in page.locator(".costs").inner_text()
    first = ledger(page)
    page.get_by_role("button", name="Sample z again").click()
    until(lambda: ledger(page)[0] != first[0])
    assert ledger(page)[1] == first[1]
    assert ledger(page)[0] + ledger(page)[1] == pytest.approx(ledger(page)[2])
    until(lambda: address_of(page).get("draw") == "2")


def test_a_drawing_is_encoded_while_it_is_drawn(server: Server, open_page: Open) -> None:
    page = open_lens(open_page, server.url + DIGITS)
    page.get_by_role("button", name="Your handwriting").click()
    pad = page.locator("canvas.pad")
    pad.scroll_into_view_if_needed()
    x, y = centre(pad)
    page.mouse.move(x, y - 60)
    page.mouse.down()
    seen = set()
    for step in range(10):
        page.mouse.move(x, y - 60 + 12 * step)
        frames(page)
        seen.add((picture(page), page.locator("table.ledger").inner_text()))
    assert len(seen) > 3
    page.mouse.move(3, 3)  # and let go outside
    page.mouse.up()
    distortion, rate, total = ledger(page)
    assert rate > 0
    assert distortion + rate == pytest.approx(total)
    after = picture(page)
    page.mouse.move(x + 30, y)  # the pen is up
    frames(page)
    assert picture(page) == after
    until(lambda: address_of(page).get("image") == "none")
    page.get_by_role("button", name="Clear").click()
    frames(page)
    assert "–" in page.locator("table.ledger").inner_text()


def test_hovering_shows_a_point_decoded_beside_its_image(server: Server, open_page: Open) -> None:
    page = open_lens(open_page, server.url + DIGITS)
    x, y = centre(page.locator(PLANE))
    for k in range(400):  # somewhere around the middle there is one
        page.mouse.move(x + (k % 20) * 6 - 60, y + (k // 20) * 6 - 60)
        if page.locator(".tip").is_visible():
            break
    tip = page.locator(".tip")
    assert re.fullmatch(r"\d, test image \d+", tip.locator("p").inner_text())
    until(lambda: tip.locator("canvas").nth(1).evaluate("c => c.width") == 8)
    page.mouse.move(2, 2)
    frames(page)
    assert not tip.is_visible()


def test_the_holes_of_the_prior_are_coloured_and_named(server: Server, open_page: Open) -> None:
    page = open_lens(open_page, server.url + DIGITS)
    below = page.locator(".stage canvas:first-child")
    plain = below.evaluate("c => c.toDataURL()")
    page.get_by_label("Behind the points").select_option("holes")
    until(lambda: "q ≫ p" in page.locator(".legend").inner_text())
    until(lambda: below.evaluate("c => c.toDataURL()") != plain)
    until(lambda: address_of(page).get("layers") == "points,classes,holes")
    box = page.locator(PLANE).bounding_box()
    assert box
    page.mouse.click(box["x"] + 60, box["y"] + 30)  # far from all codes
    frames(page)
    assert "a hole" in page.locator(".reading").inner_text()


def test_a_link_brings_back_what_was_left(server: Server, open_page: Open) -> None:
    page = open_lens(open_page, server.url + "?run=MNIST+20-D")
    page.get_by_label("Up", exact=True).select_option(index=4)
    x, y = centre(page.locator(PLANE))
    page.mouse.click(x + 40, y - 70)
    until(lambda: len(moved(page)) == 2 and "axes" in address_of(page))
    page.wait_for_timeout(500)
    before, link = reading(page), page.evaluate("location.href")
    z, address = moved(page), address_of(page)
    page.evaluate("localStorage.clear(); sessionStorage.clear()")  # as somebody else has it
    page.goto("about:blank")
    page.goto(link)
    page.wait_for_selector(".lens.ready")
    until(lambda: reading(page) == pytest.approx(before, abs=0.006))
    assert address_of(page) == address
    turn_to(page, "Latent sliders", "Explore")
    page.wait_for_selector(".lens.sliders.ready")
    until(lambda: moved(page) == z)
    turn_to(page, "Overview")
    page.wait_for_selector(".lens.overview.ready")
    until(lambda: reading(page) == pytest.approx(before, abs=0.006))


def test_a_slider_follows_keys_and_mouse(server: Server, open_page: Open) -> None:
    page = open_lens(open_page, server.url + "sliders?run=Digits+2-D")
    slider = page.locator("label.slider input").first
    start, value = picture(page), page.locator("label.slider output").first
    before = value.inner_text()
    slider.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    frames(page)
    assert picture(page) != start
    assert value.inner_text() != before
    until(lambda: len(moved(page)) == 1)
    page.get_by_role("button", name="Reset", exact=True).click()
    until(lambda: moved(page) == {})
    assert picture(page) == start


def cells_of(numbers: dict[int, float], channels: int) -> set[int]:
    return {j // channels for j in numbers}


def test_cells_are_picked_and_edited_together(server: Server, open_page: Open) -> None:
    page = open_lens(open_page, server.url + DIGITS_MAP)
    shape = RunStore(ROOT / "assets" / "models").load("digits-map").config.model.latent_shape
    channels = shape[-1]
    cells = page.locator("button.cell")
    cells.nth(0).click()
    cells.nth(3).click(modifiers=["Shift"])
    assert page.locator(".outlines i").count() == 2
    start = picture(page)
    page.get_by_role("button", name="Zero").click()
    until(lambda: cells_of(moved(page), channels) == {0, 3})
    assert set(moved(page).values()) == {0.0}
    assert picture(page) != start
    page.get_by_role("button", name="Back").click()
    until(lambda: moved(page) == {})
    assert picture(page) == start
    page.get_by_role("button", name="Resample").click()
    until(lambda: cells_of(moved(page), channels) == {0, 3})
    page.get_by_role("button", name="Reset all").click()
    until(lambda: moved(page) == {})
    page.get_by_label("Image to copy from").fill("9")
    page.get_by_role("button", name="Copy from image").click()
    until(lambda: cells_of(moved(page), channels) == {0, 3})
    codes = RunStore(ROOT / "assets" / "models").load("digits-map").codes()
    there = codes.mean[9].flatten()
    for j, value in moved(page).items():
        assert value == pytest.approx(float(there[j]), rel=0.01, abs=0.001)
    page.get_by_role("button", name="Reset all").click()
    until(lambda: moved(page) == {})
    mean = codes.mean[0].flatten()
    page.locator(".ops label.slider input").first.focus()
    page.keyboard.press("ArrowRight")
    until(lambda: cells_of(moved(page), channels) == {0, 3})
    by = {j: value - float(mean[j]) for j, value in moved(page).items()}
    assert len(by) == 2  # one channel of two cells, by as much
    first, second = by.values()
    assert first == pytest.approx(second, abs=0.02)

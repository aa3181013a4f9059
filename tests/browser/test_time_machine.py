"""The time machine in a browser: bars move codes and pictures, with and without a server."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from pages.ui.components import film, time_machine
from pages.ui.drawing.numbers import sum_and_parts
from pages.ui.server import routes
from tests.browser.memory import counter
from tests.samples import tiny_run, tiny_sweep
from vae_core import Dataset, RunStore
from vae_core.browser.payload import frame_file
from vae_core.runs.frames import FrameWriter

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MOUNT = """async ({facts, script = '/bundle.js', width = 1200}) => {
  const mount = (await import(script)).default;
  const parentElement = document.createElement('div');
  parentElement.style.width = `${width}px`;
  document.body.append(parentElement);
  const style = document.createElement('style');
  style.textContent = await (await fetch('/style.css')).text();
  document.head.append(style);
  window.told = [];
  const component = {parentElement, data: facts, setStateValue: (name, v) => told.push([name, v])};
  mount(component);
  window.unmount = mount(component);  // Streamlit calls it again whenever data change
  window.host = parentElement;
  const frame = () => new Promise(requestAnimationFrame);
  window.settled = async (ms = 300) => {
    const end = performance.now() + ms;
    while (performance.now() < end) await frame();
  };
  window.bar = (k) => host.querySelectorAll('input[type=range]')[k];
  window.put = (k, index) => {
    bar(k).value = index;
    bar(k).dispatchEvent(new Event('input'));
    bar(k).dispatchEvent(new Event('change'));
  };
  window.picture = (k) => host.querySelectorAll('canvas')[k].toDataURL();
  while (!told.length) await frame();
  await settled();
}"""
CODES, WALK = 1, 2  # canvases of the component, in order; 0 is what the codes lie on


GHOST = "the plane differs by what it showed before"


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory, digits: Dataset) -> time_machine.Timeline:
    """Three values, of which the last kept no first epoch."""
    runs = tiny_sweep(tmp_path_factory.mktemp("sweep"), digits, latent_shape=(2,))
    (runs[2].path / "epochs" / "0001.safetensors").unlink()
    return time_machine.read("browser", runs)


@pytest.fixture
def machine(modules: Page, sweep: time_machine.Timeline) -> Page:
    """A page with the time machine on it: `put`, `picture` and `told` are there."""
    return mounted(modules, sweep)


def mounted(page: Page, sweep: time_machine.Timeline, width: int = 1200) -> Page:
    offer = time_machine.offer(sweep)

    def answer(route: Route, body: bytes | str | None, kind: str) -> None:
        route.fulfill(body=body, content_type=kind)

    def file(route: Route) -> None:
        name = route.request.url.rpartition("/")[2]
        answer(route, offer.files[name](), routes.BYTES)

    site = "http://lens.test"
    page.route(f"{site}/lens/time-test/*", file)
    script, style = time_machine.TIMELINE.script(), time_machine.TIMELINE.style()
    page.route(f"{site}/bundle.js", partial(answer, body=script, kind="text/javascript"))
    page.route(f"{site}/style.css", partial(answer, body=style, kind="text/css"))
    page.evaluate(MOUNT, {"facts": told_of(sweep), "width": width})
    return page


def told_of(sweep: time_machine.Timeline) -> dict[str, Any]:
    return time_machine.facts(sweep, "test") | {"place": {"value": 1, "epoch": 1}}


def pictures(page: Page) -> list[str]:
    """The codes, and what is decoded, once nothing moves."""
    page.evaluate("settled()")
    shown: list[str] = page.evaluate(f"[picture({CODES}), picture({WALK}), picture({WALK} + 1)]")
    return shown


def test_movements_between_checkpoints(modules: Page) -> None:
    result = modules.evaluate("""async () => {
      const {between, eased, opacityOf, stepBefore} = await import('/math/tween.js');
      let left = 1;  // of the first picture, painted over at even shares of a fade
      for (let k = 1; k <= 4; k++) left *= 1 - opacityOf((k - 1) / 5, k / 5);
      return {
        ends: [eased(-1), eased(0), eased(1), eased(2)],
        middle: [...between([0, 2], [1, 4], 0.5, new Float32Array(2))],
        left, over: opacityOf(0.3, 1),
        forwards: stepBefore({value: 1, epoch: 2}, 'epoch', 1, 4),
        back: stepBefore({value: 1, epoch: 2}, 'value', -1, 3),
        edge: stepBefore({value: 0, epoch: 2}, 'value', 1, 3),
      };
    }""")
    assert result["ends"] == [0, 0, 1, 1]
    assert result["middle"] == [0.5, 3]
    assert result["left"] == pytest.approx(0.2)
    assert result["over"] == 1
    assert result["forwards"] == {"value": 1, "epoch": 1}
    assert result["back"] == {"value": 2, "epoch": 2}
    assert result["edge"] is None


def test_a_bar_moves_codes_pictures_and_numbers(
    machine: Page, sweep: time_machine.Timeline
) -> None:
    before = pictures(machine)
    numbers = machine.evaluate("[...host.querySelectorAll('td.value')].map((v) => v.textContent)")
    assert numbers == expected_numbers(sweep, 1, 1)
    machine.evaluate("put(1, 2)")
    after = pictures(machine)
    assert all(a != b for a, b in zip(before, after, strict=True))
    numbers = machine.evaluate("[...host.querySelectorAll('td.value')].map((v) => v.textContent)")
    assert numbers == expected_numbers(sweep, 1, 2)
    assert machine.evaluate("told.at(-1)") == ["place", {"value": 1, "epoch": 2}]
    assert machine.evaluate("bar(1).getAttribute('aria-valuetext')") == "epoch 3"
    spoken = machine.evaluate("host.querySelector('[aria-live]').textContent")
    assert spoken.startswith("β 1, epoch 3: distortion ")
    machine.evaluate("put(1, 1)")  # from the other side: the same codes, another ghost
    back = pictures(machine)
    assert back[1:] == before[1:]
    assert back[0] != before[0], GHOST


def expected_numbers(sweep: time_machine.Timeline, v: int, e: int) -> list[str]:
    record = sweep.runs[v].history()[sweep.epochs[v][e] - 1]
    distortion, rate = record.test_distortion, record.test_rate
    total, *parts = sum_and_parts(distortion, rate)
    return [*parts, total]


def test_keys_move_the_bars_and_can_be_heard(machine: Page) -> None:
    machine.evaluate("bar(0).focus()")
    machine.keyboard.press("ArrowRight")
    machine.keyboard.press("Tab")
    machine.keyboard.press("Home")
    machine.evaluate("settled(50)")
    assert machine.evaluate("told.at(-1)") == ["place", {"value": 2, "epoch": 0}]
    said = machine.evaluate("host.querySelector('.bars .note').textContent")
    assert said == "Of this run epoch 1 was not kept: shown is epoch 2."


def test_frames_come_while_a_bar_is_moved(machine: Page) -> None:
    mean = machine.evaluate("""async () => {
      const began = await new Promise(requestAnimationFrame);
      let now = began;
      for (let k = 0; k < 60; k++) {
        if (k % 3 === 0) put((k / 3) % 2, (k / 6) % 3 | 0);
        now = await new Promise(requestAnimationFrame);
      }
      return (now - began) / 60;
    }""")
    assert mean < 50


def test_the_epochs_play_and_stop(machine: Page) -> None:
    machine.evaluate("put(1, 0)")
    machine.get_by_role("button", name="Play the epochs").click()
    machine.get_by_role("button", name="Stop").wait_for()
    machine.wait_for_function("told.at(-1)[1].epoch === 2")
    machine.get_by_role("button", name="Play the epochs").click()  # from the first again
    machine.get_by_role("button", name="Stop").click()
    machine.wait_for_function("told.at(-1)[1].epoch === 0")


def test_it_goes_on_without_a_server(machine: Page) -> None:
    machine.wait_for_function(
        "performance.getEntriesByType('resource')"
        ".filter((r) => r.name.includes('sheet-')).length === 8"
    )
    machine.evaluate("settled()")
    machine.unroute("http://lens.test/lens/time-test/*")
    machine.route("http://lens.test/lens/time-test/*", lambda route: route.abort())
    seen = set()
    for value, epoch in ((0, 0), (1, 2), (2, 1), (0, 2)):
        machine.evaluate(f"put(0, {value}); put(1, {epoch})")
        seen.update(pictures(machine))
    assert len(seen) == 12
    assert machine.evaluate("host.querySelector('.error').hidden")


def test_what_the_server_refuses_is_said(modules: Page, sweep: time_machine.Timeline) -> None:
    modules.route(
        "http://lens.test/none/codes", lambda r: r.fulfill(body=b"short", content_type=routes.BYTES)
    )
    facts = told_of(sweep) | {"address": "/none/"}
    modules.route(
        "http://lens.test/bundle.js",
        lambda r: r.fulfill(body=time_machine.TIMELINE.script(), content_type="text/javascript"),
    )
    said = modules.evaluate(
        """async (facts) => {
      const mount = (await import('/bundle.js')).default;
      mount({parentElement: document.body, data: facts, setStateValue() {}});
      const error = document.querySelector('.error');
      while (error.hidden) await new Promise(requestAnimationFrame);
      return error.textContent;
    }""",
        facts,
    )
    assert "expected a safetensors file" in said


@pytest.mark.parametrize("width", [342, 1200])
def test_what_is_touched_is_large_enough(
    own_modules: Page, sweep: time_machine.Timeline, width: int
) -> None:
    own_modules.set_viewport_size({"width": width + 48, "height": 844})
    own_modules.emulate_media(reduced_motion="reduce")
    page = mounted(own_modules, sweep, width)
    sides = page.evaluate("""[...host.querySelectorAll('input, button')].map((x) => {
      const {width, height} = x.getBoundingClientRect();
      return Math.min(width, height);
    })""")
    assert len(sides) == 3
    assert min(sides) >= 44
    assert page.evaluate("document.documentElement.scrollWidth") <= width + 48
    page.evaluate("put(1, 2)")  # who wants no movement sees the end of it at once
    page.evaluate("settled(60)")
    at_once = page.evaluate(f"picture({CODES})")
    assert pictures(page)[0] == at_once


def test_many_mounts_leave_nothing_behind(machine: Page, sweep: time_machine.Timeline) -> None:
    counts = counter(machine)
    again = """async ({times, facts}) => {
      const mount = (await import('/bundle.js')).default;
      for (let k = 0; k < times; k++) {
        let count = 0;
        const component = {parentElement: host, data: facts, setStateValue: () => count++};
        mount(component);
        const gone = mount(component);
        while (!count) await new Promise(requestAnimationFrame);
        host.querySelector('button').click();
        await new Promise(requestAnimationFrame);
        gone();
      }
      return host.childNodes.length;
    }"""
    machine.evaluate("unmount()")
    assert machine.evaluate(again, {"times": 5, "facts": told_of(sweep)}) == 0
    before = counts()
    assert machine.evaluate(again, {"times": 40, "facts": told_of(sweep)}) == 0
    after = counts()
    assert after["JSEventListeners"] <= before["JSEventListeners"] + 2
    assert after["Nodes"] <= before["Nodes"] + 20
    assert after["JSHeapUsedSize"] < before["JSHeapUsedSize"] + 2e6


FILM = """async ({facts}) => {
  const mount = (await import('/film.js')).default;
  const parentElement = document.createElement('div');
  parentElement.style.width = '900px';
  document.body.append(parentElement);
  window.host = parentElement;
  window.told = [];
  window.look = (data) => {
    window.unmount = mount({parentElement, data, setStateValue: (name, v) => told.push([name, v])});
  };
  look(facts);
  window.pictures = () => [...host.querySelectorAll('canvas')].map((canvas) => canvas.toDataURL());
  window.said = () => host.querySelector('.reading').textContent;
}"""


def test_a_film_follows_its_training_until_its_bar_is_moved(
    modules: Page, tmp_path_factory: pytest.TempPathFactory, digits: Dataset
) -> None:
    run = RunStore(tmp_path_factory.mktemp("film")).create(tiny_run(latent=(2,)))
    list(run.train(digits))
    FrameWriter(run.path, run.vae(), digits, run.config.train)._take(9, 3.0)
    found = film.read(run)
    assert found is not None
    facts = film.facts(found, is_live=True, start=None)
    first, last = facts["frames"][0], facts["frames"][-1]
    route = f"http://lens.test/{facts['address']}images/*"
    asked: list[int] = []

    def frame(route: Route) -> None:
        step = int(route.request.url.rpartition("/")[2])
        asked.append(step)
        route.fulfill(body=frame_file(run.frame(step), found.axes), content_type=routes.BYTES)

    modules.route(route, frame)
    script = film.FILM.script()
    modules.route(
        "http://lens.test/film.js",
        lambda route: route.fulfill(body=script, content_type="text/javascript"),
    )
    modules.evaluate(FILM, {"facts": facts | {"frames": [first]}})
    modules.wait_for_function("host.querySelector('.film.ready')")
    assert modules.evaluate("said()").startswith("After 0 updates, 0 epochs: negative ELBO ")
    before = modules.evaluate("pictures()")
    modules.evaluate("(facts) => look(facts)", facts)  # the page looks once a second
    modules.wait_for_function("said().startsWith('After 9 updates, 3 epochs')")
    modules.wait_for_timeout(500)
    after = modules.evaluate("pictures()")
    still = [0, 2]  # of the canvases: axes and prior, and the test images themselves
    assert [k for k, picture in enumerate(before) if picture == after[k]] == still
    assert sorted(set(asked)) == [step for step, *_ in facts["frames"]]
    assert len(asked) == len(set(asked))
    assert modules.evaluate("told.length") == 0

    bar = modules.locator(".film input[type=range]")
    bar.fill("0")
    modules.evaluate("(facts) => look(facts)", facts)
    modules.wait_for_timeout(900)
    assert modules.evaluate("said()").startswith("After 0 updates")  # the reader has the bar
    assert modules.evaluate("told") == [["place", {"step": 0}]]
    assert modules.evaluate("pictures()")[2:5] == before[2:5]
    live = modules.get_by_role("button", name="Live")
    assert live.get_attribute("aria-pressed") == "false"
    live.click()
    modules.wait_for_function("said().startsWith('After 9 updates')")
    modules.evaluate("(facts) => look(facts)", facts | {"isLive": False})
    assert not live.is_visible()
    modules.get_by_role("button", name="Play").click()
    modules.wait_for_function("said().startsWith('After 0 updates')")
    modules.wait_for_function("said().startsWith('After 9 updates')")
    modules.get_by_role("button", name="Play").wait_for()
    assert last[0] == 9
    modules.evaluate("unmount()")
    assert modules.evaluate("host.querySelector('.film')") is None

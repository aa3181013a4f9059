"""The lens as a component: it is put on a page and taken off again without a trace."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch

from pages.ui.components.lens import COLOURS, LENS
from pages.ui.server import routes
from tests.browser.memory import counter
from tests.samples import ROOT, tiny_run
from vae_core import DataConfig, Run, RunStore, load_dataset
from vae_core.analysis import channel_order, latent_names
from vae_core.browser.payload import codes_file, model_file, moments_file

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

pytestmark = [pytest.mark.browser, pytest.mark.slow]

VIEWS = {"overview": "digits-2d", "sliders": "digits-2d", "cells": "digits-map"}
MOUNT = """async ({times, facts, script = '/lens-bundle.js'}) => {
  const mount = (await import(script)).default;
  const parentElement = document.createElement('div');
  parentElement.style.width = '1200px';
  document.body.append(parentElement);
  for (let k = 0; k < times; k++) {
    let told = 0;
    const component = {parentElement, data: facts, setStateValue: () => told++};
    mount(component);
    const unmount = mount(component);  // Streamlit calls it again whenever data change
    while (!told) await new Promise(requestAnimationFrame);
    await new Promise(requestAnimationFrame);
    unmount();
  }
  const left = parentElement.childNodes.length;
  parentElement.remove();
  return left;
}"""


def facts_of(run: Run, view: str) -> dict[str, Any]:
    codes = run.codes()
    kl = codes.kl.mean(0).flatten().tolist()
    return {
        "view": view, "address": "http://lens.test/files/", "images": None, "first_draw": 1,
        "n_originals": 0, "missing": "not here",
        "image_shape": list(run.data().image_shape), "latent_shape": list(codes.latent_shape),
        "n_images": len(codes), "class_names": run.data().class_names,
        "labels": codes.labels.unique().tolist(), "names": latent_names(codes.latent_shape),
        "order": channel_order(codes), "kl": kl, "cells": kl, "cells_title": "KL",
        "cells_unit": "nats per image", "has_rings": True, "is_triangle": False,
        "family": {
            "low": -4.0, "high": 4.0, "has_rate": True, "has_density": True, "rest_title": None,
            "bars_note": "",
        },
        "colours": COLOURS,
        "state": {
            "image": 0, "draw": 1, "z": {}, "axes": channel_order(codes)[:2],
            "layers": ["points", "classes", "holes"], "cells": [], "channel": None, "at": [],
            "drawing": [],
        },
    }  # fmt: skip


def serve_files(page: Page, run: Run, **others: bytes) -> list[str]:
    """Answer for the bundle, the model and its codes; returns what was asked for, as it is."""
    files = {"model": model_file(run.vae()), "posteriors": codes_file(run.codes())} | others
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url.rpartition("/")[2])
        route.fulfill(body=files[asked[-1]], content_type=routes.BYTES)

    page.route("http://lens.test/files/*", answer)
    page.route(
        "http://lens.test/lens-bundle.js",
        lambda route: route.fulfill(body=LENS.script(), content_type="text/javascript"),
    )
    return asked


@pytest.mark.parametrize("view", VIEWS)
def test_twenty_mounts_leave_nothing_behind(view: str, modules: Page) -> None:
    run = RunStore(ROOT / "assets" / "models").load(VIEWS[view])
    serve_files(modules, run)
    counts = counter(modules)
    facts = facts_of(run, view)
    first = {"times": 20, "facts": facts}  # until the browser has compiled what it compiles late
    assert modules.evaluate(MOUNT, first) == 0
    before = counts()
    assert modules.evaluate(MOUNT, {"times": 20, "facts": facts}) == 0
    after = counts()
    assert after["JSEventListeners"] <= before["JSEventListeners"] + 2
    assert after["Nodes"] <= before["Nodes"] + 10
    assert after["JSHeapUsedSize"] < before["JSHeapUsedSize"] + 1.5e5


@pytest.mark.parametrize("view", VIEWS)
def test_the_modules_work_by_themselves_as_well(view: str, modules: Page) -> None:
    """With their own imports: in the bundle all names are in one scope, imported or not."""
    run = RunStore(ROOT / "assets" / "models").load(VIEWS[view])
    serve_files(modules, run)
    mounted = {"times": 1, "facts": facts_of(run, view), "script": "/lens/lens.js"}
    assert modules.evaluate(MOUNT, mounted) == 0


def renamed(file: bytes, old: str, new: str) -> bytes:
    """A model file that says something else of itself, as long as before."""
    assert len(old) == len(new)
    assert file.count(old.encode()) == 1
    return file.replace(old.encode(), new.encode())


def test_a_family_unknown_to_the_page_shows_its_moments_and_no_kl(modules: Page) -> None:
    run = RunStore(ROOT / "assets" / "models").load("digits-2d")
    model = renamed(model_file(run.vae()), "diagonal", "unheard-")
    asked = serve_files(modules, run, model=model, moments=moments_file(run.codes()))
    look = "p => [...p.querySelectorAll('.value')].map((v) => v.textContent)"
    script = MOUNT.replace("unmount();", f"window.seen = ({look})(parentElement); unmount();")
    modules.evaluate(script, {"times": 1, "facts": facts_of(run, "overview")})
    assert asked[-1] == "moments"
    assert set(modules.evaluate("() => seen")) == {"–"}


def test_pixels_unknown_to_the_page_are_painted_by_the_server(modules: Page) -> None:
    run = RunStore(ROOT / "assets" / "models").load("digits-2d")
    model = renamed(model_file(run.vae()), "bernoulli", "unheard-x")
    painted = torch.full((64,), 0.5).numpy().astype("<f4").tobytes()
    asked = serve_files(modules, run, model=model, picture=painted)
    look = "p => p.querySelector('canvas[aria-label=decoded]').getContext('2d')"
    see = f"window.seen = [...({look})(parentElement).getImageData(3, 3, 1, 1).data]; unmount();"
    wait = "await new Promise((r) => setTimeout(r, 300)); " + see
    facts = facts_of(run, "overview")
    modules.evaluate(MOUNT.replace("unmount();", wait), {"times": 1, "facts": facts})
    assert "picture" in asked
    assert modules.evaluate("() => seen") == [128, 128, 128, 255]


@pytest.fixture(scope="module")
def wide(idx_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of images of 8 x 12 pixels."""
    data = DataConfig("mnist", str(idx_folder))
    run = RunStore(tmp_path_factory.mktemp("wide")).create(replace(tiny_run(), data=data))
    list(run.train(load_dataset(data)))
    return run


@pytest.mark.parametrize("view", ["overview", "sliders"])
def test_a_picture_has_the_proportions_of_its_image(view: str, modules: Page, wide: Run) -> None:
    serve_files(modules, wide)
    modules.add_style_tag(content=LENS.style())
    look = "p => p.querySelector('canvas[aria-label=decoded]').getBoundingClientRect()"
    see = f"const r = ({look})(parentElement); window.seen = r.width / r.height; unmount();"
    mounted = {"times": 1, "facts": facts_of(wide, view)}
    modules.evaluate(MOUNT.replace("unmount();", see), mounted)
    assert modules.evaluate("() => seen") == pytest.approx(12 / 8, rel=0.02)

"""Ways to open the app and to look at what it shows."""

from __future__ import annotations

import asyncio
import atexit
import base64
import json
import re
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from starlette.applications import Starlette
from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button
from torch import Tensor

from pages.ui.components.lens_state import LensState
from pages.ui.library.listing import label_of
from pages.ui.server import routes
from pages.ui.session.doors import DOORS
from tests.samples import ROOT, bundled, tiny_run
from vae_core import Dataset, Run, RunStore

FRAME = ROOT / "pages" / "frame.py"
PAGES = sorted(
    p.name for p in FRAME.parent.glob("*.py") if p.name not in ("__init__.py", FRAME.name)
)
WITH_PICKER = [door.script for door in DOORS if door.of_model]
MODELS = list(bundled().values())
VAES = [run for run in MODELS if run.config.model.posterior != "delta"]
ALIVE = [run for run in MODELS if run.id != "mnist-collapsed"]  # whose pictures depend on z
MAPS = [run for run in MODELS if len(run.config.model.latent_shape) == 3]
VIEWS = {
    "overview.py": "overview",
    "posteriors.py": "posteriors",
    "sliders.py": "sliders",
    "feature_map.py": "cells",
}


def open_page(page: str, run: Run | str | None = None, **address: str) -> AppTest:
    """The app on one page, as a link with this model and these parameters opens it.

    A model that ships is named by its title, one of the reader's own by its label.
    """
    app = AppTest.from_file(FRAME, default_timeout=60)
    # Else every app looks for components in all packages that are installed, which takes longer
    # than a page does. The pages bring their own.
    app._bidi_component_manager = BidiComponentManager()
    for name, value in address.items():
        app.query_params[name] = value
    if run:
        app.query_params["run"] = run if isinstance(run, str) else run.title
    if "_" in page:
        app.run()  # until then it is not known by its name, which is not its address
    return go(app, page)


_seen: dict[tuple[object, ...], AppTest] = {}


def seen(page: str, run: Run, **address: str) -> AppTest:
    """A page with a model that ships, opened once for all tests that do nothing but look at it."""
    key = (page, run.id, *sorted(address.items()))
    if key not in _seen:
        _seen[key] = open_page(page, run, **address)
    return _seen[key]


def go(app: AppTest, page: str) -> AppTest:
    return app.switch_page(page).run()


def assert_sound(app: AppTest) -> None:
    """No exception and no error on the page, and no number that is none.

    Every metric shows a value.
    """
    assert [e.value for e in app.exception] == []
    assert [e.value for e in app.error] == []
    for text in words(app):
        assert not re.search(r"\b(nan|inf|NaT|None)\b|dtype:|tensor\(", text), text
    for metric in app.metric:
        assert metric.value.strip(), metric.label


def words(app: AppTest) -> list[str]:
    """All that the page says in words and numbers, one text for each element."""
    blocks = (app.markdown, app.caption, app.info, app.warning, app.success)
    said = [element.value for elements in blocks for element in elements]
    return said + [f"{metric.label} {metric.value}" for metric in app.metric]


def model_line(app: AppTest) -> str:
    """What the frame says that the chosen model is, with its score: behind Details."""
    line: str = app.caption[1].value
    return line


def chosen_label(app: AppTest) -> str:
    """What the picker calls the chosen model, also on pages without a picker."""
    return label_of(app.session_state["chosen"])


def button(app: AppTest, label: str) -> Button:
    return next(b for b in app.button if b.label == label)


def choose_preset(app: AppTest, name: str) -> AppTest:
    return app.selectbox(key="preset").set_value(name).run()


_made: dict[str, Path] = {}  # tiny runs by their settings: trained once, then copied


def trained(runs: Path, digits: Dataset, **settings: object) -> str:
    """A tiny model among the reader's runs; returns the label by which the picker offers it."""
    config = tiny_run(**settings)
    if str(config) not in _made:
        kept = tempfile.mkdtemp(prefix="elbo-room-made-")
        atexit.register(shutil.rmtree, kept, ignore_errors=True)
        run = RunStore(kept).create(config)
        list(run.train(digits))
        _made[str(config)] = run.path
    copy = shutil.copytree(_made[str(config)], runs / _made[str(config)].name)
    run = RunStore(runs).load(copy.name)
    return f"{run.title} · {run.id[-6:]}"


def own_run(runs: Path) -> Run:
    (entry,) = RunStore(runs).list()
    assert entry.run
    return entry.run


def lens_pages(run: Run) -> list[str]:
    """The pages that show the lens for this run."""
    return [page for page in VIEWS if page != "feature_map.py" or is_map(run)]


def is_map(run: Run) -> bool:
    return len(run.config.model.latent_shape) == 3


def has_component(app: AppTest, name: str) -> bool:
    """Whether a component of this name is on the page."""
    found = app.get("bidi_component")
    return any(c.proto.component_name.endswith(f".{name}") for c in found)


def the_component(app: AppTest, name: str) -> Any:
    """The one of this name among the page's components."""
    found = app.get("bidi_component")
    (component,) = (c for c in found if c.proto.component_name.endswith(f".{name}"))
    return component


def the_lens(app: AppTest) -> Any:
    """The lens among the page's components."""
    return the_component(app, "lens")


def lens_facts(app: AppTest, name: str = "lens") -> dict[str, Any]:
    """What the lens, or another component, is told; a browser reads no NaN."""
    told = the_component(app, name).proto.json
    facts: dict[str, Any] = json.loads(told, parse_constant=_no_number)
    return facts


def _no_number(name: str) -> None:
    raise AssertionError(f"{name} is not JSON")


def lens_state(app: AppTest) -> LensState:
    """Where the app holds the reader to stand."""
    _, here = app.session_state["lens_state"]
    assert isinstance(here, LensState)
    return here


def tell(app: AppTest, **changes: Any) -> AppTest:
    """Let go of something in the lens, which tells where the reader stands now."""
    lens = the_lens(app)
    app.session_state[lens.key] = {"state": lens_state(app).to_page() | changes}
    return app.run()


@dataclass(frozen=True)
class Fetched:
    """What came for a request, and how many pieces of its body were read."""

    status: int
    headers: dict[str, str]
    content: bytes
    pieces: int


def fetch(address: str, *body: bytes, base: str = "") -> Fetched:
    """GET what the lens would; with a body in pieces, POST. `base` is the server's own path."""
    return asyncio.run(_fetch(address, body, base))


async def _fetch(address: str, body: tuple[bytes, ...], base: str) -> Fetched:
    path = f"/{address}"
    scope = {"type": "http", "method": "POST" if body else "GET", "path": path, "headers": []}
    waiting, sent = list(body), []

    async def receive() -> dict[str, Any]:
        piece = waiting.pop(0) if waiting else b""
        return {"type": "http.request", "body": piece, "more_body": bool(waiting)}

    async def send(message: Any) -> None:
        sent.append(message)

    await Starlette(routes=routes.below(base))(scope, receive, send)
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    content = b"".join(message.get("body", b"") for message in sent)
    return Fetched(sent[0]["status"], headers, content, len(body) - len(waiting))


def float32(content: bytes) -> Tensor:
    return torch.from_numpy(np.frombuffer(content, "<f4").copy())


def pictures(app: AppTest) -> dict[str, str]:
    """The source of every picture below the lens, by what it is called."""
    html = "".join(e.proto.body for e in app.get("html"))
    return dict(re.findall(r"<img alt='([^']*)' src='([^']*)'", html))


def charts(app: AppTest) -> list[dict[str, Any]]:
    """The specification of every plotly chart on the page."""
    return [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]


def numbers(values: Any) -> NDArray[np.float64]:
    """An array of a chart's specification; plotly writes them as base64."""
    if isinstance(values, dict):
        flat = np.frombuffer(base64.b64decode(values["bdata"]), values["dtype"])
        return (
            flat.reshape([int(n) for n in values["shape"].split(",")])
            if "shape" in values
            else flat
        )
    return np.array(values, float)


def run_until(app: AppTest, condition: Callable[[AppTest], bool], seconds: float = 180) -> AppTest:
    """Run the page again and again, as its fragment does, until something shows."""
    deadline = time.monotonic() + seconds
    while True:
        began = time.monotonic()
        if condition(app.run()):
            return app
        assert_sound(app)
        assert began < deadline, f"not after {seconds} s: {[m.value for m in app.markdown]}"
        # Most of the processor is the job's: looking on takes a third of one core.
        time.sleep(max(0.2, 2.0 * (time.monotonic() - began)))

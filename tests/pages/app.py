"""Ways to open the app and to look at what it shows."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from tests.samples import ROOT
from vae_core import Run, RunStore

FRAME = ROOT / "pages" / "frame.py"
PAGES = sorted(
    p.name for p in FRAME.parent.glob("*.py") if p.name not in ("__init__.py", FRAME.name)
)
MODELS = [entry.run for entry in RunStore(ROOT / "assets" / "models").list() if entry.run]
VAES = [run for run in MODELS if run.config.model.posterior != "delta"]
ALIVE = [run for run in MODELS if run.id != "mnist-collapsed"]  # whose pictures depend on z
MAPS = [run for run in MODELS if len(run.config.model.latent_shape) == 3]


def open_page(page: str, run: Run | str | None = None, **address: str) -> AppTest:
    """The app on one page, as a link with this model and these parameters opens it.

    A model that ships is named by its title, one of the reader's own by its label.
    """
    app = AppTest.from_file(FRAME, default_timeout=60)
    for name, value in address.items():
        app.query_params[name] = value
    if run:
        app.query_params["run"] = run if isinstance(run, str) else run.title
    return go(app.run(), page)


def go(app: AppTest, page: str) -> AppTest:
    return app.switch_page(page).run()


def assert_sound(app: AppTest) -> None:
    """No exception and no error on the page."""
    assert [e.value for e in app.exception] == []
    assert [e.value for e in app.error] == []


def button(app: AppTest, label: str) -> Button:
    return next(b for b in app.button if b.label == label)


def choose_preset(app: AppTest, name: str) -> AppTest:
    return app.selectbox(key="preset").set_value(name).run()


def pictures(app: AppTest) -> dict[str, str]:
    """The source of every picture beside the sliders, by what it is called."""
    html = "".join(e.proto.body for e in app.get("html"))
    return dict(re.findall(r"<img alt='([^']*)' src='([^']*)'", html))


def decoded(app: AppTest) -> str:
    return pictures(app)["decoded"]


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
    while not condition(app.run()):
        assert_sound(app)
        assert time.monotonic() < deadline, (
            f"not after {seconds} s: {[m.value for m in app.markdown]}"
        )
        time.sleep(0.4)  # the processor is the job's
    return app

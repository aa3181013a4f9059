"""Every key that a lesson may hide is there, on the page that it is listed for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from pages.ui.components.lens import LENS
from pages.ui.components.time_machine import TIMELINE
from pages.ui.lesson import hideable
from pages.ui.session.doors import DOORS
from tests.pages.app import MODELS, lens_facts, open_page

RUNS = {run.id: run for run in MODELS}
MODEL = {  # with which a page has all its parts, where that is not a vector's
    "feature-map": "digits-map", "locality": "digits-map", "projection": "digits-map",
    "rate-distortion": "mnist-2d",
}  # fmt: skip
MODEL_OF_VIEW = {"Decoder sigma": "mnist-gaussian-10d", "Bytes": "digits-map"}
SCRIPTS = {door.url_path: door.script for door in DOORS}
STYLES = [component.style() for component in (LENS, TIMELINE)]


def groups() -> Iterator[Any]:
    """Keys of a page that are there under one address."""
    for page, known in hideable.PAGES.items():
        of: dict[tuple[tuple[str, str], ...], list[str]] = {}
        for key in known:
            if (page, key) not in hideable.IN_COMPONENTS:
                shown = tuple(hideable.SHOWN_BY.get((page, key), {}).items())
                if page == "kl" and key in hideable.OF_ENTRIES:
                    shown = (("cell_model", "false"),)  # the default, of a codebook alone
                of.setdefault(shown, []).append(key)
        for address, keys in of.items():
            name = "-".join((page or "overview", *(value for _, value in address)))
            yield pytest.param(page, dict(address), keys, id=name)


def keys_on(app: Any) -> str:
    """The ids of all elements and containers, in which their keys stand."""
    found: list[str] = []

    def look(node: Any) -> None:
        proto = getattr(node, "proto", None)
        found.extend(
            str(getattr(proto, name)) for name in ("id", "element_id") if hasattr(proto, name)
        )
        for child in getattr(node, "children", {}).values():
            look(child)

    look(app._tree)
    return "\n".join(f"{one}\n" for one in found)


@pytest.mark.parametrize(("page", "address", "keys"), list(groups()))
def test_a_page_has_the_keys_that_lessons_hide(
    page: str, address: dict[str, str], keys: list[str]
) -> None:
    view = address.get("diagnosis", address.get("tradeoff_view", ""))
    run = RUNS[MODEL_OF_VIEW.get(view) or MODEL.get(page, "digits-2d")]
    if "cell_model" in address:
        run = RUNS["mnist-codebook"]
    there = keys_on(open_page(SCRIPTS[page], run, **address))
    for key in (*keys, "summary", "page", "model-box"):
        assert re.search(rf"^\$\$ID-[0-9a-f]+-{key}(--[\w-]+)?$", there, re.MULTILINE), key


@pytest.mark.parametrize(("page", "key"), sorted(hideable.IN_COMPONENTS))
def test_a_component_hides_what_lessons_hide_of_it(page: str, key: str) -> None:
    style = STYLES[page == "time-machine"]
    assert f".hide-{key} " in style


def test_a_component_is_told_what_is_hidden() -> None:
    app = open_page("sliders.py", RUNS["digits-2d"], hide="result")
    assert lens_facts(app)["hide"] == ["result"]
    app = open_page("time_machine.py", hide="tradeoff")
    assert lens_facts(app, "timeline")["hide"] == ["tradeoff"]

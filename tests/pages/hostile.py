"""Runs whose files hold tags, Markdown and other marks wherever they hold text."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

from tests.samples import tiny_sweep
from vae_core import Dataset, Run, RunStore

NAME = "__EVIL__"  # all that the name of a run may have of it
TURNED = "EVIL \u202eliar\u2066 \x07"
CLASSES = (
    "![EVIL](http://EVIL.example/p.png)",
    "<style>EVIL{}</style>",
    "<form action=EVIL><input name=p></form>",
    "**EVIL** :red[EVIL]",
    ":material/EVIL: :EVIL:",
    "$EVIL$ `EVIL`",
    "# EVIL",
    "' onload='EVIL'",
    "%{EVIL} <a href=http://EVIL.example>a</a>",
    TURNED + "x" * 5000,
)
# What none of it may be in a place that reads Markdown, and in one that reads tags.
MARKDOWN = re.compile(
    r"(?<!\\)(?:[*$`_<]|\[)EVIL|(?<!\\)[<\]](?:form|style|input|a|\()|://EVIL|:red|:material/EVIL|:EVIL"
    r"|^# EVIL|(?<!\\)&lt;"
)
FIGURE = re.compile(r"<style>EVIL|<form|<a href|<input")
HTML = re.compile(rf"{FIGURE.pattern}|' onload='EVIL")
UNSEEN = re.compile("[\u202e\u2066\x07]|\\\\u202e|x{300}")
# Fields that the browser shows as they are, or does not show.
PLAIN = {"selectbox.options", "selectbox.raw_value", "bidi_component.json", "selectbox.default"}


def hostile_runs(root: Path, digits: Dataset, **settings: object) -> list[Run]:
    """A finished sweep with such names, and two damaged folders beside it that quote as much."""
    for run in tiny_sweep(root, digits, (0.5, 2.0), **settings):
        change(run.path / "data.json", class_names=list(CLASSES))
        change(run.path / "config.json", name=f"{NAME} {run.config.train.beta:g}", sweep=NAME)
    for k, broken in enumerate(({"name": "".join(CLASSES[:3])}, {CLASSES[0]: TURNED})):
        copy = shutil.copytree(run.path, root / f"{NAME}-{k}")
        change(copy / "config.json", **broken)
    entries = RunStore(root).list()
    assert sum(entry.problem is not None for entry in entries) == 2
    return [entry.run for entry in entries if entry.run]


def change(path: Path, **values: object) -> None:
    """Other values in a JSON file; in that of a config, within the config."""
    kept = json.loads(path.read_text(encoding="utf-8"))
    inner = kept.get("config", kept)
    inner.update(values)
    path.write_text(json.dumps(kept), encoding="utf-8")


def texts(app: AppTest) -> Iterator[tuple[str, str]]:
    """Every text that goes to the browser, and in which field of which kind of element."""
    for element in app:
        proto = getattr(element, "proto", None)
        if proto is not None and hasattr(proto, "ListFields"):
            yield from _texts(proto, element.type)


def _texts(proto: Any, kind: str) -> Iterator[tuple[str, str]]:
    for field, value in proto.ListFields():
        name = f"{kind}.{field.name}"
        for one in value if hasattr(value, "append") or hasattr(value, "add") else [value]:
            if isinstance(one, str):
                yield name, one
            elif hasattr(one, "ListFields"):
                yield from _texts(one, name)


def assert_inert(app: AppTest) -> int:
    """That none of it is anything but text; returns how many texts have some of it."""
    found = 0
    for field, text in texts(app):
        if "EVIL" not in text or field.endswith((".id", ".url", ".form_id")):
            continue
        found += 1
        if field not in PLAIN:
            if field.startswith("plotly_chart."):
                live = FIGURE.search(text.replace("\\u003c", "<"))
            else:
                live = (HTML if field.startswith("html.") else MARKDOWN).search(text)
            assert not live, (field, live, text[:300])
        assert not UNSEEN.search(text), (field, text[:300])
    return found

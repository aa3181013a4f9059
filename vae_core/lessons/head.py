"""The settings of a lesson's file: TOML between two lines `+++`."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from vae_core.errors import LessonError, shown

KEY = re.compile(r"[\w-]{1,60}")
MAX_MINUTES = 180
_FENCE = "+++"
_TEXTS = {"title": 120, "question": 300}
_KEYS = {"title", "question", "minutes", "run", "page", "view", "hide", "after"}


def wrong(path: Path, line: int, message: str) -> LessonError:
    """An error that says where."""
    return LessonError(f"{path}, line {line}: {message}")


def read_head(lines: list[str], path: Path) -> tuple[dict[str, Any], int]:
    """The settings between the `+++` lines, and the index of the line behind them."""
    if not lines or lines[0].strip() != _FENCE:
        raise wrong(
            path, 1, f"expected {_FENCE}, then title, question, run and page, then {_FENCE}."
        )
    end = next((k for k in range(1, len(lines)) if lines[k].strip() == _FENCE), None)
    if end is None:
        raise wrong(path, 1, f"the settings have no end: a second line {_FENCE} is missing.")
    try:
        head = tomllib.loads("\n".join(lines[1:end]))
    except tomllib.TOMLDecodeError as error:
        where = re.search(r"at line (\d+)", str(error))
        raise wrong(path, int(where[1]) + 1 if where else 1, f"{error}.") from error

    def line_of(key: str) -> int:
        return next((k + 1 for k in range(end) if lines[k].split("=")[0].strip() == key), 1)

    def refuse(key: str, expected: str) -> None:
        got = shown(head[key]) if key in head else "nothing"
        raise wrong(path, line_of(key), f"{key}: expected {expected}; got {got}.")

    if unknown := sorted(set(head) - _KEYS):
        known = ", ".join(sorted(_KEYS))
        raise wrong(path, line_of(unknown[0]), f"{unknown[0]} is no setting. Known are: {known}.")
    for key, longest in _TEXTS.items():
        if not (isinstance(head.get(key), str) and 0 < len(head[key]) <= longest):
            refuse(key, f"a text of at most {longest} characters")
    minutes = head.setdefault("minutes", 5)
    if isinstance(minutes, bool) or not (isinstance(minutes, int) and 0 < minutes <= MAX_MINUTES):
        refuse("minutes", f"a whole number from 1 to {MAX_MINUTES}")
    if not (isinstance(head.setdefault("run", ""), str) and len(head["run"]) <= 100):
        refuse("run", 'the id of a model, as in "mnist-2d"')
    if not (isinstance(head.setdefault("page", ""), str) and len(head["page"]) <= 40):
        refuse("page", 'the address of a page, as in "kl"; "" is the first page')
    view = head.setdefault("view", {})
    if not (
        isinstance(view, dict) and all(isinstance(v, str | int | float) for v in view.values())
    ):
        refuse("view", "a table of address parameters")
    head["view"] = {str(name): _plain(value) for name, value in view.items()}
    for key in ("hide", "after"):
        named = head.setdefault(key, [])
        if not (
            isinstance(named, list) and all(isinstance(n, str) and KEY.fullmatch(n) for n in named)
        ):
            refuse(key, "a list of names")
        head[key] = tuple(named)
    return head, end + 1


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)

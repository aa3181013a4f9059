"""What the site has beside its Markdown files: generated parts, and files of the root.

`<!-- generated: NAME -->` in a page is replaced by what the code itself knows: arguments of
commands, quantities of lessons, formulas of families.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]
FROM_ROOT = {"contributing.md": "CONTRIBUTING.md", "changelog.md": "CHANGELOG.md",
             "licences.md": "LICENSES.md"}  # fmt: skip
HELP_WIDTH = "96"  # characters of the command line's help
PLACE = re.compile(r"^<!-- generated: ([\w-]+) -->$", re.MULTILINE)


def on_files(files: Files, config: Any) -> Files:
    """Take in the files that lie above `docs`."""
    for name, source in FROM_ROOT.items():
        files.append(File.generated(config, name, abs_src_path=str(ROOT / source)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Write the generated parts into a page."""
    return PLACE.sub(lambda place: _generated(place[1], page.file.src_uri), markdown)


def _generated(name: str, page: str) -> str:
    if name not in PARTS:
        raise PluginError(f"{page}: nothing generates {name!r}; known are {', '.join(PARTS)}.")
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    return PARTS[name]()


def _command_line() -> str:
    """The help of every command, as it prints it."""
    from vae_core.cli.arguments import parser

    before, os.environ["COLUMNS"] = os.environ.get("COLUMNS"), HELP_WIDTH
    try:
        return "\n".join(_helps(parser(), level=3))
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before


def _helps(parser: Any, level: int) -> list[str]:
    """A heading and the help of each command below this one, and of those below it."""
    lines = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                words = command.prog.removeprefix("python -m vae_core ")
                lines += [f"{'#' * level} {words}\n", "```text", command.format_help(), "```\n"]
                lines += _helps(command, level + 1)
    return lines


def _quantities() -> str:
    """A table of what a lesson can show."""
    from vae_core.lessons import QUANTITIES

    rows = [
        f"| `{quantity.usage}` | {_cell(quantity.unit)} | {_cell(quantity.summary)} |"
        for _, quantity in sorted(QUANTITIES.items())
    ]
    return "\n".join(["| quantity | unit | what it is |", "|---|---|---|", *rows])


def _cell(text: str) -> str:
    """Text in a cell of a table, as it stands."""
    return re.sub(r"([\\`*_|<>\[\]])", r"\\\1", text)


def _families() -> str:
    """Every posterior family: what it is, its samples and its KL, in its own words."""
    from vae_core.config import POSTERIORS

    return "\n\n".join(
        f"### {family.title} {{ #{name} }}\n\n`--posterior {name}`\n\n"
        f"$$\n{family.draw_tex}\n$$\n\n$$\n{family.rate_tex}\n$$"
        for name, family in POSTERIORS.items()
    )


def _priors() -> str:
    """Every prior, with its density where it has one formula."""
    from vae_core.config import PRIORS

    return "\n\n".join(
        f"### {prior.title} {{ #{name} }}\n\n`--prior {name}`\n\n$$\n{prior.tex}\n$$"
        for name, prior in PRIORS.items()
    )


def _lessons() -> str:
    """The lessons in the order of the list, each with its question and where it takes place."""
    from pages.ui.session.doors import door_of
    from vae_core.lessons import lesson_paths, read_lesson

    rows = []
    for lesson in map(read_lesson, lesson_paths(None)):
        title, asks = _cell(lesson.title), _cell(lesson.question)
        rows.append(f"| {title} | {asks} | {lesson.minutes} | {door_of(lesson.scene.page).title} |")
    return "\n".join(["| lesson | it asks | minutes | page |", "|---|---|---|---|", *rows])


def _doors() -> str:
    """The pages by menu, with the question of each."""
    from pages.ui.session.doors import DOORS

    rows = [f"| {door.menu} | {door.title} | {door.question} |" for door in DOORS]
    return "\n".join(["| menu | page | its question |", "|---|---|---|", *rows])


PARTS: dict[str, Callable[[], str]] = {
    "command-line": _command_line,
    "doors": _doors,
    "families": _families,
    "lessons": _lessons,
    "priors": _priors,
    "quantities": _quantities,
}

"""The documentation: its Python runs, its commands are commands, and it leaves out nothing."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from docs import pictures
from pages.ui.session.doors import DOORS
from tests.samples import ROOT
from vae_core.cli.arguments import parser
from vae_core.config import DATASETS, NETWORKS, POSTERIORS

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
SETTING = re.compile(r"ELBO_ROOM_[A-Z_]+")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@pytest.fixture
def registries() -> Iterator[None]:
    """What a page registers is gone after it."""
    kept: list[tuple[dict[str, Any], dict[str, Any]]]
    kept = [(registry, dict(registry)) for registry in (DATASETS, NETWORKS, POSTERIORS)]
    yield
    for registry, entries in kept:
        registry.clear()
        registry.update(entries)


@pytest.mark.parametrize(
    "path", [path for path in PAGES if "```python" in text(path)], ids=lambda path: path.stem
)
def test_python_of_a_page_runs_from_its_first_block_to_its_last(
    path: Path, registries: None
) -> None:
    lines: list[str] = []
    for block in BLOCK.finditer(text(path)):
        if block[1] == "python":  # at its place, so that a traceback has the page's lines
            start = text(path)[: block.start(2)].count("\n")
            lines += [""] * (start - len(lines)) + block[2].splitlines()
    exec(compile("\n".join(lines), str(path), "exec"), {"__name__": path.stem})


def test_every_command_of_the_docs_is_one() -> None:
    written = [
        (path.name, words)
        for path in PAGES
        for block in BLOCK.finditer(text(path))
        for line in block[2].splitlines()
        if (words := re.search(r"(?:python -m vae_core|^elbo-room) (?!-)(.*)", line))
    ]
    assert len(written) > 30
    for page, words in written:
        try:
            parser().parse_args(shlex.split(words[1], comments=True))
        except SystemExit:
            pytest.fail(f"{page}: {words[0]}")


def test_links_of_what_lies_above_the_docs_lead_to_files() -> None:
    for path in PAGES[:2]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", text(path)):
            assert (ROOT / target).exists(), f"{path.name}: {target}"


def test_every_page_and_every_setting_is_told_of() -> None:
    settings = {
        name
        for folder in ("vae_core", "pages", "elbo_room")
        for source in (ROOT / folder).rglob("*.py")
        for name in SETTING.findall(text(source))
    }
    assert settings == {name for path in PAGES for name in SETTING.findall(text(path))}
    table = text(ROOT / "docs" / "pages.md")
    assert {door.title for door in DOORS if door.title not in table} == set()


def test_the_tour_shows_what_its_script_takes_and_it_is_small() -> None:
    shown = set(re.findall(r"pictures/([\w-]+)\.webp", text(ROOT / "docs" / "tour.md")))
    there = {path.stem: path.stat().st_size for path in pictures.FOLDER.iterdir()}
    assert shown == set(there) == set(pictures.SHOTS)
    assert sum(there.values()) < 1_500_000

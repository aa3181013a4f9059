"""The documentation as a site: built without a warning, drawn without anything from elsewhere."""

from __future__ import annotations

import os
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.samples import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FORMULAS = """() => ({
  drawn: document.querySelectorAll(".arithmatex > .katex, .arithmatex > .katex-display").length,
  written: document.querySelectorAll(".arithmatex").length,
  wrong: [...document.querySelectorAll(".katex-error")].map((place) => place.title),
})"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As `mkdocs build --strict` writes it: a warning, such as of a broken link, ends it."""
    os.environ["NO_MKDOCS_2_WARNING"] = "1"
    with warnings.catch_warnings(action="ignore"):
        from mkdocs.commands.build import build
        from mkdocs.config import load_config

        folder = tmp_path_factory.mktemp("docs") / "site"
        config = load_config(str(ROOT / "mkdocs.yml"), strict=True, site_dir=str(folder))
        config.plugins.on_startup(command="build", dirty=False)
        build(config)
    return folder


def test_the_site_is_built_without_a_warning_and_fetches_nothing(site: Path) -> None:
    pages = {path: path.read_text(encoding="utf-8") for path in site.rglob("*.html")}
    assert site / "index.html" in pages
    for path, text in pages.items():
        fetched = re.findall(
            r'<(?:script|link|img|iframe)[^>]+(?:src|href)="?https?://[^>]*>', text
        )
        assert not fetched, path
        assert "<!-- generated" not in text, path
    assert "vae_core.analysis.elbo_surgery" in pages[site / "reference" / "analysis.html"]


@pytest.mark.browser
def test_every_formula_is_drawn(site: Path, browser: Browser) -> None:
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    total = 0
    for path in sorted(site.rglob("*.html")):
        if "arithmatex" in path.read_text(encoding="utf-8"):
            page.goto(path.as_uri(), wait_until="load")
            formulas = page.evaluate(FORMULAS)
            assert formulas["drawn"] == formulas["written"] > 0, path.name
            assert formulas["wrong"] == [], path.name
            total += formulas["written"]
    page.close()
    assert total > 100
    assert all(url.startswith(("file:", "data:", "blob:")) for url in asked)

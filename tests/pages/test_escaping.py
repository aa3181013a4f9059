"""Text that comes from files is nothing but text, on every page."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.ui.drawing import escaping
from tests.pages.app import PAGES, WITH_PICKER, button, charts, go, open_page
from tests.pages.hostile import CLASSES, NAME, assert_inert, hostile_runs
from vae_core import Dataset, Run
from vae_core.figures.text import inert

J = escaping.JOINER
# What stands in Markdown for a text that is to look as it is.
WRITTEN = {
    "T-shirt/top": "T-shirt/top",
    "weights.safetensors: expected 2, got 3.": "weights.safetensors: expected 2, got 3.",
    "__x__": r"\_\_x\_\_",
    "image_shape, MAX_AT_WORK": "image_shape, MAX_AT_WORK",
    "a_ b__c _d": r"a\_ b\_\_c \_d",
    "![x](http://h/p.png)": rf"!\[x\](http:{J}//h/p.png)",
    "# a": r"\# a",
    "- a": r"\- a",
    "1. a": r"1\. a",
    "12) a": r"12\) a",
    "---": rf"\-{J}--",
    ":red[x]": rf"\:{J}red\[x\]",
    "a :smile:": f"a :{J}smile:",
    "$x$": r"\$x\$",
    "a | b": r"a \| b",
    "a -> b": rf"a -{J}\> b",
    "<- a": rf"\<{J}- a",
    "me@h.org": f"me@{J}h.org",
    "www.h.org": f"www{J}.h.org",
    "&lt;": r"\&lt;",
    "  a\n\n    b\t": "a b",
    "a\u202eb\u200fc\x00\ud800": "a?b?c??",
    "": "",
}


@pytest.mark.parametrize("text", WRITTEN, ids=ascii)
def test_markdown_shows_a_text_as_it_is(text: str) -> None:
    assert escaping.markdown(text) == WRITTEN[text]


def test_a_long_text_is_cut_and_ends_in_dots() -> None:
    assert escaping.plain("a" * 60) == "a" * 60
    assert escaping.plain("a" * 61) == "a" * 59 + "…"
    assert len(escaping.message("a" * 10**6)) == escaping.MAX_MESSAGE
    assert escaping.markdown("_" * 61) == r"\_" * 59 + "…"  # never in the middle of an escape


def test_tags_are_text_in_html_and_in_figures() -> None:
    assert escaping.html("<b a='1' b=\"2\">&amp;") == (
        "&lt;b a=&#x27;1&#x27; b=&quot;2&quot;&gt;&amp;amp;"
    )
    assert inert("<b>&amp;\u202e") == "&lt;b&gt;&amp;amp;?"


@pytest.fixture(scope="module")
def shown() -> dict[str, int]:
    """How many texts of each page had some of the names in them."""
    return {}


@pytest.fixture
def sweep(runs: Path, digits: Dataset) -> list[Run]:
    return hostile_runs(runs, digits)


@pytest.fixture
def feature_map(runs: Path, digits: Dataset) -> list[Run]:
    return hostile_runs(runs, digits, network="conv", hidden=(4, 4), latent_shape=(2, 2, 2))


def label(run: Run) -> str:
    return f"{run.title} · {run.id[-6:]}"


def opened(page: str, run: Run, **address: str) -> AppTest:
    app = open_page(page, label(run), **address)
    assert not app.exception, page
    assert app.session_state["chosen"].id == run.id
    return app


WITH_NAMES = {*WITH_PICKER, "runs.py"}  # of models


@pytest.mark.parametrize("page", PAGES)
def test_every_page_shows_names_of_files_as_text(page: str, sweep: list[Run]) -> None:
    app = opened(page, sweep[0])
    found = assert_inert(app)
    if page in WITH_NAMES:
        assert found > 1  # the picker's label is one


def test_every_view_shows_names_of_files_as_text(sweep: list[Run]) -> None:
    run = sweep[0]
    for page, key in (
        ("kl.py", "view"),
        ("aggregate.py", "mixture"),
        ("two_models.py", "comparison"),
    ):
        app = opened(page, run)
        if page == "two_models.py":
            app.selectbox(key="other").set_value(label(sweep[1])).run()
        for view in app.segmented_control(key=key).options:
            app.segmented_control(key=key).set_value(view).run()
            assert not app.exception
            assert assert_inert(app) > 1, view


def test_picked_images_show_names_of_classes_as_text(feature_map: list[Run]) -> None:
    for picked in ("3", "1,2,3,4,5,6,7,8,9"):
        app = opened("projection.py", feature_map[0], picked=picked)
        assert assert_inert(app) > 2
    app = opened("sliders.py", feature_map[0])
    assert_inert(go(app, "locality.py"))


def test_damaged_runs_are_told_of_in_plain_text(runs: Path, sweep: list[Run]) -> None:
    train = opened("train.py", sweep[0])
    assert sum(f"{escaping.markdown(NAME)}-" in m.value for m in train.markdown) == 2
    assert_inert(train)
    (runs / ":red[EVIL] <form> **EVIL**").mkdir()  # a name that a run cannot have
    assert_inert(train.run())


def test_names_are_text_where_runs_are_deleted(sweep: list[Run]) -> None:
    app = opened("runs.py", sweep[0])
    rows = {"selection": {"rows": [0, 1, 2, 3], "columns": []}}
    app.session_state[app.dataframe[0].key] = rows
    app.run()
    button(app, "Delete …").click().run()
    assert any(r"\_\_EVIL\_\_" in m.value for m in app.markdown)
    assert_inert(app)


def test_a_figure_has_no_tag_and_no_placeholder_of_a_name(sweep: list[Run]) -> None:
    """A name is no part of a template, so that its braces are not read."""
    for page in ("posteriors.py", "rate_distortion.py", "aggregate.py"):
        app = opened(page, sweep[0])
        assert any("EVIL" in str(chart) for chart in charts(app)), page
        for chart in charts(app):
            for trace in chart["data"]:
                assert "EVIL" not in trace.get("hovertemplate", ""), trace


def test_the_payloads_are_of_every_kind() -> None:
    assert len(set(CLASSES)) == 10

"""What can be set on a page is in its address: a link opens what its sender saw."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pages.app import assert_sound, open_page
from tests.samples import ROOT

WIDGETS = {
    "checkbox", "color_picker", "date_input", "multiselect", "number_input", "pills", "radio",
    "segmented_control", "select_slider", "selectbox", "slider", "text_area", "text_input",
    "time_input", "toggle",
}  # fmt: skip
EXCEPTIONS = {
    ("train.py", "selectbox"): "the preset fills the form, and is then only a button",
    ("train/form.py", "*"): "settings of a run that is not there yet: kept for the session",
    ("train/sweep_form.py", "*"): "as the form",
    ("train/change.py", "*"): "settings of a run in training, which its folder keeps",
    ("train/add_data.py", "*"): "how uploaded pictures become a set that is not there yet",
    ("train/open_file.py", "text_input"): "a path on the server's machine",
    ("session/model_list.py", "text_input"): "a name that is being written",
    ("library/images.py", "text_input"): "a path on the server's machine",
    ("library/passcode.py", "text_input"): "a secret",
    ("explore/open_images.py", "pills"): "buttons: nothing stays chosen",
    ("explore/walks.py", "selectbox"): "the class of the image, whose number is in the address",
    ("classroom/rooms.py", "*"): "the way into a room, which is then in the address",
    ("classroom/draw_wall.py", "*"): "names of what is not there yet, and a button's model",
    ("classroom/inventory.py", "radio"): "answers, which the room keeps",
    ("classroom/student.py", "number_input"): "an answer, which the room keeps",
    ("lesson/answering.py", "*"): "an answer, which is in the address once it is given",
    ("lesson/card.py", "checkbox"): "how much of the card a phone shows",
    ("lesson/link_maker.py", "checkbox"): "what the link is made of, which is not this one",
    ("drawing/strips.py", "selectbox"): "what to download; the page shows the same",
}


def calls(path: Path) -> Iterator[ast.Call]:
    """Every widget that a module makes."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in WIDGETS
        ):
            yield node


def is_exception(path: Path, widget: str) -> bool:
    name = path.relative_to(ROOT / "pages").as_posix().removeprefix("ui/")
    return (name, widget) in EXCEPTIONS or (name, "*") in EXCEPTIONS


FILES = sorted((ROOT / "pages").rglob("*.py"))


@pytest.mark.parametrize(
    "path", [path for path in FILES if any(calls(path))], ids=lambda path: path.stem
)
def test_every_widget_is_in_the_address_but_for_those_with_a_reason(path: Path) -> None:
    for call in calls(path):
        assert isinstance(call.func, ast.Attribute)
        given = {word.arg: word.value for word in call.keywords}
        if is_exception(path, call.func.attr):
            continue
        place = f"{path.name}, line {call.lineno}"
        assert "key" in given, place
        bound = given.get("bind")
        assert getattr(bound, "value", None) == "query-params", place


def test_an_exception_is_of_a_widget_that_is_there() -> None:
    made = {
        (path.relative_to(ROOT / "pages").as_posix().removeprefix("ui/"), call.func.attr)
        for path in FILES
        for call in calls(path)
        if isinstance(call.func, ast.Attribute)
    }
    files = {name for name, _ in made}
    assert all((n, w) in made or (w == "*" and n in files) for n, w in EXCEPTIONS)


def test_a_link_sets_sliders_and_boxes() -> None:
    app = open_page(
        "aggregate.py", "Digits 2-D", mixture="Classes together", buildup_number="z1",
        buildup_classes="3",
    )  # fmt: skip
    assert_sound(app)
    assert app.selectbox(key="buildup_number").value == "z1"
    assert app.select_slider(key="buildup_classes").value == 3

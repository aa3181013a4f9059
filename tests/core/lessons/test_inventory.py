"""The concept inventory: its file, scores, and what comes of them."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from vae_core.errors import LessonError, RoomError
from vae_core.lessons.inventory import (
    BUNDLED_INVENTORY,
    Inventory,
    class_gain,
    read_inventory,
    shares_right,
)
from vae_core.lessons.room_state import AFTER
from vae_core.lessons.rooms import Rooms
from vae_core.lessons.votes_table import inventory_table


@pytest.fixture(scope="module")
def inventory() -> Inventory:
    return read_inventory()


def right(inventory: Inventory) -> str:
    return "".join(item.question.right.letter for item in inventory.items)


def test_it_has_ten_items_each_wrong_option_a_misconception(inventory: Inventory) -> None:
    assert len(inventory.items) == 10
    for item in inventory.items:
        assert len(item.question.options) == 4
        for option in item.question.options:
            assert bool(option.misconception) != option.is_right
    assert max(right(inventory).count(letter) for letter in "abcd") <= 4  # no letter is the one


def test_a_score_is_the_number_of_right_letters(inventory: Inventory) -> None:
    letters = right(inventory)
    assert inventory.score(letters) == 10
    assert inventory.score("-" * 10) == 0
    assert inventory.score(letters[:3] + "-" * 7) == 3
    assert shares_right(inventory, [letters, "-" * 10]) == [0.5] * 10
    assert math.isnan(shares_right(inventory, [])[0])


@pytest.mark.parametrize("said", ["", "a" * 9, "a" * 11, "e" * 10, "aaaaaaaaa<", 1.0, ("a",) * 10])
def test_only_a_letter_for_each_item_is_kept(
    inventory: Inventory, tmp_path: Path, said: object
) -> None:
    room = Rooms(tmp_path).open(inventory)
    with pytest.raises(RoomError, match="a letter for each of 10 items"):
        room.answer("0000000a", said, inventory)  # type: ignore[arg-type]
    assert room.all_answers() == []


def test_the_gain_is_of_those_who_have_answered_twice(inventory: Inventory, tmp_path: Path) -> None:
    room, letters = Rooms(tmp_path).open(inventory), right(inventory)
    for who, n in (("0000000a", 2), ("0000000b", 4), ("0000000c", 3), ("0000000d", 9)):
        room.answer(who, letters[:n] + "-" * (10 - n), inventory)
    room.move(room.state(), step=AFTER)
    for who, n in (("0000000a", 7), ("0000000b", 8), ("0000000c", 6), ("0000000e", 1)):
        room.answer(who, letters[:n] + "-" * (10 - n), inventory)
    table = inventory_table(room, inventory)
    assert list(table["who"]) == [f"0000000{c}" for c in "abcde"]
    assert list(table["score_before"][:4]) == [2, 4, 3, 9]
    found = class_gain(
        inventory,
        {"a": letters[:2] + "-" * 8, "b": letters[:4] + "-" * 6, "c": letters[:3] + "-" * 7},
        {"a": letters[:7] + "-" * 3, "b": letters[:8] + "-" * 2, "c": letters[:6] + "-" * 4},
    )
    assert found
    assert (found.n, found.before, found.after) == (3, 3.0, 7.0)
    assert set(table["hedges_g"]) == {found.effect}
    assert found.normalised == pytest.approx(4 / 7)
    assert class_gain(inventory, {}, {"a": letters}) is None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("## Item 2", "## Item 3", "expected the heading Item 2"),
        ("- [x] only z", "- [ ] only z", "exactly one of them right"),
        ("about 0.135", "{{ kl_normal(0, 1) | .2f }}", "no numbers of a model"),
    ],
)
def test_a_mistake_in_its_file_is_one_sentence(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    path = tmp_path / "ten.md"
    path.write_text(
        BUNDLED_INVENTORY.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8"
    )
    with pytest.raises(LessonError, match=message):
        read_inventory(path)

"""A concept inventory: questions on one's ideas of VAEs, given before a course and after it.

A text file as a lesson's, with headings `## Item 1`, `## Item 2`, ...; each item has options, one
of them right, and no numbers of a model. After Hestenes, Wells, Swackhamer 1992, Force Concept
Inventory: wrong options are what people do believe.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vae_core.assets import ASSETS
from vae_core.errors import LessonError, shown
from vae_core.lessons.gain import Gain, gain
from vae_core.lessons.lesson import Choice
from vae_core.lessons.reading import PLACEHOLDER, read_parts, read_steps

BUNDLED_INVENTORY = ASSETS / "inventory" / "vae-concepts.md"
NOTHING = "-"  # of an item that was left out
MAX_ITEMS = 30


@dataclass(frozen=True)
class Item:
    """One question."""

    text: str
    question: Choice


@dataclass(frozen=True)
class Inventory:
    """All of them.

    Attributes
    ----------
    id, title : str
    items : tuple of Item
    digest : str
        Of the file.
    """

    id: str
    title: str
    items: tuple[Item, ...]
    digest: str

    def score(self, said: str) -> int:
        """How many items are right, of a letter for each."""
        return sum(
            letter == item.question.right.letter
            for letter, item in zip(said, self.items, strict=True)
        )

    def is_answer(self, said: object) -> bool:
        """Whether this is a letter for each item, that of an option or NOTHING."""
        return (
            isinstance(said, str)
            and len(said) == len(self.items)
            and all(
                letter == NOTHING or letter in {o.letter for o in item.question.options}
                for letter, item in zip(said, self.items, strict=True)
            )
        )


def read_inventory(path: str | Path = BUNDLED_INVENTORY) -> Inventory:
    """An inventory from its file. Raises LessonError, one sentence with file and line."""
    path = Path(path)
    head, lines, first, digest = read_parts(path)
    items = []
    for step in read_steps(lines, first, path, _item_name):
        if not isinstance(step.question, Choice) or PLACEHOLDER.search("\n".join(lines)):
            raise LessonError(
                f"{path}, line {step.line}: an item has options to choose, and no numbers of a "
                "model."
            )
        items.append(Item(step.body, step.question))
    if len(items) > MAX_ITEMS:
        raise LessonError(f"{path}: expected at most {MAX_ITEMS} items; got {len(items)}.")
    return Inventory(path.stem, head["title"], tuple(items), digest)


def _item_name(line: str, before: list[str]) -> str:
    name = line[3:].strip()
    if name != f"Item {len(before) + 1}":
        raise LessonError(f"expected the heading Item {len(before) + 1}; got {shown(name)}.")
    return name


def class_gain(
    inventory: Inventory, before: Mapping[str, str], after: Mapping[str, str]
) -> Gain | None:
    """The gain of those who have answered twice; None where nobody has.

    Parameters
    ----------
    inventory : Inventory
    before, after : mapping of str to str
        Letters by participant.
    """
    both = sorted(before.keys() & after.keys())
    if not both:
        return None
    scores = [[float(inventory.score(said[who])) for who in both] for said in (before, after)]
    return gain(scores[0], scores[1], len(inventory.items))


def shares_right(inventory: Inventory, answers: Sequence[str]) -> list[float]:
    """Share of the answers that have each item right; nan without answers."""
    n = len(answers)
    return [
        sum(said[k] == item.question.right.letter for said in answers) / n if n else float("nan")
        for k, item in enumerate(inventory.items)
    ]

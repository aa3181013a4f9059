"""What a lesson is: where it begins, and its steps with their questions and claims."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vae_core.lessons.calls import Call

STEPS = ("Predict", "Do", "Reveal", "Explain", "Transfer")  # in this order; any may be left out
RELATIONS = {"<": operator.lt, ">": operator.gt}


@dataclass(frozen=True)
class Option:
    """An answer to choose.

    Attributes
    ----------
    letter : str
        By which answers are kept: a, b, ...
    text, response : str
        What it says, and what is said once it is chosen; Markdown, both may hold quantities.
    is_right : bool
    misconception : str
        What someone believes who chooses it; empty where none is named.
    """

    letter: str
    text: str
    is_right: bool
    response: str = ""
    misconception: str = ""


@dataclass(frozen=True)
class Choice:
    """A question with options, one of which is right."""

    options: tuple[Option, ...]

    @property
    def right(self) -> Option:
        """The right option."""
        return next(option for option in self.options if option.is_right)


@dataclass(frozen=True)
class NumberQuestion:
    """A question whose answer is a quantity, within a tolerance."""

    answer: Call
    tolerance: float


@dataclass(frozen=True)
class Place:
    """A question whose answer is a place on the plane of z0 and z1: a click on it.

    Attributes
    ----------
    at : pair of Call or float
        Its middle.
    radius : float
        How far from it a click is still right, in units of z.
    """

    at: tuple[Call | float, Call | float]
    radius: float


Question = Choice | NumberQuestion | Place


@dataclass(frozen=True)
class Claim:
    """What a lesson says of the model at hand: a quantity less or greater than another."""

    call: Call
    relation: str
    bound: Call | float
    line: int

    def __str__(self) -> str:
        bound = self.bound if isinstance(self.bound, Call) else f"{self.bound:g}"
        return f"{self.call} {self.relation} {bound}"

    def holds(self, value: float, bound: float) -> bool:
        """Whether it is true of these values."""
        return bool(RELATIONS[self.relation](value, bound))


@dataclass(frozen=True)
class Scene:
    """What a step shows: the first has all of it, a later one what it changes.

    Attributes
    ----------
    run, page : str
        Ids; empty for those before.
    view : mapping of str to str
        Address parameters of the page.
    shows : tuple of str
        Keys of what was hidden and is from now on not.
    """

    run: str = ""
    page: str = ""
    view: Mapping[str, str] = field(default_factory=dict)
    shows: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """One step.

    Attributes
    ----------
    name : str
        Of STEPS.
    body : str
        Markdown, with quantities as `{{ call | format }}`.
    question : Choice, NumberQuestion, Place or None
    scene : Scene
    claims : tuple of Claim
    line : int
        Of its heading.
    """

    name: str
    body: str
    question: Question | None
    scene: Scene
    claims: tuple[Claim, ...]
    line: int


@dataclass(frozen=True)
class Lesson:
    """A lesson.

    Attributes
    ----------
    id : str
        Its file's name without the ending.
    title : str
    question : str
        What a student asked, in a student's words.
    minutes : int
    scene : Scene
        The model, page and view it begins on.
    hide : tuple of str
        Keys of widgets, charts and containers that wait for a step to show them.
    after : tuple of str
        Ids of lessons that it builds on.
    steps : tuple of Step
    path : Path
    digest : str
        Of the file, so that answers say which version they are to.
    """

    id: str
    title: str
    question: str
    minutes: int
    scene: Scene
    hide: tuple[str, ...]
    after: tuple[str, ...]
    steps: tuple[Step, ...]
    path: Path
    digest: str

    def step(self, name: str) -> Step | None:
        """A step by its name in any case; None where the lesson has no such step."""
        return next((step for step in self.steps if step.name.lower() == name.lower()), None)

    def scene_at(self, name: str) -> Scene:
        """The model, page and view of a step: what earlier steps have set, and its own.

        `shows` holds all that was shown up to there.
        """
        scene = self.scene
        for step in self.steps:
            own = step.scene
            moves = (own.run or own.page) != ""
            scene = Scene(
                own.run or scene.run,
                own.page or scene.page,
                {**({} if moves else scene.view), **own.view},
                (*scene.shows, *own.shows),
            )
            if step.name.lower() == name.lower():
                break
        return scene

    def hidden_at(self, name: str) -> tuple[str, ...]:
        """The keys that are still hidden at a step."""
        shown = self.scene_at(name).shows
        return tuple(key for key in self.hide if key not in shown)

    def claims(self) -> Iterator[Claim]:
        """All claims, in order."""
        for step in self.steps:
            yield from step.claims

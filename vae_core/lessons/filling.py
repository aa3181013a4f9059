"""Filling a lesson's text with live numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from vae_core.lessons.calls import Call, Number, in_words
from vae_core.lessons.lesson import Choice, Lesson, NumberQuestion, Place, Step
from vae_core.lessons.reading import PLACEHOLDER, parse_placeholder

Value = Callable[[Call], Number]


def fill(text: str, value: Value) -> str:
    """The text with the value of each of its quantities.

    Parameters
    ----------
    text : str
        Of a lesson that was read, so that every call in it is known.
    value : callable
        What a call comes to: `lambda call: call.value(run, resolve)`, or from a cache.
    """

    def said(inside: str) -> str:
        call, how = parse_placeholder(inside)
        return in_words(value(call), how)

    return PLACEHOLDER.sub(lambda match: said(match[1]), text)


def calls_in(text: str) -> list[Call]:
    """The quantities that a text shows, in order."""
    return [parse_placeholder(inside)[0] for inside in PLACEHOLDER.findall(text)]


def texts_of(step: Step) -> Iterator[str]:
    """Every text of a step that may hold quantities."""
    yield step.body
    if isinstance(step.question, Choice):
        for option in step.question.options:
            yield from (option.text, option.response, option.misconception)


def calls_of(lesson: Lesson) -> list[Call]:
    """Every quantity that the lesson shows, asks for or claims, each once, in order."""
    found: list[Call] = []
    for step in lesson.steps:
        for text in texts_of(step):
            found += calls_in(text)
        if isinstance(step.question, NumberQuestion):
            found.append(step.question.answer)
        elif isinstance(step.question, Place):
            found += [part for part in step.question.at if isinstance(part, Call)]
        for claim in step.claims:
            found += [part for part in (claim.call, claim.bound) if isinstance(part, Call)]
    return list(dict.fromkeys(found))

"""Reading a lesson's file: TOML between `+++` lines, then Markdown with five headings.

Whatever is wrong with it is one sentence with file and line.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vae_core.assets import ASSETS
from vae_core.errors import LessonError, RunError, shown
from vae_core.io import read_text
from vae_core.lessons.calls import Call, check_format, parse_call
from vae_core.lessons.head import KEY, read_head, wrong
from vae_core.lessons.lesson import (
    STEPS,
    Choice,
    Claim,
    Lesson,
    NumberQuestion,
    Option,
    Place,
    Question,
    Scene,
    Step,
)

BUNDLED = ASSETS / "lessons"
FOLDER = "ELBO_ROOM_LESSONS"  # names a folder with more of them
MAX_BYTES = 1 << 16
MAX_OPTIONS = 6
LETTERS = "abcdef"
PLACEHOLDER = re.compile(r"\{\{(.*?)\}\}")
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
_OPTION = re.compile(r"- \[([ xX])\] (.+)")
_MISCONCEPTION = re.compile(r"M: *(.+?[.!?])(?: +(.*))?")
_DIRECTIVE = re.compile(r"(Show|Model|Page|View|Check): *(.+)")
_CLAIM = re.compile(r"([^<>]+?) *([<>]) *([^<>]+?) *")
_NUMBER_ANSWER = re.compile(r"= *(.+?) *(?:\+-|±) *([\d.]+) *")
_PLACE_ANSWER = re.compile(r"@ *(.+?) *; *(.+?) *(?:\+-|±) *([\d.]+) *")
_HTML = re.compile(r"<[A-Za-z/!?]")
_MATHS = re.compile(r"\$[^$\n]+\$")
_IMAGE = re.compile(r"!\[")


def lesson_paths(folder: str | Path | None = None) -> list[Path]:
    """The files of all bundled lessons, and of those in a folder of a teacher's.

    A teacher's takes the place of a bundled one of the same name.
    """
    found = {path.stem: path for path in sorted(BUNDLED.glob("*.md"))}
    if folder:
        found |= {path.stem: path for path in sorted(Path(folder).glob("*.md"))}
    return list(found.values())


def find_lesson(name: str, folder: str | Path | None = None) -> Path:
    """The file of a lesson: by its path, or by its name among those of `lesson_paths`.

    Raises LessonError when there is none.
    """
    path = Path(name)
    if path.suffix or len(path.parts) > 1:
        return path
    known = {path.stem: path for path in lesson_paths(folder)}
    if name not in known:
        raise LessonError(f"there is no lesson {shown(name)}. Known are: {', '.join(known)}.")
    return known[name]


def read_lesson(path: str | Path) -> Lesson:
    """A lesson from its file.

    Raises
    ------
    LessonError
        One sentence with file and line, whatever is wrong.
    """
    path = Path(path)
    head, lines, first, digest = read_parts(path)
    steps = read_steps(lines, first, path, _step_name)
    scene = Scene(head["run"], head["page"], head["view"])
    return Lesson(
        path.stem, head["title"], head["question"], head["minutes"], scene, head["hide"],
        head["after"], steps, path, digest,
    )  # fmt: skip


def read_parts(path: Path) -> tuple[dict[str, Any], list[str], int, str]:
    """The settings of a file, its lines, the index of the first behind them, and its digest."""
    try:
        text = read_text(path, MAX_BYTES)
    except RunError as error:
        raise LessonError(str(error)) from error
    except UnicodeDecodeError as error:
        raise LessonError(f"{path}: expected text in UTF-8.") from error
    if not _ID.fullmatch(path.stem):
        raise LessonError(
            f"{path}: a lesson's file is named with small letters, digits and hyphens."
        )
    lines = text.splitlines()
    head, first = read_head(lines, path)
    return head, lines, first, hashlib.sha256(text.encode()).hexdigest()


@dataclass
class _Draft:
    """A step while its lines are read."""

    name: str
    line: int
    body: list[str] = field(default_factory=list)
    options: list[Option] = field(default_factory=list)
    answer: Question | None = None
    claims: list[Claim] = field(default_factory=list)
    run: str = ""
    page: str = ""
    view: dict[str, str] = field(default_factory=dict)
    shows: tuple[str, ...] = ()


def read_steps(
    lines: list[str], first: int, path: Path, name_of: Callable[[str, list[str]], str]
) -> tuple[Step, ...]:
    """The parts of a file from line `first` on, each with a heading that `name_of` takes.

    `name_of` is given the heading's line and the names before it.
    """
    drafts: list[_Draft] = []
    for number, line in enumerate(lines[first:], start=first + 1):
        try:
            if line.startswith("## "):
                drafts.append(_Draft(name_of(line, [d.name for d in drafts]), number))
            elif drafts:
                _read_line(drafts[-1], line, number)
            elif line.strip():
                raise LessonError(f"expected a heading, ## {STEPS[0]} to ## {STEPS[-1]}, first.")
        except LessonError as error:
            raise wrong(path, number, str(error)) from error
    if not drafts:
        raise wrong(path, len(lines), f"expected steps with headings ## {STEPS[0]} and so on.")
    return tuple(_finished(draft, path) for draft in drafts)


def _step_name(line: str, before: list[str]) -> str:
    name = line[3:].strip()
    if name not in STEPS:
        raise LessonError(f"expected one of the headings {', '.join(STEPS)}; got {shown(name)}.")
    if before and STEPS.index(name) <= STEPS.index(before[-1]):
        raise LessonError(f"the steps come in the order {', '.join(STEPS)}, each at most once.")
    return name


def _read_line(step: _Draft, line: str, number: int) -> None:
    """Take one line of a step in. Raises LessonError without file and line."""
    _check_text(line)
    if match := _OPTION.fullmatch(line.strip()):
        _take_option(step, match[1] != " ", match[2])
    elif line.startswith("- ["):
        raise LessonError('expected an option as "- [ ] text -- response", [x] for the right one.')
    elif match := _DIRECTIVE.fullmatch(line.strip()):
        _take_directive(step, match[1], match[2].strip(), number)
    elif line.startswith("= ") or line.startswith("@ "):
        _take_answer(step, line.strip())
    else:
        step.body.append(line)


def _check_text(line: str) -> None:
    """No HTML and no pictures from elsewhere; every `{{ }}` is a quantity in a format."""
    bare = _MATHS.sub("", line)
    if _HTML.search(bare):
        raise LessonError("HTML is not read here; write Markdown, and < with a space behind it.")
    if _IMAGE.search(bare):
        raise LessonError("pictures are not read here; the page beside the lesson shows them.")
    for inside in PLACEHOLDER.findall(line):
        parse_placeholder(inside)
    if PLACEHOLDER.sub("", line).count("{{") or "}}" in PLACEHOLDER.sub("", bare):
        raise LessonError("a quantity is written {{ name(numbers) | .2f }}, all on one line.")


def parse_placeholder(inside: str) -> tuple[Call, str]:
    """What stands between `{{` and `}}`: the call, and the format of its value."""
    call, bar, how = inside.rpartition("|")
    if not bar:
        raise LessonError(f"expected {{{{ name(numbers) | .2f }}}}; got {shown(inside.strip())}.")
    return parse_call(call), check_format(how)


def _take_option(step: _Draft, is_right: bool, text: str) -> None:
    said, _, response = text.partition(" -- ")
    misconception, response = "", response.strip()
    if response.startswith("M:"):
        match = _MISCONCEPTION.fullmatch(response)
        if match is None or is_right:
            raise LessonError(
                "a wrong option's response may begin with M: and a sentence, the misconception."
            )
        misconception, response = match[1], match[2] or ""
    if len(step.options) == MAX_OPTIONS:
        raise LessonError(f"a question has at most {MAX_OPTIONS} options.")
    letter = LETTERS[len(step.options)]
    step.options.append(Option(letter, said.strip(), is_right, response, misconception))


def _take_directive(step: _Draft, name: str, value: str, number: int) -> None:
    if name == "Show":
        step.shows = (*step.shows, *(key.strip() for key in value.split(",")))
    elif name == "Model":
        step.run = value
    elif name == "Page":
        step.page = value
    elif name == "View":
        for pair in value.split(","):
            key, equals, to = (part.strip() for part in pair.partition("="))
            if not equals or not KEY.fullmatch(key):
                raise LessonError(f"View: expected name=value; got {shown(pair.strip())}.")
            step.view[key] = to
    else:
        match = _CLAIM.fullmatch(value)
        if match is None:
            raise LessonError(
                f"Check: expected quantity < number or > quantity; got {shown(value)}."
            )
        bound = _number_or_call(match[3])
        step.claims.append(Claim(parse_call(match[1]), match[2], bound, number))


def _take_answer(step: _Draft, line: str) -> None:
    if step.answer is not None:
        raise LessonError("a step asks one question.")
    if match := _NUMBER_ANSWER.fullmatch(line):
        step.answer = NumberQuestion(parse_call(match[1]), _positive(match[2]))
    elif match := _PLACE_ANSWER.fullmatch(line):
        first, second = (_number_or_call(match[k]) for k in (1, 2))
        step.answer = Place((first, second), _positive(match[3]))
    else:
        raise LessonError(
            "expected an answer as = quantity(numbers) +- tolerance, or a place as "
            "@ z0; z1 +- radius."
        )


def _number_or_call(text: str) -> Call | float:
    return parse_call(text) if "(" in text else _number(text)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise LessonError(f"expected a number; got {shown(text)}.") from error


def _positive(text: str) -> float:
    value = _number(text)
    if not value > 0:
        raise LessonError(f"expected a tolerance above 0; got {shown(text)}.")
    return value


def _finished(draft: _Draft, path: Path) -> Step:
    question = draft.answer
    if draft.options:
        right = sum(option.is_right for option in draft.options)
        if right != 1 or len(draft.options) < 2 or question is not None:
            raise wrong(
                path, draft.line,
                f"{draft.name}: expected two options or more, exactly one of them right ([x]), and "
                f"no other question; got {len(draft.options)} with {right} right.",
            )  # fmt: skip
        question = Choice(tuple(draft.options))
    body = "\n".join(draft.body).strip()
    if not body:
        raise wrong(path, draft.line, f"{draft.name}: expected a text.")
    view: Mapping[str, str] = draft.view
    scene = Scene(draft.run, draft.page, view, draft.shows)
    return Step(draft.name, body, question, scene, tuple(draft.claims), draft.line)

"""The command `lesson`: a lesson's text with the numbers of a model, and its claims."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from vae_core.errors import LessonError
from vae_core.lessons import (
    FOLDER,
    QUANTITIES,
    Choice,
    Lesson,
    NumberQuestion,
    Place,
    Step,
    check_lesson,
    fill,
    find_lesson,
    lesson_paths,
    open_model,
    read_lesson,
    siblings,
)
from vae_core.lessons.calls import Call, Number, in_words
from vae_core.runs.run import Run

HOLDS, FAILS = "holds", "does not hold"
FINE = ".6g"  # format of an answer

Value = Callable[[Call], Number]


def add_flags(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.add_argument(
        "file", metavar="FILE", nargs="?", help="a lesson's file, or the name of one that ships"
    )
    parser.add_argument("--run", metavar="RUN", help="a run's id, or its folder; else its own")
    parser.add_argument("--all", action="store_true", help="only the claims, of every lesson")
    parser.add_argument("--quantities", action="store_true", help="list what a lesson can show")


def run_command(args: argparse.Namespace) -> int:
    """Print a filled lesson and its claims, or those of all lessons; 1 when a claim fails."""
    folder = os.environ.get(FOLDER)
    if bool(args.file) + args.all + args.quantities != 1:
        raise LessonError("expected the file or the name of a lesson, --all or --quantities.")
    if args.quantities:
        return _list_quantities(args)
    paths = lesson_paths(folder) if args.all else [find_lesson(args.file, folder)]
    lessons = [read_lesson(path) for path in paths]
    rows = []
    for lesson in lessons:
        run = _run(args.run or lesson.scene.run, args)
        row: dict[str, Any] = {
            "lesson": lesson.id,
            "run_id": run.id,
            "claims": _claims(lesson, run),
        }
        if not args.all:
            row["text"] = "\n".join(_lines(lesson, run))
        rows.append(row)
        if not args.json:
            _print(row)
    if args.json:
        print(json.dumps({"lessons": rows} if args.all else rows[0]))
    return int(any(claim["message"] for row in rows for claim in row["claims"]))


def _list_quantities(args: argparse.Namespace) -> int:
    rows = [
        {"call": quantity.usage, "unit": quantity.unit, "what": quantity.summary}
        for _, quantity in sorted(QUANTITIES.items())
    ]
    if args.json:
        print(json.dumps({"quantities": rows}))
        return 0
    for row in rows:
        print(f"{row['call']}, {row['unit']}\n    {row['what']}")
    return 0


def _run(name: str, args: argparse.Namespace) -> Run:
    """A run by its folder, or by its id: of the folder of runs, or of those that ship."""
    if not name:
        raise LessonError("the lesson names no model: add --run RUN.")
    if os.path.isdir(name):
        path = Path(os.path.abspath(name))
        return open_model(path.name, path.parent)
    try:
        return open_model(name, Path(args.runs))
    except LessonError as error:
        raise LessonError(
            f"{error} Name the folder of another run by --run, or that of all runs by --runs."
        ) from error


def _claims(lesson: Lesson, run: Run) -> list[dict[str, Any]]:
    """Every claim, and what came instead where it does not hold."""
    failed = {failure.claim: failure.message for failure in check_lesson(lesson, run)}
    return [
        {"claim": str(claim), "line": claim.line, "message": failed.get(claim, "")}
        for claim in lesson.claims()
    ]


def _print(row: dict[str, Any]) -> None:
    if "text" in row:
        print(row["text"])
        for claim in row["claims"]:
            print(f"{FAILS if claim['message'] else HOLDS:>13}  {claim['claim']}")
    wrong = [claim["message"] for claim in row["claims"] if claim["message"]]
    count = f"{len(row['claims']) - len(wrong)} of {len(row['claims'])} claims hold"
    print(f"{row['lesson']}: {count} on {row['run_id']}")
    for message in wrong:
        print(f"  {message}")


def _lines(lesson: Lesson, run: Run) -> Iterator[str]:
    """The filled lesson, for people."""
    resolve = siblings(run)

    def value(call: Call) -> Number:
        return call.value(run, resolve)

    yield f"{lesson.title}  ({lesson.minutes} min, {run.title})"
    yield f"Question: {lesson.question}"
    for step in lesson.steps:
        yield f"\n## {step.name}"
        yield fill(step.body, value)
        yield from _question(step, value)
    yield ""


def _question(step: Step, value: Value) -> Iterator[str]:
    question = step.question
    if isinstance(question, Choice):
        for option in question.options:
            mark = "right" if option.is_right else "wrong"
            said = [option.misconception, option.response]
            yield f"  {option.letter}) {fill(option.text, value)}"
            yield f"     {mark}: {fill(' '.join(filter(None, said)), value)}"
    elif isinstance(question, NumberQuestion):
        answer = in_words(value(question.answer), FINE)
        yield f"  right: {answer}, within {question.tolerance:g}"
    elif isinstance(question, Place):
        at = [part if isinstance(part, float) else value(part) for part in question.at]
        yield f"  right: {' ; '.join(in_words(v, FINE) for v in at)}, within {question.radius:g}"

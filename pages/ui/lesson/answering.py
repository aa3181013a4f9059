"""Answering a question of a lesson by an option, a number or a place; then the verdict."""

from __future__ import annotations

import streamlit as st

from pages.ui.drawing.numbers import fixed
from pages.ui.lesson import numbers, place, questions, scene
from pages.ui.lesson.filled import filled, show_text
from pages.ui.lesson.visit import Visit
from pages.ui.session import keys, problems
from vae_core.lessons import QUANTITIES, Choice, NumberQuestion, Option, Step
from vae_core.lessons import Place as PlaceQuestion
from vae_core.lessons.calls import Call, ends
from vae_core.runs.run import Run

RIGHT, WRONG, OTHER = (
    ":green[:material/check_circle:]",
    ":red[:material/cancel:]",
    ":gray[:material/radio_button_unchecked:]",
)


def ask(visit: Visit, run: Run) -> None:
    """The question with a way to answer: one click on an option, or a number or place to commit to.

    A prediction leads on, to where it can be tried.
    """
    step = visit.step
    is_prediction = step.name == questions.PREDICT
    if isinstance(step.question, Choice):
        with st.container(key="lesson-options", gap="xsmall"):
            for option in questions.shuffled(visit.lesson, step):
                st.button(
                    filled(option.text, run)[0], width="stretch",
                    key=f"lesson-option-{visit.lesson.id}-{step.name}-{option.letter}",
                    on_click=problems.callback(_keep), args=(visit, option.letter),
                )  # fmt: skip
        if is_prediction:
            st.caption("Choose one: your prediction is kept, and you go on to try it.")
        return
    key = f"lesson-answer-{visit.lesson.id}-{step.name}"
    with st.form(key=f"lesson-form-{visit.lesson.id}-{step.name}", border=False):
        if isinstance(step.question, NumberQuestion):
            unit = QUANTITIES[step.question.answer.name].unit
            of = "" if unit in numbers.NO_UNIT else f", {unit}"
            st.number_input(f"Your number{of}", value=None, key=key, format="%g")
        else:
            st.markdown("Drag z to your answer, then press the button.")
        st.form_submit_button(
            "I predict this" if is_prediction else "Answer", type="primary",
            on_click=problems.callback(_commit), args=(visit, key),
        )  # fmt: skip


def _commit(visit: Visit, key: str) -> None:
    """Keep a number or a place; there must be one."""
    if isinstance(visit.step.question, PlaceQuestion):
        said = _where()
        missing = "Move z on the plane first."
    else:
        value = st.session_state.get(key)
        said = "" if value is None else f"{value:.6g}"
        missing = "Write a number first."
    if said:
        _keep(visit, said)
    else:
        keys.LESSON_NOTE.set(missing)


def _keep(visit: Visit, said: str) -> None:
    """Keep an answer; behind a prediction comes the next step."""
    now = visit.place.saying(visit.lesson, visit.step, said)
    later = questions.next_of(visit.lesson, visit.step)
    if visit.step.name == questions.PREDICT and later:
        scene.ask(now.at(later.name))
    else:
        place.keep(now)


def _where() -> str:
    """Where z was last let go on the plane; empty where there is none."""
    kept = keys.LENS_STATE.get()
    at = kept[1].at if kept else ()
    return f"{at[0]:.2f};{at[1]:.2f}" if len(at) >= 2 else ""


def answered(visit: Visit, asked: Step, run: Run) -> None:
    """What was answered to a step's question and, once it is revealed, what is right."""
    said = visit.place.answer(visit.lesson, asked)
    is_revealed = questions.is_revealed(visit.lesson, asked, visit.step)
    if isinstance(asked.question, Choice):
        if is_revealed:
            _options(visit, asked, said, run)
        else:
            (own,) = (o for o in asked.question.options if o.letter == said)
            show_text(f"You predicted: {own.text}", run)
    elif not is_revealed:
        st.markdown(f"You predicted {in_words(said)}.")
    elif isinstance(asked.question, NumberQuestion):
        _number(asked.question, said, run)
    elif isinstance(asked.question, PlaceQuestion):
        _place(asked.question, said, run)


def in_words(said: str) -> str:
    """A number, or a place as (z0, z1)."""
    parts = [f"{float(part):.6g}".replace("-", "−") for part in said.split(";")]
    return parts[0] if len(parts) == 1 else f"({', '.join(parts)})"


def _options(visit: Visit, asked: Step, said: str, run: Run) -> None:
    """All options: the right one marked, the reader's own answered."""
    for option in questions.shuffled(visit.lesson, asked):
        show_text(verdict(option, said), run)


def verdict(option: Option, said: str) -> str:
    """What is said of an option to one who chose another, or this one."""
    is_own = option.letter == said
    mark = RIGHT if option.is_right else WRONG if is_own else OTHER
    line = f"{mark} {option.text}"
    if is_own:
        line += " **(yours)**"
    if not (is_own or option.is_right):
        return line
    behind = f"Misconception: {option.misconception}" if option.misconception else ""
    return "  \n".join(filter(None, (line, behind if is_own else "", option.response)))


def _number(question: NumberQuestion, said: str, run: Run) -> None:
    found = numbers.value(question.answer, run)
    answer = questions.number_answer(said, ends(found), question.tolerance)
    right = numbers.said(question, found)
    if answer.is_right:
        st.markdown(f"{RIGHT} You said {in_words(said)}; it is **{right}**.")
    else:
        st.markdown(f"{WRONG} You said {in_words(said)}. It is **{right}**.")


def _place(question: PlaceQuestion, said: str, run: Run) -> None:
    x, y = (
        ends(numbers.value(part, run))[0] if isinstance(part, Call) else part
        for part in question.at
    )
    answer = questions.place_answer(said, (x, y), question.radius)
    where = f"({fixed(x)}, {fixed(y)})"
    st.markdown(
        f"{RIGHT if answer.is_right else WRONG} You put z at {in_words(said)}; the place is "
        f"**{where}**, {fixed(answer.distance)} from it."
    )

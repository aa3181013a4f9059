"""How a class has answered a question: bars, and what is behind each option."""

from __future__ import annotations

import streamlit as st

from pages.ui.classroom.student import filled, value_of
from pages.ui.lesson import numbers
from vae_core.lessons import Choice, Lesson, NumberQuestion, Step
from vae_core.lessons.answers import Answer, tally


def show(step: Step, lesson: Lesson, votes: list[list[Answer]], phase: str) -> None:
    """The options, with bars from the phase "votes" on and the right one at the reveal.

    `votes` has the answers of each vote.
    """
    if isinstance(step.question, Choice):
        for k, option in enumerate(step.question.options):
            text, bars = st.columns([3, 2], vertical_alignment="center")
            is_right = phase == "reveal" and option.is_right
            mark = ":material/check_circle: " if is_right else ""
            text.markdown(filled(f"{mark}**{option.letter.upper()}** {option.text}", lesson))
            if phase == "reveal":
                why = option.response if option.is_right else option.misconception
                text.caption(filled(why, lesson) if why else "")
            if phase != "predict":
                _bars(bars, [list(tally(v, step.question).values())[k] for v in votes], votes)
    elif phase != "predict":
        said = sorted(a.said for a in votes[-1] if isinstance(a.said, float))
        st.markdown("Said: " + (", ".join(f"{value:g}" for value in said) or "nothing yet"))
        if phase == "reveal" and isinstance(step.question, NumberQuestion):
            found = value_of(lesson)(step.question.answer)
            st.markdown(f"It is **{numbers.said(step.question, found)}**.")


def _bars(
    place: st.delta_generator.DeltaGenerator, counts: list[int], votes: list[list[Answer]]
) -> None:
    """One bar a vote, the second below the first."""
    for number, (count, answers) in enumerate(zip(counts, votes, strict=True), start=1):
        share = count / len(answers) if answers else 0.0
        which = f" in vote {number}" if len(votes) > 1 else ""
        place.progress(share, text=f"{count} ({share:.0%}){which}")

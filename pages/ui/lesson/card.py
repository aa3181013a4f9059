"""The card of a lesson beside the page: its step, the question, what was answered, the way on."""

from __future__ import annotations

import streamlit as st

from pages.ui.classroom import telling
from pages.ui.drawing import escaping
from pages.ui.lesson import answering, numbers, place, questions, scene
from pages.ui.lesson.filled import show_text
from pages.ui.lesson.visit import Visit
from pages.ui.session import keys, paths, problems
from pages.ui.session.doors import DOORS
from vae_core.errors import VAECoreError
from vae_core.lessons import Step
from vae_core.runs.run import Run

CARD = "lesson-card"


def show(visit: Visit, run: Run, url_path: str) -> None:
    """The card; `run` and `url_path` are the model and the page that are open."""
    st.html(paths.ASSETS / "lesson.css")
    lesson, step = visit.lesson, visit.step
    with st.container(key=CARD, gap="small"):
        number, count = lesson.steps.index(step) + 1, len(lesson.steps)
        with st.container(key="lesson-head"):
            st.markdown(f"**{escaping.markdown(lesson.title, 120)}**")
        st.progress(number / count, f"Step {number} of {count}: {step.name}")
        _notes(visit)
        st.checkbox("Fold to the question", key="lesson-fold")  # on a phone
        try:
            _content(visit, run, url_path)
        except VAECoreError as error:
            problems.show(error, before="This step cannot be shown.")
        telling.tell(visit)
        _doors(visit)


def _content(visit: Visit, run: Run, url_path: str) -> None:
    model = visit.model(run)
    if gone := scene.missing(visit.lesson, visit.step):
        st.warning(
            f"The model {escaping.markdown(gone)} of this step is not here any more: "
            f"{escaping.markdown(run.title)} is shown in its place.",
            icon=":material/delete:",
        )
    if not _holds(visit, model):
        return
    with st.container(key="lesson-text"):
        show_text(visit.step.body, model)
    if url_path != visit.lesson.scene_at(visit.step.name).page:
        _offer_page(visit)
    if visit.step.question is not None:
        if visit.answer:
            answering.answered(visit, visit.step, model)
        else:
            answering.ask(visit, model)
    elif asked := _prediction(visit):
        answering.answered(visit, asked, model)


def _prediction(visit: Visit) -> Step | None:
    """The step of the prediction, while it is tried, and where its answer is revealed."""
    asked = visit.lesson.step(questions.PREDICT)
    if asked is None or not visit.place.answer(visit.lesson, asked):
        return None
    earlier = questions.before(visit.lesson, visit.step)
    is_known = earlier is not None and questions.is_revealed(visit.lesson, asked, earlier)
    return None if is_known else asked


def _holds(visit: Visit, model: Run) -> bool:
    """Whether the lesson's claims hold for its model; else why not, and the model that fits."""
    if keys.LESSON_ANYWAY.get() == (visit.lesson.id, model.id):
        return True
    failed = numbers.failures(model, visit.lesson)
    if not failed:
        return True
    title, own = escaping.markdown(model.title), numbers.own_model(visit.lesson)
    st.warning(
        f"This lesson does not hold for {title}: {escaping.message(failed[0])}",
        icon=":material/rule:",
    )
    with st.container(horizontal=True):
        if own is not None and own.id != model.id:
            st.button(
                f"Open {escaping.markdown(own.title)}", type="primary", key="lesson-own-model",
                on_click=problems.callback(_take_own), args=(visit,),
            )  # fmt: skip
        st.button(
            "Go on all the same", key="lesson-anyway",
            on_click=problems.callback(keys.LESSON_ANYWAY.set), args=((visit.lesson.id, model.id),),
        )  # fmt: skip
    return False


def _take_own(visit: Visit) -> None:
    keys.LESSON_MODEL.pop()
    scene.ask(visit.place)


def _offer_page(visit: Visit) -> None:
    """The way back to the page of the step, for one who has gone elsewhere."""
    path = visit.lesson.scene_at(visit.step.name).page
    door = next((one for one in DOORS if one.url_path == path), None)
    if door is None:
        return
    st.button(
        f"Go to {door.title}, the page of this step", icon=":material/arrow_forward:",
        key="lesson-page", on_click=problems.callback(scene.ask), args=(visit.place,),
    )  # fmt: skip


def _notes(visit: Visit) -> None:
    """What is unusual, in a sentence each, and the way on."""
    if note := keys.LESSON_NOTE.pop():
        st.info(note, icon=":material/info:")
    if visit.has_changed:
        st.info(
            "The file of this lesson has changed since you began. What you answered is kept.",
            icon=":material/edit_document:",
        )
        with st.container(horizontal=True):
            st.button(
                "Go on with it",
                key="lesson-go-on",
                on_click=problems.callback(_accept),
                args=(visit,),
            )
            st.button(
                "Begin again",
                key="lesson-begin",
                on_click=problems.callback(_begin_again),
                args=(visit,),
            )


def _accept(visit: Visit) -> None:
    keys.LESSON_BEGUN.set(visit.lesson.digest)


def _begin_again(visit: Visit) -> None:
    _accept(visit)
    first = visit.lesson.steps[0].name.lower()
    scene.ask(place.Place(visit.lesson.id, first))


def _doors(visit: Visit) -> None:
    """Back, and on: closed until the reader has predicted."""
    lesson, step, at = visit.lesson, visit.step, visit.place
    earlier, later = questions.before(lesson, step), questions.next_of(lesson, step)
    with st.container(horizontal=True, vertical_alignment="center", key="lesson-doors"):
        if earlier:
            st.button(
                "Back", icon=":material/arrow_back:", key="lesson-back",
                on_click=problems.callback(scene.ask), args=(at.at(earlier.name),),
            )  # fmt: skip
        if later:
            st.button(
                f"Next: {later.name}", icon=":material/arrow_forward:", type="primary",
                key="lesson-next", disabled=questions.waits(lesson, step, visit.answer),
                on_click=problems.callback(scene.ask), args=(at.at(later.name),),
                help="Predict first." if questions.waits(lesson, step, visit.answer) else None,
            )  # fmt: skip
        else:
            if step.question is None or visit.answer:
                place.finish(lesson.id)
            st.page_link(
                "lessons.py", label="All lessons", icon=":material/school:",
                query_params={k: v for k, v in place.address(at).items() if k == place.DONE},
                help="",  # its words would lie on the options
            )  # fmt: skip
        st.button(
            "Leave the lesson", type="tertiary", key="lesson-leave",
            on_click=problems.callback(place.leave),
        )  # fmt: skip

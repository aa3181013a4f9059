"""The frame around every page: navigation, the chosen model, where one is and where to go next."""

from __future__ import annotations

from contextlib import suppress

import streamlit as st

from pages.ui.components import take_home, words
from pages.ui.components.history import HISTORY
from pages.ui.lesson import beside, hidden, link_maker, scene, visit
from pages.ui.session import (
    chosen,
    keys,
    links,
    menus,
    mistakes,
    model_list,
    paths,
    problems,
    projector,
    reconnection,
    summary,
)
from pages.ui.session.doors import APP, after, door_of
from vae_core.errors import VAECoreError

st.set_page_config(APP, page_icon=str(paths.ASSETS / "icon.png"), layout="wide")

lesson, no_lesson = visit.arrive()
scripts = menus.scripts()
page = menus.navigate(scripts, is_hidden=bool(lesson))
door = door_of(page.url_path)
if not lesson:
    menus.light(door)

if keys.PAGE.get() != page.url_path:
    keys.PAGE.set(page.url_path)
    keys.VISIT.set(keys.VISIT.get_or(0) + 1)

if lesson:
    beside.leave_on(page)
    scene.enter(lesson.lesson, lesson.place, page.url_path, beside.opener(scripts))
hidden.apply(lesson.hides if lesson else None)
beside.say(no_lesson)
problems.say_refused()
reconnection.keep()
projector.apply()
run = None
try:
    line, picker = st.columns([3, 2], vertical_alignment="center", gap="medium")
    if door.of_model:
        with picker.container(
            horizontal=True, vertical_alignment="center", gap="small", key="model-box"
        ):
            run = chosen.pick_run()
            model_list.show()
    else:
        run = chosen.pick_run(is_shown=False)
    st.set_page_config(door.tab(run))
    with line.container(gap=None, key="where"):
        st.html(f"<h1 class='door'>{door.title} <span>{door.question}</span></h1>")
        if run and door.of_model:
            summary.show(run)
            mistakes.warn(run)
        entry = words.mount(page.url_path)
    if entry:
        st.switch_page(scripts[door_of("glossary")], query_params={words.PARAMETER: entry})
    if not lesson:
        menus.grey(run)
        links.to_views(door)
    with beside.page(lesson, run, page.url_path):
        page.run()
except problems.PageEnds:
    pass
except VAECoreError as error:
    problems.show(problems.explain(error))
HISTORY.mount(key="history")
if not lesson:
    with st.container(horizontal=True, key="foot"):
        if run and door.of_model:
            with suppress(VAECoreError):  # of which the page has told
                take_home.offer(run)
        link_maker.offer(page.url_path)
        projector.offer()
if not lesson and (following := after(door)):
    links.to_page(following.url_path, f"Next: {following.title}. {following.question}")

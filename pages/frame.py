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
    mistakes,
    model_list,
    paths,
    problems,
    projector,
    reconnection,
    summary,
)
from pages.ui.session.doors import APP, DOORS, after, door_of
from vae_core.errors import VAECoreError

st.set_page_config(APP, page_icon=str(paths.ROOT / "assets" / "icon.png"), layout="wide")

scripts = {
    door: st.Page(
        door.script,
        title=door.title,
        url_path=door.url_path or None,
        default=not door.url_path,
        help=door.question,
    )
    for door in DOORS
}
lesson, no_lesson = visit.arrive()
menus = list(dict.fromkeys(door.menu for door in DOORS))
page = st.navigation(
    {menu: [scripts[door] for door in DOORS if door.menu == menu] for menu in menus},
    position="hidden" if lesson else "top",
)
door = door_of(page.url_path)
if door.menu and not lesson:  # its menu is lit, as a page in the bar is
    place = sum(not other.menu for other in DOORS) + menus.index(door.menu)
    st.html(
        f"<style>[data-testid='stTopNav'] > :nth-child({place}) > button p "
        "{font-weight:700;text-decoration:underline;text-underline-offset:.3em}</style>"
    )

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

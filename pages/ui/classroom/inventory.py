"""The test before and after a course: a student's form, and what the teacher sees of it."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from pages.ui.classroom import news, rooms
from pages.ui.classroom.move import move
from pages.ui.library import passcode
from pages.ui.session import problems
from vae_core.errors import RoomError
from vae_core.lessons.inventory import NOTHING, Inventory, class_gain, read_inventory, shares_right
from vae_core.lessons.room_state import AFTER, BEFORE, RoomState
from vae_core.lessons.rooms import Room
from vae_core.lessons.votes_table import inventory_table, letters

EVERY = 1.0  # seconds between looks at where the test is
WHEN = {BEFORE: "before the course", AFTER: "after the course"}


def is_of(state: RoomState) -> bool:
    """Whether the room is for the test, and not for a lesson."""
    return state.step in WHEN


@st.cache_data(show_spinner=False)
def bundled() -> Inventory:
    """The test that ships."""
    return read_inventory()


def _form(room: Room) -> None:
    """All items in one form, to be handed in together."""
    news.follow(room, "test", EVERY)
    state, inventory, who = room.state(), bundled(), rooms.who()
    if not is_of(state):
        raise RoomError("the room is for a lesson now; load the page anew.")
    st.markdown(f"#### {inventory.title}, {WHEN[state.step]}")
    if state.phase != "predict":
        st.info("The test is closed. Your answers are kept.")
        return
    own = letters(room, state.step, inventory).get(who, "")
    with st.form("inventory", border=False):
        said = []
        for number, item in enumerate(inventory.items, start=1):
            options = {option.letter: option.text for option in item.question.options}
            known = own[number - 1] if own else NOTHING
            chosen = st.radio(
                f"**{number}.** {item.text}", list(options), format_func=options.__getitem__,
                index=list(options).index(known) if known in options else None,
                key=f"item-{state.step}-{number}",
            )  # fmt: skip
            said.append(chosen or NOTHING)
        if st.form_submit_button("Hand in", type="primary"):
            try:
                room.answer(who, "".join(said), inventory)
                own = "".join(said)
            except RoomError as error:
                problems.show(problems.explain(error))
    if own:
        left = own.count(NOTHING)
        open_ones = f" {left} without an answer." if left else ""
        st.success(f"Your answers are kept.{open_ones} You may change them and hand in again.")


def _board(room: Room) -> None:
    """How many have handed in; after the second time, what the class has gained."""
    news.follow(room, "test", EVERY, news.COUNTS)
    state, inventory = room.state(), bundled()
    if inventory.digest != state.digest:
        st.warning("The test's file has changed since this room was opened.")
    said = {step: letters(room, step, inventory) for step in WHEN}
    st.markdown(f"### Room **{room.code.upper()}** · {inventory.title}, {WHEN[state.step]}")
    st.markdown(f"### {len(said[state.step])} of {room.n_people()} have handed in")
    with st.container(horizontal=True):
        if state.phase == "predict":
            move(room, state, "Close the test", primary=True, phase="reveal")
        elif state.step == BEFORE:
            again = {"step": AFTER, "phase": "predict"}
            move(room, state, "Give it again, after the course", primary=True, **again)
    if state.phase == "predict":
        rooms.invite(room)
    elif state.step == AFTER:
        _results(inventory, said[BEFORE], said[AFTER])
    if state.phase != "predict":
        table = inventory_table(room, inventory)
        name = f"room-{room.code}-test.csv"
        st.download_button("Answers and gain, .csv", table.to_csv(index=False), name, "text/csv")


student = problems.fragment(_form)
wall = problems.fragment(_board)


def _results(inventory: Inventory, before: dict[str, str], after: dict[str, str]) -> None:
    found = class_gain(inventory, before, after)
    if found is None:
        st.info("Nobody has answered both times, so there is no gain to tell.")
    else:
        st.markdown(
            f"{found.n} have answered both times: {found.before:.1f} of {len(inventory.items)} "
            f"right before, {found.after:.1f} after."
            + (
                f" Hedges' g = {found.effect:.2f}, 95 % interval {found.low:.2f} to "
                f"{found.high:.2f}."
                if math.isfinite(found.effect) else
                " An effect size takes three people or more whose scores differ."
            )
        )  # fmt: skip
    shares = [shares_right(inventory, list(said.values())) for said in (before, after)]
    st.dataframe(
        pd.DataFrame(
            {
                "item": [f"{k + 1}. {item.text}" for k, item in enumerate(inventory.items)],
                "right before": shares[0],
                "right after": shares[1],
            }
        ),
        hide_index=True,
        column_config={
            name: st.column_config.NumberColumn(format="percent")
            for name in ("right before", "right after")
        },
    )


@passcode.guarded
def open_room() -> None:
    """A room for the test."""
    rooms.to_wall(rooms.rooms().open(bundled()).code)

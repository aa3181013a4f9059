"""The teacher's wall while the class draws its data: drawings arrive, some go, a set is made."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from pages.ui.classroom import news, rooms
from pages.ui.classroom.move import move
from pages.ui.components.class_drawing import GALLERY, sheet
from pages.ui.drawing import escaping
from pages.ui.library import listing, passcode
from pages.ui.session import keys, problems
from pages.ui.session.doors import door_of
from pages.ui.train import form
from vae_core.config import MAX_OWN_NAME, OWN, DataConfig, ModelConfig, RunConfig, TrainConfig
from vae_core.config import own_name as checked_name
from vae_core.data import own
from vae_core.errors import RoomError, VAECoreError
from vae_core.lessons.drawings import MAX_OWN, Drawings, labels_of
from vae_core.lessons.room_state import RoomState
from vae_core.lessons.rooms import Room

EVERY = 1.0  # seconds between looks for new drawings
MAX_SHOWN = 300  # drawings, the newest
RECIPE = RunConfig(  # for some hundred drawings
    DataConfig(),
    ModelConfig(hidden=(256, 128), latent_shape=(2,)),
    TrainConfig(epochs=200, batch_size=16, lr=2e-3, augmentation="shifts-turns"),
)
AUGMENTED = (
    "The form is filled for few drawings: two latent dimensions, and augmentation. In every epoch "
    "each drawing is shifted by up to 2 pixels and turned by up to 10°, at random. The scores are "
    "of the drawings as they are."
)


def ask() -> None:
    """What opens a room in which the class draws."""
    st.text_input(
        "What the class draws", key="room-labels", placeholder="cat, house", width=300,
        help="The labels, with commas between them. Students choose one for each drawing.",
    )  # fmt: skip
    st.button("Open a room to draw data", on_click=problems.callback(_open))


@passcode.guarded
def _open() -> None:
    labels = labels_of(str(st.session_state["room-labels"]))
    rooms.to_wall(rooms.rooms().open_to_draw(labels).code)


def show(room: Room) -> None:
    """The wall."""
    _follow(room)


def _draw(room: Room) -> None:
    news.follow(room, "class", EVERY, news.COUNTS)
    state, drawings = room.state(), Drawings(room)
    _remove(drawings, st.session_state.get("class-gallery"))
    names = drawings.names()
    n_authors = len({name.partition(".")[0] for name in names})
    head, count = st.columns([3, 2], vertical_alignment="bottom")
    head.markdown(f"### Room **{room.code.upper()}** · draw {escaping.markdown(_said(state), 300)}")
    many = "1 drawing" if len(names) == 1 else f"{len(names):,} drawings"
    n = room.n_people()
    count.markdown(f"### {many} by {n_authors} of {n}" if names else f"### {n} have joined")
    is_open = state.phase == "predict"
    if is_open:
        rooms.invite(room)
    if names:
        shown = drawings.newest(MAX_SHOWN)
        GALLERY.mount(
            key="class-gallery",
            data=sheet(shown, state.labels, are_all=len(names) <= MAX_SHOWN),
            on_told_change=lambda: None,
        )
        more = f" The newest {MAX_SHOWN} are shown." if len(names) > MAX_SHOWN else ""
        st.caption(f"Click drawings to mark them, then remove what is marked.{more}")
    with st.container(horizontal=True):
        if is_open:
            move(room, state, "Take no more drawings", phase="reveal")
        else:
            move(room, state, "Take drawings again", phase="predict")
    if names:
        _make(drawings, state)
    if state.data:
        _use(room, state)
    if names:
        _keep_or_delete(drawings)


_follow = problems.fragment(_draw)


def _said(state: RoomState) -> str:
    return ", ".join(state.labels)


def _remove(drawings: Drawings, told: Any) -> None:
    """Delete what was marked, once."""
    match (told or {}).get("told"):
        case {"remove": [*names], "at": int(at)} if at != keys.CLASS_TOLD.get():
            keys.CLASS_TOLD.set(at)
            try:
                passcode.guarded(drawings.remove)([str(name) for name in names])
            except RoomError as error:
                problems.show(problems.explain(error))


def _make(drawings: Drawings, state: RoomState) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(
            "Name of the data set", _free_name(drawings.room.code), width=260,
            key=f"class-data-{drawings.room.code}-{state.data}", max_chars=MAX_OWN_NAME,
        )  # fmt: skip
        if st.button("Make it a data set", type="primary", icon=":material/check:"):
            _kept(drawings, state, name.strip())


def _free_name(code: str) -> str:
    """class-CODE, with a number where there is one."""
    taken = {one.name for one in own.sets()}
    names = [f"class-{code}", *(f"class-{code}-{k}" for k in range(2, 102))]
    return next((name for name in names if name not in taken), names[0])


@passcode.guarded
def _kept(drawings: Drawings, state: RoomState, name: str) -> None:
    try:
        kept = own.keep(drawings.draft(), checked_name(name.removeprefix(OWN)))
        drawings.room.move(state, data=kept.choice)
    except VAECoreError as error:
        problems.show(problems.explain(error))
        return
    st.rerun()


def _use(room: Room, state: RoomState) -> None:
    """Train on the set, and show the class what came of it."""
    st.success(
        f"{escaping.markdown(state.data)} is among the data sets of New model. {AUGMENTED}",
        icon=":material/check:",
    )
    runs = [run for run in listing.openable().values() if run.config.data.name == state.data]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if st.button("Train on it", icon=":material/play_arrow:", type="primary"):
            form.fill(replace(RECIPE, data=DataConfig(state.data)))
            st.switch_page(door_of("train").script)
        if runs:
            labels = {run.id: escaping.plain(run.title) for run in runs}
            chosen = st.selectbox(
                "A model of these drawings", list(labels), format_func=labels.__getitem__,
                key="class-model", width=300,
            )  # fmt: skip
            move(room, state, "Show it to the class", model=chosen)
    if state.model:
        st.caption("Students who tap a drawing of theirs now see it on the class's model.")
    elif runs:
        st.caption("Until then students see their drawings on a model that ships.")


def _keep_or_delete(drawings: Drawings) -> None:
    code = drawings.room.code
    with st.expander("Save or delete the drawings"):
        st.caption(
            f"Of each drawing its pixels and its label are kept, at most {MAX_OWN} of a student. "
            "They stay until they, or the room, are deleted; a data set that was made of them is "
            "deleted on the page Data."
        )
        with st.container(horizontal=True):
            if st.button("Prepare the .zip"):
                st.download_button(
                    "A folder of PNG for each label, .zip", drawings.packed(), f"class-{code}.zip",
                    "application/zip",
                )  # fmt: skip
            with st.popover("Delete all drawings"):
                st.write("All drawings of this room will be gone.")
                st.button("Delete them", on_click=problems.callback(_delete), args=(drawings,))


@passcode.guarded
def _delete(drawings: Drawings) -> None:
    drawings.remove(drawings.names())

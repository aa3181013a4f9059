"""A student's window while the class draws its data: the pad, own drawings, the way to a model."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st
import torch

from pages.ui.classroom import news, rooms
from pages.ui.components.class_drawing import GALLERY, PAD, plain, sheet
from pages.ui.components.lens_state import LensState
from pages.ui.drawing import escaping
from pages.ui.library import cached, listing
from pages.ui.session import chosen, keys, problems
from pages.ui.session.doors import door_of
from vae_core import Run
from vae_core.errors import RoomError
from vae_core.lessons.drawings import MAX_OWN, SIDE, Drawing, Drawings
from vae_core.lessons.room_state import RoomState
from vae_core.lessons.rooms import Room

EVERY = 2.0  # seconds between looks at where the class is


def _draw(room: Room) -> None:
    news.follow(room, "class", EVERY)
    state, who = room.state(), rooms.who()
    keys.CLASS_ROOM.set((room.code, who))
    drawings = Drawings(room)
    st.caption(f"Room {room.code} · the class draws its data")
    if state.phase == "predict":
        _pad(drawings, state, who)
    else:
        st.info("The teacher takes no more drawings.")
    if mine := drawings.of(who):
        _own(mine, state)


show = problems.fragment(_draw)


def _pad(drawings: Drawings, state: RoomState, who: str) -> None:
    key = f"class-pad-{drawings.room.code}"
    _take(drawings, who, st.session_state.get(key))
    handled, is_kept = keys.CLASS_SENT.get_or(("", False))
    found = PAD.mount(
        key=key,
        data={
            "labels": plain(state.labels), "first": int(who, 16) % len(state.labels),
            "n": len(drawings.of(who)), "most": MAX_OWN, "handled": handled, "is_kept": is_kept,
        },
        on_sent_change=lambda: None,
    )  # fmt: skip
    if _new_mark(found.sent):  # a browser that has come back to another server
        st.rerun()


def _new_mark(sent: object) -> str:
    """The mark of what the pad has sent; empty where it is handled already, or is nothing."""
    mark = str(sent.get("mark", ""))[:40] if isinstance(sent, dict) else ""
    return "" if mark == keys.CLASS_SENT.get_or(("", False))[0] else mark


def _take(drawings: Drawings, who: str, told: Any) -> None:
    """Keep what the pad has sent; a sentence where it cannot be kept, and the pad keeps it."""
    sent = (told or {}).get("sent")
    if not ((mark := _new_mark(sent)) and isinstance(sent, dict)):
        return
    keys.CLASS_SENT.set((mark, False))
    try:
        pixels, label = sent.get("pixels"), sent.get("label")
        if not (isinstance(pixels, list) and isinstance(label, int)):
            raise RoomError("expected a drawing and its label. Draw again.")
        kept = drawings.add(who, label, pixels)
    except RoomError as error:
        problems.show(problems.explain(error))
        return
    keys.CLASS_SENT.set((mark, True))
    lines = LensState.from_page(LensState().to_page() | {"drawing": sent.get("lines")})
    if lines and lines.drawing:
        keys.CLASS_LINES.set(keys.CLASS_LINES.get_or({}) | {kept.name: lines.drawing})


def _own(mine: list[Drawing], state: RoomState) -> None:
    """What one has sent; a tap leads to the plane of the class's model, or of one that ships."""
    run = model_of(state)
    if run is None:
        return
    name = escaping.markdown(run.title)
    whose = f"the class's model, {name}" if run.id == state.model else f"{name}, a model that ships"
    st.markdown(f"##### Your drawings: tap one to see its q(z|x) on the plane of {whose}")
    found = GALLERY.mount(
        key="own-drawings", data=sheet(mine, state.labels, picks=True),
        on_told_change=lambda: None,
    )  # fmt: skip
    match found.told:
        case {"open": str(name), "at": int(at)} if at != keys.CLASS_TOLD.get():
            keys.CLASS_TOLD.set(at)
            _open(next((one for one in mine if one.name == name), None), run)


def _open(drawing: Drawing | None, run: Run) -> None:
    """Let the lens begin at it on Latent space; nothing where the teacher has removed it."""
    if drawing is None:
        return
    keys.LENS_STATE.set((run.id, begun(run, drawing)))
    keys.LENS_START.pop()
    keys.LENS_OPENED.set(keys.LENS_OPENED.get_or(0) + 1)
    chosen.choose(run.id)
    st.switch_page(door_of("posteriors").script)


def model_of(state: RoomState) -> Run | None:
    """The run on which the class looks at its drawings: one that ships until it has its own."""
    runs = {run.id: run for run in listing.openable().values()}
    return runs.get(state.model) or runs.get(listing.DEFAULT_RUN) or next(iter(runs.values()), None)


def begun(run: Run, drawing: Drawing) -> LensState:
    """Where the lens begins at a drawing: at its lines; where they are forgotten, at its μ."""
    state = LensState(image=None, draw=0)
    if lines := keys.CLASS_LINES.get_or({}).get(drawing.name):
        return replace(state, drawing=lines)
    if run.data().image_shape != (1, SIDE, SIDE):
        return state
    x = torch.from_numpy(drawing.pixels.copy()).reshape(1, 1, SIDE, SIDE).float() / 255
    with torch.no_grad():
        vae = cached.vae(run).given(drawing.label % run.config.model.label_count)
        mean = vae.encode(x).mean.flatten().tolist()
    return replace(state, z=dict(enumerate(mean)))

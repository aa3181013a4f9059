"""A browser's tab without the browser: it speaks with a server as Streamlit's own page does.

It keeps what is on the page, what the reader chose and what it has fetched, and counts the
time from what the reader does to the end of the server's answer.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from google.protobuf.message import Message
from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Delta_pb2 import Delta
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect

PATIENCE = 60.0  # seconds until an action counts as not answered
EARLY = ForwardMsg.FINISHED_EARLY_FOR_RERUN  # another run follows by itself
KEPT_RUNS = 2  # of the script, after which a large message is no longer kept
VALUES = {
    "selectbox": "string_value",
    "button_group": "string_array_value",
    "slider": "string_array_value",
    "checkbox": "bool_value",
    "number_input": "double_value",
    "bidi_component": "json_value",
}


@dataclass(frozen=True)
class Shown:
    """One element of the page: its kind, itself, and the fragment it stands in."""

    kind: str
    element: Any
    fragment: str


class Tab:
    """One reader's page.

    Attributes
    ----------
    problems : what the server showed as errors, in words
    every : seconds between the runs that fragments asked for by themselves
    """

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.pages: dict[str, str] = {}
        self.page = self.hash = ""
        self.query: dict[str, str] = {}
        self.shown: dict[tuple[int, ...], Shown] = {}
        self.states: dict[str, WidgetState] = {}
        self.every: dict[str, float] = {}
        self.problems: list[str] = []
        self._kept: dict[str, tuple[int, Delta]] = {}
        self._n_runs = 0

    @classmethod
    async def open(cls, url: str, page: str = "", query: Mapping[str, str] | None = None) -> Tab:
        """Connect and run the script for the first time."""
        address = url.replace("http", "ws", 1) + "_stcore/stream"
        tab = cls(await connect(address, max_size=None, compression=None, open_timeout=PATIENCE))
        tab.page, tab.query = page, dict(query or {})
        await tab.run()
        return tab

    async def close(self) -> None:
        """Leave, as when a tab is closed."""
        await self.socket.close()

    def all(self, *kinds: str) -> list[Shown]:
        """The elements of these kinds on the page."""
        return [one for one in self.shown.values() if one.kind in kinds]

    def component(self, name: str) -> Shown | None:
        """The component of that name on the page, if it is there."""
        full = f"elbo_room.{name}"
        found = (s for s in self.all("bidi_component") if s.element.component_name == full)
        return next(found, None)

    def told(self, component: Shown) -> dict[str, Any]:
        """What the server has told a component."""
        told: dict[str, Any] = json.loads(component.element.json)
        return told

    async def go_to(self, page: str) -> float:
        """Another page of the app; seconds."""
        self.page, self.hash = page, self.pages[page]
        return await self.run()

    async def choose(self, widget: Shown, value: Any) -> float:
        """Set a widget; seconds."""
        element, state = widget.element, WidgetState(id=widget.element.id)
        field = VALUES[widget.kind]
        if widget.kind == "slider" and not element.options:
            field = "double_array_value"
        if field.endswith("array_value"):
            getattr(state, field).data.extend(value)
        else:
            setattr(state, field, json.dumps(value) if field == "json_value" else value)
        self.states[element.id] = state
        if widget.kind != "bidi_component" and element.query_param_key:
            words = value if isinstance(value, list) else [str(value)]
            self.query[element.query_param_key] = ",".join(map(str, words))
        return await self.run(widget.fragment)

    async def press(self, label: str) -> float:
        """Press the button of this label; seconds. Raises LookupError where there is none."""
        found = (one for one in self.all("button") if one.element.label == label)
        if (button := next(found, None)) is None:
            raise LookupError(f"there is no button {label!r} on the page.")
        self.states[button.element.id] = WidgetState(id=button.element.id, trigger_value=True)
        try:
            return await self.run(button.fragment)
        finally:
            self.states.pop(button.element.id, None)

    def words(self) -> str:
        """All texts on the page."""
        return "\n".join(one.element.body for one in self.all("markdown", "alert"))

    async def run(self, fragment: str = "", by_itself: bool = False) -> float:
        """Ask for a run of the script, or of a fragment; seconds until its last message."""
        message = BackMsg()
        ask = message.rerun_script
        ask.query_string, ask.page_script_hash = urlencode(self.query), self.hash
        ask.page_name = "" if self.hash else self.page
        ask.widget_states.widgets.extend(self.states.values())
        ask.fragment_id, ask.is_auto_rerun = fragment, by_itself
        ask.cached_message_hashes.extend(self._kept)
        ask.context_info.timezone, ask.context_info.color_scheme = "UTC", "light"
        start = time.perf_counter()
        await self.socket.send(message.SerializeToString())
        await asyncio.wait_for(self._answer(), PATIENCE)
        return time.perf_counter() - start

    async def _answer(self) -> None:
        """Read until the script has finished, and take away what it did not write again."""
        written: set[tuple[int, ...]] = set()
        fragments: list[str] = []
        while True:
            message = ForwardMsg.FromString(bytes(await self.socket.recv(decode=False)))
            kind = message.WhichOneof("type")
            path = tuple(message.metadata.delta_path)
            if kind == "new_session":
                written, fragments = set(), list(message.metadata.run.fragment_ids)
                self.hash = message.new_session.page_script_hash
                if not fragments:
                    self.every.clear()
            elif kind in ("delta", "ref_hash"):
                written.add(path)
                self._put(path, message)
            elif kind == "navigation":
                self.hash = message.navigation.page_script_hash
                self.pages = {p.url_pathname: p.page_script_hash
                              for p in message.navigation.app_pages}  # fmt: skip
            elif kind == "page_info_changed":
                self.query = dict(parse_qsl(message.page_info_changed.query_string))
            elif kind == "auto_rerun":
                self.every[message.auto_rerun.fragment_id] = message.auto_rerun.interval
            elif kind == "session_event":
                self.problems += _said(message.session_event)
            elif kind == "script_finished" and message.script_finished != EARLY:
                break
        self._tidy(written, fragments)

    def _put(self, path: tuple[int, ...], message: ForwardMsg) -> None:
        """What a message puts on the page; a reference stands for one sent before."""
        delta = message.delta
        if message.WhichOneof("type") == "ref_hash":
            delta = self._kept[message.ref_hash][1]
            self._kept[message.ref_hash] = (self._n_runs, delta)
        elif message.metadata.cacheable:
            self._kept[message.hash] = (self._n_runs, delta)
        if delta.WhichOneof("type") != "new_element":
            self.shown.pop(path, None)
            return
        element = delta.new_element
        kind = element.WhichOneof("type")
        content = getattr(element, kind)
        self.shown[path] = Shown(kind, content, delta.fragment_id)
        if kind == "exception" or (kind == "alert" and content.format == Alert.ERROR):
            self.problems += _said(content)

    def _tidy(self, written: set[tuple[int, ...]], fragments: list[str]) -> None:
        """Forget what was not written again, and what such widgets were set to."""
        self.shown = {
            path: one for path, one in self.shown.items()
            if path in written or (fragments and one.fragment not in fragments)
        }  # fmt: skip
        if fragments:
            return
        self._n_runs += 1
        self._kept = {k: v for k, v in self._kept.items() if self._n_runs - v[0] <= KEPT_RUNS}
        here = {getattr(one.element, "id", None) for one in self.shown.values()}
        self.states = {name: state for name, state in self.states.items() if name in here}


def _said(message: Message) -> Iterator[str]:
    """An error's words in one line."""
    yield " ".join(str(message).split())[:300]

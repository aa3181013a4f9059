"""The passcode that allows training, opening files and deleting on a shared server.

The teacher sets ELBO_ROOM_PASSCODE in the environment or in .streamlit/secrets.toml; without
it, everything is open. What was given is kept for the session and compared each time, so that
another passcode closes the door again.
"""

from __future__ import annotations

import hmac
import os
import time
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import streamlit as st

from pages.ui.session import keys

P = ParamSpec("P")

VARIABLE = "ELBO_ROOM_PASSCODE"
PAUSE = 0.5  # seconds that a wrong passcode costs


def _passcode() -> str | None:
    """What the teacher has set: "" for nothing, None when a broken file hides what it is."""
    elsewhere = os.environ.get(VARIABLE, "").strip()
    try:
        said: object = st.secrets.get(VARIABLE, "")
    except (OSError, UnicodeDecodeError) as error:
        files = st.get_option("secrets.files")
        is_missing = isinstance(error, FileNotFoundError) and not any(map(os.path.lexists, files))
        return elsewhere or ("" if is_missing else None)
    return str(said).strip() or elsewhere if isinstance(said, str | int | float) else None


def is_granted() -> bool:
    """Whether this session may train, open files, delete and pin."""
    expected = _passcode()
    given = keys.PASSCODE.get()
    return expected == "" or (
        expected is not None
        and isinstance(given, str)
        and hmac.compare_digest(given.encode(errors="replace"), expected.encode())
    )


def guarded(action: Callable[P, None]) -> Callable[P, None]:
    """The action, which does nothing in a session that has not given the passcode."""

    @wraps(action)
    def checked(*args: P.args, **kwargs: P.kwargs) -> None:
        if is_granted():
            action(*args, **kwargs)

    return checked


def ask(what: str) -> bool:
    """Whether this session may; where not, one sentence and a box for the passcode."""
    if is_granted():
        return True
    if _passcode() is None:
        st.error("The server's secrets file cannot be read: until it is corrected, nobody may.")
        return False
    st.info(f"{what} on this server needs the teacher's passcode.", icon=":material/lock:")
    key = f"passcode-{what}"
    st.text_input("Passcode", type="password", key=key, on_change=_give, args=(key,), width=300)
    if st.session_state.pop(f"wrong-{key}", False):
        st.error("That is not the passcode. Write it as the teacher gave it.")
    return False


def _give(key: str) -> None:
    keys.PASSCODE.set(st.session_state[key].strip())
    st.session_state[key] = ""
    if not is_granted():
        keys.PASSCODE.pop()
        st.session_state[f"wrong-{key}"] = True
        time.sleep(PAUSE)

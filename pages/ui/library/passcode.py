"""The passcode that allows training, opening files and deleting on a shared server.

The teacher sets ELBO_ROOM_PASSCODE in the environment or in .streamlit/secrets.toml; without
it, everything is open. What was given is kept for the session and compared each time, so that
another passcode closes the door again.
"""

from __future__ import annotations

import hmac
import os
import time
import tomllib
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from pathlib import Path
from threading import Lock
from typing import Any, ParamSpec

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from pages.ui.session import keys
from vae_core.errors import ConfigError

P = ParamSpec("P")

VARIABLE = "ELBO_ROOM_PASSCODE"
PAUSE = 0.5  # seconds that a wrong passcode costs, whoever gives it: two guesses a second in all
PATIENCE = 20.0  # seconds that one waits for those of others
MAX_SESSIONS = 10_000

_guess = Lock()
_given: dict[str, str] = {}  # what sessions have given, by their ids


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


def check_setting() -> None:
    """Refuse to start with a passcode that would leave the server open without a word.

    Raises
    ------
    ConfigError
        When it is set and blank, or stands in a section of the secrets file.
    """
    secrets: dict[str, Any] = {}
    for path in st.get_option("secrets.files"):
        with suppress(OSError, ValueError):  # no file, or a broken one: then nobody may
            secrets |= tomllib.loads(Path(path).read_text(encoding="utf-8"))
    for where, values in (("the environment", os.environ), ("the secrets file", secrets)):
        if VARIABLE in values and not str(values[VARIABLE]).strip():
            raise ConfigError(
                f"{VARIABLE} is set in {where} and blank, which would leave the server open. Give "
                "a passcode, or leave the setting out."
            )
    for name, section in secrets.items():
        if isinstance(section, dict) and VARIABLE in section:
            raise ConfigError(
                f"{VARIABLE} stands in section [{name}] of the secrets file, where it is not "
                "looked for. Put it above the first section."
            )


def is_granted() -> bool:
    """Whether this session may train, open files, delete and pin."""
    return _is_right(keys.PASSCODE.get())


def may_upload(session: str) -> bool:
    """Whether the session of this id may upload: it has given the passcode that is set now."""
    return _is_right(_given.get(session))


def _is_right(given: str | None) -> bool:
    """Whether this is the passcode, or none is set."""
    expected = _passcode()
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
    given, st.session_state[key] = st.session_state[key].strip(), ""
    if not _guess.acquire(timeout=PATIENCE):  # others are guessing
        st.session_state[f"wrong-{key}"] = True
        return
    try:
        if _is_right(given):
            keys.PASSCODE.set(given)
            if session := _session_id():
                _given[session] = given
                while len(_given) > MAX_SESSIONS:
                    _given.pop(next(iter(_given)))
        else:
            st.session_state[f"wrong-{key}"] = True
            time.sleep(PAUSE)
    finally:
        _guess.release()


def _session_id() -> str | None:
    """The name of this session in the addresses of uploads; None where there are none.

    Streamlit tells it nowhere else.
    """
    context = get_script_run_ctx(suppress_warning=True)
    return context.session_id if context else None

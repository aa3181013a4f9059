"""The own data sets as a table: looked at, trained on, removed."""

from __future__ import annotations

import hashlib

import pandas as pd
import streamlit as st

from pages.ui.drawing import escaping
from pages.ui.library import cached, passcode
from pages.ui.session import browser, keys, problems
from pages.ui.session.doors import door_of
from pages.ui.train.class_rows import rows_html
from pages.ui.train.form import choose_data
from vae_core.config import DataConfig
from vae_core.data import own
from vae_core.data.own import OwnSet
from vae_core.errors import DataError

COLUMNS = {
    "Size, MB": st.column_config.NumberColumn(format="%.2f"),
}


def say() -> None:
    """The result of the last action, once."""
    for sentence in keys.DATA_MESSAGES.pop() or []:
        st.success(escaping.message(sentence), icon=":material/check:")


def frame(sets: list[OwnSet]) -> pd.DataFrame:
    """One row per set, in the order given."""
    rows = [
        {
            "Data set": escaping.plain(one.choice),
            "Training": one.n_train,
            "Test": one.n_test,
            "Pixels": "{} × {} × {}".format(*one.image_shape),
            "Classes": escaping.plain(", ".join(one.class_names), 120),
            "Size, MB": one.n_bytes / 1e6,
            "Added": pd.to_datetime(pd.Series([one.made]), utc=True, errors="coerce")[0],
            "Fingerprint": one.fingerprint,
        }
        for one in sets
    ]
    return pd.DataFrame(rows)


def show() -> None:
    """The table, and what can be done with the set that is selected."""
    sets = own.sets()
    for one in sets:
        if one.problem:
            st.caption(f"{escaping.markdown(one.choice)}: {escaping.message(one.problem)}")
    if not sets:
        st.info("There is no own data set yet. Add one on this page.", icon=":material/image:")
        return
    names = " ".join(one.name for one in sets)  # rows of other sets would not be those selected
    selected = st.dataframe(
        frame(sets), hide_index=True, column_config=COLUMNS | {"Added": browser.times()},
        on_select="rerun",
        selection_mode="single-row", key=f"data-{hashlib.sha256(names.encode()).hexdigest()[:12]}",
    )  # fmt: skip
    rows = [row for row in selected["selection"]["rows"] if row < len(sets)]
    if not rows:
        st.caption("Select a row on its left to see the pictures, train on them or remove them.")
        return
    _show(sets[rows[0]])


def _show(one: OwnSet) -> None:
    with st.container(horizontal=True):
        pressed = st.button(
            "Train on it", icon=":material/play_arrow:", disabled=bool(one.problem),
            on_click=problems.callback(choose_data), args=(one.choice,),
        )  # fmt: skip
        if st.button("Remove …", icon=":material/delete:", disabled=not passcode.is_granted()):
            confirm(one)
    passcode.ask("Removing data")
    if pressed:
        st.switch_page(door_of("train").script)
    try:
        data = cached.dataset(DataConfig(one.choice))
    except DataError as error:
        problems.show(error)
        return
    st.html(rows_html(data.train, data.class_names))


@st.dialog("Remove for good?")
def confirm(one: OwnSet) -> None:
    """Say what is lost, and ask."""
    st.markdown(
        f"{escaping.markdown(one.choice)} with {one.n_train + one.n_test:,} pictures is deleted, "
        "for everyone. Runs that were trained on it keep their model and codes; pages show decoded "
        "pictures in place of its images."
    )
    with st.container(horizontal=True):
        st.button(
            "Remove", type="primary", icon=":material/delete:", key="remove-data-for-good",
            on_click=problems.callback(remove), args=(one,),
        )  # fmt: skip
        if keys.DATA_MESSAGES.get():
            st.rerun()
        if st.button("Keep it"):
            st.rerun()


@passcode.guarded
def remove(one: OwnSet) -> None:
    """Take it off the shelf."""
    own.remove(one.name)
    keys.DATA_MESSAGES.set([f"{one.choice} is removed."])

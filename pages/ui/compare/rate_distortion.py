"""Groups of runs that can be compared with the chosen one, and the reasons for the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from pages.ui.compare import rate_distortion_text as text
from pages.ui.drawing import escaping
from pages.ui.library import cached, listing
from vae_core import Run
from vae_core.comparison import (
    Best,
    Yardstick,
    best_point,
    epoch_table,
    point_table,
    points,
    sweep_table,
    with_test_images,
)
from vae_core.config import POSTERIORS

CURVE = "curve"  # the sweep that is drawn as a curve
MAX_TITLE = 200  # letters; classes are named in it
TABLES = {"points": point_table, "epochs": epoch_table, "sweep": sweep_table}


@dataclass(frozen=True)
class Group:
    """Runs that are measured alike, with a finite rate, by the labels that are shown.

    Attributes
    ----------
    title : what they are measured on
    runs : those that can be drawn, by label
    left_out : one sentence about those that cannot; empty when there is none
    """

    title: str
    runs: dict[str, Run]
    left_out: str


@cached.per_run(max_entries=500)
def _yardstick(run: Run) -> Yardstick:
    return Yardstick.of(run)


@st.cache_resource(max_entries=64, show_spinner=False)
def _table(versions: tuple[str, ...], kind: str, _runs: list[Run]) -> pd.DataFrame:
    return TABLES[kind](_runs)


def table(kind: str, runs: Iterable[Run]) -> pd.DataFrame:
    """One of `TABLES`, of finished runs; not to be changed."""
    several = list(runs)
    return _table(tuple(map(cached.version, several)), kind, several)


@st.cache_resource(max_entries=64, show_spinner=False)
def _best(versions: tuple[str, ...], _runs: list[Run]) -> Best | None:
    return best_point(_runs)


def best(runs: Iterable[Run]) -> Best | None:
    """The best of finished runs of one group, and those that are as good within the errors."""
    several = list(runs)
    return _best(tuple(map(cached.version, several)), several)


def drawn_at(run: Run, runs: Iterable[Run]) -> str | None:
    """The index of the point that a run is part of; None when it is not among them."""
    return next((p.first.id for p in points(runs) if run.path in {r.path for r in p.runs}), None)


def pick_group(run: Run) -> Group:
    """The select box of groups, the chosen run's first; returns the one that is picked."""
    every = {one.path: one for own in listing.sweeps().values() for one in own}
    every |= {one.path: one for one in listing.openable().values()}
    found = with_test_images([*map(_yardstick, every.values()), Yardstick.of(run)])
    own, yardsticks = found.pop(), dict(zip(every, found, strict=True))
    ordered = sorted(Counter(yardsticks.values()).items(), key=lambda pair: -pair[1])
    options = [own, *(yardstick for yardstick, _ in ordered if yardstick != own)]
    titles = Counter(map(text.title, options))
    labels = {
        name if titles[name := text.title(y)] == 1 else f"{name} ({y.fingerprint})": y
        for y in options
    }
    label = st.selectbox(
        "Measured on",
        list(labels),
        key=f"measured-on-{run.id}",  # each run begins with its own
        bind="query-params",
        format_func=lambda label: escaping.plain(label, MAX_TITLE),
    )
    picked = labels[label]
    alike = [one for one in every.values() if yardsticks[one.path] == picked]
    right = [one for one in alike if not one.has_mistake]
    drawn = {one.id: one for one in right if POSTERIORS[one.config.model.posterior].has_rate}
    reasons = Counter(text.reason(picked, y) for y in yardsticks.values() if y != picked)
    left_out = text.left_out(len(right) - len(drawn), reasons, len(alike) - len(right))
    return Group(text.title(picked), drawn, left_out)


def pick_sweep(group: Group) -> list[Run]:
    """The runs of one sweep within the group; a select box when there are several sweeps."""
    found = {
        name: [run for run in runs if run.id in group.runs]
        for name, runs in listing.sweeps().items()
    }
    several = [name for name, runs in found.items() if len(runs) > 1]
    if not several:
        return []
    if len(several) == 1:
        return found[several[0]]
    if st.session_state.get(CURVE) not in (None, *several):  # of another group
        del st.session_state[CURVE]
    return found[st.selectbox("Sweep", several, key=CURVE, bind="query-params")]

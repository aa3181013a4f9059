"""The time machine: the facts that its component gets, and the files that it fetches.

Its code is in assets/components/time_machine. Here the checkpoints of a sweep are read
and laid on one plane; the component gets all of their codes at once, and their pictures by and by.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import streamlit as st
import torch
from torch import Tensor

from pages.ui.components.component import Component
from pages.ui.components.lens import COLOURS
from pages.ui.drawing import escaping
from pages.ui.server import routes
from pages.ui.session import keys
from vae_core import Codes, Run
from vae_core.analysis import SweepPlane, examples, latent_names
from vae_core.analysis.space.plane import share_within
from vae_core.browser.payload import sweep_file
from vae_core.comparison import trained_value
from vae_core.errors import RunError
from vae_core.figures import contact_sheet
from vae_core.runs.run import N_SAMPLES
from vae_core.sweep import shown, swept

TIMELINE = Component(
    "timeline",
    "time_machine/time_machine.js",
    ("page/page.css", "time_machine/time_machine.css"),
)
WALK = 10  # pictures a side
COLUMNS = 10  # of a sheet: the same images above, the walk below


@dataclass(frozen=True)
class Timeline:
    """The checkpoints of a sweep that could be read.

    Attributes
    ----------
    bar : what the sweep varies, as the bar is called
    runs : in the order of the bar
    values : what each run was trained with, in the words of the bar; of beta, the effective one
    epochs : those kept of each run, in order
    plane : their codes, rotated onto each other
    problems : one sentence for each checkpoint or run that is left out
    """

    bar: str
    runs: Sequence[Run]
    values: Sequence[str]
    epochs: Sequence[Sequence[int]]
    plane: SweepPlane
    problems: Sequence[str]

    @cached_property
    def all_epochs(self) -> list[int]:
        """Marks of the epoch bar: every epoch that some run kept."""
        return sorted({epoch for kept in self.epochs for epoch in kept})

    @cached_property
    def checkpoints(self) -> list[tuple[int, int]]:
        """Every checkpoint, as positions of its run and among that run's epochs."""
        return [(v, e) for v, kept in enumerate(self.epochs) for e in range(len(kept))]

    @cached_property
    def reaches(self) -> list[float]:
        """Half the sides of the squares that show each run."""
        return [self.plane.reach(v) for v in range(len(self.runs))]

    def cells(self) -> list[list[int]]:
        """Which of `checkpoints` is shown for each value and epoch: that epoch, or the last before.

        A run that kept nothing so early shows its first.
        """
        return [
            [
                self.checkpoints.index((v, max(0, sum(k <= epoch for k in kept) - 1)))
                for epoch in self.all_epochs
            ]
            for v, kept in enumerate(self.epochs)
        ]

    def numbers(self, name: str) -> list[float | None]:
        """One of the history's terms for every checkpoint; None where it is not finite or known."""
        tables = [{r.epoch: getattr(r, name) for r in run.history()} for run in self.runs]
        found = (tables[v].get(self.epochs[v][e], math.inf) for v, e in self.checkpoints)
        return [term if math.isfinite(term) else None for term in found]


def version(runs: Sequence[Run]) -> str:
    """Changes when a checkpoint is added, removed or written anew."""
    files = (f for run in runs for f in sorted((run.path / "epochs").glob("*.safetensors")))
    files_now = ":".join(f"{file}:{file.stat().st_mtime_ns}" for file in files)
    return hashlib.sha256(files_now.encode()).hexdigest()[:20]


@st.cache_resource(max_entries=4, show_spinner="Reading the checkpoints …")
def read(version: str, _runs: Sequence[Run]) -> Timeline:
    """The sweep's checkpoints, without those that cannot be read; runs in the order given.

    Raises
    ------
    RunError
        When there is none at all.
    """
    del version
    problems: list[str] = []
    found: list[tuple[Run, list[int], list[Codes]]] = []
    for run in _runs:
        epochs, codes = _checkpoints(run, problems)
        if not epochs:
            problems.append(f"{run.title} has kept no epoch so far.")
        elif found and not _is_comparable(codes[0], found[0][2][0]):
            problems.append(f"{run.title} is left out: its latent or its test images are others.")
        else:
            found.append((run, epochs, codes))
    if not found:
        raise RunError(
            "No run of this sweep has kept an epoch that can be read. Train it again with epochs "
            f"to keep. {' '.join(problems)}"
        )
    setting = swept([run.config for run, _, _ in found]) or "beta"
    runs, kept, sweep = zip(*found, strict=True)
    values = [trained_value(run, setting) for run in runs]
    return Timeline(
        "β" if setting == "beta" else setting, runs, [shown(value) for value in values], kept,
        SweepPlane(sweep, _reference(setting, values)), problems,
    )  # fmt: skip


def _checkpoints(run: Run, problems: list[str]) -> tuple[list[int], list[Codes]]:
    epochs, codes = [], []
    for epoch in run.kept_epochs():
        try:
            codes.append(run.checkpoint(epoch).codes)
            epochs.append(epoch)
        except RunError as error:
            problems.append(str(error))
    return epochs, codes


def _is_comparable(codes: Codes, other: Codes) -> bool:
    return (
        codes.latent_shape == other.latent_shape
        and codes.posterior_name == other.posterior_name
        and torch.equal(codes.labels, other.labels)
    )


def _reference(setting: str, values: Sequence[Any]) -> int:
    """The run that others are rotated onto: beta nearest to the ELBO's own, or in the middle."""
    if setting != "beta":
        return len(values) // 2
    return min(range(len(values)), key=lambda k: abs(values[k] - 1.0))


def show(timeline: Timeline, key: str) -> None:
    """Put the time machine on the page, and where its bars stand into the address."""
    start = keys.at_start(
        keys.TIME_START, key, lambda: place_of(timeline, st.query_params.to_dict())
    )
    result = TIMELINE.mount(
        key=f"timeline-{key}",
        data=facts(timeline, key)
        | {
            "place": start,
            "hide": list(keys.HIDDEN.get_or(())),
            "is_beside": keys.LESSON_PLACE.get() is not None,
        },
        on_place_change=lambda: None,
    )
    place = _place_sent(timeline, result.place) or start
    st.query_params["value"] = timeline.values[place["value"]]
    st.query_params["epoch"] = str(timeline.all_epochs[place["epoch"]])


def _place_sent(timeline: Timeline, sent: object) -> dict[str, int] | None:
    """Positions of both bars as the component sent them; None for what it does not send."""
    match sent:
        case {"value": int(value), "epoch": int(epoch)} if 0 <= value < len(
            timeline.values
        ) and 0 <= epoch < len(timeline.all_epochs):
            return {"value": int(value), "epoch": int(epoch)}
    return None


def place_of(timeline: Timeline, query: Mapping[str, str]) -> dict[str, int]:
    """Positions of both bars for a link; what makes no sense is left out."""
    marks = {"value": list(timeline.values), "epoch": [str(e) for e in timeline.all_epochs]}
    ends = {"value": timeline.plane.reference, "epoch": len(timeline.all_epochs) - 1}
    return {
        name: marks[name].index(query[name]) if query.get(name) in marks[name] else ends[name]
        for name in marks
    }


def explain(timeline: Timeline) -> str:
    """How the checkpoints were made comparable, and what is drawn."""
    plane = timeline.plane
    n, value = len(plane.model), escaping.markdown(timeline.values[plane.reference])
    turned = (
        "Every epoch is turned, and mirrored where that fits better, onto the next one of its "
        f"run, the last epochs onto each other towards {timeline.bar} = {value}: orthogonal "
        "Procrustes around the origin, which leaves the prior N(0, I) as it is."
        if plane.is_turned
        else "Nothing is turned here: no rotation leaves the prior of the "
        f"{plane.model.family.title} family as it is, and two runs may differ by the order of "
        "their dimensions alone."
    )
    sites = " Of a feature map all cells are turned alike, channels among each other."
    is_map = plane.is_turned and len(plane.model.latent_shape) > 1
    most = (
        ""
        if plane.model.mean[0].numel() == 2
        else f" Shown are the two dimensions most informative at {timeline.bar} = {value}."
    )
    return (
        f"Posterior means of the first {n:,} test images; ellipses are the classes at 1σ, "
        f"{share_within(1):.0%} of a Gaussian in a plane, the "
        f"posteriors' own width included. Grey: one step before. {turned}{sites if is_map else ''}"
        f"{most}"
    )


def facts(timeline: Timeline, key: str) -> dict[str, Any]:
    """What the time machine gets at once."""
    plane, run = timeline.plane, timeline.runs[timeline.plane.reference]
    names, data = latent_names(plane.model.latent_shape), run.data()
    low, high = plane.square
    return {
        "address": routes.offer(f"time-{key}", partial(offer, timeline)),
        "bars": {"value": timeline.bar, "epoch": "epoch"},
        "values": list(timeline.values),
        "epochs": timeline.all_epochs,
        "cells": timeline.cells(),
        "kept": [timeline.epochs[v][e] for v, e in timeline.checkpoints],
        "numbers": {k: timeline.numbers(f"test_{k}") for k in ("rate", "distortion")},
        "classes": [
            {"label": y, "name": escaping.plain(data.class_names[y])}
            for y in plane.model.labels.unique().tolist()
        ],
        "titles": [names[axis] for axis in plane.axes],
        "rings": plane.is_turned,
        "square": [low, high],
        "centre": [(low + high) / 2] * 2,
        "reach": timeline.reaches,
        "sheet": {
            "rows": 1,
            "columns": COLUMNS,
            "walk": WALK,
            "image_shape": list(data.image_shape),
        },
        "captions": _captions(timeline, [names[axis] for axis in plane.axes]),
        "colours": COLOURS,
    }


def _captions(timeline: Timeline, titles: Sequence[str]) -> dict[str, str]:
    """What every picture and number is of."""
    plane, run = timeline.plane, timeline.runs[timeline.plane.reference]
    low, high = (f"{bound:g}".replace("-", "−") for bound in plane.square)
    across, up = titles
    rest = "" if plane.model.mean[0].numel() == 2 else "; the other dimensions are 0"
    if plane.is_simplex:
        rest = "; the others share what is left"
    return {
        "walk": f"Decoded: {across} from {low} to {high} across, {up} up{rest}.",
        "images": f"{COLUMNS} test images, decoded from their means.",
        "numbers": f"Test split, {run.data().n_test:,} images "
        f"({run.pixels} pixels), {N_SAMPLES} sample of z each; nats per image.",
        "trade": f"Purple: the epochs of this {timeline.bar}. Grey: the last epoch of every "
        f"{timeline.bar}. Dotted: equal negative ELBO.",
    }


def offer(timeline: Timeline) -> routes.Offer:
    """Where the codes of all checkpoints are fetched, and the pictures of each."""
    sheets = {
        f"sheet-{k}": partial(_sheet, timeline, *where)
        for k, where in enumerate(timeline.checkpoints)
    }
    return routes.Offer(files={"codes": partial(sweep_file, timeline.plane), **sheets})


def _sheet(timeline: Timeline, v: int, e: int) -> bytes:
    """A PNG: the same test images decoded from their means, and below them the walk."""
    plane = timeline.plane
    codes, walk = plane.sweep[v][e], plane.walk(v, e, WALK)
    chosen = examples(codes, COLUMNS)
    some = chosen.mean
    row = torch.arange(COLUMNS) % len(some)  # again from the first, when there are not so many
    z = torch.cat([some[row], walk.z])
    labels = torch.cat([chosen.labels[row], chosen.labels[:1].expand(len(walk.z))])
    pictures: Tensor = timeline.runs[v].checkpoint(timeline.epochs[v][e]).decode_mean(z, labels)
    pictures[COLUMNS:][~walk.is_inside] = 0.5
    return contact_sheet(pictures.numpy(), COLUMNS, scale=1, gap=1)

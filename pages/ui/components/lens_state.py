"""The lens state: the image, z, what is shown; kept in the page's address."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

LAYERS = (
    *("points", "classes", "density", "holes", "true-posterior"),
    *("samples", "widths", "no-prior"),  # of the plane of posteriors
    *("computation", "score-reconstruction"),  # beside the plane
)
MAX_POINTS = 20_000  # of a drawing
LARGEST = 10_000.0  # of a number
STEPS = (1, 2, 3)  # of the start
COUNTS = (150, 500, 1000, 2000, 5000, 10000)  # of images on the plane of posteriors
MAX_DIMENSIONS = 150  # of z in an address; more would make it too long to hand on

_LAYER_OF_POINTS = {"draws of z": "samples", "posteriors, 1σ": "widths", "none": ""}

Drawing = tuple[tuple[tuple[float, float], ...], ...]


@dataclass(frozen=True)
class LensState:
    """Origin of z, dimensions that were moved, and what is shown. Its twin is lens/state.js.

    Attributes
    ----------
    image : int or None
        The test image z begins at; None for the prior.
    draw : int or None
        Seed of the draw that z is; 0 for the mean, None while it is what the page begins with.
    z : dict
        The dimensions of z that were moved by hand: index into z.flatten() -> value.
    axes : two indices
        Across and up on the plane; none for the most informative two.
    layers : names of LAYERS
    cells : indices of picked cells, row by row
    channel : int or None
        Of a feature map; None for all.
    at : the whole of z, flattened
        As it was when last let go; empty before that. Not in the address.
    drawing : lines, each of points (x, y)
        What z begins at in place of an image, in units of the pad's side; empty when nothing is
        drawn. Not in the address, where z has all its dimensions instead.
    shuffled : bool
        Whether the decoder gets the cells of a feature map in another order.
    tour : int or None
        Step of the Overview's start, 1 to 3; None outside it.
    classes : labels
        Of the images on the plane of posteriors; none for all.
    count : one of COUNTS
        How many images are there, at most.
    label : int or None
        That a conditional model decodes with; None for the image's own.
    """

    image: int | None = 0
    draw: int | None = None
    z: Mapping[int, float] = field(default_factory=dict)
    axes: tuple[int, ...] = ()
    layers: tuple[str, ...] = ("points", "classes")
    cells: tuple[int, ...] = ()
    channel: int | None = None
    at: tuple[float, ...] = ()
    drawing: Drawing = ()
    shuffled: bool = False
    tour: int | None = None
    classes: tuple[int, ...] = ()
    count: int = 2000
    label: int | None = None

    @classmethod
    def from_page(cls, sent: object) -> LensState | None:
        """The state as the lens sent it; None for what no lens sends."""
        try:
            return cls._sent(sent)
        except (TypeError, ValueError, LookupError, AttributeError):
            return None

    @classmethod
    def _sent(cls, sent: Any) -> LensState:
        drawing = sent.get("drawing", [])
        if sum(map(len, drawing)) > MAX_POINTS:
            drawing = []
        return cls(
            image=_index_or_none(sent["image"]),
            draw=_index_or_none(sent["draw"]),
            z={_whole(j): _real(value) for j, value in sent["z"].items()},
            axes=tuple(map(_index, sent["axes"])),
            layers=tuple(name for name in LAYERS if name in list(sent["layers"])),
            cells=tuple(map(_index, sent["cells"])),
            channel=_index_or_none(sent["channel"]),
            at=tuple(map(_real, sent["at"])),
            drawing=tuple(tuple((_real(x), _real(y)) for x, y in line) for line in drawing),
            shuffled=sent.get("shuffled", False) is True,
            tour=_index_or_none(sent.get("tour")),
            classes=tuple(map(_index, sent.get("classes", []))),
            count=_index(sent.get("count", cls.count)),
            label=_index_or_none(sent.get("label")),
        )

    @classmethod
    def from_address(cls, query: Mapping[str, str]) -> LensState:
        """Inverse of `to_address`; what makes no sense is left out."""
        read: dict[str, Any] = {}
        for name, parse in _PARSERS.items():
            try:
                if name in query:
                    read[name] = parse(query[name])
            except ValueError:
                continue
        return cls(**read)

    def to_address(self, first: LensState | None = None) -> dict[str, str | None]:
        """Parameters of the page's address; None for what is as in `first`, to be left out."""
        first = first or LensState()
        moved = sorted(self.z.items())
        values = {
            "image": "none" if self.image is None else str(self.image),
            "draw": str(self.draw),
            "z": ",".join(f"{j}:{value:.6g}" for j, value in moved[:MAX_DIMENSIONS]),
            "axes": ",".join(map(str, self.axes)),
            "layers": ",".join(self.layers) or "none",
            "cells": ",".join(map(str, self.cells)),
            "channel": str(self.channel),
            "shuffled": str(int(self.shuffled)),
            "tour": str(self.tour),
            "classes": ",".join(map(str, self.classes)),
            "count": str(self.count),
            "label": str(self.label),
        }
        return {k: v if getattr(self, k) != getattr(first, k) else None for k, v in values.items()}

    def fit(
        self,
        n_images: int,
        latent_shape: tuple[int, ...],
        order: list[int],
        labels: Collection[int] | None = None,
    ) -> LensState:
        """The same for a model of this size, and of these classes, without what it has not."""
        d = math.prod(latent_shape)
        sites = d // latent_shape[-1]
        axes = self.axes if len(set(self.axes)) == 2 and max(self.axes) < d else tuple(order[:2])
        channel = self.channel
        return LensState(
            image=None if self.image is None else min(self.image, n_images - 1),
            draw=self.draw,
            z={j: value for j, value in self.z.items() if j < d},
            axes=(0, 1) if d == 2 else axes,
            layers=self.layers,
            cells=tuple(cell for cell in self.cells if cell < sites),
            channel=None if channel is None or channel >= latent_shape[-1] else channel,
            at=self.at if len(self.at) == d else (),
            drawing=self.drawing,
            shuffled=self.shuffled and sites > 1,
            tour=self.tour if self.tour in STEPS else None,
            classes=tuple(y for y in self.classes if labels is None or y in labels),
            count=self.count if self.count in COUNTS else LensState.count,
            label=self.label if labels is None or self.label in labels else None,
        )

    def to_page(self) -> dict[str, Any]:
        """Plain lists and dictionaries for the lens."""
        return asdict(self) | {"at": []}


def renewed(query: Mapping[str, str], names: Sequence[str] = ()) -> dict[str, str]:
    """Parameters that links to the plane of posteriors once had, as a lens reads them now.

    Parameters
    ----------
    query : mapping
    names : sequence of str
        Of the model's latent dimensions, where it is known; else `across` and `up` stay.
    """
    found = dict(query)
    points, ellipses = found.pop("points", None), found.pop("ellipses", None)
    if points is not None or ellipses is not None:
        layers = [_LAYER_OF_POINTS.get(points or "", "points")]
        layers += [] if (ellipses or "").lower() == "false" else ["classes"]
        found.setdefault("layers", ",".join(filter(None, layers)) or "none")
    axes = [found.pop(name, None) for name in ("across", "up")] if names else []
    known = [names.index(name) for name in axes if name in names]
    if len(set(known)) == 2:
        found.setdefault("axes", ",".join(map(str, known)))
    return found


def _whole(text: str) -> int:
    """A number from 0 to a million."""
    value = int(text)
    if not 0 <= value <= 1_000_000:
        raise ValueError(text)
    return value


def _index(value: object) -> int:
    """A whole number as JSON has it."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(value)
    return _whole(str(value))


def _index_or_none(value: object) -> int | None:
    return None if value is None else _index(value)


def _real(value: object) -> float:
    """A finite number of a size that z may have."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(value)
    if not abs(value) < LARGEST:  # nan, too
        raise ValueError(value)
    return float(value)


def _maybe(text: str) -> int | None:
    return None if text in {"none", "None"} else _whole(text)


def _flag(text: str) -> bool:
    """0 or 1."""
    if text not in {"0", "1"}:
        raise ValueError(text)
    return text == "1"


def _several(text: str) -> tuple[int, ...]:
    return tuple(dict.fromkeys(map(_whole, text.split(","))))


def _layers(text: str) -> tuple[str, ...]:
    names = re.split(r"[,\s+]+", text)  # a view of a lesson has commas between its parameters
    return tuple(name for name in LAYERS if name in names)


def _values(text: str) -> dict[int, float]:
    pairs = (part.split(":") for part in text.split(","))
    found = {_whole(j): float(value) for j, value in pairs}
    if not all(abs(value) < LARGEST for value in found.values()):
        raise ValueError(text)
    return found


_PARSERS = {
    "image": _maybe,
    "draw": _maybe,
    "z": _values,
    "axes": _several,
    "layers": _layers,
    "cells": _several,
    "channel": _maybe,
    "shuffled": _flag,
    "tour": _maybe,
    "classes": _several,
    "count": _whole,
    "label": _maybe,
}

"""The film of a training: the facts that its component gets, and the frames that it fetches.

Its code is in assets/components/film. A run that is trained writes frames by and by; the component
gets the list of them each time the page looks, and fetches what is new.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from hashlib import sha256
from typing import Any

import torch
from torch import Tensor

from pages.ui.components.component import Component
from pages.ui.components.lens import COLOURS
from pages.ui.drawing import escaping
from pages.ui.server import routes
from pages.ui.session import keys
from vae_core import Run
from vae_core.analysis import latent_names
from vae_core.analysis.space.frame_plane import Axes, first_axes, has_plane, plane_axes, strengths
from vae_core.browser.payload import frame_file
from vae_core.errors import RunError
from vae_core.runs.frames import Frame, frame_path, n_pictures
from vae_core.schedules import steps_until

FILM = Component("film", "film/film.js", ("page/page.css", "film/film.css"))
COLUMNS = 6  # of the sheet of samples
LEAST_REACH, SIMPLEX_REACH = 3.4, 0.55  # half the side of the plane that shows the prior
N_PRIOR = 400  # samples of a prior that is not drawn as rings


@dataclass(frozen=True)
class FrameFacts:
    """What is known of a frame without its pictures."""

    step: int
    epoch: float
    distortion: float
    rate: float
    error: float
    strengths: Tensor

    def to_page(self) -> list[float | None]:
        """Numbers as the component reads them; None for what is not finite."""
        numbers = (self.epoch, self.distortion, self.rate, self.error)
        return [self.step, *(round(n, 4) if math.isfinite(n) else None for n in numbers)]


@dataclass(frozen=True)
class Film:
    """The frames of a run so far, and the two latent dimensions that they are shown by.

    Attributes
    ----------
    run : Run
    frames : of those that can be read, in order
    first : Frame
        One of them, for what all have in common.
    axes : of the plane; None where z has only one free dimension
    """

    run: Run
    frames: tuple[FrameFacts, ...]
    first: Frame
    axes: Axes | None


def read(run: Run) -> Film | None:
    """The film of a run; None while it has no frame."""
    found = []
    for step in run.frame_steps():
        try:
            found.append(_facts_of(run, step, frame_path(run.path, step).stat().st_mtime_ns))
        except (RunError, OSError):  # being dropped, or damaged: the others are shown
            continue
    if not found:
        return None
    first = run.frame(found[0].step)
    axes = None
    if has_plane(first.codes):
        axes = plane_axes([each.strengths for each in found], first_axes(first.codes))
    return Film(run, tuple(found), first, axes)


def has_frames(run: Run) -> bool:
    """Whether there is anything to show."""
    return bool(run.frame_steps())


@lru_cache(maxsize=4096)
def _facts_of(run: Run, step: int, changed: int) -> FrameFacts:
    """Those of a frame, which is read once; `changed` is when it was written."""
    del changed
    frame = run.frame(step)
    return FrameFacts(
        step, frame.epoch, frame.distortion, frame.rate, frame.error, strengths(frame)
    )


def show(film: Film, is_live: bool, start: int | None = None) -> int | None:
    """Put the film on the page; the update at which its bar was let go, None where it was not.

    Parameters
    ----------
    film : Film
    is_live : bool
        Whether more frames are to come.
    start : int, optional
        The update to begin with; else the last frame, or of a training that goes on its first,
        from which it catches up.
    """
    result = FILM.mount(
        key=f"film-{film.run.id}",
        data=facts(film, is_live, start) | {"hide": list(keys.HIDDEN.get_or(()))},
        on_place_change=lambda: None,
    )
    place: object = result.place
    match place:
        case {"step": int(step)} if step in {frame.step for frame in film.frames}:
            return int(step)
    return None


def facts(film: Film, is_live: bool, start: int | None) -> dict[str, Any]:
    """What the component gets."""
    run, codes = film.run, film.first.codes
    data, train = run.data(), run.config.train
    n_images, n_samples = n_pictures(data.image_shape, len(codes))
    names = latent_names(codes.latent_shape)
    is_simplex = codes.family.low >= 0
    return {
        "run": _key(run),
        "address": routes.offer(f"film-{_key(run, film.axes)}", partial(_offer, run, film.axes)),
        "frames": [frame.to_page() for frame in film.frames],
        "isLive": is_live,
        "step": start,
        "lastStep": max(steps_until(train, data.n_train, train.epochs), film.frames[-1].step),
        "hasRate": codes.family.has_rate,
        "titles": [names[axis] for axis in film.axes] if film.axes else None,
        "names": names,
        "rings": codes.is_rotation_invariant,
        "prior": _prior(film),
        "centre": [0.5, 0.5] if is_simplex else [0.0, 0.0],
        "reach": SIMPLEX_REACH if is_simplex else LEAST_REACH,
        "classes": [
            {"label": y, "name": escaping.plain(data.class_names[y])}
            for y in codes.labels.unique().tolist()
        ],
        "sheet": {
            "images": n_images,
            "samples": n_samples,
            "columns": COLUMNS,
            "shape": list(data.image_shape),
        },
        "captions": captions(film, n_samples),
        "colours": COLOURS,
    }


def captions(film: Film, n_samples: int) -> dict[str, str]:
    """What every picture and curve is of."""
    n, codes = len(film.first.codes), film.first.codes
    prior = "The learned prior moves, too, and is not drawn."
    if codes.is_standard:
        prior = (
            "Dotted: the prior." if codes.is_rotation_invariant else "Grey: samples of the prior."
        )
    drawn = "" if math.prod(codes.latent_shape) == 2 else ", on the two that tell most of it"
    scored = f"First {n:,} test images, one sample of z each; ± one standard error."
    return {
        "plane": f"Posterior means of the first {n:,} test images{drawn}; ellipses: each class at "
        f"1σ and 2σ. {prior}",
        "images": "Test images, and below them their reconstructions",
        "samples": f"{n_samples} samples of the prior, decoded: the same noise in every frame",
        "loss": scored,
        "kl": f"KL of each latent dimension, mean over the same {n:,} images",
    }


def _prior(film: Film) -> dict[str, list[float]] | None:
    """Samples of the prior on the plane, unless it is N(0, I), which is drawn as rings."""
    codes = film.first.codes
    if codes.is_rotation_invariant or not codes.is_standard or film.axes is None:
        return None
    z = codes.prior().sample((N_PRIOR,), torch.Generator().manual_seed(0)).flatten(1)
    return {name: z[:, axis].tolist() for name, axis in zip("xy", film.axes, strict=True)}


def _key(run: Run, *of: object) -> str:
    """Names the frames of a run: other ones after it has begun anew."""
    begun = min(run.frame_steps(), default=0)
    try:
        changed = frame_path(run.path, begun).stat().st_mtime_ns
    except OSError:
        changed = 0
    return sha256(f"{run.path} {changed} {of}".encode()).hexdigest()[:20]


def _offer(run: Run, axes: Axes | None) -> routes.Offer:
    """Where frames are fetched, by their updates."""
    return routes.Offer(images=lambda step: frame_file(run.frame(step), axes or (0, 0)))


def place_of(film: Film, query: Mapping[str, str]) -> int | None:
    """The update that a link names; None for what makes no sense."""
    steps = {str(frame.step): frame.step for frame in film.frames}
    return steps.get(query.get("step", ""))

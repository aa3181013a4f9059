"""The lens: the component that runs the chosen model in the page, and its data.

Its code is in assets/components, from lens/lens.js on. Here are the addresses of its files, its
labels, and its state.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
import streamlit as st
import torch
from torch import Tensor

from pages.ui.components.component import Component
from pages.ui.components.lens_state import LensState
from pages.ui.drawing import escaping
from pages.ui.library import cached, entry_counts, images
from pages.ui.server import routes
from pages.ui.session import first as first_picture
from pages.ui.session import keys, problems
from vae_core import Dataset, Run
from vae_core.analysis import cell_order, latent_names
from vae_core.browser.computation import computation
from vae_core.browser.payload import as_diagonal, codes_file, model_file, moments_file
from vae_core.figures import theme
from vae_core.vae import VAE

STYLES = (
    *("page/page.css", "save/save.css", "lens/lens.css", "lens/posteriors.css"),
    *("lens/pipeline.css", "lens/computation.css", "lens/true_posterior.css"),
)
LENS = Component("lens", "lens/lens.js", STYLES)
COLOURS = {
    "classes": theme.CLASS_COLOURS,
    "distortion": theme.DISTORTION,
    "rate": theme.RATE,
    "correlation": theme.CORRELATION,
    "elbo": theme.NEGATIVE_ELBO,
    "prior": theme.PRIOR,
    "brighter": theme.BRIGHTER,
    "darker": theme.DARKER,
}


def show(
    run: Run,
    view: str,
    first_draw: int = 0,
    first: Callable[[], LensState] = LensState,
    words: Mapping[str, Any] = MappingProxyType({}),
) -> LensState:
    """Put the lens on the page; returns its state when it was last let go.

    Parameters
    ----------
    run : Run
    view : "overview", "sliders" or "cells"
    first_draw : int
        Seed of the first z; 0 begins at the mean.
    first : callable
        Gives the state of a reader who was nowhere before and has no link to it.
    words : mapping
        Texts about this model that the view shows.
    """
    here = _state(run, first)
    if view != "overview":
        here = replace(here, tour=None)  # who leaves the Overview is through with its start
    started = keys.at_start(keys.LENS_START, run.id, here.to_page)
    result = LENS.mount(
        key=f"lens-{view}-{run.id}-{keys.LENS_OPENED.get_or(0)}",
        data=_facts(run, view) | {"first_draw": first_draw, "state": started, "words": dict(words)},
        on_state_change=problems.callback(first_picture.note),
    )
    first_picture.expect()
    if result.state:  # told to this server, or of a page that has stayed to one before it
        first_picture.note()
    if sent := LensState.from_page(result.state):
        here = _fitted(run, sent)
    keys.LENS_STATE.set((run.id, here))
    shown = here
    if view != "posteriors":  # the choice of classes is kept, but nothing shows it here
        shown = replace(here, classes=(), count=LensState.count)
    for name, value in _address(run, shown, first).items():
        if value is None:
            st.query_params.pop(name, None)
        else:
            st.query_params[name] = value
    keys.LENS_LINKED.set(_linked())
    return here


def open_image(run: Run, index: int) -> None:
    """Let the lens begin anew at a test image, on the page that shows it next."""
    _, before = keys.LENS_STATE.get_or((run.id, LensState()))
    keys.LENS_STATE.set((run.id, LensState(image=index, layers=before.layers)))
    keys.LENS_LINKED.set(_linked())
    keys.LENS_START.pop()
    keys.LENS_OPENED.set(keys.LENS_OPENED.get_or(0) + 1)


def code(run: Run, state: LensState) -> Tensor:
    """z when the lens was last let go, (*latent,)."""
    codes = cached.codes(run)
    if len(state.at) == codes.mean[0].numel():
        return torch.tensor(state.at).reshape(codes.latent_shape)
    return codes.prior().mean if state.image is None else codes.mean[state.image]


def label(run: Run, state: LensState) -> int:
    """The label that a conditional model decodes with, as the lens was last let go."""
    labels = cached.codes(run).labels
    own = labels[state.image] if state.image is not None else labels.unique()[0]
    return int(own) if state.label is None else state.label


def _state(run: Run, first: Callable[[], LensState]) -> LensState:
    """As an address has it that is new, else as the reader left the lens; z is of one model only.

    The address is new on a link, and where the reader went back or forward.
    """
    linked, kept = _linked(), keys.LENS_STATE.get()
    is_new = bool(linked) and linked != keys.LENS_LINKED.get()
    if kept is None or is_new:
        kept = run.id, LensState.from_address(linked) if linked else _begin(first)
    of, state = kept
    if of != run.id and state.tour is not None:  # who begins, begins with an image of this model
        state = replace(first(), tour=state.tour, layers=state.layers)
    elif of != run.id:
        state = LensState(
            image=state.image, layers=state.layers, drawing=state.drawing,
            classes=state.classes, count=state.count,
        )  # fmt: skip
    return _fitted(run, state)


def _begin(first: Callable[[], LensState]) -> LensState:
    """Where an address without the lens' parameters begins; a lesson begins at the first image."""
    return first() if keys.LESSON_PLACE.get() is None else LensState()


def _address(run: Run, here: LensState, first: Callable[[], LensState]) -> dict[str, str | None]:
    """The parameters that lead back here; a None is to be left out."""
    written = here.to_address(_fitted(run, LensState()))
    elsewhere = here.to_address(_fitted(run, _begin(first)))
    if any(elsewhere.values()) and not any(written.values()):
        written["image"] = str(here.image)  # without any, the lens would begin elsewhere
    return written


def _linked() -> dict[str, str]:
    """The parameters of the address that are the lens'."""
    query = st.query_params
    return {
        name: ",".join(query.get_all(name)) for name in LensState().to_address() if name in query
    }


def _fitted(run: Run, state: LensState) -> LensState:
    codes = cached.codes(run)
    return state.fit(len(codes), codes.latent_shape, cached.order(run), cached.labels(run))


def _facts(run: Run, view: str) -> dict[str, Any]:
    """All facts for the lens on a page."""
    data = images.images_of(run)
    return facts(run) | {
        "view": view,
        "computation": lines(run) if view == "overview" else None,
        "address": _offer_model(run),
        "images": _offer_images(run, data) if data else None,
        "n_originals": run.data().n_test,
        "missing": "the original is not on this machine",
        "hide": list(keys.HIDDEN.get_or(())),
        "is_beside": keys.LESSON_PLACE.get() is not None,
        "file": f"{run.id}-{view}-plane",
    }


def facts(run: Run) -> dict[str, Any]:
    """Facts for the lens that are not in the model."""
    codes, rates = cached.codes(run), cached.rates(run)
    kind = codes.family
    has_rate = kind.has_rate
    sites = math.prod(codes.latent_shape[:-1])
    return {
        "image_shape": list(run.data().image_shape),
        "latent_shape": list(codes.latent_shape),
        "n_images": len(codes),
        "class_names": list(map(escaping.plain, run.data().class_names)),
        "labels": cached.labels(run),
        "names": latent_names(codes.latent_shape),
        "order": cached.order(run),
        "kl": rates["kl"].tolist() if has_rate else None,
        "cells": rates["kl" if has_rate else "mean_variance"].tolist(),
        "cells_title": "KL" if has_rate else "variance of μ",
        "cell_order": cell_order(sites).tolist() if sites > 1 else None,
        "cells_unit": "nats per image" if has_rate else "squared units of z",
        **_entries(run),
        "family": {
            "low": codes.reach[0],
            "high": codes.reach[1],
            "has_rate": has_rate,
            "has_density": kind.has_density,
            "is_additive": codes.is_additive,
            "rest_title": codes.rest_title,
            "bars_note": codes.bars_note,
        },
        "has_rings": codes.is_rotation_invariant,
        "is_triangle": codes.is_triangle,
        "is_conditional": run.config.model.is_conditional,
        "colours": COLOURS,
    }


def _entries(run: Run) -> dict[str, Any]:
    """What is another fact of a codebook: cells tell how varied they are, for all cost the same."""
    if not cached.codes(run).family.has_entries:
        return {}
    *_, channels = cached.codes(run).latent_shape
    each = entry_counts.use(run).site_entropy / channels
    return {
        "has_entries": True,
        "kl": None,  # the same of all
        "cells": each.repeat_interleave(channels).tolist(),
        "cells_title": "Entropy of each cell's entry",
        "cells_unit": "nats",
    }


@cached.per_run(max_entries=32)
def lines(run: Run) -> dict[str, Any] | None:
    """The computation as lines of PyTorch, for the strip of the overview."""
    return computation(cached.vae(run), run.config.train)


def _offer_model(run: Run) -> str:
    """The address of the run's model and codes, and of what the server computes for the page."""
    version = cached.version(run)
    offer = routes.Offer(
        files={
            "model": lambda: model_file(cached.vae(run)),
            "posteriors": lambda: codes_file(cached.codes(run)),
            "moments": lambda: moments_file(cached.codes(run)),
        },
        answers=_answers(run),
    )
    return routes.offer(hashlib.sha256(version.encode()).hexdigest()[:20], lambda: offer)


def _answers(run: Run) -> dict[str, routes.Answer]:
    """Functions for the server when a network, family or likelihood is not for the page."""

    def moments(vae: VAE, x: Tensor) -> Tensor:
        q = vae.encode(x)
        return as_diagonal(q.mean, q.variance)

    image, latent = run.data().image_shape, run.config.model.latent_shape
    return {
        "encode": _answer(run, image, lambda vae, x: vae.encode_params(x)),
        "moments": _answer(run, image, moments),
        "decode": _answer(run, latent, lambda vae, z: vae.decode_params(z)),
        "picture": _answer(run, latent, lambda vae, z: vae.decode(z).mean),
    }


def _answer(
    run: Run, shape: tuple[int, ...], function: Callable[[VAE, Tensor], Tensor]
) -> routes.Answer:
    """A function of one image or latent, as raw float32 numbers in and out.

    Of a conditional model the label follows, as one number more.
    """
    size, is_conditional = torch.Size(shape).numel(), run.config.model.is_conditional

    def respond(question: bytes) -> bytes:
        values = torch.from_numpy(np.frombuffer(question, "<f4").copy())
        vae = cached.vae(run).given(values[size:].long())
        with torch.no_grad():
            output = function(vae, values[:size].reshape(1, *shape))
        answer: bytes = output.numpy().astype("<f4").tobytes()
        return answer

    return 4 * (size + is_conditional), respond


def _offer_images(run: Run, data: Dataset) -> str:
    """Where the lens fetches the test images, one by one."""
    config = replace(run.config.data, path=images.data_dir())  # the run may be deleted one day
    fingerprint = data.fingerprint

    def image(index: int) -> bytes | None:
        found = cached.dataset(config)
        is_there = found.fingerprint == fingerprint and index < len(found.test)
        return image_bytes(found, index) if is_there else None

    key = hashlib.sha256(f"{fingerprint} {config}".encode()).hexdigest()[:20]
    return routes.offer(f"images-{key}", lambda: routes.Offer(images=image))


def image_bytes(data: Dataset, index: int) -> bytes:
    """A test image, as raw float32 numbers."""
    x: bytes = data.test.batch(slice(index, index + 1)).numpy().astype("<f4").tobytes()
    return x

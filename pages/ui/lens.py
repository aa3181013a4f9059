"""The lens: the component in the page that runs the chosen model, and what it is told.

Its code is in assets/components. Here are the addresses of what it fetches, the words it shows, and
where the reader stands in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import streamlit as st
import torch
from torch import Tensor

from pages.ui import cached, images, served
from pages.ui.components import Component
from pages.ui.look import Look
from vae_core import Dataset, Run
from vae_core.analysis import latent_names
from vae_core.figures import theme
from vae_core.graph import as_diagonal, codes_file, model_file, moments_file
from vae_core.posteriors import DiagonalGaussian
from vae_core.vae import VAE

LENS = Component(
    "lens",
    (
        *(
            "math/special",
            "math/random",
            "page/fetch",
            "page/mounting",
            "model/engine",
            "math/posteriors/posterior",
            "math/posteriors/gaussian",
            "math/posteriors/laplace",
        ),
        *(
            "math/posteriors/dirichlet",
            "math/posteriors/families",
            "math/mixture",
            "math/likelihoods",
            "model/model",
            "draw/pictures",
            "draw/marks",
            "draw/plane_painter",
            "controls/pad",
        ),
        *(
            "draw/latent_plane",
            "draw/plane_layout",
            "lens/plane_view",
            "controls/ledger",
            "controls/sliders",
            "controls/cell_grid",
            "controls/source",
            "controls/result",
        ),
        *("lens/views", "lens/lens"),
    ),
)
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


def show(run: Run, view: str, first_draw: int = 0) -> Look:
    """Put the lens on the page; returns where the reader stands, as of when they last let go.

    Parameters
    ----------
    run : Run
    view : "overview", "sliders" or "cells"
    first_draw : int
        Seed of the first z; 0 begins at the mean.
    """
    here = _look(run)
    result = LENS.mount(
        key=f"lens-{view}-{run.id}",
        data=_facts(run, view) | {"first_draw": first_draw, "look": _begun(run, here)},
        on_look_change=lambda: None,
    )
    if result.look:
        here = Look.from_page(result.look)
    st.session_state["look"] = (run.id, here)
    for name, value in here.to_address(_fitted(run, Look())).items():
        if value is None:
            st.query_params.pop(name, None)
        else:
            st.query_params[name] = value
    return here


def code(run: Run, look: Look) -> Tensor:
    """z as it was when last let go, (*latent,)."""
    codes = cached.codes(run)
    if len(look.at) == codes.mean[0].numel():
        return torch.tensor(look.at).reshape(codes.latent_shape)
    return codes.prior().mean if look.image is None else codes.mean[look.image]


def _look(run: Run) -> Look:
    """Where the reader stands: as they left it, or as the link says; z is of one model only."""
    of, look = st.session_state.get("look", (run.id, Look.from_address(st.query_params.to_dict())))
    assert isinstance(look, Look)
    if of != run.id:
        look = Look(image=look.image, layers=look.layers)
    return _fitted(run, look)


def _fitted(run: Run, look: Look) -> Look:
    codes = cached.codes(run)
    return look.fit(len(codes), codes.latent_shape, cached.order(run))


def _begun(run: Run, here: Look) -> dict[str, Any]:
    """Where the lens began on this visit of the page. It keeps its place by itself.

    Told something new, Streamlit would send all of it again, its code included.
    """
    visit = (st.session_state.get("visit"), run.id)
    if st.session_state.get("begun", (None,))[0] != visit:
        st.session_state["begun"] = (visit, here.to_page())
    begun: dict[str, Any] = st.session_state["begun"][1]
    return begun


def _facts(run: Run, view: str) -> dict[str, Any]:
    """What the lens on a page is told."""
    data = images.images_of(run)
    return facts(run) | {
        "view": view,
        "address": _offer_model(run),
        "images": _offer_images(data) if data else None,
        "n_originals": run.data()["n_test"],
        "missing": "the original is not on this machine",
    }


def facts(run: Run) -> dict[str, Any]:
    """What the lens cannot work out from the model, wherever it is."""
    codes, rates = cached.codes(run), cached.rates(run)
    kind = codes.kind
    has_rate = kind.has_rate
    return {
        "image_shape": list(run.data()["image_shape"]),
        "latent_shape": list(codes.latent_shape),
        "n_images": len(codes),
        "class_names": run.data()["class_names"],
        "labels": codes.labels.unique().tolist(),
        "names": latent_names(codes.latent_shape),
        "order": cached.order(run),
        "kl": rates["kl"].tolist() if has_rate else None,
        "cells": rates["kl" if has_rate else "mean_variance"].tolist(),
        "cells_title": "KL" if has_rate else "variance of μ",
        "cells_unit": "nats per image" if has_rate else "squared units of z",
        "family": {
            "low": kind.low,
            "high": kind.high,
            "has_rate": has_rate,
            "has_density": kind.has_density,
            "rest_title": kind.rest_title,
            "bars_note": kind.bars_note,
        },
        "has_rings": isinstance(codes.prior(), DiagonalGaussian),
        "is_triangle": codes.is_triangle,
        "colours": COLOURS,
    }


def _offer_model(run: Run) -> str:
    """Where the lens fetches the run's model and codes, and asks what is too large for it."""
    version = cached.version(run)

    def make() -> served.Offer:
        vae, codes = cached.vae(run), cached.codes(run)
        return served.Offer(
            files={
                "model": cache(lambda: model_file(vae)),
                "posteriors": cache(lambda: codes_file(codes)),
                "moments": cache(lambda: moments_file(codes)),
            },
            answers=_answers(vae),
        )

    return served.offer(hashlib.sha256(version.encode()).hexdigest()[:20], make)


def _answers(vae: VAE) -> dict[str, served.Answer]:
    """What the lens asks for when a network, family or likelihood is not for the page."""

    def moments(x: Tensor) -> Tensor:
        q = vae.encode(x)
        return as_diagonal(q.mean, q.variance)

    image, latent = vae.image_shape, vae.latent_shape
    return {
        "encode": _answer(image, vae.encode_params),
        "moments": _answer(image, moments),
        "decode": _answer(latent, vae.decoder),
        "picture": _answer(latent, lambda z: vae.decode(z).mean),
    }


def _answer(shape: tuple[int, ...], function: Callable[[Tensor], Tensor]) -> served.Answer:
    """A function of one image or latent, as raw float32 numbers in and out."""

    def respond(question: bytes) -> bytes:
        x = torch.from_numpy(np.frombuffer(question, "<f4").reshape(1, *shape).copy())
        with torch.no_grad():
            answer: bytes = function(x).numpy().astype("<f4").tobytes()
        return answer

    return 4 * torch.Size(shape).numel(), respond


def _offer_images(data: Dataset) -> str:
    """Where the lens fetches the test images, one by one."""

    def image(index: int) -> bytes | None:
        return image_bytes(data, index) if index < len(data.test) else None

    return served.offer(f"images-{data.fingerprint}", lambda: served.Offer(images=image))


def image_bytes(data: Dataset, index: int) -> bytes:
    """A test image, as raw float32 numbers."""
    x: bytes = data.test.batch(slice(index, index + 1)).numpy().astype("<f4").tobytes()
    return x

"""The atlas: the component that shows a projection, and the images picked on it.

Its code is in assets/components, from atlas/atlas.js on. Here are the addresses of its files, its
labels, and the picked images, by their index in the split.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st
import torch
from torch import Tensor

from pages.ui.components.component import Component
from pages.ui.drawing import escaping
from pages.ui.library import cached, images
from pages.ui.server import routes
from pages.ui.session import keys
from vae_core import Codes, Dataset, Run
from vae_core.analysis import Projection, decode_mean
from vae_core.evaluate import blocks
from vae_core.figures import theme
from vae_core.vae import VAE

ATLAS = Component("atlas", "atlas/atlas.js", ("page/page.css", "atlas/atlas.css"))
MAX_SPRITES, SPRITE_BYTES = 3000, 4_000_000
MAX_IN_ADDRESS = 12
COLOURS = {"classes": theme.CLASS_COLOURS, "picked": theme.RATE, "grey": theme.PRIOR}


@dataclass(frozen=True)
class Pick:
    """Images picked: one by a click, or some by a loop; as numbers in the split."""

    kind: str = "none"
    index: tuple[int, ...] = ()

    @classmethod
    def of(cls, index: tuple[int, ...], is_loop: bool = False) -> Pick:
        """The pick of these images."""
        kind = "lasso" if is_loop or len(index) > 1 else "image"
        return cls(kind if index else "none", index)

    @classmethod
    def from_page(cls, sent: object, n_images: int) -> Pick | None:
        """The pick that the atlas sent, without images that the split does not have.

        None for what no atlas sends.
        """
        match sent:
            case {"kind": str(kind), "index": [*index]} if all(type(i) is int for i in index):
                known = tuple(dict.fromkeys(i for i in index if 0 <= i < n_images))
                return cls.of(known, kind == "lasso")
        return None

    @classmethod
    def from_address(cls, text: str, n_images: int) -> Pick:
        """Inverse of `to_address`; what makes no sense is left out."""
        numbers = dict.fromkeys(int(t) for t in text.split(",") if t.isdecimal() and len(t) < 9)
        return cls.of(tuple(i for i in numbers if i < n_images))

    def to_address(self) -> str | None:
        """A parameter of the address, when it is short."""
        few = 0 < len(self.index) <= MAX_IN_ADDRESS
        return ",".join(map(str, self.index)) if few else None


def show(run: Run, projection: Projection, what: str) -> Pick:
    """Put the atlas of means, or of draws, on the page; returns what is picked on it."""
    n_images = len(cached.codes(run))
    here = _pick(run, n_images)
    started = keys.at_start(
        keys.ATLAS_START, run.id, lambda: {"kind": here.kind, "index": list(here.index)}
    )
    result = ATLAS.mount(
        key=f"atlas-{run.id}",
        data=_facts(run, projection, what) | {"pick": started},
        on_pick_change=lambda: None,
    )
    here = Pick.from_page(result.pick, n_images) or here
    keys.PICKED.set((run.id, here))
    if (address := here.to_address()) is None:
        st.query_params.pop("picked", None)
    else:
        st.query_params["picked"] = address
    return here


def _pick(run: Run, n_images: int) -> Pick:
    """What is picked: as the reader left it, or as the address has it; images are of one run."""
    kept = keys.PICKED.get()
    if kept is None:
        return Pick.from_address(st.query_params.get("picked", ""), n_images)
    of, pick = kept
    return pick if of == run.id else Pick()


def axis_titles(projection: Projection, what: str) -> list[str]:
    """The axes' names, with their explained variance ratio, or that they have no unit."""
    of = "μ" if what == "mean" else "z"
    if projection.explained_variance_ratio:
        return [
            f"{title}, {share:.0%} of the variance of {of}"
            for title, share in zip(
                projection.titles, projection.explained_variance_ratio, strict=True
            )
        ]
    return [t if projection.has_unit else f"{t}, no unit" for t in projection.titles]


def _facts(run: Run, projection: Projection, what: str) -> dict[str, Any]:
    data = images.images_of(run)
    n_sprites = sprite_count(run)
    source = "The images themselves" if data else "Decoded from the means"
    return {
        "address": _offer_coordinates(projection, cached.codes(run)),
        "pictures": _offer_pictures(run, data, n_sprites),
        "sprites_note": f"{source}, of the first {n_sprites:,}, where there is room.",
        "image_shape": list(run.data().image_shape),
        "n": len(projection),
        "titles": axis_titles(projection, what),
        "has_unit": projection.has_unit,
        "class_names": list(map(escaping.plain, run.data().class_names)),
        "colours": COLOURS,
    }


def coordinates_file(projection: Projection, codes: Codes) -> bytes:
    """The points of the atlas: all x, all y, index in the split, classes; 4 bytes each."""
    order = codes.index.argsort()
    position = order[torch.searchsorted(codes.index[order], projection.index)]
    x, y = projection.coordinates.numpy().astype("<f4").T
    numbers = projection.index, codes.labels[position]
    parts = x, y, *(n.numpy().astype("<i4") for n in numbers)
    return b"".join(part.tobytes() for part in parts)


def _offer_coordinates(projection: Projection, codes: Codes) -> str:
    content = coordinates_file(projection, codes)
    key = hashlib.sha256(content).hexdigest()[:20]
    return routes.offer(key, lambda: routes.Offer({"coordinates": lambda: content}))


def sprite_count(run: Run) -> int:
    """How many images have a small picture to be fetched at once."""
    size = int(torch.Size(run.data().image_shape).numel())
    return min(len(cached.codes(run)), MAX_SPRITES, SPRITE_BYTES // size)


def _offer_pictures(run: Run, data: Dataset | None, n_sprites: int) -> str:
    """Address of the pictures: those of the first images at once, the others one by one."""
    folder, has_images = images.data_dir(), data is not None

    def some(index: Tensor) -> bytes:
        found = cached.images_of(run, folder) if has_images else None
        data = found if isinstance(found, Dataset) else None
        return picture_bytes(pictures(cached.vae(run), cached.codes(run), data, index))

    def one(index: int) -> bytes | None:
        return some(torch.tensor([index])) if index < len(cached.codes(run)) else None

    def several() -> bytes:
        return b"".join(some(torch.arange(n_sprites)[block]) for block in blocks(n_sprites))

    of = data.fingerprint if data else "decoded"
    name = f"{cached.version(run)}{of}"
    offer = routes.Offer({"sprites": several}, one)
    return routes.offer(f"pictures-{hashlib.sha256(name.encode()).hexdigest()[:20]}", lambda: offer)


def pictures(vae: VAE, codes: Codes, data: Dataset | None, index: Tensor) -> Tensor:
    """The images themselves where they are here, else as decoded from their means."""
    if data:
        return data.test.batch(index)
    return decode_mean(vae.given(codes.labels[index]), codes.mean[index])


def picture_bytes(x: Tensor) -> bytes:
    """(n, c, H, W) in [0, 1] -> as many bytes."""
    return np.round(x.clamp(0.0, 1.0).numpy() * 255.0).astype(np.uint8).tobytes()

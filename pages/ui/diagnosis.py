"""What the Diagnostics page shows, computed once for each run; and its rows of pictures."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import streamlit as st
import torch
from torch import Tensor

from pages.ui import cached, images
from pages.ui.aside import aside
from vae_core import Dataset, Run, analysis
from vae_core.analysis import CodesInShell, Collapse, Holes, LabelGap, class_draws, decode_mean
from vae_core.figures import contact_sheet, data_uri

N_PICTURES = 200  # of each kind, for the distances
SIDE = 8  # pictures on a side of each sheet
KEPT = 32

RECONSTRUCTIONS = "Reconstructions"
PRIOR = "Prior draws"
GAUSSIAN = "Draws from one fitted Gaussian"
EXPLAINED = {
    RECONSTRUCTIONS: "decoded draws z ~ q(z|x) of test images",
    PRIOR: "decoded draws z ~ p(z)",
    GAUSSIAN: "decoded draws of the Gaussian with the mean and covariance of q(z)",
}
STYLE = """<style>
.sheets{display:grid;grid-template-columns:repeat(auto-fit,minmax(240px,1fr));gap:16px 28px}
.sheets figure{margin:0;max-width:430px}
.sheets img{width:100%;display:block;image-rendering:pixelated;border-radius:4px}
.sheets figcaption{line-height:1.35;margin-bottom:6px}
@media (min-width:900px){.sheets figcaption{min-height:4.1em}}
</style>"""


@dataclass(frozen=True)
class Samples:
    """Decoded mean pictures, N_PICTURES of each kind, by what it is called."""

    pictures: dict[str, Tensor]

    def html(self, distances: pd.Series[float] | None) -> str:
        """Sheets side by side, each with how far it is from the training images, if known."""
        sheets = []
        for name, shown in self.pictures.items():
            sheet = data_uri(contact_sheet(shown[: SIDE * SIDE].numpy(), SIDE))
            far = (
                ""
                if distances is None
                else f" Nearest training image: <b>{distances[name]:.3f}</b>"
            )
            sheets.append(
                f"<figure><figcaption><b>{name}</b>, {EXPLAINED[name]}.{far}</figcaption>"
                f"<img alt='{name}' src='{sheet}'></figure>"
            )
        return f"{STYLE}<div class='sheets'>{''.join(sheets)}</div>"


@st.cache_resource(max_entries=KEPT, show_spinner="Moving every number …")
def _collapse(version: str, _run: Run) -> Collapse:
    return aside(analysis.collapse, cached.vae(_run), cached.codes(_run))


@st.cache_resource(max_entries=KEPT, show_spinner="Asking every number for the class …")
def _label_gap(version: str, _run: Run, n_samples: int) -> LabelGap:
    return aside(analysis.label_gap, cached.codes(_run), n_samples)


@st.cache_resource(max_entries=KEPT, show_spinner="Decoding draws …")
def _samples(version: str, _run: Run) -> Samples:
    vae, codes = cached.vae(_run), cached.codes(_run)
    prior = codes.prior().sample((N_PICTURES,), torch.Generator().manual_seed(0))
    z = {RECONSTRUCTIONS: class_draws(codes, N_PICTURES).mean, PRIOR: prior}
    if codes.kind.is_additive:
        z[GAUSSIAN] = analysis.gaussian_draws(codes, N_PICTURES)
    return Samples({name: decode_mean(vae, drawn) for name, drawn in z.items()})


@st.cache_resource(max_entries=KEPT, show_spinner="Looking for holes of the prior …")
def _holes(version: str, _run: Run) -> Holes:
    return analysis.holes(cached.codes(_run))


@st.cache_resource(max_entries=KEPT, show_spinner="Looking for the nearest training images …")
def _distances(version: str, _run: Run, _data: Dataset) -> pd.Series[float]:
    """Median distance of each kind of picture; "real" is that of as many test images."""
    pictures = _samples(version, _run).pictures
    test = _data.test.batch(slice(0, N_PICTURES), torch.Generator().manual_seed(0))
    far = {
        name: float(analysis.nearest_distance(shown, _data.train).median())
        for name, shown in {**pictures, "real": test}.items()
    }
    return pd.Series(far)


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def _shell(version: str, _run: Run) -> CodesInShell:
    return analysis.codes_in_shell(cached.codes(_run))


def collapse(run: Run) -> Collapse:
    """Whether the run uses its latent dimensions."""
    return _collapse(cached.version(run), run)


def label_gap(run: Run, n_samples: int) -> LabelGap:
    """What single numbers say of the class."""
    return _label_gap(cached.version(run), run, n_samples)


def samples(run: Run) -> Samples:
    """Pictures of each origin of z."""
    return _samples(cached.version(run), run)


def holes(run: Run) -> Holes:
    """How much of the prior is hole."""
    return _holes(cached.version(run), run)


def distances(run: Run) -> pd.Series[float] | None:
    """How far each kind of picture is from the training images, when these are here."""
    data = images.images_of(run)
    return None if data is None else _distances(cached.version(run), run, data)


def shell(run: Run) -> CodesInShell:
    """Norms of the run's codes."""
    return _shell(cached.version(run), run)

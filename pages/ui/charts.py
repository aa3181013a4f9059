"""Between the core's arrays and its figures: frames to draw, and how charts are shown."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, ParamSpec

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st
import torch
from numpy.typing import NDArray
from torch import Tensor

from pages.ui.components.save import SAVE
from vae_core import Codes
from vae_core.analysis import ClassPosterior, latent_names
from vae_core.figures import Ellipse, triangle_corners
from vae_core.figures.theme import CONFIG
from vae_core.posteriors import DiagonalGaussian

MEANS, DRAWS, WIDTHS, NOTHING = "means", "draws of z", "posteriors, 1σ", "none"
LAYERS = (MEANS, DRAWS, WIDTHS, NOTHING)
MAX_WIDTHS = 150
P = ParamSpec("P")


def draw(key: str, figure: Callable[P, go.Figure], *args: P.args, **options: P.kwargs) -> None:
    """Show what a function draws of these arguments, which it does once for all readers.

    To draw a figure takes many times what it takes to look whether it is drawn already: by all
    that goes into it, so that nothing old is ever shown.
    """
    name = f"{figure.__module__}.{figure.__qualname__}"
    show(_drawn(name, args, options, partial(figure, *args, **options)), key)


def _contents(table: pd.DataFrame) -> list[Any]:
    """What a table says, in a form that is looked up faster than the table."""
    columns = [part.to_numpy() for part in (table.index, *(table[name] for name in table))]
    return [list(table), *(repr(c.tolist()) if c.dtype == object else c for c in columns)]


@st.cache_resource(max_entries=600, show_spinner=False, hash_funcs={pd.DataFrame: _contents})
def _drawn(
    name: str, args: tuple[Any, ...], options: dict[str, Any], _draw: Callable[[], go.Figure]
) -> go.Figure:
    return plain(_draw())


def plain(figure: go.Figure) -> go.Figure:
    """The same to be shown again and again, and not to be changed any more."""
    return _Plain(figure.to_dict())


class _Plain(go.Figure):  # type: ignore[misc]
    """A figure as plain values: all that Streamlit asks a figure for, at every run."""

    def __init__(self, values: dict[str, Any]) -> None:
        super().__init__()
        self._values = values

    def to_dict(self) -> dict[str, Any]:
        return self._values


def show(figure: go.Figure, key: str) -> None:
    """A figure with the page's fonts and colours, a quiet toolbar, and ways to save it."""
    st.plotly_chart(figure, key=key, config=CONFIG)
    SAVE.mount(key=f"save-{key}", data={"chart": key, "name": _file_name(key)})


def _file_name(key: str) -> str:
    """What a saved figure is called: after its model, page and key."""
    run, page = st.session_state.get("chosen"), st.session_state.get("page")
    words = [run.id if run else "", page or "", "" if key == page else key]
    return "-".join(word for word in words if word)


def pick_axes(order: list[int], names: list[str]) -> tuple[int, int]:
    """Which two latent dimensions span the plane; the two most informative to begin with."""
    if len(names) == 2:
        return 0, 1
    if len(names) == 1:
        return 0, 0
    options = [names[j] for j in order]
    across = st.selectbox("Across", options, index=0, key="across", bind="query-params")
    up = st.selectbox("Up", options, index=1, key="up", bind="query-params")
    return names.index(across), names.index(up)


def of_classes(codes: Codes, labels: Sequence[int]) -> Codes:
    """The codes of some classes only."""
    return codes.take(torch.nonzero(torch.isin(codes.labels, torch.tensor(labels)))[:, 0])


def first(codes: Codes, count: int) -> Codes:
    """The first codes, at most so many."""
    return codes.take(torch.arange(min(count, len(codes))))


class Plane:
    """How codes are laid out on the plane: two of their numbers, or three on a triangle."""

    def __init__(self, codes: Codes, axes: tuple[int, int]) -> None:
        self.codes, self.axes = codes, axes
        names = latent_names(codes.latent_shape)
        self.corners = names if codes.is_triangle else []
        self.titles = (names[axes[0]], names[axes[1]])

    @property
    def projection(self) -> Tensor:
        """(d, 2): z.flatten() @ projection is where z lies."""
        d = math.prod(self.codes.latent_shape)
        return torch.from_numpy(triangle_corners()) if self.corners else _columns(d, self.axes)

    def points(self, codes: Codes, class_names: Sequence[str]) -> pd.DataFrame:
        """What `posterior_plane` draws as points: where the means lie."""
        place = codes.mean.flatten(1).double() @ self.projection
        return pd.DataFrame(
            {
                "x": place[:, 0].numpy(),
                "y": place[:, 1].numpy(),
                "label": codes.labels.numpy(),
                "name": [class_names[y] for y in codes.labels.tolist()],
                "index": codes.index.numpy(),
            }
        )

    def outlines(
        self, posteriors: Sequence[ClassPosterior], class_names: Sequence[str]
    ) -> list[Ellipse]:
        """Each class's moment-matched Gaussian, as it falls on the plane."""
        return [
            Ellipse(
                p.label,
                class_names[p.label],
                (p.mean @ self.projection).numpy(),
                self._across(p.covariance),
            )
            for p in posteriors
        ]

    def posteriors(self, codes: Codes, class_names: Sequence[str]) -> list[Ellipse]:
        """q(z|x) of every image, as it falls on the plane."""
        means = codes.mean.flatten(1).double() @ self.projection
        return [
            Ellipse(
                int(codes.labels[i]),
                class_names[int(codes.labels[i])],
                means[i].numpy(),
                self._across(codes.take(torch.tensor([i])).mean_covariance),
            )
            for i in range(len(codes))
        ]

    def _across(self, covariance: Tensor) -> NDArray[np.float64]:
        across: NDArray[np.float64] = (self.projection.T @ covariance @ self.projection).numpy()
        return across

    def prior(self, count: int = 1500) -> pd.DataFrame | None:
        """Draws from the prior, unless it is N(0, I), which is drawn as rings."""
        p = self.codes.prior()
        if isinstance(p, DiagonalGaussian):
            return None
        z = p.sample((count,), torch.Generator().manual_seed(0)).flatten(1).double()
        return pd.DataFrame((z @ self.projection).numpy(), columns=["x", "y"])


def _columns(d: int, axes: tuple[int, int]) -> Tensor:
    return torch.eye(d, dtype=torch.float64)[:, list(axes)]


def draws_frame(draws: Codes, index: int, class_names: Sequence[str]) -> pd.DataFrame:
    """What `marginal` draws: one latent dimension of every draw."""
    return pd.DataFrame(
        {
            "z": draws.mean.flatten(1)[:, index].numpy(),
            "label": draws.labels.numpy(),
            "name": [class_names[y] for y in draws.labels.tolist()],
        }
    )


def prior_frame(codes: Codes, index: int) -> pd.DataFrame:
    """The density of one latent dimension under the prior."""
    grid = torch.linspace(codes.kind.low, codes.kind.high, 203)
    inside = grid[1:-1]  # the density of a proportion may be infinite at 0 and 1
    latent = inside.reshape(-1, *[1] * len(codes.latent_shape))
    density = codes.prior().marginals().log_prob(latent).exp().flatten(1)[:, index]
    return pd.DataFrame({"z": inside.numpy(), "density": density.numpy()})


def kl_history(
    history: Sequence[dict[str, Any]], order: list[int], names: Sequence[str], rest: str | None
) -> pd.DataFrame:
    """KL of every latent dimension after each epoch, the most informative column first.

    `rest` names a last column for what these leave of the rate, when there is such a part.
    """
    epochs = [record["epoch"] for record in history]
    kl = pd.DataFrame([r["test_rate_per_dim"] for r in history], index=epochs, columns=list(names))
    kl = kl.iloc[:, order]
    return kl if rest is None else kl.assign(**{rest: _rates(history) - kl.sum(axis=1)})


def _rates(history: Sequence[dict[str, Any]]) -> pd.Series[float]:
    return pd.Series({record["epoch"]: record["test_rate"] for record in history})

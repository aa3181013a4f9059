"""Between the core's arrays and its figures: frames to draw, and how charts are shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st
import torch

from vae_core import Codes
from vae_core.analysis import ClassPosterior
from vae_core.figures import Ellipse
from vae_core.figures.theme import CONFIG


def show(figure: go.Figure, key: str) -> None:
    """A figure with the page's fonts and colours, and a toolbar that stays out of the way."""
    st.plotly_chart(figure, key=key, config=CONFIG)


def ink() -> str:
    """The colour of text in the theme the reader sees."""
    return "#eceef1" if st.context.theme.type == "dark" else "#1f2328"


def pick_axes(order: list[int], names: list[str]) -> tuple[int, int]:
    """Which two latent numbers span the plane; the two most informative to begin with."""
    if len(names) == 2:
        return 0, 1
    if len(names) == 1:
        return 0, 0
    options = [names[j] for j in order]
    across = st.selectbox("Across", options, index=0, key="across", bind="query-params")
    up = st.selectbox("Up", options, index=1, key="up", bind="query-params")
    return names.index(across), names.index(up)


def pick_one(label: str, options: Sequence[Any], default: Any) -> Any:
    """One of a few options, kept in the address; another model may have fewer of them."""
    key = label.lower()
    if st.session_state.get(key, default) not in options:
        st.session_state[key] = default
    return st.segmented_control(
        label, options, default=default, key=key, bind="query-params", required=True
    )


def of_classes(codes: Codes, labels: Sequence[int]) -> Codes:
    """The codes of some classes only."""
    return codes.take(torch.nonzero(torch.isin(codes.labels, torch.tensor(labels)))[:, 0])


def points_frame(
    codes: Codes,
    draws: Codes,
    layer: str,
    count: int,
    axes: tuple[int, int],
    class_names: Sequence[str],
) -> pd.DataFrame:
    """What `posterior_plane` draws as points: the first means, or the draws, or nothing."""
    chosen = (
        draws if layer.startswith("draws") else codes.take(torch.arange(min(count, len(codes))))
    )
    if layer == "none":
        chosen = codes.take(torch.arange(0))
    z = chosen.mean.flatten(1)
    return pd.DataFrame(
        {
            "x": z[:, axes[0]].numpy(),
            "y": z[:, axes[1]].numpy(),
            "label": chosen.labels.numpy(),
            "name": [class_names[y] for y in chosen.labels.tolist()],
            "index": chosen.index.numpy(),
        }
    )


def draws_frame(draws: Codes, index: int, class_names: Sequence[str]) -> pd.DataFrame:
    """What `marginal` draws: one latent number of every draw."""
    return pd.DataFrame(
        {
            "z": draws.mean.flatten(1)[:, index].numpy(),
            "label": draws.labels.numpy(),
            "name": [class_names[y] for y in draws.labels.tolist()],
        }
    )


def outlines(
    posteriors: Sequence[ClassPosterior], axes: tuple[int, int], class_names: Sequence[str]
) -> list[Ellipse]:
    """Each class's moment-matched Gaussian in the plane of two latent numbers."""
    pair = torch.tensor(axes)
    return [
        Ellipse(
            p.label, class_names[p.label], p.mean[pair].numpy(), p.covariance[pair][:, pair].numpy()
        )
        for p in posteriors
    ]


def kl_history(
    history: Sequence[dict[str, Any]], order: list[int], names: Sequence[str]
) -> pd.DataFrame:
    """KL of every latent number after each epoch, the most informative column first."""
    epochs = [record["epoch"] for record in history]
    kl = pd.DataFrame([r["test_rate_per_dim"] for r in history], index=epochs, columns=list(names))
    return kl.iloc[:, order]

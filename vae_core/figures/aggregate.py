"""Where the rate goes: the mean KL in parts, class by class, and the variance of every number."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from vae_core.figures.theme import (
    CORRELATION,
    DISTORTION,
    NEGATIVE_ELBO,
    PRIOR,
    RATE,
    class_colour,
    styled,
)

UNIT = "nats per image"
MOST_NUMBERS = 40


PARTS = {
    "mutual_information": ("mutual information", RATE),
    "total_correlation": ("total correlation", CORRELATION),
    "dimension_kl": ("dimension-wise KL", NEGATIVE_ELBO),
}
WHOLE = {"marginal_kl": ("KL(q(z) ‖ p)", NEGATIVE_ELBO)}  # where it has no such parts


def surgery_bar(parts: pd.Series[float], height: int = 190) -> go.Figure:
    """One bar, the mean rate, of parts side by side that add up to it.

    Parameters
    ----------
    parts : Series
        See `analysis.elbo_surgery`; not saturated. A part slightly below zero, as sampling
        may leave it, is drawn to the left of zero.
    """
    figure = go.Figure()
    for key, (name, colour) in (PARTS | WHOLE).items():
        nats = parts[key]
        if np.isnan(nats) or (key in WHOLE and not np.isnan(parts["dimension_kl"])):
            continue
        figure.add_bar(
            x=[nats],
            y=["mean KL"],
            orientation="h",
            marker={"color": colour},
            name=f"{name} {nats:.2f}",
            hovertemplate=f"{name}: %{{x:.3f}} {UNIT}<extra></extra>",
        )
    figure.update_layout(barmode="relative", legend={"traceorder": "normal"})
    figure.update_yaxes(visible=False)
    return styled(figure, height, UNIT, "").update_layout(margin={"t": 60})


def class_bars(table: pd.DataFrame, names: Sequence[str], height: int = 380) -> go.Figure:
    """KL(q(z|y) || p) of every class: its Gaussian part and, hatched, what is not Gaussian.

    Parameters
    ----------
    table : DataFrame
        Columns class_kl, matched_kl, non_gaussian_kl; see `analysis.class_surgery`. Without
        a Gaussian part the whole is drawn.
    names : one per row
    """
    figure = go.Figure()
    split = bool(table["matched_kl"].notna().any())
    parts = (
        [("matched_kl", "Gaussian of the same moments", ""), ("non_gaussian_kl", "the rest", "/")]
        if split
        else [("class_kl", "KL(q(z|y) ‖ p)", "")]
    )
    for column, title, pattern in parts:
        figure.add_bar(
            x=list(names),
            y=table[column],
            marker={"color": RATE, "pattern": {"shape": pattern}},
            name=title,
            hovertemplate=f"class %{{x}}, {title}: %{{y:.3f}} nats<extra></extra>",
        )
    figure.update_layout(barmode="relative")
    figure.update_xaxes(type="category")
    return styled(figure, height, "class y", "KL(q(z|y) ‖ p), nats")


def variance_bars(table: pd.DataFrame, prior: float | None, height: int = 380) -> go.Figure:
    """Var q(z_j) of every number: the mean posterior variance, and how far the means spread.

    Parameters
    ----------
    table : DataFrame
        Columns name, posterior_variance, mean_variance; the first MOST_NUMBERS rows are drawn.
    prior : float, optional
        Variance of every number under the prior: a dotted line.
    """
    shown = table.head(MOST_NUMBERS)
    figure = go.Figure()
    for column, title, colour in (
        ("posterior_variance", "E[σ²]: within an image", DISTORTION),
        ("mean_variance", "Var[μ]: between images", RATE),
    ):
        figure.add_bar(
            x=shown["name"],
            y=shown[column],
            marker={"color": colour},
            name=title,
            hovertemplate=f"%{{x}}, {title}: %{{y:.3f}}<extra></extra>",
        )
    figure.update_layout(barmode="stack")
    figure.update_xaxes(type="category")
    if prior is not None:
        ends = np.array([-0.5, len(shown) - 0.5])
        figure.add_scatter(
            x=ends, y=[prior, prior], mode="lines", hoverinfo="skip", xaxis="x2",
            line={"color": PRIOR, "width": 3, "dash": "dot"}, name="variance of the prior",
        )  # fmt: skip
        hidden = {"overlaying": "x", "range": ends.tolist(), "visible": False}
        figure.update_layout(xaxis2=hidden)
    return styled(figure, height, "latent number, most informative first", "variance of q(z_j)")


def class_layers(
    table: pd.DataFrame, prior: pd.DataFrame, prior_name: str, title: str, height: int = 380
) -> go.Figure:
    """The density of one number, in layers of its classes that add up to the whole.

    Parameters
    ----------
    table : DataFrame
        Columns z, density, label, name: each class's part at the same places.
    prior : DataFrame
        Columns z, density.
    title : str
        What the number is called.
    """
    figure = go.Figure()
    for _, layer in table.groupby("label"):
        colour = class_colour(int(layer["label"].iloc[0]))
        figure.add_scatter(
            x=layer["z"], y=layer["density"], mode="lines", stackgroup="classes",
            line={"width": 0, "color": colour}, fillcolor=colour, name=str(layer["name"].iloc[0]),
            hovertemplate="%{fullData.name}: %{y:.3f} at %{x:.2f}<extra></extra>",
        )  # fmt: skip
    figure.add_scatter(
        x=prior["z"], y=prior["density"], mode="lines", hoverinfo="skip",
        line={"color": PRIOR, "width": 3, "dash": "dot"}, name=f"prior {prior_name}",
    )  # fmt: skip
    return styled(figure, height, title, "density").update_layout(legend={"traceorder": "normal"})

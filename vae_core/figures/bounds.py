"""Bounds on log p(x) against the number of draws per image."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from vae_core.figures.theme import DOTTED, NEGATIVE_ELBO, PRIOR, RATE, drawn

UNIT = "nats per image"


def bound_curve(
    table: pd.DataFrame,
    negative_elbo: float,
    at_mean: float,
    widen: float = 1.0,
    evidence: tuple[float, float] | None = None,
    height: int = 460,
    of: str = "−log p(x)",
) -> go.Figure:
    """Upper bounds on -log p(x) against the number of draws, on a logarithmic axis.

    Bars are the standard error of the gap to the negative ELBO on the same images. That of a bound
    itself is mostly how images differ, moves all of them together, and stands in the hover.

    Parameters
    ----------
    table : DataFrame
        See `analysis.ImageBounds.table`.
    negative_elbo : float
        Of the encoder's q(z|x), whatever the proposal: a dashed line.
    at_mean : float
        The number at z = mean, which is no bound: a dotted line.
    widen : float
        Proposal scale. Only at 1 is the bound of one draw the negative ELBO.
    evidence : (float, float), optional
        -log p(x) itself, where it is known, and the standard error of its estimate: a line with a
        band, below which no bound comes but by chance.
    of : str
        What is bounded: of a model that is given the label, p(x | y).
    """
    draws = table["n_importance"]
    bound = {
        "type": "scatter",
        "x": draws,
        "y": table["negative_bound"],
        "error_y": {"array": table["gap_error"], "thickness": 1.5, "color": PRIOR},
        "customdata": table[["standard_error", "gap", "gap_error"]].to_numpy(),
        "mode": "lines+markers",
        "line": {"color": NEGATIVE_ELBO, "width": 3},
        "marker": {"size": 9},
        "name": f"upper bound on {of}, ± of its gap to the ELBO",
        "hovertemplate": "%{x} samples: %{y:.2f} ± %{customdata[0]:.2f} nats per image<br>"
        "ELBO to this bound, same images: %{customdata[1]:.2f} ± %{customdata[2]:.2f}"
        "<extra></extra>",
    }
    lines = [
        ("negative ELBO", negative_elbo, {"color": NEGATIVE_ELBO, "width": 2, "dash": "dash"}),
        ("at z = mean: no bound", at_mean, DOTTED),
    ]
    band = []
    if evidence is not None:
        value, error = evidence
        lines.append((of, value, {"color": RATE, "width": 3}))
        edges = {"xref": "paper", "x0": 0, "x1": 1, "y0": value - error, "y1": value + error}
        band = [{"type": "rect", **edges, "line": {"width": 0}, "fillcolor": RATE, "opacity": 0.25}]
    levels = [
        {
            "type": "scatter",
            "x": [draws.min(), draws.max()],
            "y": [value, value],
            "mode": "lines",
            "line": line,
            "name": name,
            "hovertemplate": f"{name}: %{{y:.2f}} nats per image<extra></extra>",
        }
        for name, value, line in lines
    ]
    first = "1: negative ELBO" if widen == 1.0 else f"from q with σ × {widen:g}"
    return drawn(
        [bound, *levels], height, f"samples k per image ({first})", UNIT,
        across={"type": "log", "tickvals": draws}, shapes=band,
    )  # fmt: skip

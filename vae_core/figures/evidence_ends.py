"""Lower and upper end of log p(x) against the number of annealing steps."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from vae_core.figures.theme import DOTTED, NEGATIVE_ELBO, PRIOR, RATE, drawn

ENDS = {  # column -> what it is called, colour
    "upper": ("upper end: backwards from the z that x was drawn from", RATE),
    "lower": ("lower end: forward from q(z | x)", NEGATIVE_ELBO),
}


def evidence_ends_curve(
    table: pd.DataFrame, known: float | None = None, of: str = "log p(x)"
) -> go.Figure:
    """Both ends with their standard errors, on a logarithmic axis of annealing steps.

    Parameters
    ----------
    table : DataFrame
        See `analysis.own_draw.evidence_ends`.
    known : float, optional
        log p(x) itself in nats, where it is known: a dotted line.
    of : str
        What the ends are of: for a model that is given the label, p(x | y).
    """
    steps = table["n_temperatures"]
    lines = []
    for name, (title, colour) in ENDS.items():
        errors = table[f"{name}_error"]
        lines.append(
            {
                "type": "scatter",
                "x": steps,
                "y": table[name],
                "error_y": {"array": errors, "thickness": 1.5, "color": PRIOR},
                "customdata": errors,
                "mode": "lines+markers",
                "line": {"color": colour, "width": 3},
                "marker": {"size": 9},
                "name": title,
                "hovertemplate": "%{x} steps: %{y:.2f} ± %{customdata:.2f} nats"
                f"<extra>{title}</extra>",
            }
        )
    if known is not None:
        lines.append(
            {
                "type": "scatter",
                "x": [steps.min(), steps.max()],
                "y": [known, known],
                "mode": "lines",
                "line": DOTTED,
                "name": f"{of} by quadrature",
                "hovertemplate": f"{of} by quadrature: %{{y:.2f}} nats<extra></extra>",
            }
        )
    return drawn(
        lines, 360, "annealing steps", f"{of}, nats", across={"type": "log", "tickvals": steps}
    )

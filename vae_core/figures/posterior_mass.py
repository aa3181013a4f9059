"""Maps of one plane beside each other: mean p(z|x), mean q(z|x), and the prior."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from vae_core.figures.theme import axes, drawn, panels, squares

SCALE = [[0.0, "rgba(231,99,0,0)"], [0.25, "rgba(231,99,0,.45)"], [1.0, "rgb(190,50,0)"]]
FULL = 0.98  # share of the cells with mass whose colour is not yet full


def posterior_maps(
    maps: Mapping[str, NDArray[np.float64]],
    middles: NDArray[np.float64],
    names: Sequence[str],
    height: int = 380,
) -> go.Figure:
    """Densities on the same plane, on one scale of colours.

    Parameters
    ----------
    maps : mapping
        Title -> density, (G, G), the second dimension upwards.
    middles : array, (G,)
        Of the cells, along both dimensions.
    names : of the two dimensions
    """
    values = np.concatenate([one[one > 0.0].ravel() for one in maps.values()])
    most = float(np.quantile(values, FULL))
    heats = [
        {
            "type": "heatmap",
            "x": middles,
            "y": middles,
            "z": one,
            "zmin": 0.0,
            "zmax": most,
            "colorscale": SCALE,
            "showscale": False,
            "name": title,
            "hovertemplate": f"%{{x:.2f}}, %{{y:.2f}}: density %{{z:.3f}}<extra>{title}</extra>",
            **axes(panel),
        }
        for panel, (title, one) in enumerate(maps.items(), 1)
    ]
    return drawn(
        heats, height, names[0], names[1],
        across={"constrain": "domain"}, up={"constrain": "domain"},
        on=panels(1, len(maps), subplot_titles=tuple(maps), shared_yaxes=True,
                  horizontal_spacing=0.03),
        **squares(len(maps)),
    )  # fmt: skip

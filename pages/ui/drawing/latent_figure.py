"""The figure of codes against the prior: a plane, or of one latent dimension a line."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from pages.ui.drawing import plane_frames
from vae_core import Codes
from vae_core.analysis.space.plane import LatentPlane, share_within
from vae_core.figures import Ellipse, posterior_line, posterior_plane


def latent_figure(
    layout: LatentPlane,
    codes: Codes,
    points: pd.DataFrame,
    ellipses: Sequence[Ellipse],
    images: Sequence[Ellipse] = (),
    height: int = 620,
) -> go.Figure:
    """Points, class posteriors and posteriors of images of these codes, and their prior.

    See `posterior_plane` and `posterior_line`.
    """
    prior = plane_frames.prior_points(layout, codes)
    if layout.is_line:
        return posterior_line(points, ellipses, layout.titles[0], height, prior, images)
    return posterior_plane(
        points, ellipses, layout.titles, height, prior, layout.corners, images
    )  # fmt: skip


def gaussian_shares(is_line: bool) -> str:
    """How much of a Gaussian lies within 1 and 2 sigma: "39% and 86% of a Gaussian in a plane"."""
    one, two = (f"{share_within(n_sigma, is_line):.0%}" for n_sigma in (1, 2))
    return f"{one} and {two} of a Gaussian {'on a line' if is_line else 'in a plane'}"

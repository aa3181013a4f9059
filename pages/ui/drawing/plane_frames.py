"""Frames of the figures that show latents on a plane, and one dimension of them alone."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import torch

from vae_core import Codes
from vae_core.analysis import ClassPosterior
from vae_core.analysis.space.plane import LatentPlane
from vae_core.figures import Ellipse


def points(plane: LatentPlane, codes: Codes, class_names: Sequence[str]) -> pd.DataFrame:
    """What `posterior_plane` draws as points: where the means lie."""
    place = plane.place(codes.mean)
    return pd.DataFrame(
        {
            "x": place[:, 0].numpy(),
            "y": place[:, 1].numpy(),
            "label": codes.labels.numpy(),
            "name": [class_names[y] for y in codes.labels.tolist()],
            "index": codes.index.numpy(),
        }
    )


def class_ellipses(
    plane: LatentPlane, posteriors: Sequence[ClassPosterior], class_names: Sequence[str]
) -> list[Ellipse]:
    """Each class's moment-matched Gaussian, as it falls on the plane."""
    return [
        Ellipse(
            p.label,
            class_names[p.label],
            plane.place(p.mean[None])[0].numpy(),
            plane.spread(p.covariance).numpy(),
        )
        for p in posteriors
    ]


def image_ellipses(plane: LatentPlane, codes: Codes, class_names: Sequence[str]) -> list[Ellipse]:
    """q(z|x) of every image, as it falls on the plane."""
    return [
        Ellipse(
            int(codes.labels[i]),
            class_names[int(codes.labels[i])],
            plane.place(codes.mean[i : i + 1])[0].numpy(),
            plane.spread(codes.take(torch.tensor([i])).mean_covariance).numpy(),
        )
        for i in range(len(codes))
    ]


def prior_points(plane: LatentPlane, codes: Codes, count: int = 1500) -> pd.DataFrame | None:
    """Samples from the prior, unless it is N(0, I), which is drawn as rings."""
    if codes.is_rotation_invariant:
        return None
    z = codes.prior().sample((count,), torch.Generator().manual_seed(0))
    return pd.DataFrame(plane.place(z).numpy(), columns=["x", "y"])


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
    grid = torch.linspace(*codes.reach, 203)
    inside = grid[1:-1]  # the density of a proportion may be infinite at 0 and 1
    alike = inside.reshape(-1, *[1] * len(codes.latent_shape))
    latent = alike.expand(-1, *codes.latent_shape)
    density = codes.prior().marginals().log_prob(latent).exp().flatten(1)[:, index]
    return pd.DataFrame({"z": inside.numpy(), "density": density.numpy()})

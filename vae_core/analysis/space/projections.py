"""Projections of codes to a plane: PCA, UMAP, t-SNE."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from vae_core.analysis.rate.rates import latent_names
from vae_core.analysis.space.projection_methods import METHODS, Points, Progress
from vae_core.codes import Codes
from vae_core.config import MAX_SEED
from vae_core.errors import ConfigError, RunError, shown
from vae_core.io import parse_json, read_tensors, write_tensors

FEWEST_IMAGES = 4
WHAT = ("mean", "draw")
GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0


@dataclass(frozen=True)
class Projection:
    """Coordinates of images on a plane.

    Attributes
    ----------
    coordinates : Tensor, (n, 2)
    index : Tensor, (n,)
        Position of each image in its split.
    explained_variance_ratio : (across, up) or None
        Fraction of the codes' variance along each axis, for PCA.
    titles : (across, up)
        What the axes are.
    has_unit : bool
        Whether lengths are those of z, or of a rotated z.
    """

    coordinates: Float[Tensor, "n 2"]
    index: Int[Tensor, " n"]
    titles: tuple[str, str]
    explained_variance_ratio: tuple[float, float] | None = None
    has_unit: bool = True

    def __len__(self) -> int:
        return len(self.index)


def project(
    codes: Codes,
    method: str = "pca",
    what: str = "mean",
    seed: int = 0,
    limit: int | None = None,
    progress: Progress | None = None,
) -> Projection:
    """Project the codes of images to a plane; the same seed gives the same coordinates.

    PCA rotates the latent space so that the plane has as much of the codes' variance as a plane
    can have. It is linear and to scale. UMAP and t-SNE keep neighbours together instead, and
    stretch whatever lies between: their axes have no unit, and distances between clusters
    mean little. Both start from PCA's plane, which keeps more of the whole (Kobak and
    Linderman 2021). One or two latent dimensions are a plane already and stay as they are.

    Parameters
    ----------
    codes : Codes
        Feature maps are flattened.
    method : key of METHODS
    what : "mean" or "draw"
        The posterior means, or one draw of z for each image. A draw of a point
        mass is the point.
    seed : int
        Of the draws, of UMAP and t-SNE, and of the choice of images.
    limit : int, optional
        At most so many images, chosen at random.
    progress : optional
        Called with the fraction that is done, for UMAP and t-SNE. That of t-SNE is read from
        the standard output of the process: run it in a process of its own.

    Raises
    ------
    ConfigError
        For an unknown method, fewer than 4 images, codes that are not finite, and codes that
        are all the same, which have no neighbours.
    """
    if method not in METHODS:
        raise ConfigError(f"method must be one of {', '.join(METHODS)}; got {shown(method)}.")
    if what not in WHAT:
        raise ConfigError(f"what must be one of {', '.join(WHAT)}; got {shown(what)}.")
    if limit is not None and limit < FEWEST_IMAGES:
        raise ConfigError(f"limit must be at least {FEWEST_IMAGES}; got {limit}.")
    if not 0 <= seed <= MAX_SEED:
        raise ConfigError(f"seed must be from 0 to {MAX_SEED}; got {shown(seed)}.")
    some = _some(codes, limit, seed)
    if len(some) < FEWEST_IMAGES:
        raise ConfigError(f"a projection needs at least {FEWEST_IMAGES} images; got {len(some)}.")
    z = points_of(some, what, seed)
    if z.shape[1] <= 2:
        return _plane(z, some)
    way = METHODS[method]
    if not way.has_unit and bool((z == z[0]).all()):
        raise ConfigError(
            f"all {len(some)} codes are the same, so none is nearer than another: {way.title} has "
            "nothing to lay out. Choose a model whose codes depend on the image."
        )
    coordinates, ratio = way.lay(z - z.mean(0), seed, progress)
    titles = (f"{way.axis} 1", f"{way.axis} 2")
    return Projection(_tensor(coordinates), some.index, titles, ratio, way.has_unit)


def _some(codes: Codes, limit: int | None, seed: int) -> Codes:
    """At most so many images, in their order."""
    if limit is None or limit >= len(codes):
        return codes
    generator = torch.Generator().manual_seed(seed)
    return codes.take(torch.randperm(len(codes), generator=generator)[:limit].sort().values)


def points_of(codes: Codes, what: str, seed: int) -> Points:
    """What is projected: posterior means or draws, (n, d). Raises ConfigError like `project`."""
    if what == "mean":
        z = codes.mean
    else:
        z = codes.posterior().sample((), torch.Generator().manual_seed(seed))
    flat: Points = z.flatten(1).double().numpy()
    bad = int((~np.isfinite(flat)).any(1).sum())
    if bad:
        raise ConfigError(
            f"{bad} of {len(flat)} codes are not finite: they have no place. The model's training "
            "has diverged; train it again with a smaller learning rate."
        )
    return flat


def _tensor(coordinates: Points) -> Tensor:
    return torch.from_numpy(coordinates.astype(np.float32))


def _plane(z: Points, codes: Codes) -> Projection:
    """One or two latent dimensions as they are; one is spread upwards to be visible."""
    names = latent_names(codes.latent_shape)
    if z.shape[1] == 2:
        return Projection(_tensor(z), codes.index, (names[0], names[1]))
    spread = (np.arange(len(z)) * GOLDEN) % 1.0 - 0.5
    coordinates = np.stack([z[:, 0], spread * max(float(np.ptp(z)), 1e-6) / 2], axis=1)
    return Projection(
        _tensor(coordinates), codes.index, (names[0], "spread to be seen, no meaning")
    )


def write_projection(path: Path, projection: Projection) -> None:
    """Write a projection to a file. Raises RunError when it cannot be written."""
    facts = {
        "titles": projection.titles,
        "explained_variance_ratio": projection.explained_variance_ratio,
        "has_unit": projection.has_unit,
    }
    tensors = {"coordinates": projection.coordinates, "index": projection.index}
    write_tensors(path, tensors, {"projection": json.dumps(facts)})


def read_projection(path: Path) -> Projection:
    """Inverse of `write_projection`. Raises RunError for a file that is damaged.

    Files of earlier versions name the coordinates `places` and the ratio `shares`.
    """
    tensors, text = read_tensors(path)
    try:
        facts = parse_json(text["projection"])
        across, up = facts["titles"]
        coordinates = tensors["coordinates" if "coordinates" in tensors else "places"]
        name = "explained_variance_ratio"
        found = facts[name if name in facts else "shares"]
        ratio = found and (float(found[0]), float(found[1]))
        return Projection(coordinates, tensors["index"], (across, up), ratio, facts["has_unit"])
    except (KeyError, ValueError, TypeError) as error:
        raise RunError(f"{path}: expected a projection; remove the file.") from error

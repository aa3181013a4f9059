"""Codes of many numbers on a plane: PCA, UMAP, t-SNE."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from vae_core.analysis.layouts import METHODS, Points, Progress
from vae_core.analysis.rates import latent_names
from vae_core.codes import Codes
from vae_core.errors import ConfigError, RunError
from vae_core.io import read_tensors, write_tensors

FEWEST_IMAGES = 4
WHAT = ("mean", "draw")
GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0


@dataclass(frozen=True)
class Projection:
    """Where images lie on a plane.

    Attributes
    ----------
    places : Tensor, (n, 2)
    index : Tensor, (n,)
        Position of each image in its split, whatever was left out before.
    shares : (across, up) or None
        Of the codes' variance, for PCA.
    titles : (across, up)
        What the axes are.
    has_unit : bool
        Whether lengths mean something: those of z, or of a turned z.
    """

    places: Float[Tensor, "n 2"]
    index: Int[Tensor, " n"]
    titles: tuple[str, str]
    shares: tuple[float, float] | None = None
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
    """Lay the codes of images on a plane; the same seed gives the same places.

    PCA turns the latent space so that the plane catches as much of the codes' variance as a
    plane can: straight, and to scale. UMAP and t-SNE keep neighbours together instead, and
    stretch whatever lies between: their axes have no unit, and distances between clusters
    mean little. Both start from PCA's plane, which keeps more of the whole (Kobak and
    Linderman 2021). One or two latent dimensions are a plane already and stay as they are.

    Parameters
    ----------
    codes : Codes
        Feature maps are flattened.
    method : key of METHODS
    what : "mean" or "draw"
        The posterior means, or one draw of z for each image. The draw of a point mass is
        its place.
    seed : int
        Of the draws, of UMAP and t-SNE, and of who is left out.
    limit : int, optional
        At most so many images, chosen at random.
    progress : optional
        Is told the share that is done, by methods that say. To hear of t-SNE, what the
        process prints meanwhile is listened to: give it a process of its own.

    Raises
    ------
    ConfigError
        For an unknown method, fewer than 4 images, codes that are not finite, and codes that
        are all the same, which have no neighbours.
    """
    if method not in METHODS:
        raise ConfigError(f"method must be one of {', '.join(METHODS)}; got {method!r}.")
    if what not in WHAT:
        raise ConfigError(f"what must be one of {', '.join(WHAT)}; got {what!r}.")
    if limit is not None and limit < FEWEST_IMAGES:
        raise ConfigError(f"limit must be at least {FEWEST_IMAGES}; got {limit}.")
    some = _some(codes, limit, seed)
    if len(some) < FEWEST_IMAGES:
        raise ConfigError(f"a projection needs at least {FEWEST_IMAGES} images; got {len(some)}.")
    z = _numbers(some, what, seed)
    if z.shape[1] <= 2:
        return _plane(z, some)
    way = METHODS[method]
    if not way.has_unit and bool((z == z[0]).all()):
        raise ConfigError(
            f"all {len(some)} codes are the same, so none is nearer than another: {way.title} has "
            "nothing to lay out. Choose a model whose codes depend on the image."
        )
    places, shares = way.lay(z - z.mean(0), seed, progress)
    titles = (f"{way.axis} 1", f"{way.axis} 2")
    return Projection(_tensor(places), some.index, titles, shares, way.has_unit)


def _some(codes: Codes, limit: int | None, seed: int) -> Codes:
    """At most so many images, in their order."""
    if limit is None or limit >= len(codes):
        return codes
    generator = torch.Generator().manual_seed(seed)
    return codes.take(torch.randperm(len(codes), generator=generator)[:limit].sort().values)


def _numbers(codes: Codes, what: str, seed: int) -> Points:
    """The codes themselves, (n, d)."""
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


def _tensor(places: Points) -> Tensor:
    return torch.from_numpy(places.astype(np.float32))


def _plane(z: Points, codes: Codes) -> Projection:
    """One or two latent dimensions as they are; one is spread upwards to be seen."""
    names = latent_names(codes.latent_shape)
    if z.shape[1] == 2:
        return Projection(_tensor(z), codes.index, (names[0], names[1]))
    spread = (np.arange(len(z)) * GOLDEN) % 1.0 - 0.5
    places = np.stack([z[:, 0], spread * max(float(np.ptp(z)), 1e-6) / 2], axis=1)
    return Projection(_tensor(places), codes.index, (names[0], "spread to be seen, no meaning"))


def write_projection(path: Path, projection: Projection) -> None:
    """Keep a projection in a file. Raises RunError when it cannot be written."""
    facts = {
        "titles": projection.titles,
        "shares": projection.shares,
        "has_unit": projection.has_unit,
    }
    tensors = {"places": projection.places, "index": projection.index}
    write_tensors(path, tensors, {"projection": json.dumps(facts)})


def read_projection(path: Path) -> Projection:
    """Inverse of `write_projection`. Raises RunError for a file that is damaged."""
    tensors, text = read_tensors(path)
    try:
        facts = json.loads(text["projection"])
        across, up = facts["titles"]
        shares = facts["shares"] and (float(facts["shares"][0]), float(facts["shares"][1]))
        return Projection(
            tensors["places"], tensors["index"], (across, up), shares, facts["has_unit"]
        )
    except (KeyError, ValueError, TypeError) as error:
        raise RunError(f"{path}: expected a projection; remove the file.") from error

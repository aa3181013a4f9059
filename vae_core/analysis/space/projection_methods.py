"""Projection methods: PCA, UMAP and t-SNE, from points of many dimensions to a plane."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable
from contextlib import nullcontext, redirect_stdout
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Progress = Callable[[float], None]  # called with the fraction that is done, from 0 to 1
Points = NDArray[np.float64]

NEIGHBOURS = 15  # of UMAP, its authors' choice
PERPLEXITY = 30.0  # of t-SNE, its authors' choice
TSNE_STEPS = 1000


class Layout(NamedTuple):
    """Coordinates (n, 2), and the explained variance ratio of both axes where it is defined."""

    coordinates: Points
    explained_variance_ratio: tuple[float, float] | None = None


@dataclass(frozen=True)
class Method:
    """A projection of points to a plane.

    Attributes
    ----------
    title : name on the page
    axis : name of its axes, before their number
    lay : from points (n, d) with mean 0, a seed and a callback for progress, to a Layout
    has_unit : whether lengths on the plane are lengths of z
    is_immediate : whether 10 000 codes take less than a second
    """

    title: str
    axis: str
    lay: Callable[[Points, int, Progress | None], Layout]
    has_unit: bool = False
    is_immediate: bool = False


def pca(centred: Points, seed: int = 0, progress: Progress | None = None) -> Layout:
    """Coordinates on the first two principal axes, and their explained variance ratio.

    The sign of an axis is arbitrary: here its largest loading is positive.
    """
    variance, axes = np.linalg.eigh(centred.T @ centred / len(centred))  # rising
    axes = axes[:, [-1, -2]]
    largest = np.abs(axes).argmax(0)
    axes *= np.where(axes[largest, [0, 1]] < 0.0, -1.0, 1.0)
    total = max(float(variance.clip(0.0).sum()), np.finfo(float).tiny)
    across, up = (max(float(v), 0.0) / total for v in variance[[-1, -2]])
    return Layout(centred @ axes, (across, up))


def _start(centred: Points, seed: int) -> Points:
    """PCA's coordinates, scaled, with small noise so that no two images start at the same point."""
    plane = pca(centred).coordinates
    plane = plane / plane[:, 0].std()
    start: Points = plane + 1e-4 * np.random.default_rng(seed).standard_normal(plane.shape)
    return start


def _umap(centred: Points, seed: int, progress: Progress | None) -> Layout:
    """UMAP (McInnes, Healy and Melville 2018)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a missing tensorflow
        import umap

    bar: dict[str, Any] = {"disable": progress is None, "bar_format": "{n_fmt}/{total_fmt} "}
    if progress:
        bar["file"] = _ProgressReader(r"(\d+)/(\d+)", progress)
    learner = umap.UMAP(
        n_neighbors=min(NEIGHBOURS, len(centred) - 1),
        init=_start(centred, seed).astype(np.float32),
        random_state=seed,
        n_jobs=1,  # with more, the coordinates depend on the order of the threads
        tqdm_kwds=bar,
    )
    return Layout(learner.fit_transform(centred.astype(np.float32)).astype(np.float64))


def _tsne(centred: Points, seed: int, progress: Progress | None) -> Layout:
    """t-SNE (van der Maaten and Hinton 2008), by Barnes and Hut's approximation."""
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    learner = TSNE(
        perplexity=min(PERPLEXITY, (len(centred) - 1) / 3),
        init=(1e-4 * _start(centred, seed)).astype(np.float32),
        max_iter=TSNE_STEPS,
        random_state=seed,
        verbose=2 if progress else 0,
        n_jobs=1,
    )
    reader = _ProgressReader(r"Iteration (\d+)():", progress) if progress else None
    # One thread: the order of a sum over several threads varies, and a rounding error grows.
    with threadpool_limits(1), redirect_stdout(reader) if reader else nullcontext():
        return Layout(learner.fit_transform(centred.astype(np.float32)).astype(np.float64))


class _ProgressReader(io.TextIOBase):
    """A stream that reads progress from what a library prints: steps done, and of how many."""

    def __init__(self, pattern: str, progress: Progress) -> None:
        self.pattern, self.progress = re.compile(pattern), progress

    def write(self, text: str, /) -> int:
        for done, total in self.pattern.findall(text):
            self.progress(min(int(done) / int(total or TSNE_STEPS), 1.0))
        return len(text)


METHODS = {
    "pca": Method("PCA", "PC", pca, has_unit=True, is_immediate=True),
    "umap": Method("UMAP", "UMAP", _umap),
    "t-sne": Method("t-SNE", "t-SNE", _tsne),
}

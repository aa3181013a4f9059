"""Cells of a feature map: their KL in any order, and how they go together."""

from __future__ import annotations

from dataclasses import replace

import torch

from vae_core.analysis.space.cell_order import cell_order
from vae_core.analysis.space.locality import cell_correlation
from vae_core.lessons.quantities.loading import codes_of, per_run, place
from vae_core.lessons.quantities.registry import quantity
from vae_core.lessons.quantities.sizes import cells
from vae_core.runs.run import Run


@quantity("nats")
def image_rate_shuffled(run: Run, image: float, seed: float = 0) -> float:
    """KL of a test image with its cells in another order."""
    codes = codes_of(run).take(torch.tensor([place(run, image)]))
    order = cell_order(int(cells(run)), int(seed))
    params = codes.params.flatten(1, 2)[:, order].reshape(codes.params.shape)
    return float(replace(codes, params=params).rate[0])


@per_run
def _neighbours(run: Run) -> dict[str, float]:
    return {str(k): float(v) for k, v in cell_correlation(codes_of(run)).iloc[0].items()}


@quantity("correlation")
def neighbour_correlation(run: Run) -> float:
    """Mean |correlation| over the images of two neighbouring cells' means, of equal channels."""
    return _neighbours(run)["mean_correlation"]


@quantity("correlation")
def neighbour_noise_correlation(run: Run) -> float:
    """The same of z − mu: of the noise of q(z|x), which is independent from cell to cell."""
    return _neighbours(run)["noise_correlation"]


@quantity("correlation")
def chance_correlation(run: Run) -> float:
    """What |correlation| over so many images is on average where there is none."""
    return _neighbours(run)["chance"]

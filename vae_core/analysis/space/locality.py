"""Locality of a feature map: sensitivity of a cell, its effect, correlation between cells.

A cell keeps its position because convolutions are local, not because cells are independent: they
are independent given the image, under q(z|x), and correlated over the data.
"""

from __future__ import annotations

import math

import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor

from vae_core.analysis.rate.rates import active_units
from vae_core.codes import Codes
from vae_core.errors import ConfigError
from vae_core.vae import VAE


def encoder_sensitivity(
    vae: VAE, x: Float[Tensor, "n c H W"], cells: list[tuple[int, int]]
) -> Float[Tensor, "k H W"]:
    """How much each pixel moves the mean of a cell: |d mu_cell / d x|.

    The root of the mean over images of squares, summed over the cell's channels and the
    pixel's colours.

    Parameters
    ----------
    x : Tensor, (n, c, H, W)
    cells : k pairs (row, column)

    Returns
    -------
    Tensor, (k, H, W)
        Units of z for a change of one grey value from 0 to 1.

    Raises
    ------
    ConfigError
        For a latent without cells, or a cell that it does not have.
    """
    _check_cells(vae, cells)
    x = x.detach().requires_grad_(True)
    mean = vae.encode(x).mean
    rows = []
    for row, column in cells:
        squares = torch.zeros_like(x[0, 0])
        for value in mean[:, row, column].sum(0):  # images do not interact: each has its own part
            (gradient,) = torch.autograd.grad(value, x, retain_graph=True)
            squares += gradient.square().sum(1).mean(0)
        rows.append(squares.sqrt())
    return torch.stack(rows).detach()


def decoder_difference(
    vae: VAE, z: Float[Tensor, " n *latent"], cells: list[tuple[int, int]], step: float = 1.0
) -> Float[Tensor, "k H W"]:
    """How much each pixel changes when the channels of a cell are moved, one at a time.

    decode(z + step at the cell) - decode(z), the root mean square over images, the cell's
    channels and the pixel's colours.

    Parameters
    ----------
    z : Tensor, (n, h, w, C)
    cells : k pairs (row, column)
    step : float
        In standard deviations of the prior. On a simplex the other channels change too.

    Returns
    -------
    Tensor, (k, H, W)
        Grey values.

    Raises
    ------
    ConfigError
        As `encoder_sensitivity`.
    """
    _check_cells(vae, cells)
    _, width, channels = vae.latent_shape
    spread = vae.prior().variance.sqrt().flatten()
    with torch.no_grad():
        before = vae.decode(z).mean
        rows = []
        for row, column in cells:
            squares = torch.zeros_like(before[0, 0])
            for j in range(
                (row * width + column) * channels, (row * width + column + 1) * channels
            ):
                moved = torch.cat([_moved(vae, one, j, step * float(spread[j])) for one in z])
                squares += (vae.decode(moved).mean - before).square().mean((0, 1))
            rows.append((squares / channels).sqrt())
    return torch.stack(rows)


def _moved(vae: VAE, z: Tensor, j: int, step: float) -> Tensor:
    """z with dimension j further up, or down where there is no room above; (1, *latent)."""
    value = z.flatten()[j] + step
    if value > vae.family.high:
        value = value - 2.0 * step
    return vae.family.move(z, j, value.clamp(vae.family.low, vae.family.high)[None])


def _check_cells(vae: VAE, cells: list[tuple[int, int]]) -> None:
    if len(vae.latent_shape) != 3:
        raise ConfigError(
            f"expected a latent of h x w x C dimensions; got a vector of "
            f"{vae.latent_shape[0]}, which has no cells. Choose a model with a feature map."
        )
    h, w, _ = vae.latent_shape
    for row, column in cells:
        if not (0 <= row < h and 0 <= column < w):
            raise ConfigError(f"expected a cell of a {h} x {w} grid; got ({row}, {column}).")


def cell_correlation(codes: Codes, seed: int = 0) -> pd.DataFrame:
    """Correlation between cells: of the same channel over the images, by distance.

    Parameters
    ----------
    codes : Codes
        Of a feature map. Only active dimensions count, and only equal channels are paired.

    Returns
    -------
    DataFrame
        One row per distance between two cells: distance (in cells), n_pairs (of dimensions),
        mean_correlation (mean |correlation| of the means mu), noise_correlation (the same of
        z - mu, which is independent from cell to cell) and chance (what |correlation| is on
        average when there is none). Empty where no two cells have an active channel in common.

    Raises
    ------
    ConfigError
        For a latent without cells.
    """
    if len(codes.latent_shape) != 3:
        raise ConfigError("expected codes of a feature map; a vector has no cells.")
    h, w, channels = codes.latent_shape
    noise = codes.posterior().sample((), torch.Generator().manual_seed(seed)) - codes.mean
    of_means, of_noise = _correlations(codes.mean), _correlations(noise)  # (C, hw, hw)
    active = active_units(codes).reshape(h * w, channels).T  # (C, hw)
    place = torch.cartesian_prod(torch.arange(h), torch.arange(w)).double()
    distance = torch.cdist(place, place)
    both = active[:, :, None] & active[:, None, :] & torch.ones(h * w, h * w).triu(1).bool()
    rows = []
    for value in distance.unique():
        pairs = both & (distance == value)
        if pairs.any():
            rows.append(
                {
                    "distance": float(value),
                    "n_pairs": int(pairs.sum()),
                    "mean_correlation": float(of_means[pairs].abs().mean()),
                    "noise_correlation": float(of_noise[pairs].abs().nanmean()),
                }
            )
    table = pd.DataFrame(
        rows, columns=["distance", "n_pairs", "mean_correlation", "noise_correlation"]
    )
    return table.assign(chance=math.sqrt(2.0 / (math.pi * len(codes))))


def _correlations(values: Float[Tensor, "n h w C"]) -> Float[Tensor, "C cells cells"]:
    """Correlation over the images of every two cells, channel by channel; nan for constants."""
    columns = values.double().flatten(1, 2).permute(2, 1, 0)  # (C, hw, n)
    centred = columns - columns.mean(-1, keepdim=True)
    scaled = centred / centred.norm(dim=-1, keepdim=True)
    found: Tensor = (scaled @ scaled.mT).clamp(-1.0, 1.0)
    return found

"""log p(x) and p(z|x) of models with one or two free latent dimensions, by quadrature.

    log p(x) = log of the integral of p(x|z) p(z) over z

The integrand is a likelihood of hundreds of pixels: a narrow peak somewhere in the plane, or
several. Its values on a coarse grid serve all images, for the decoder does not depend on them.
Around every peak the grid is halved until the sum no longer changes. On a regular grid no wider
than the peak's standard deviation the midpoint rule is exact to many digits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.distributions import constraints
from torch.nn.functional import max_pool1d, max_pool2d

from vae_core.errors import ConfigError
from vae_core.evaluate import blocks
from vae_core.vae import VAE

REACH = 8.0  # of z on either side of 0, and standard deviations of a learned prior
FARTHEST = 30.0  # of z; beyond, there would be too many cells
STEP = {1: 0.02, 2: 0.1}  # of the coarse grid, by its number of dimensions
SIMPLEX_STEP = {1: 1.0 / 512, 2: 1.0 / 128}
SLACK = 12.0  # nats below the highest value from which on a cell is left coarse
SPARED = 1e-5  # nats: what the cells that are left coarse may miss, by the error so far
TOLERANCE = 1e-3  # nats: what is left to gain by another halving
MAX_HALVINGS = 14
BLOCK = 1024  # latents decoded at once: their pixels fit into a cache
IMAGES = 256  # at once: their values on the coarse grid are kept


@dataclass(frozen=True)
class Chart:
    """Coordinates u in a box for the latents of a model, with at most two free dimensions.

    The latent itself; on a simplex, what each dimension takes of what the ones before left.
    """

    low: float
    high: float
    step: float
    ndim: int
    latent_shape: tuple[int, ...]
    is_simplex: bool

    @classmethod
    def of(cls, vae: VAE) -> Chart:
        """Raises ConfigError for a model of more free dimensions, or of points."""
        shape, size = vae.latent_shape, math.prod(vae.latent_shape)
        is_simplex = vae.family.support is constraints.simplex
        ndim = size - math.prod(shape[:-1]) if is_simplex else size
        if not vae.family.has_density or ndim > 2 or (is_simplex and len(shape) > 1):
            raise ConfigError(
                "quadrature over z takes a posterior with a density and one or two free latent "
                f"dimensions; got a {vae.family.title} of {ndim}."
            )
        if is_simplex:
            return cls(0.0, 1.0, SIMPLEX_STEP[ndim], ndim, shape, True)
        reach = _reach(vae, STEP[ndim])
        if reach > FARTHEST:
            raise ConfigError(
                f"quadrature over z reaches {FARTHEST:g} on either side of 0; this learned prior "
                f"lies within {reach:g}."
            )
        return cls(-reach, reach, STEP[ndim], ndim, shape, False)

    def axis(self, like: Tensor) -> Float[Tensor, " G"]:
        """Middles of the coarse cells along one dimension."""
        count = round((self.high - self.low) / self.step)
        middles = torch.arange(count, dtype=like.dtype, device=like.device) + 0.5
        return self.low + self.step * middles

    def to_latent(self, u: Float[Tensor, "m k"]) -> Float[Tensor, " m *latent"]:
        """z at coordinates u."""
        if not self.is_simplex:
            return u.reshape(len(u), *self.latent_shape)
        left, parts = torch.ones_like(u[:, 0]), []
        for share in u.unbind(1):
            parts.append(left * share)
            left = left - parts[-1]
        return torch.stack([*parts, left], 1)

    def log_jacobian(self, u: Float[Tensor, "m k"]) -> Float[Tensor, " m"]:
        """log |dz/du|, z without its last dimension on a simplex."""
        if not self.is_simplex or self.ndim == 1:
            return torch.zeros_like(u[:, 0])
        return torch.log1p(-u[:, 0])


def _reach(vae: VAE, step: float) -> float:
    """How far the coarse grid goes on either side of 0, in whole cells."""
    if not vae.latent_prior.is_learned:
        return REACH
    with torch.no_grad():
        p = vae.prior()
        far = float((p.mean.abs() + REACH * p.variance.sqrt()).max())
    return max(REACH, step * math.ceil(far / step))


@dataclass(frozen=True)
class Quadrature:
    """The integral over z for each of n images, and the cells that carry it.

    Attributes
    ----------
    log_evidence : Tensor, (n,)
        log p(x), in nats.
    error : Tensor, (n,)
        What further halving would change, by the last change.
    z : Tensor, (m, *latent)
        Middles of the fine cells of all images, one image after another.
    image : Tensor, (m,)
        Which image each is of.
    log_joint : Tensor, (m,)
        log p(x, z) there.
    log_volume : Tensor, (m,)
        Of each cell, in nats.
    n_modes : Tensor, (n,)
        Peaks of p(z|x) on the coarse grid that hold more than a thousandth of the highest.
    """

    log_evidence: Float[Tensor, " n"]
    error: Float[Tensor, " n"]
    z: Float[Tensor, " m *latent"]
    image: Int[Tensor, " m"]
    log_joint: Float[Tensor, " m"]
    log_volume: Float[Tensor, " m"]
    n_modes: Int[Tensor, " n"]

    def mode(self) -> Float[Tensor, " n *latent"]:
        """The place of the highest p(z|x) of each image."""
        best = [
            torch.nonzero(self.image == k)[:, 0][self.log_joint[self.image == k].argmax()]
            for k in range(len(self.log_evidence))
        ]
        return self.z[torch.stack(best)]


def quadrature(vae: VAE, x: Float[Tensor, "n c H W"]) -> Quadrature:
    """log p(x) of images, and where in the latent space it comes from.

    Raises
    ------
    ConfigError
        For a point mass, and more than two free latent dimensions.
    """
    chart = Chart.of(vae)
    with torch.no_grad():
        parts = [_integrate(vae.take(some), x[some], chart) for some in blocks(len(x), IMAGES)]
    sizes = [len(part.log_evidence) for part in parts]
    starts = [sum(sizes[:k]) for k in range(len(sizes))]
    images = [part.image + start for part, start in zip(parts, starts, strict=True)]

    def joined(name: str) -> Tensor:
        return torch.cat([getattr(part, name) for part in parts])

    return Quadrature(
        joined("log_evidence"),
        joined("error"),
        joined("z"),
        torch.cat(images),
        joined("log_joint"),
        joined("log_volume"),
        joined("n_modes"),
    )


@dataclass
class _Cells:
    """Cells of one size: middles, images, log p(x, z) du, and how fast it changes nearby."""

    u: Tensor
    image: Tensor
    value: Tensor
    slope: Tensor


def _integrate(vae: VAE, x: Tensor, chart: Chart) -> Quadrature:
    n, k, step = len(x), chart.ndim, chart.step
    cells, n_modes = _coarse(vae, x, chart)
    volume = k * math.log(step)
    kept = [(cells, volume)]
    total = _sum_by_image(cells.value + volume, cells.image, n)
    error = torch.full_like(total, math.inf)
    for _ in range(MAX_HALVINGS):
        peak = _peak_by_image(cells.value, cells.image, n)
        # what lies s nats below a peak holds about e^-s of p(z|x), and so of the error
        slack = (error / SPARED).log().clamp(max=SLACK)
        is_active = cells.value + cells.slope > (peak - slack)[cells.image]
        is_open = error > TOLERANCE
        is_fine = is_active & is_open[cells.image]
        if not bool(is_fine.any()):
            break
        kept[-1] = (_take(cells, ~is_fine), volume)
        step, volume = 0.5 * step, volume - k * math.log(2.0)
        cells = _halved(vae, x, chart, _take(cells, is_fine), step)
        kept.append((cells, volume))
        values = torch.cat([some.value + size for some, size in kept])
        now = _sum_by_image(values, torch.cat([some.image for some, _ in kept]), n)
        found = torch.maximum((now - total).abs() / 2.0, _error_by_lattices(kept, now, k))
        error = torch.where(is_open, found, error)
        total = now
    value = torch.cat([some.value for some, _ in kept])
    sizes = torch.cat([torch.full_like(some.value, size) for some, size in kept])
    u, image = (torch.cat([getattr(some, name) for some, _ in kept]) for name in ("u", "image"))
    mass = value + sizes
    # where p(z|x) is wide, no single one of very many cells holds much of it
    least = torch.minimum(total, _peak_by_image(mass, image, n) + 0.5 * SLACK) - SLACK
    matters = mass > least[image]
    u, image, value, sizes = u[matters], image[matters], value[matters], sizes[matters]
    jacobian = chart.log_jacobian(u)
    order = image.argsort(stable=True)
    return Quadrature(
        total,
        error,
        chart.to_latent(u)[order],
        image[order],
        (value - jacobian)[order],
        (sizes + jacobian)[order],
        n_modes,
    )


def _coarse(vae: VAE, x: Tensor, chart: Chart) -> tuple[_Cells, Tensor]:
    """All cells of the coarse grid that may matter, and how many peaks each image has there."""
    axis = chart.axis(vae.prior().mean)
    u = torch.cartesian_prod(*[axis] * chart.ndim).reshape(-1, chart.ndim)
    values = []
    for some in blocks(len(u), BLOCK):
        z = chart.to_latent(u[some])
        rest = vae.prior().log_prob(z) + chart.log_jacobian(u[some])
        values.append(_log_prob_pairs(vae, z, x) + rest[:, None].double())
    table = torch.cat(values).T.reshape(len(x), 1, *[len(axis)] * chart.ndim)
    pool = max_pool2d if chart.ndim == 2 else max_pool1d
    highest, lowest = (sign * pool(sign * table, 3, 1, 1) for sign in (1.0, -1.0))
    # half of the largest difference to a neighbour: as far as a corner of the cell is away
    slope = 0.5 * torch.maximum(highest - table, table - lowest).flatten(1)
    is_peak = (table == highest).flatten(1)
    flat = table.flatten(1)
    top = flat.amax(1, keepdim=True)
    n_modes = (is_peak & (flat + slope > top - math.log(1000.0))).sum(1)
    index = torch.arange(len(x)).repeat_interleave(len(u))
    every = _Cells(u.repeat(len(x), 1), index, flat.flatten(), slope.flatten())
    return _take(every, (flat + slope > top - SLACK).flatten()), n_modes


def _log_prob_pairs(vae: VAE, z: Tensor, x: Tensor) -> Tensor:
    """log p(x|z) of every z and image, (m, n): each z is decoded once for each label."""
    if vae.labels is None:
        return vae.decode(z).log_prob_pairs(x).double()
    labels = vae.labels.expand(len(x))
    table = torch.empty(len(z), len(x), dtype=torch.float64)
    for label in labels.unique():
        mine = labels == label
        table[:, mine] = vae.given(label).decode(z).log_prob_pairs(x[mine]).double()
    return table


def _halved(vae: VAE, x: Tensor, chart: Chart, cells: _Cells, step: float) -> _Cells:
    """The children of these cells, each `step` wide."""
    signs = torch.cartesian_prod(*[torch.tensor([-0.5, 0.5], dtype=cells.u.dtype)] * chart.ndim)
    offsets = step * signs.reshape(-1, chart.ndim)
    u = (cells.u[:, None] + offsets).flatten(0, 1)
    image = cells.image.repeat_interleave(len(offsets))
    values = []
    for some in blocks(len(u), BLOCK):
        z = chart.to_latent(u[some])
        rest = vae.prior().log_prob(z) + chart.log_jacobian(u[some])
        values.append(
            vae.take(image[some]).decode(z).log_prob(x[image[some]]).double() + rest.double()
        )
    value = torch.cat(values)
    # the largest among siblings: a peak may lie between one of them and the parent, as high as both
    apart = (value.reshape(-1, len(offsets)) - cells.value[:, None]).abs().amax(1)
    slope = apart.repeat_interleave(len(offsets))
    return _Cells(u, image, value, slope)


def _error_by_lattices(kept: list[tuple[_Cells, float]], total: Tensor, k: int) -> Tensor:
    """How far the sum may be from the integral, by the finest cells alone, (n,) in nats.

    The last change may be small by chance. Of each parent's 2^k children, the first ones are a
    lattice of twice the step, the second ones another: as many estimates, about four times as far
    from the integral, for a decoder with kinks makes an error of order step^2. Half of the
    farthest, and of the last change, held on all images and noise that were tried: kinks scatter.
    """
    (fine, size), n, count = kept[-1], len(total), 2**k
    image = fine.image[::count]
    lattices = fine.value.reshape(-1, count).unbind(1)
    sums = torch.stack([_sum_by_image(each, image, n) for each in lattices])
    shares = (sums + size - total).exp()  # of p(x), each for its own quarter
    far = (1.0 + count * shares - shares.sum(0)).log().abs()
    farthest: Tensor = far.amax(0)
    return farthest / 2.0


def _take(cells: _Cells, chosen: Tensor) -> _Cells:
    return _Cells(cells.u[chosen], cells.image[chosen], cells.value[chosen], cells.slope[chosen])


def _sum_by_image(values: Tensor, image: Tensor, n: int) -> Tensor:
    """logsumexp of the values of each image."""
    peak = _peak_by_image(values, image, n)
    shares = torch.zeros_like(peak).index_add_(0, image, (values - peak[image]).exp())
    return shares.log() + peak


def _peak_by_image(values: Tensor, image: Tensor, n: int) -> Tensor:
    empty = torch.full((n,), -math.inf, dtype=values.dtype)
    return empty.scatter_reduce(0, image, values, "amax")

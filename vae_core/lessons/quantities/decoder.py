"""What the decoder makes of z: the reconstruction term, and sigma of a Gaussian decoder."""

from __future__ import annotations

import torch
from torch import Tensor

from vae_core.analysis.diagnosis.decoder_sigma import SigmaCurve, sigma_curve
from vae_core.analysis.estimates import Estimate, mean_estimate
from vae_core.analysis.space.cell_order import cell_order
from vae_core.errors import LessonError
from vae_core.evaluate import blocks
from vae_core.lessons.quantities.encoder import noise_of
from vae_core.lessons.quantities.loading import (
    generator,
    image_of,
    images_of,
    vae_of,
    whole,
)
from vae_core.lessons.quantities.registry import quantity
from vae_core.lessons.quantities.sizes import pixels as pixels_of
from vae_core.runs.run import Run


def _curve(run: Run) -> SigmaCurve:
    """Its distortion against sigma. Raises LessonError where the decoder has none."""
    sigma = vae_of(run).likelihood.sigma
    if sigma is None:
        raise LessonError(f"the decoder of {run.title} has no sigma.")
    return sigma_curve(int(pixels_of(run)), sigma, Estimate(run.metrics().distortion))


@quantity("squared grey values")
def mse(run: Run) -> float:
    """Mean squared error per pixel over the test images, one draw of z each."""
    return _curve(run).mse.value


@quantity("grey values")
def decoder_sigma(run: Run) -> float:
    """The decoder's own sigma, measured on its training images where it is analytic."""
    return _curve(run).sigma


@quantity("grey values")
def best_sigma(run: Run) -> float:
    """The sigma with the lowest distortion: sigma² = mean squared error (Rybkin et al. 2021)."""
    return _curve(run).best.value


@quantity("nats per image")
def distortion_at(run: Run, sigma: float) -> float:
    """The distortion with another sigma: D ln sigma + D/2 ln 2 pi + SSE / (2 sigma²)."""
    return _curve(run).at(sigma).value


@quantity("nats")
def gaussian_constant(run: Run) -> float:
    """D/2 ln 2 pi, the part of a Gaussian's −log p(x|z) that nothing changes."""
    return _curve(run).log_part(1.0)


@quantity("factor")
def beta_of_sigma(run: Run, sigma: float) -> float:
    """The beta beside the best sigma that another sigma amounts to: sigma² / mean squared error."""
    return sigma**2 / _curve(run).mse.value


@torch.no_grad()
def _score(run: Run, z: Tensor, x: Tensor) -> Tensor:
    """−log p(x|z) of every pair of z and image, (n,), nats, float64."""
    return -vae_of(run).decode(z).log_prob(x).double()


@quantity("nats")
def score_image(run: Run, image: float) -> float:
    """−log p(x|z) of a test image at z = mu."""
    x = image_of(run, image)
    return float(_score(run, vae_of(run).encode(x).mean, x))


@quantity("nats")
def score_reconstruction(run: Run, image: float) -> float:
    """−log p(y|z) of the decoder's own mean picture y at z = mu, as if it were the image."""
    z = vae_of(run).encode(image_of(run, image)).mean
    with torch.no_grad():
        return float(_score(run, z, vae_of(run).decode(z).mean))


@quantity("nats")
def score_floor(run: Run, image: float) -> float:
    """The least −log p(x|z) that a Bernoulli decoder could have on a grey image.

    With its mean at x itself: −sum[x ln x + (1 − x) ln(1 − x)].
    """
    x = image_of(run, image).double()
    return float(-(torch.xlogy(x, x) + torch.xlogy(1.0 - x, 1.0 - x)).sum())


@quantity("nats")
def distortion_with(run: Run, coding: str, image: float, n: float = 1000) -> Estimate:
    """Reconstruction term of a test image with z drawn by a line of code, see `coding_sd`."""
    return mean_estimate(_scores_with(run, coding, image_of(run, image), whole(n, "draws")))


@quantity("nats per image")
def mean_distortion_with(run: Run, coding: str, count: float = 1000) -> Estimate:
    """The same over the first test images, one draw of z each."""
    return mean_estimate(_scores_with(run, coding, images_of(run, count), 1))


@torch.no_grad()
def _scores_with(run: Run, coding: str, x: Tensor, n: int) -> Tensor:
    """−log p(x|z) of n draws for each image, (n * images,)."""
    q, source = vae_of(run).encode(x), generator()
    if not q.has_density:
        raise LessonError(f"{run.title} draws no z: its posterior is a point.")
    noise = noise_of(coding, q.variance.sqrt())
    z = q.mean + noise * torch.randn((max(1, n), *q.mean.shape), generator=source)
    return torch.cat([_score(run, z[some], x).flatten() for some in blocks(len(z), 200)])


@quantity("nats")
def distortion_shuffled(run: Run, image: float, seed: float = 0) -> float:
    """Reconstruction term of a test image at z = mu with the cells of z in another order."""
    x = image_of(run, image)
    return float(_score(run, _shuffled(vae_of(run).encode(x).mean, seed), x))


@quantity("nats per image")
def mean_distortion_shuffled(run: Run, count: float = 200, n_orders: float = 10) -> Estimate:
    """The same over the first test images, a mean over several orders, with its error over them."""
    x = images_of(run, count)
    loc = vae_of(run).encode(x).mean
    means = [_score(run, _shuffled(loc, k), x).mean() for k in range(int(n_orders))]
    return mean_estimate(torch.stack(means))


@quantity("nats per image")
def mean_distortion_at_mean(run: Run, count: float = 200) -> Estimate:
    """Reconstruction term at z = mu over the first test images."""
    x = images_of(run, count)
    return mean_estimate(_score(run, vae_of(run).encode(x).mean, x))


def _shuffled(z: Tensor, seed: float) -> Tensor:
    """z, (n, h, w, C), with its cells in a random order, no cell where it was at first."""
    if z.ndim != 4:
        raise LessonError("expected a feature map, whose cells can be shuffled; got a vector.")
    order = cell_order(z.shape[1] * z.shape[2], int(seed))
    return z.flatten(1, 2)[:, order].reshape(z.shape)

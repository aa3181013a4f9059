"""Bounds on -log p(x) of many images: means, paired gaps, and their standard errors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor

from vae_core.analysis.estimates import median_estimate
from vae_core.analysis.evidence.importance import (
    at_mean_no_bound,
    check_draws,
    check_proposal,
    effective_size,
    image_blocks,
    log_weights,
)
from vae_core.analysis.evidence.pareto import HEAVY, pareto_k
from vae_core.data.dataset import Split
from vae_core.errors import ConfigError
from vae_core.evaluate import EVALUATION_BLOCK, blocks
from vae_core.objective import elbo_terms
from vae_core.vae import VAE

FEW = 10  # an effective sample size below it says that the bound hangs on a few draws
APART = 1_000_003  # between the seeds of the ELBO's draws and those of the proposal's


@dataclass(frozen=True)
class BoundSummary:
    """Upper bounds on -log p(x): means over images, each with its standard error over images.

    In nats per image. The number of draws k and the proposal are those of the tightest bound.

    Attributes
    ----------
    n_images, n_importance : int
    negative_elbo, elbo_error : float
        Of the encoder's q(z|x), the KL in closed form, whatever the proposal.
    negative_bound, bound_error : float
        -L_k of the proposal.
    gap, gap_error : float
        negative_elbo - negative_bound over the same images, and the standard error of this mean.
    at_mean, at_mean_error : float
        The score of z = mean, which bounds nothing.
    ess_median, ess_median_error : float
        Median over images of the effective sample size; its error by order statistics.
    n_few : int
        Images whose effective sample size is below FEW.
    n_heavy : int or None
        Images whose Pareto k is above HEAVY; None with too few draws to tell.
    """

    n_images: int
    n_importance: int
    negative_elbo: float
    elbo_error: float
    negative_bound: float
    bound_error: float
    gap: float
    gap_error: float
    at_mean: float
    at_mean_error: float
    ess_median: float
    ess_median_error: float
    n_few: int
    n_heavy: int | None


@dataclass(frozen=True)
class ImageBounds:
    """Upper bounds on -log p(x) for every image, in nats, float64.

    Attributes
    ----------
    steps : numbers of draws k, rising
    negative_elbo : Tensor, (n,)
    negative_bounds : Tensor, (len(steps), n)
        -L_k, a mean over groups of k of the same draws. For k = 1 and the encoder's own q as
        proposal it is the negative ELBO itself.
    at_mean : Tensor, (n,)
        The score of z = mean, which bounds nothing.
    ess, pareto_k : Tensor, (n,)
        Effective sample size, and tail of the weights, of all draws.
    widen : float
        Proposal scale.
    """

    steps: tuple[int, ...]
    negative_elbo: Float[Tensor, " n"]
    negative_bounds: Float[Tensor, "k n"]
    at_mean: Float[Tensor, " n"]
    ess: Float[Tensor, " n"]
    pareto_k: Float[Tensor, " n"]
    widen: float = 1.0

    @classmethod
    def joined(cls, parts: Sequence[ImageBounds]) -> ImageBounds:
        """Those of several sets of images, with the same numbers of draws."""
        return cls(
            parts[0].steps,
            torch.cat([part.negative_elbo for part in parts]),
            torch.cat([part.negative_bounds for part in parts], 1),
            torch.cat([part.at_mean for part in parts]),
            torch.cat([part.ess for part in parts]),
            torch.cat([part.pareto_k for part in parts]),
            parts[0].widen,
        )

    def table(self) -> pd.DataFrame:
        """One row for each number of draws: means over images and their standard errors.

        n_importance ; negative_bound, standard_error ; gap, gap_error: by how much it is below the
        negative ELBO ; gain, gain_error: by how much it is below the row before. Gaps and gains
        are differences on the same images, in which most of what images differ by cancels.
        """
        rows, before = [], None
        for k, bound in zip(self.steps, self.negative_bounds, strict=True):
            gain = (math.nan, math.nan) if before is None else mean_and_error(before - bound)
            gap = mean_and_error(self.negative_elbo - bound)
            rows.append((k, *mean_and_error(bound), *gap, *gain))
            before = bound
        columns = ["n_importance", "negative_bound", "standard_error"]
        return pd.DataFrame(rows, columns=[*columns, "gap", "gap_error", "gain", "gain_error"])

    def summary(self) -> BoundSummary:
        """Of the most draws."""
        bound, has_tail = self.negative_bounds[-1], not self.pareto_k.isnan().any()
        size = median_estimate(self.ess)
        return BoundSummary(
            len(bound),
            self.steps[-1],
            *mean_and_error(self.negative_elbo),
            *mean_and_error(bound),
            *mean_and_error(self.negative_elbo - bound),
            *mean_and_error(self.at_mean),
            size.value,
            size.standard_error,
            int((self.ess < FEW).sum()),
            int((self.pareto_k > HEAVY).sum()) if has_tail else None,
        )


def mean_and_error(values: Float[Tensor, " n"]) -> tuple[float, float]:
    """Mean over images and its standard error, which one image alone does not have: nan."""
    error = float(values.std()) / math.sqrt(len(values)) if len(values) > 1 else math.nan
    return float(values.mean()), error


def image_bounds(
    vae: VAE,
    split: Split,
    steps: Sequence[int],
    widen: float = 1.0,
    seed: int = 0,
    n_samples: int = 1,
) -> ImageBounds:
    """Bounds with each of these numbers of draws, and the ELBO, for every image of a split.

    Parameters
    ----------
    vae : VAE
    split : Split
    steps : numbers of draws k, rising
        All are of one sample, as large as the last: L_k is the mean over its groups of k draws.
    widen : float
        Proposal scale: see `iwae_bound`. The ELBO does not depend on it.
    seed : int
    n_samples : int
        Draws of q(z|x) for each image's ELBO, the same ones as `evaluate` makes.

    Raises
    ------
    ConfigError
        Like `iwae_bound`, and when steps do not rise.
    """
    steps = tuple(steps)
    if not steps or list(steps) != sorted(set(steps)):
        raise ConfigError(f"expected rising numbers of draws; got {steps}.")
    for k in steps:
        check_proposal(vae, k, widen)
    check_draws(n_samples, steps[-1], widen)
    like = next(vae.parameters())
    noise = torch.Generator(like.device).manual_seed(seed)
    proposal_noise = torch.Generator(like.device).manual_seed(seed + APART)
    parts = []
    for block in blocks(len(split), max(1, EVALUATION_BLOCK // n_samples)):
        x = split.batch(block, noise, like.device).to(like.dtype)
        given = vae.given(split.labels[block])
        with torch.no_grad():
            elbo = elbo_terms(given, x, n_samples, noise).negative_elbo.double().cpu()
        at_mean = at_mean_no_bound(given, x).double().cpu()
        for images in image_blocks(len(x), steps[-1]):
            mine = given.take(images)
            log_w = log_weights(mine, x[images], steps[-1], widen, proposal_noise).double().cpu()
            bounds = torch.stack([-_mean_bound(log_w, k) for k in steps])
            if widen == 1.0 and steps[0] == 1:
                bounds[0] = elbo[images]
            parts.append(
                ImageBounds(
                    steps,
                    elbo[images],
                    bounds,
                    at_mean[images],
                    effective_size(log_w),
                    pareto_k(log_w),
                    widen,
                )
            )
    return ImageBounds.joined(parts)


def _mean_bound(log_w: Tensor, k: int) -> Tensor:
    """L_k averaged over as many groups of k draws as there are, (n,)."""
    n_groups = len(log_w) // k
    groups = log_w[: n_groups * k].unflatten(0, (n_groups, k))
    bounds: Tensor = groups.logsumexp(1) - math.log(k)  # (n_groups, n)
    return bounds.mean(0)


def summarise_bound(
    vae: VAE,
    split: Split,
    n_importance: int,
    widen: float = 1.0,
    seed: int = 0,
    n_samples: int = 1,
) -> BoundSummary:
    """-L_k over the images of a split beside the negative ELBO, and how far to trust it.

    Raises like `iwae_bound`.
    """
    return image_bounds(vae, split, (n_importance,), widen, seed, n_samples).summary()


def random_images(n_images: int, seed: int = 0) -> Tensor:
    """Indices of all images of a split in random order: its first n are a random sample.

    The first images of a file are no such sample: who wrote the first digits of MNIST's test
    split is not who wrote the last ones.
    """
    return torch.randperm(n_images, generator=torch.Generator().manual_seed(seed))

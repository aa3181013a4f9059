"""The gaps between log p(x) and the ELBO, averaged over the first test images."""

from __future__ import annotations

from functools import lru_cache

import pandas as pd
import torch

from vae_core.analysis.estimates import Estimate, mean_estimate
from vae_core.analysis.evidence.best_posterior import has_best_posterior
from vae_core.analysis.evidence.inference_gaps import inference_gaps
from vae_core.errors import LessonError
from vae_core.lessons.quantities.loading import images_of, vae_of, version
from vae_core.lessons.quantities.registry import quantity
from vae_core.runs.run import Run


@lru_cache(16)
def _table(run: Run, version: int, count: float) -> pd.DataFrame:
    if not has_best_posterior(vae_of(run)):
        raise LessonError(
            f"expected a Gaussian posterior of one or two dimensions; {run.title} has none."
        )
    return inference_gaps(vae_of(run), images_of(run, count))


def _column(run: Run, name: str, count: float) -> torch.Tensor:
    return torch.tensor(_table(run, version(run), count)[name].to_numpy())


@quantity("nats per image")
def elbo_shortfall(run: Run, count: float) -> Estimate:
    """log p(x) less the ELBO, KL(q(z|x) || p(z|x)), over the first test images."""
    return mean_estimate(_column(run, "log_evidence", count) - _column(run, "elbo", count))


@quantity("nats per image")
def approximation_gap(run: Run, count: float) -> Estimate:
    """log p(x) less the ELBO of the best q of the family, over the first test images."""
    return mean_estimate(_column(run, "approximation_gap", count))


@quantity("nats per image")
def amortisation_gap(run: Run, count: float) -> Estimate:
    """ELBO of the best q of the family less that of the encoder's q, over the first test images."""
    return mean_estimate(_column(run, "amortisation_gap", count))


@quantity("nats")
def amortisation_gap_median(run: Run, count: float) -> float:
    """The median of the same over these images."""
    return float(_column(run, "amortisation_gap", count).quantile(0.5))


@quantity("nats")
def image_amortisation_gap(run: Run, image: float, count: float) -> float:
    """The same of one of these images."""
    values = _column(run, "amortisation_gap", count)
    if not 0 <= image < len(values):
        raise LessonError(f"expected a test image from 0 to {len(values) - 1}; got {image:g}.")
    return float(values[int(image)])

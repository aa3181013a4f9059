"""What the chosen model is and how well it does, in one line of the frame."""

from __future__ import annotations

import math

from pages.ui.drawing.numbers import fixed, sum_and_parts
from pages.ui.library import cached
from vae_core.config import POSTERIORS, RunConfig, shape_in_words
from vae_core.likelihoods.bits import score_in_bits, unit_note, why_negative
from vae_core.objective import effective_beta
from vae_core.runs.records import Metrics
from vae_core.runs.run import Run


def summary(run: Run) -> str:
    """What the chosen model is and how well it does, in one line."""
    likelihood = cached.vae(run).likelihood.description
    return line(
        run.config, run.data().image_shape, run.metrics(), likelihood, cached.score_error(run)
    )


def line(
    config: RunConfig,
    image_shape: tuple[int, int, int],
    metrics: Metrics,
    likelihood: str,
    score_error: float = math.nan,
) -> str:
    """The same of what it depends on.

    `likelihood` is what that of the trained model is called, `score_error` the standard error of
    the score over the images; nan where it is not known.
    """
    model, shape = config.model, config.model.latent_shape
    latent = shape_in_words(shape) + ("-D" if len(shape) == 1 else "")
    if metrics.has_rate:
        total, distortion, rate = sum_and_parts(metrics.distortion, metrics.rate, digits=1)
        score = f"negative ELBO {total} = distortion {distortion} + rate {rate} nats per image"
    else:
        score = f"distortion {fixed(metrics.distortion, 1)} nats per image, no finite rate"
    if math.isfinite(score_error):
        score = score.replace("nats per image", f"nats per image ± {score_error:.1f}", 1)
    bits = score_in_bits(metrics.negative_elbo, config, image_shape)
    notes = [why_negative(metrics.distortion, metrics.negative_elbo)]
    if bits is not None:
        score += f", {fixed(bits, 3)} bits per dimension"
        notes.append(unit_note(config))
    said = " ".join(filter(None, notes))
    beta = weight(config, image_shape)
    return (
        f"{POSTERIORS[model.posterior].title}, latent {latent}, "
        f"{likelihood}{f', trained with {beta}' if beta else ''}. Test {score} "
        f"({metrics.n_test:,} {metrics.binarisation} images, "
        f"{metrics.n_samples} draw each). {said}".rstrip()
    )


def weight(config: RunConfig, image_shape: tuple[int, int, int]) -> str:
    """What the loss weighs the rate by: the effective beta; empty where it is the ELBO's."""
    model, train = config.model, config.train
    beta = effective_beta(train, image_shape, model.latent_shape)
    if beta == 1.0 or not POSTERIORS[model.posterior].has_rate:
        return ""
    how = "" if train.reduction == "sum/sum" else f" ({train.reduction})"
    return f"β = {beta:.3g}{how}"

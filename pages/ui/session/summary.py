"""What the chosen model does, in one line of plain words; what it is and its score, in another."""

from __future__ import annotations

import math
from dataclasses import replace

import streamlit as st
from torch.distributions import constraints

from pages.ui.drawing import escaping
from pages.ui.drawing.numbers import fixed, sum_and_parts
from pages.ui.library import cached
from pages.ui.session.training_words import beyond_beta
from vae_core.analysis.diagnosis.collapse import NO_KL
from vae_core.config import (
    LIKELIHOODS,
    POSTERIORS,
    PRIORS,
    RunConfig,
    pixels_in_words,
    shape_in_words,
)
from vae_core.likelihoods.bits import score_in_bits, unit_note, why_negative
from vae_core.objective import effective_beta
from vae_core.runs.records import Metrics
from vae_core.runs.run import Run


def show(run: Run) -> None:
    """The line in plain words; behind a small button, the settings and the score."""
    with st.container(horizontal=True, vertical_alignment="top", key="summary"):
        st.caption(escaping.message(in_words(run)), width="content")
        with st.popover("Details", type="tertiary", key="details"):
            st.caption(escaping.message(summary(run)))


def in_words(run: Run) -> str:
    """What the chosen model does to an image, and at what cost, in plain words."""
    error = cached.distortion_error(run)
    return sentence(run.config, run.data().image_shape, run.metrics(), error)


def sentence(
    config: RunConfig,
    image_shape: tuple[int, int, int],
    metrics: Metrics,
    distortion_error: float = math.nan,
) -> str:
    """The same of what it depends on.

    `distortion_error` is the standard error of the distortion over the images; nan where it is
    not known.
    """
    given = ", given the label," if config.model.is_conditional else ""
    does = f"{_pixels(image_shape)}{given} become {_numbers(config)}."
    missed = f"{_picture(config)} {fixed(metrics.distortion, 1)}"
    if math.isfinite(distortion_error):
        missed += f" ± {distortion_error:.1f}"
    missed += " nats"
    if metrics.distortion < 0.0:
        missed += " (a density's may be negative)"
    if not metrics.has_rate:
        return f"{does} The code has no price: a point mass has no width. The {missed}."
    rate = sum_and_parts(metrics.distortion, metrics.rate, digits=1)[2]
    if metrics.rate < NO_KL:
        return f"{does} The code costs {rate} nats: it carries no information. The {missed}."
    bits = metrics.rate / math.log(2.0)
    code = f"{rate} nats ({bits:.{0 if bits >= 9.95 else 1}f} bits)"
    return f"{does} The code costs {code}, the {missed}."


def _pixels(image_shape: tuple[int, int, int]) -> str:
    what = "pixels" if image_shape[0] == 1 else "pixel values"
    return f"{math.prod(image_shape):,} {what}"


def _numbers(config: RunConfig) -> str:
    *sites, _ = shape = config.model.latent_shape
    n, family = math.prod(shape), POSTERIORS[config.model.posterior]
    if family.has_entries:
        return _entries(sites, config.model.prior_components)
    what = "proportion" if family.support is constraints.simplex else "number"
    where = f" in a {' × '.join(map(str, sites))} map" if sites else ""
    return f"{n:,} {what}{'' if n == 1 else 's'}{where}"


def _entries(sites: list[int], count: int) -> str:
    if not sites:
        return f"one of {count} codebook entries"
    return f"{' × '.join(map(str, sites))} entries of a codebook of {count}"


def _picture(config: RunConfig) -> str:
    """What the distortion is of: a density's zero is no perfect picture."""
    if LIKELIHOODS[config.model.likelihood].is_density:
        return "pixels cost"
    return "picture misses"


def summary(run: Run) -> str:
    """What the chosen model is and how well it does, in one line."""
    likelihood = cached.vae(run).likelihood.description
    config = replace(run.config, train=run.last_settings)
    return line(config, run.data().image_shape, run.metrics(), likelihood, cached.score_error(run))


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
    loss, prior = training(config, image_shape), PRIORS[model.prior]
    is_named = prior.is_learned and not POSTERIORS[model.posterior].has_entries
    of_prior = f"prior: {prior.title}, " if is_named else ""
    if model.is_conditional:
        known = f" ({model.labelled:,} known in training)" if model.is_semi_supervised else ""
        of_prior += f"given the label{known}, a bound on log p(x|y), "
    elif prior.wants_labels:
        of_prior += "which makes it a bound on log p(x|y), "
    return (
        f"{POSTERIORS[model.posterior].title}, latent {latent}, {of_prior}"
        f"{likelihood}{f', trained with {loss}' if loss else ''}. Test {score} "
        f"({metrics.n_test:,} {pixels_in_words(metrics.binarisation, image_shape)} images, "
        f"{metrics.n_samples} sample each). {said}".rstrip()
    )


def training(config: RunConfig, image_shape: tuple[int, int, int]) -> str:
    """How it was trained, where that is not by the ELBO, one update of all weights a batch."""
    beta = weight(config, image_shape)
    return ", ".join([*([beta] if beta else []), *beyond_beta(config.train)])


def weight(config: RunConfig, image_shape: tuple[int, int, int]) -> str:
    """What the loss weighs the rate by: the effective beta; empty where it is the ELBO's."""
    model, train = config.model, config.train
    beta = effective_beta(train, image_shape, model.latent_shape)
    if beta == 1.0 or not POSTERIORS[model.posterior].has_rate:
        return ""
    how = "" if train.reduction == "sum/sum" else f" ({train.reduction})"
    return f"β = {beta:.3g}{how}"

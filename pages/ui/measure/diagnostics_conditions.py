"""Conditions of the numbers on the Diagnostics page: split, pixels, draws, and caveats."""

from __future__ import annotations

import math

from pages.ui.measure import (
    classifier,
    collapse_law,
    decoder_sigma,
    diagnostics,
    diagnostics_text,
    mixture,
    samples,
    worst_images,
)
from vae_core import Codes, Run
from vae_core.analysis.diagnosis.collapse import GREY_LEVEL
from vae_core.analysis.diagnosis.prior_holes import FEW_HOLES
from vae_core.analysis.rate.label_gap import MAX_DIMS
from vae_core.figures.diagnostics import MAX_NAMES
from vae_core.runs.overfitting import NOISE

ALONE = {  # views that are drawn as a whole
    diagnostics_text.SAMPLES: samples.show,
    diagnostics_text.LAW: collapse_law.show,
    diagnostics_text.SIGMA: decoder_sigma.show,
    diagnostics_text.CLASSIFIER: classifier.show,
    diagnostics_text.WORST: worst_images.show,
}
LABEL_NOTE = (
    "one standard error over the samples. The two ends of a number are with and without each "
    "sample's own image in q(z_j|y) and q(z_j); bars are with it. This is not the mutual "
    "information gap (MIG), which needs the true generative factors; the class label is at "
    "most one of them. Several dimensions together may also determine the class."
)


def describe(run: Run, codes: Codes, view: str) -> str:
    """What the numbers of a view are of."""
    split = f"Test split, {len(codes):,} images ({run.pixels} pixels)."
    return f"{split} {_conditions(run, codes, view)}"


def _conditions(run: Run, codes: Codes, view: str) -> str:
    if view == diagnostics_text.VERDICT:
        found = diagnostics.collapse(run)
        low, high = found.reach
        far = f"{low:g} and to {high:g}".replace("-", "−")
        bound = (
            f" I(x; z) as on the page Aggregate: {mixture.of(run).describe(run)}."
            if codes.family.has_density
            else ""
        )
        capped = (
            f" The effect of the {found.n_measured} most informative of {len(found.table)} "
            "dimensions was measured."
            if found.n_measured < len(found.table)
            else ""
        )
        return (
            f"Each dimension in turn was set to {far} in the means of {found.n_images} images; the "
            "change is RMS over images, ends and pixels, from 0 (black) to 1 (white). Unused: Var "
            f"μ at most 0.01 of the prior's, or a change below one grey level, {GREY_LEVEL:.4f}. "
            f"Spread: of reconstructions about their mean picture.{bound}{capped} "
            "±: one standard error over images. Overfitting: a rise counts above "
            f"{NOISE:.1%} of the loss. Holes are few when surely at most {FEW_HOLES:.0%}."
        )
    if view == diagnostics_text.UNITS:
        return "Variance of the posterior means over the images, in units of the prior's variance."
    if view == diagnostics_text.LABELS:
        probes = diagnostics.class_probes(run)
        return (
            f"{_drawn(codes)}± and whiskers: {LABEL_NOTE} A linear probe is a logistic regression "
            f"on all latent dimensions. It and the nearest codes read one sample of z for each of "
            f"{probes.n_images:,} images, each by a classifier that was fitted without it; always "
            f"naming the most frequent class is right for {probes.guess:.0%}."
        )
    if view == diagnostics_text.SHELL:
        norms = diagnostics.shell(run)
        return f"d = {norms.d}; one sample of z for each of {len(norms.norms):,} images at random."
    if view == diagnostics_text.SIGMA:
        return decoder_sigma.conditions(run)
    if view == diagnostics_text.CLASSIFIER:
        return classifier.conditions(run)
    if view == diagnostics_text.WORST:
        return worst_images.conditions(run.metrics().n_samples, codes.family.has_density)
    return _sample_conditions(run, codes)


def _sample_conditions(run: Run, codes: Codes) -> str:
    text = (
        f"The decoder's mean pictures. Distances: median over {diagnostics.N_PICTURES} pictures of "
        "the RMS per pixel to the nearest training image, from 0 to 1, ± its standard error over "
        "these pictures, by order statistics; blur alone makes them small, so compare them with "
        f"each other. {samples.CLASSES_NOTE}"
    )
    if codes.family.has_entries:
        return (
            f"{text} Samples of the prior: every cell any of the entries, each as probable as the "
            "other. The page KL has samples of priors that are fitted to the codes."
        )
    if not codes.family.has_density:
        return (
            f"{text} An auto-encoder is trained without a prior: samples of N(0, I) are what one "
            "would decode by mistake, and without a density nothing can be told of holes."
        )
    text += (
        " A hole: q(z) at least ten times rarer than the density drawn from. "
        f"{mixture.of(run).describe(run)}. Between the posteriors of more images there would be "
        "less room, so the shares are upper bounds, ± one standard error over samples; when the "
        "images are too few to know q(z) between them they are saturated."
    )
    if not codes.family.is_additive:
        text += " Proportions that add up to 1 have no Gaussian to fit."
    return text


def _drawn(codes: Codes) -> str:
    """How many dimensions were measured, and how many are drawn, when not all are."""
    d = math.prod(codes.latent_shape)
    if d <= MAX_NAMES:
        return ""
    asked = f"{min(d, MAX_DIMS)} most informative of {d}" if d > MAX_DIMS else f"{d}"
    return f"Drawn are the {MAX_NAMES} that say most, of the {asked} dimensions. "

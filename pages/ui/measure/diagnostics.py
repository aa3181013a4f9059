"""Data of the Diagnostics page, computed once for each run; and its rows of pictures."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from pages.ui.drawing import numbers
from pages.ui.library import cached, entry_counts, images
from pages.ui.library.background import run_in_background
from pages.ui.measure import lamps, mixture
from pages.ui.measure.lamps import Lamp
from pages.ui.train import curves
from vae_core import Dataset, Run, analysis
from vae_core.analysis import (
    ClassProbes,
    CodesInShell,
    Collapse,
    Holes,
    LabelGap,
    class_draws,
    decode_mean,
)
from vae_core.analysis.diagnosis.fitted_mixture import N_COMPONENTS, FittedMixture, fitted_holes
from vae_core.analysis.estimates import Estimate, median_estimate
from vae_core.figures import contact_sheet, data_uri
from vae_core.label_input import in_turn

N_PICTURES = 200  # of each kind, for the distances
SIDE = 8  # pictures on a side of each sheet
KEPT = 32

RECONSTRUCTIONS = "Reconstructions"
PRIOR = "Samples from the prior"
GAUSSIAN = "Samples from one fitted Gaussian"
MIXTURE = f"Samples from {N_COMPONENTS} fitted Gaussians"
REAL = "Test images"
EXPLAINED = {
    RECONSTRUCTIONS: "decoded samples z ~ q(z|x) of test images",
    PRIOR: "decoded samples z ~ p(z)",
    GAUSSIAN: "decoded samples of the Gaussian with the mean and covariance of q(z)",
    MIXTURE: "decoded samples of a mixture fitted to q(z) after training",
}
STYLE = """<style>
.sheets{display:grid;grid-template-columns:repeat(auto-fit,minmax(240px,1fr));gap:16px 28px}
.sheets figure{margin:0;max-width:430px}
.sheets img{width:100%;display:block;image-rendering:pixelated;border-radius:4px}
.sheets figcaption{line-height:1.35;margin-bottom:6px}
@media (min-width:900px){.sheets figcaption{min-height:5.5em}}
</style>"""


@dataclass(frozen=True)
class Samples:
    """Decoded mean pictures, N_PICTURES of each kind, by what it is called."""

    pictures: dict[str, Tensor]

    def html(self, distances: dict[str, Estimate] | None) -> str:
        """Sheets side by side, each with how far it is from the training images, if known."""
        sheets = []
        for name, shown in self.pictures.items():
            sheet = data_uri(contact_sheet(shown[: SIDE * SIDE].numpy(), SIDE))
            far = (
                ""
                if distances is None
                else f" Nearest training image: <b>{numbers.estimate(distances[name], 3)}</b>"
            )
            sheets.append(
                f"<figure><figcaption><b>{name}</b>, {EXPLAINED[name]}.{far}</figcaption>"
                f"<img alt='{name}' src='{sheet}'></figure>"
            )
        return f"{STYLE}<div class='sheets'>{''.join(sheets)}</div>"


@cached.per_run("Changing every dimension …", KEPT)
def collapse(run: Run) -> Collapse:
    """Whether the run uses its latent dimensions."""
    return run_in_background(analysis.collapse, cached.vae(run), cached.codes(run))


@cached.per_run("Measuring what each dimension tells about the class …", KEPT)
def label_gap(run: Run, n_samples: int) -> LabelGap:
    """Information of single dimensions about the class."""
    return run_in_background(analysis.label_gap, cached.codes(run), n_samples)


@cached.per_run("Reading the class from the codes …", KEPT)
def class_probes(run: Run) -> ClassProbes:
    """How well simple classifiers read the class from samples of z."""
    return run_in_background(analysis.class_probes, cached.codes(run))


@cached.per_run("Decoding samples …", KEPT)
def samples(run: Run) -> Samples:
    """Pictures of each origin of z."""
    vae, codes = cached.vae(run), cached.codes(run)
    prior = codes.prior().sample((N_PICTURES,), torch.Generator().manual_seed(0))
    drawn = class_draws(codes, N_PICTURES)
    z = {RECONSTRUCTIONS: drawn.mean, PRIOR: prior}
    if codes.family.is_additive:
        z[GAUSSIAN] = analysis.gaussian_draws(codes, N_PICTURES)
        if codes.family.has_density:
            z[MIXTURE] = FittedMixture(codes).sample(N_PICTURES)
    given = vae.given(in_turn(codes.labels, N_PICTURES))  # of samples, each label in turn
    pictures = {name: decode_mean(given, places) for name, places in z.items()}
    pictures[RECONSTRUCTIONS] = decode_mean(vae.given(drawn.labels), drawn.mean)
    return Samples(pictures)


def holes(run: Run) -> Holes:
    """The fraction of the prior that is hole."""
    of = mixture.of(run)
    return _holes(run, of.split, of.n_samples)


@cached.per_run("Looking for holes of the prior …", KEPT)
def _holes(run: Run, split: str, n_samples: int) -> Holes:
    return run_in_background(analysis.holes, mixture.codes(run, split), n_samples)


def mixture_holes(run: Run) -> Estimate:
    """The fraction of a mixture fitted to q(z) that is hole."""
    of = mixture.of(run)
    return _mixture_holes(run, of.split, of.n_samples)


@cached.per_run("Looking for holes of a fitted mixture …", KEPT)
def _mixture_holes(run: Run, split: str, n_samples: int) -> Estimate:
    return run_in_background(fitted_holes, mixture.codes(run, split), n_samples)


def verdict(run: Run) -> list[Lamp]:
    """What is to be said of the run: a lamp for each question."""
    codes, found, history = cached.codes(run), collapse(run), run.history()
    of = mixture.of(run)
    has_density, has_entries = codes.family.has_density, codes.family.has_entries
    if has_entries:
        use = entry_counts.use(run)
        first_two = lamps.entry_lamps(use, entry_counts.perplexity(run), found)
    else:
        first_two = (lamps.collapse_lamp(found), lamps.use_lamp(found))
    return [
        *first_two,
        lamps.overfitting_lamp(
            run.overfitting(), curves.last_score(run, history) if history else None
        ),
        lamps.holes_lamp(
            holes(run) if has_density else None,
            len(mixture.codes(run, of.split)) if has_density else len(codes),
            of.split.lower(),
            has_entries,
        ),
    ]


def distances(run: Run) -> dict[str, Estimate] | None:
    """How far each kind of picture is from the training images, when these are here."""
    data = images.images_of(run)
    return None if data is None else _distances(run, data)


@cached.per_run("Looking for the nearest training images …", KEPT)
def _distances(run: Run, data: Dataset) -> dict[str, Estimate]:
    """Median distance of each kind of picture, with its standard error over the pictures.

    REAL is that of as many test images.
    """
    pictures = samples(run).pictures
    test = data.test.batch(slice(0, N_PICTURES), torch.Generator().manual_seed(0))
    return {
        name: median_estimate(analysis.nearest_distance(shown, data.train))
        for name, shown in {**pictures, REAL: test}.items()
    }


@cached.per_run(max_entries=KEPT)
def shell(run: Run) -> CodesInShell:
    """Norms of the run's codes."""
    return analysis.codes_in_shell(cached.codes(run))

"""Comparison of runs: tables of their scores, and which scores can be ranked.

Nats per image compare only between scores of the same images, read as the same pixels, and
then only when both likelihoods give the same kind of number: a density may exceed 1, a
probability may not, and neither is a cross-entropy.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from vae_core.analysis import active_units
from vae_core.codes import Codes
from vae_core.config import LIKELIHOODS, POSTERIORS, shape_in_words
from vae_core.data.sources import SOURCES
from vae_core.objective import effective_beta
from vae_core.runs.run import Run
from vae_core.settings import value_in_words
from vae_core.sweep import swept, value_of
from vae_core.vae import VAE

NO_RATE = "no finite rate"
NOT_COMPARABLE = "not comparable"
UNIT = "nats per image"


@dataclass(frozen=True)
class Yardstick:
    """The images and pixels that a run's nats are of. Scores are comparable where it is the same.

    Attributes
    ----------
    dataset : str
    binarisation : str
    fingerprint : str
        Of the images and their pixels; changes with classes, limit and static draws.
    n_test : int
    classes : tuple of str
    measure : str
        Kind of the likelihood: a density is no probability.
    """

    dataset: str
    binarisation: str
    fingerprint: str
    n_test: int
    classes: tuple[str, ...]
    measure: str

    @classmethod
    def of(cls, run: Run) -> Yardstick:
        """That of a run."""
        facts, data = run.data(), run.config.data
        names = facts.class_names
        return cls(
            data.name,
            data.binarisation,
            str(facts.fingerprint),
            facts.n_test,
            tuple(names[label] for label in data.classes or ()),
            LIKELIHOODS[run.config.model.likelihood].measure,
        )

    @property
    def title(self) -> str:
        """In words."""
        only = f" of {', '.join(self.classes)}" if self.classes else ""
        images = f"{self.n_test:,} {self.binarisation} test images"
        return f"{self.dataset}, {images}{only}, {self.measure}"

    def difference(self, other: Yardstick) -> str:
        """Why scores of the other are not comparable, in a few words."""
        if self.dataset != other.dataset:
            return f"on {other.dataset}"
        if self.fingerprint != other.fingerprint:
            changed = "pixels" if self.binarisation != other.binarisation else "images"
            return f"on other {changed} of {other.dataset}"
        return f"scored by {other.measure}"


def run_table(runs: Sequence[Run]) -> pd.DataFrame:
    """One row per finished run: how it was made, and its test numbers in nats per image.

    Returns
    -------
    DataFrame
        Columns run (its title), sweep, beta, posterior, latent, epochs, distortion, rate,
        negative_elbo; the last two nan for a point mass. Index: the run's id.
    """
    rows = []
    for run in runs:
        config, metrics = run.config, run.metrics()
        rate = metrics.rate if metrics.has_rate else math.nan
        rows.append(
            {
                "run": run.title,
                "sweep": config.sweep,
                "beta": config.train.beta,
                "posterior": config.model.posterior,
                "latent": shape_in_words(config.model.latent_shape),
                "epochs": config.train.epochs,
                "distortion": metrics.distortion,
                "rate": rate,
                "negative_elbo": metrics.distortion + rate,
            }
        )
    return pd.DataFrame(rows, index=[run.id for run in runs])


def epoch_table(runs: Sequence[Run]) -> pd.DataFrame:
    """One row per run and epoch: columns run, epoch, distortion, rate, on the test images."""
    return pd.DataFrame(
        [
            (run.title, r.epoch, r.test_distortion, r.test_rate)
            for run in runs
            for r in run.history()
            if math.isfinite(r.test_rate)
        ],
        columns=["run", "epoch", "distortion", "rate"],
    )


def by_value(runs: Sequence[Run]) -> list[Run]:
    """The runs of a sweep in the order of what it changes: numbers first to last, then words."""
    setting = swept([run.config for run in runs])
    if setting is None:
        return list(runs)

    def key(run: Run) -> tuple[bool, str, object]:
        value = value_of(run.config, setting)
        is_number = isinstance(value, int | float)
        return value is not None, "" if is_number else type(value).__name__, value

    return sorted(runs, key=key)


def sweep_table(runs: Sequence[Run]) -> pd.DataFrame:
    """`run_table` of a sweep, by value; the values in a first column named by the setting."""
    ordered = by_value(runs)
    table, setting = run_table(ordered), swept([run.config for run in ordered])
    if setting is not None:
        values = [value_of(run.config, setting) for run in ordered]
        shown = [value_in_words(setting, value) for value in values]
        table = table.drop(columns=setting, errors="ignore")
        table.insert(0, setting, shown)
    return table


@dataclass(frozen=True)
class Side:
    """A finished run with its model and the codes of its test split."""

    run: Run
    vae: VAE
    codes: Codes

    @classmethod
    def of(cls, run: Run) -> Side:
        """Read from the run's folder."""
        return cls(run, run.vae(), run.codes())


def same_images(a: Run, b: Run) -> bool:
    """Whether both were trained and scored on the same pixels, by their fingerprint."""
    prints = [run.data().fingerprint for run in (a, b)]
    return prints[0] is not None and prints[0] == prints[1]


def comparable(a: Run, b: Run) -> bool:
    """Whether distortion and negative ELBO of both can be ranked."""
    return why_not(a, b) is None


def why_not(a: Run, b: Run) -> str | None:
    """Why two runs' distortions cannot be ranked, in one sentence; None when they can."""
    if not same_images(a, b):
        one, other = images_title(a), images_title(b)
        if one == other:
            one, other = (f"{images_title(r)} (fingerprint {_print(r)})" for r in (a, b))
        return f"Nats do not compare between different images: {one}, and {other}."
    one, other = (Yardstick.of(run).measure for run in (a, b))
    if one != other:
        return (
            f"Distortions and negative ELBOs do not compare: one is a {one}, the other a {other}; "
            "rates do."
        )
    return None


def images_title(run: Run) -> str:
    """Which test images a run was scored on."""
    data = run.config.data
    name = SOURCES[data.name].title if data.name in SOURCES else data.name
    some = f", classes {', '.join(map(str, data.classes))}" if data.classes else ""
    return f"{run.data().n_test:,} test images of {name}{some}, {data.binarisation} pixels"


def compare_table(a: Side, b: Side) -> pd.DataFrame:
    """Settings and test scores of both, as text.

    Returns
    -------
    DataFrame
        Columns quantity, left, right, and difference: right - left in nats per image, or why
        there is none.
    """
    scores = comparable(a.run, b.run)
    rates = same_images(a.run, b.run)
    rows = [
        (f"negative ELBO, {UNIT}", *_nats(a, b, "negative_elbo", scores)),
        (f"distortion, {UNIT}", *_nats(a, b, "distortion", scores)),
        (f"rate, {UNIT}", *_nats(a, b, "rate", rates)),
    ]
    left, right = _facts(a), _facts(b)
    rows += [(quantity, left[quantity], right[quantity], "") for quantity in left]
    return pd.DataFrame(rows, columns=["quantity", "left", "right", "difference"])


def _nats(a: Side, b: Side, term: str, ranked: bool) -> tuple[str, str, str]:
    one, other = (getattr(side.run.metrics(), term) for side in (a, b))
    left, right = (f"{nats:.2f}" if math.isfinite(nats) else NO_RATE for nats in (one, other))
    if not ranked:
        return left, right, NOT_COMPARABLE
    return left, right, f"{other - one:+.2f}" if math.isfinite(one + other) else NO_RATE


def _facts(side: Side) -> dict[str, str]:
    config, metrics = side.run.config, side.run.metrics()
    active = active_units(side.codes)
    return {
        "active units": f"{int(active.sum())} of {active.numel()}",
        "parameters": f"{side.vae.n_parameters:,}",
        "latent": _latent(config.model.latent_shape),
        "posterior": POSTERIORS[config.model.posterior].title,
        "likelihood": side.vae.likelihood.description,
        "β in training": _beta(side.run),
        "epochs": str(config.train.epochs),
        "data set": side.run.config.data.name,
        "pixels": metrics.binarisation,
        "test images": f"{metrics.n_test:,}",
        "draws of z each": str(metrics.n_samples),
    }


def _latent(shape: tuple[int, ...]) -> str:
    if len(shape) == 1:
        return f"{shape[0]} dimensions" if shape[0] > 1 else "1 dimension"
    return f"{shape_in_words(shape)} feature map"


def _beta(run: Run) -> str:
    model, train = run.config.model, run.config.train
    if not POSTERIORS[model.posterior].has_rate:
        return "none: " + NO_RATE
    beta = effective_beta(train, run.data().image_shape, model.latent_shape)
    how = "" if train.reduction == "sum/sum" else f" ({train.reduction})"
    return f"{beta:.3g}{how}"


def _print(run: Run) -> str:
    return str(run.data().fingerprint)

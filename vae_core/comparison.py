"""Runs side by side: their numbers in a table, and which of them may be compared at all."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from vae_core.analysis import swept, value_of
from vae_core.config import LIKELIHOODS
from vae_core.runs.run import Run


@dataclass(frozen=True)
class Yardstick:
    """What a run's nats are measured on. Numbers are comparable where it is the same.

    Attributes
    ----------
    dataset : str
    binarisation : str
    fingerprint : str
        Of the images and their pixels; changes with classes, limit and static draws.
    n_test : int
    classes : tuple of str
    measure : str
        What the likelihood gives the pixels: a density is no probability.
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
        names = facts["class_names"]
        return cls(
            data.name,
            data.binarisation,
            str(facts.get("fingerprint")),
            facts["n_test"],
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
        """Why numbers of the other are not comparable, in a few words."""
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
        rate = metrics["test_rate"]
        rate = math.nan if rate is None else rate
        rows.append(
            {
                "run": run.title,
                "sweep": config.sweep,
                "beta": config.train.beta,
                "posterior": config.model.posterior,
                "latent": " x ".join(map(str, config.model.latent_shape)),
                "epochs": config.train.epochs,
                "distortion": metrics["test_distortion"],
                "rate": rate,
                "negative_elbo": metrics["test_distortion"] + rate,
            }
        )
    return pd.DataFrame(rows, index=[run.id for run in runs])


def epoch_table(runs: Sequence[Run]) -> pd.DataFrame:
    """One row per run and epoch: columns run, epoch, distortion, rate, on the test images."""
    return pd.DataFrame(
        [
            (run.title, r["epoch"], r["test_distortion"], r["test_rate"])
            for run in runs
            for r in run.history()
            if r["test_rate"] is not None
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
        shown = [" x ".join(map(str, v)) if isinstance(v, tuple) else v for v in values]
        table = table.drop(columns=setting, errors="ignore")
        table.insert(0, setting, shown)
    return table

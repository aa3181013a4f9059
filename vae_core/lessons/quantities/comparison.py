"""Two models on the same test images."""

from __future__ import annotations

import torch

from vae_core.analysis.estimates import Estimate
from vae_core.analysis.estimates import paired_difference as paired
from vae_core.errors import LessonError
from vae_core.lessons.models import open_model
from vae_core.lessons.quantities.loading import of_class, terms_of
from vae_core.lessons.quantities.registry import quantity
from vae_core.runs.run import Run


@quantity("nats per image")
def paired_difference(run: Run, other: str) -> Estimate:
    """Negative ELBO of this model less that of another, image by image, with its error.

    One draw of z for each image. The noise of training is not in the error.
    """
    there = open_model(other, run.path.parent)
    if run.data().fingerprint != there.data().fingerprint:
        raise LessonError(f"{run.title} and {there.title} saw different images.")
    return paired(terms_of(there).negative_elbo, terms_of(run).negative_elbo)


@quantity("nats per image")
def class_rate_gap(run: Run, label: float, other: str) -> float:
    """Mean rate of a class in this model less that in another model of the same class."""
    rates = [
        of_class(one, label).rate.double() for one in (run, open_model(other, run.path.parent))
    ]
    if len(rates[0]) != len(rates[1]):
        raise LessonError(f"{run.title} and {other} saw different images of class {label:g}.")
    return float(torch.stack(rates).mean(1) @ torch.tensor([1.0, -1.0]).double())

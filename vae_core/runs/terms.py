"""Terms of a run: distortion and rate of every test image, whose means are its metrics.

terms.safetensors of a run holds both in the order of the test split. Two runs on the same images
can then be compared image by image, which says how sure the difference of their means is. Runs of
older versions have no such file.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from vae_core.errors import RunError, printable
from vae_core.evaluate import ImageTerms
from vae_core.io import Shapes, open_tensors, write_tensors
from vae_core.runs.records import MAX_NATS, Metrics

TERMS = "terms.safetensors"
MAX_ROUNDING = 1e-3  # nats by which storing in half precision may change a mean
MAX_STRAY, RELATIVE = 1e-2, 1e-5  # nats by which a mean may miss the metrics: all is rounded
FLOATS = ("F16", "F32")


def mean_terms(several: Sequence[ImageTerms]) -> ImageTerms:
    """The mean of several models' terms, image by image. Their images must be the same."""
    distortion = torch.stack([one.distortion for one in several]).mean(0)
    rate = torch.stack([one.rate for one in several]).mean(0)
    return ImageTerms(distortion, rate, several[0].n_samples)


def differences(terms: ImageTerms, metrics: Metrics) -> list[str]:
    """The terms whose means are not those of the metrics, each in words; none when all are."""
    found = []
    for name in _names(metrics):
        values, known = getattr(terms, name), getattr(metrics, name)
        mean = values.double().mean().item()
        is_near = abs(mean - known) <= MAX_STRAY + RELATIVE * abs(known)
        if not (is_near and values.abs().max() <= MAX_NATS):  # not: NaN
            found.append(f"{name} is {mean:.2f}, not {known:.2f}")
    return found


def in_half(terms: ImageTerms) -> ImageTerms:
    """Each term in half precision where its mean stays right to MAX_ROUNDING and in two digits."""
    return ImageTerms(_in_half(terms.distortion), _in_half(terms.rate), terms.n_samples)


def _in_half(values: Tensor) -> Tensor:
    half = values.half()
    rounded, mean = (one.double().mean().item() for one in (half, values))
    is_right = abs(rounded - mean) < MAX_ROUNDING and f"{rounded:.2f}" == f"{mean:.2f}"
    return half if is_right else values  # not: infinity


def write_terms(run: Path, terms: ImageTerms) -> None:
    """Write a run's terms, as float32 or in half precision; of a point mass, the distortion."""
    tensors = {"distortion": terms.distortion, "rate": terms.rate}
    finite = {name: value for name, value in tensors.items() if value.isfinite().all()}
    short = {n: v if v.dtype == torch.float16 else v.float() for n, v in finite.items()}
    write_tensors(run / TERMS, short)


def check_terms(shapes: Shapes, dtypes: dict[str, str], metrics: Metrics, path: Path) -> None:
    """Raise RunError unless these are the shapes and types of the terms behind these metrics."""
    names = _names(metrics)
    expected = {name: (metrics.n_test,) for name in names}
    if shapes != expected or not set(dtypes.values()) <= set(FLOATS):
        got = ", ".join(f"{n} {shape} {dtypes[n]}" for n, shape in sorted(shapes.items()))
        raise RunError(
            f"{path}: expected {' and '.join(names)} of {metrics.n_test} images, as "
            f"{' or '.join(FLOATS)}; got {printable(got, 200) or 'none'}. Copy the run anew."
        )


def read_terms(run: Path, metrics: Metrics) -> ImageTerms | None:
    """The terms behind a run's metrics; None where it has no such file.

    Raises
    ------
    RunError
        When the file is damaged, or its means are not those of the metrics; names the file.
    """
    path = run / TERMS
    if not os.path.lexists(path):
        return None
    with open_tensors(path) as file:
        check_terms(file.header.shapes, file.header.dtypes, metrics, path)
        tensors = {name: value.double() for name, value in file.tensors().items()}
    tensors.setdefault("rate", torch.full((metrics.n_test,), math.inf).double())
    terms = ImageTerms(tensors["distortion"], tensors["rate"], metrics.n_samples)
    if strays := differences(terms, metrics):
        raise RunError(
            f"{path}: expected the terms behind metrics.json; their mean {' and '.join(strays)} "
            "nats per image. Copy the run anew."
        )
    return terms


def _names(metrics: Metrics) -> tuple[str, ...]:
    """The terms that are finite."""
    return ("distortion", "rate") if metrics.has_rate else ("distortion",)

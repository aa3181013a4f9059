"""Terms of a run: distortion and rate of every test image, whose means are its metrics.

terms.safetensors of a run holds both in the order of the test split. Two runs on the same images
can then be compared image by image, which says how sure the difference of their means is. Runs of
older versions have no such file.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from vae_core.data.dataset import Split
from vae_core.errors import RunError, printable
from vae_core.evaluate import EVALUATION_BLOCK, blocks
from vae_core.io import Shapes, open_tensors, write_tensors
from vae_core.objective import elbo_terms
from vae_core.runs.records import MAX_NATS, Metrics
from vae_core.vae import VAE

TERMS = "terms.safetensors"
MAX_ROUNDING = 1e-3  # nats by which storing in half precision may change a mean
MAX_STRAY, RELATIVE = 1e-2, 1e-5  # nats by which a mean may miss the metrics: all is rounded
FLOATS = ("F16", "F32")


@dataclass(frozen=True)
class ImageTerms:
    """ELBO terms of every image of a split, in its order, at beta = 1, in nats, as float64.

    Attributes
    ----------
    distortion : Tensor, (n,)
        Reconstruction term; estimated by the draws of z that the metrics are of.
    rate : Tensor, (n,)
        KL term; infinite for a point mass.
    n_samples : int
        Draws of z for each image.
    """

    distortion: Float[Tensor, " n"]
    rate: Float[Tensor, " n"]
    n_samples: int

    @property
    def negative_elbo(self) -> Float[Tensor, " n"]:
        """distortion + rate; infinite for a point mass."""
        return self.distortion + self.rate


def evaluate_images(vae: VAE, split: Split, n_samples: int = 1, seed: int = 0) -> ImageTerms:
    """Terms of every image, with the draws of `evaluate`: their means are what it returns."""
    like = next(vae.parameters())
    generator = torch.Generator(like.device).manual_seed(seed)
    found: list[tuple[Tensor, Tensor]] = []
    with torch.no_grad():
        for block in blocks(len(split), max(1, EVALUATION_BLOCK // max(1, n_samples))):
            x = split.batch(block, generator, like.device).to(like.dtype)
            terms = elbo_terms(vae, x, n_samples, generator=generator)
            found.append((terms.distortion.double().cpu(), terms.rate.double().cpu()))
    distortion, rate = (torch.cat(parts) for parts in zip(*found, strict=True))
    return ImageTerms(distortion, rate, n_samples)


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

"""Nats as bytes: what test images take when they are really coded."""

from __future__ import annotations

import torch

from vae_core.analysis import CodedImages, code_images
from vae_core.analysis.estimates import Estimate, mean_estimate
from vae_core.compression import check_model, pack, sizes, to_levels
from vae_core.compression.bits_back import Levels
from vae_core.errors import LessonError
from vae_core.lessons.quantities.loading import dataset_of, per_run, vae_of, whole
from vae_core.lessons.quantities.registry import quantity
from vae_core.runs.run import Run

BYTE = 8.0
N_CODED = 40  # images that are coded one by one


def _levels(run: Run, count: float) -> Levels:
    n_levels, test = check_model(run.config.model), dataset_of(run).test
    n = whole(count, "images")
    if not 1 <= n <= len(test):
        raise LessonError(f"expected 1 to {len(test)} test images; got {n}.")
    return to_levels(test.take(torch.arange(n)).images, n_levels)


@per_run
def _coded(run: Run) -> CodedImages:
    return code_images(vae_of(run), _levels(run, min(N_CODED, len(dataset_of(run).test))))


def _mean(run: Run, column: str) -> Estimate:
    found = mean_estimate(torch.tensor(_coded(run).table[column].to_numpy()))
    return Estimate(found.value / BYTE, found.standard_error / BYTE)


@quantity("bytes per image")
def coded_bytes(run: Run) -> Estimate:
    """Bytes that one of the first 40 test images takes, coded by bits back, in the mean."""
    return _mean(run, "total")


@quantity("bytes per image")
def coded_pixels(run: Run) -> Estimate:
    """Bytes of x given z, of the first 40 test images in the mean."""
    return _mean(run, "pixels")


@quantity("bytes per image")
def coded_latent(run: Run) -> float:
    """Bytes of z under the prior: every bin of z takes as many, whatever the image."""
    return _mean(run, "prior").value


@quantity("bytes per image")
def bytes_back(run: Run) -> Estimate:
    """Bytes that came back from the choice of z, of the first 40 test images in the mean."""
    return _mean(run, "back")


@quantity("bytes per image")
def bytes_for_z(run: Run) -> float:
    """Bytes of z under the prior less those that came back: the rate, in bytes."""
    return _mean(run, "prior").value - _mean(run, "back").value


@quantity("bytes per image")
def elbo_bytes(run: Run) -> Estimate:
    """The negative ELBO of the first 40 test images, as coded, in bytes."""
    return _mean(run, "negative_elbo")


@quantity("bytes per image")
def format_bytes(run: Run, name: str) -> float:
    """Bytes that one of the first 40 test images takes as gzip, bz2, xz, PNG or WebP."""
    levels = _levels(run, min(N_CODED, len(dataset_of(run).test)))
    found = sizes(levels, check_model(run.config.model))
    if name not in found:
        raise LessonError(f"expected one of {', '.join(found)}; got {name}.")
    return found[name]


@quantity("bits per pixel")
def coded_bits_per_pixel(run: Run, count: float) -> float:
    """Size of a file of so many test images, coded by bits back, for each of their pixels."""
    levels = _levels(run, count)
    packed, _ = pack(vae_of(run), levels)
    return BYTE * len(packed.to_bytes()) / levels.size

"""Safetensors files that a page fetches: models, codes, and the codes of a whole sweep.

Floats are in float16 where that loses nothing. assets/components/model reads these files.
"""

from __future__ import annotations

import json

import safetensors.torch
import torch
from torch import Tensor

from vae_core.analysis.space.frame_plane import class_moments
from vae_core.analysis.space.sweep_plane import SweepPlane
from vae_core.browser.graph import MAX_MULTIPLY_ADDS, graph, prior_tensors
from vae_core.codes import Codes
from vae_core.runs.frames import Frame
from vae_core.vae import VAE


def model_file(vae: VAE, limit: int = MAX_MULTIPLY_ADDS) -> bytes:
    """The `graph` and the tensors it names, as one safetensors file."""
    text = graph(vae, limit)
    parts = [part for part in ("encoder", "decoder") if text[part] is not None]
    kept = tuple(f"{part}{end}" for part in parts for end in (".", "_labels."))
    tensors = {k: v.detach() for k, v in vae.state_dict().items() if k.startswith(kept)}
    return _file(tensors | prior_tensors(vae), {"graph": json.dumps(text)})


def codes_file(codes: Codes) -> bytes:
    """Codes for a page: `params` (n, sites * P) as the encoder returns them, and `labels`."""
    params = codes.params.flatten(1)
    return _file({"params": params}, {}, labels=codes.labels)


def moments_file(codes: Codes) -> bytes:
    """Codes for a page without an implementation of the family: `as_diagonal`, and `labels`."""
    params = as_diagonal(codes.mean, codes.variance).flatten(1)
    return _file({"params": params}, {}, labels=codes.labels)


def sweep_file(plane: SweepPlane) -> bytes:
    """Coordinates of the codes of a sweep's m checkpoints, run by run and epoch by epoch.

    `points` (m, n, 2) of n images and their `labels`; `moments` (m, k, 5) of k classes: mean
    x, y and covariance xx, xy, yy. Points are in float16, which is below a pixel.
    """
    frames = [
        plane.frame(run, epoch)
        for run, epochs in enumerate(plane.sweep)
        for epoch in range(len(epochs))
    ]
    covariances = torch.stack([frame.covariances for frame in frames]).flatten(2)
    centres = torch.stack([frame.centres for frame in frames])
    tensors = {
        "points": torch.stack([frame.points for frame in frames]).half(),
        "moments": torch.cat([centres, covariances[..., [0, 1, 3]]], -1).float(),
        "labels": plane.model.labels,
    }
    return safetensors.torch.save({name: value.contiguous() for name, value in tensors.items()})


def frame_file(frame: Frame, axes: tuple[int, int]) -> bytes:
    """A frame of a training: what the page draws of it.

    `points` (n, 2) and `labels` of images, `moments` (k, 5) of classes as in `sweep_file`, `kl`
    (d,) of the latent dimensions, and `images`, `reconstructions` and `samples`, bytes.
    """
    points = frame.codes.mean.flatten(1)[:, list(axes)]
    tensors = {
        "points": points.half(),
        "moments": class_moments(frame.codes, axes).float(),
        "labels": frame.codes.labels,
        "kl": frame.kl.float(),
        "images": frame.images,
        "reconstructions": frame.reconstructions,
        "samples": frame.samples,
    }
    return safetensors.torch.save({name: value.contiguous() for name, value in tensors.items()})


def as_diagonal(mean: Tensor, variance: Tensor) -> Tensor:
    """Parameters of the diagonal Gaussian with these moments, (n, *sites, 2 C)."""
    return torch.cat([mean, variance.clamp(min=1e-12).log()], -1)


def _file(floats: dict[str, Tensor], texts: dict[str, str], **others: Tensor) -> bytes:
    """A safetensors file, its floats in float16 when that loses nothing: half the bytes."""
    floats = {name: value.cpu().float().contiguous() for name, value in floats.items()}
    if all(torch.equal(value, value.half().float()) for value in floats.values()):
        floats = {name: value.half() for name, value in floats.items()}
    return safetensors.torch.save(floats | others, texts)

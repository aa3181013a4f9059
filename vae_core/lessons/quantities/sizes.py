"""Sizes of a model: its latent, its encoder's heads, its images."""

from __future__ import annotations

import math

from vae_core.analysis import Field, encoder_field
from vae_core.config import POSTERIORS
from vae_core.errors import LessonError
from vae_core.lessons.quantities.loading import vae_of
from vae_core.lessons.quantities.normal import full_outputs
from vae_core.lessons.quantities.registry import quantity
from vae_core.runs.run import Run


def _map(run: Run) -> tuple[int, int, int]:
    """Rows, columns and channels. Raises LessonError for a vector."""
    shape = run.config.model.latent_shape
    if len(shape) != 3:
        raise LessonError(f"the latent of {run.title} is a vector: it has no cells.")
    return shape[0], shape[1], shape[2]


@quantity("count")
def dimensions(run: Run) -> float:
    """Latent dimensions d; C h w of a feature map."""
    return float(math.prod(run.config.model.latent_shape))


@quantity("count")
def channels(run: Run) -> float:
    """Channels C of a feature map."""
    return float(_map(run)[2])


@quantity("count")
def rows(run: Run) -> float:
    """Rows h of a feature map."""
    return float(_map(run)[0])


@quantity("count")
def cells(run: Run) -> float:
    """Cells h w of a feature map."""
    return float(_map(run)[0] * _map(run)[1])


@quantity("count")
def head_size(run: Run) -> float:
    """Outputs of the encoder for one image: parameters of the family, at every cell."""
    *sites, c = run.config.model.latent_shape
    return float(math.prod(sites) * POSTERIORS[run.config.model.posterior].n_params(c))


@quantity("count")
def full_cell_outputs(run: Run) -> float:
    """Outputs with a full covariance of the channels at every cell: h w C (C + 3) / 2."""
    h, w, c = _map(run)
    return h * w * full_outputs(run, c)


@quantity("count")
def pixels(run: Run) -> float:
    """Pixels D of an image, colours counted."""
    return float(math.prod(run.data().image_shape))


def _field(run: Run) -> Field:
    _map(run)
    if (field := encoder_field(vae_of(run))) is None:
        raise LessonError(f"every cell of {run.title} sees the whole image.")
    return field


@quantity("pixels")
def field_size(run: Run) -> float:
    """Pixels on a side of what a cell of the feature map sees, edges of the image left aside."""
    return float(_field(run).size[0])


@quantity("pixels")
def field_stride(run: Run) -> float:
    """Pixels from the field of one cell to that of its neighbour."""
    return float(_field(run).stride[0])

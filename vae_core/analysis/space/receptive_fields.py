"""Receptive fields of cells: which pixels a cell can see, and which it can paint."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from vae_core.networks import ChannelsFirst, ChannelsLast, Crop, Pad
from vae_core.vae import VAE

Pair = tuple[int, int]  # rows, columns
PER_PIXEL = (nn.ReLU, nn.ELU, nn.Tanh, nn.GLU, ChannelsFirst, ChannelsLast)


@dataclass(frozen=True)
class Field:
    """A window of pixels for every cell of a grid.

    Attributes
    ----------
    start : (row, column) of the first pixel of cell (0, 0); negative outside the image
    size : height and width in pixels
    stride : pixels from one cell's window to the next one's
    """

    start: Pair = (0, 0)
    size: Pair = (1, 1)
    stride: Pair = (1, 1)

    def window(self, row: int, column: int) -> tuple[int, int, int, int]:
        """First and last row, first and last column of a cell's window; may leave the image."""
        top, left = self.start[0] + row * self.stride[0], self.start[1] + column * self.stride[1]
        return top, top + self.size[0] - 1, left, left + self.size[1] - 1

    def inside(self, row: int, column: int, image: Pair) -> Pair:
        """Rows and columns of an image of so many that a cell's window covers; less at the edge."""
        top, bottom, left, right = self.window(row, column)
        height = min(bottom, image[0] - 1) - max(top, 0) + 1
        width = min(right, image[1] - 1) - max(left, 0) + 1
        return max(height, 0), max(width, 0)


def encoder_field(vae: VAE) -> Field | None:
    """Which pixels each cell sees, from the layers; None where every cell sees the whole image.

    Layer by layer r += (k - 1) S, then S *= s, with r the size and S the stride of the field, k
    the kernel and s the stride of the layer: after three convolutions with kernel 4 and stride 2
    a cell sees 22 pixels, and the fields of neighbours are 8 pixels apart.
    """
    field: Field | None = Field()
    for layer in vae.encoder:
        field = _before(layer, field) if field else None
    return field


def decoder_field(vae: VAE) -> Field | None:
    """Which pixels each cell paints; None where every cell paints the whole image."""
    field: Field | None = Field()
    for layer in vae.decoder:
        field = _after(layer, field) if field else None
    return field


def _before(layer: nn.Module, field: Field) -> Field | None:
    """What an output of this layer sees of the image, if an input of it sees `field`."""
    if isinstance(layer, PER_PIXEL):
        return field
    if isinstance(layer, Pad):
        left, _, top, _ = layer.amounts
        return Field((field.start[0] - top, field.start[1] - left), field.size, field.stride)
    if isinstance(layer, nn.Conv2d):
        parts = zip(
            field.start, field.size, field.stride, layer.kernel_size, layer.stride,
            _padding(layer), strict=True,
        )  # fmt: skip
        each = [(at - p * step, r + (k - 1) * step, step * s) for at, r, step, k, s, p in parts]
        return _field(each)
    return None


def _after(layer: nn.Module, field: Field) -> Field | None:
    """What of this layer's output a cell reaches, if it reaches `field` of its input."""
    if isinstance(layer, PER_PIXEL):
        return field
    if isinstance(layer, Crop):
        return Field(
            (field.start[0] - layer.top, field.start[1] - layer.left), field.size, field.stride
        )
    if isinstance(layer, nn.ConvTranspose2d | nn.Conv2d):
        parts = zip(
            field.start, field.size, field.stride, layer.kernel_size, layer.stride,
            _padding(layer), strict=True,
        )  # fmt: skip
        if isinstance(layer, nn.ConvTranspose2d):
            each = [(at * s - p, (r - 1) * s + k, step * s) for at, r, step, k, s, p in parts]
            return _field(each)
        if layer.stride == (1, 1):
            each = [(at + p - (k - 1), r + k - 1, step) for at, r, step, k, _, p in parts]
            return _field(each)
    return None


def _field(each: list[tuple[int, int, int]]) -> Field:
    (top, height, down), (left, width, across) = each
    return Field((top, left), (height, width), (down, across))


def _padding(layer: nn.Conv2d | nn.ConvTranspose2d) -> Pair:
    assert not isinstance(layer.padding, str)
    rows, columns = layer.padding
    return int(rows), int(columns)

"""Encoders and decoders: networks of given shapes, without probability.

An encoder maps images (n, c, H, W) to posterior parameters (n, *sites, P), channels last.
A decoder maps latents (n, *sites, C) to likelihood parameters (n, K, H, W). Both are plain
`nn.Sequential`s, so that what they compute can be read off and run elsewhere.
No normalisation layers: GroupNorm and its kin would let every cell of a feature map see the
whole image.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from vae_core.config import ACTIVATIONS, NETWORKS, ModelConfig
from vae_core.errors import ConfigError

GRID = 4  # cells a side that a conv network with a vector latent ends in, at most


@dataclass(frozen=True)
class Activation:
    """What follows each hidden layer.

    Attributes
    ----------
    layer : makes a layer of it
    n_inputs : outputs of the layer before it for each of its own
    """

    layer: Callable[[], nn.Module]
    n_inputs: int = 1


ACTIVATIONS["relu"] = Activation(nn.ReLU)
ACTIVATIONS["elu"] = Activation(nn.ELU)
ACTIVATIONS["tanh"] = Activation(nn.Tanh)
# h = a * sigmoid(b): half of the outputs say how much of the other half passes (Dauphin 2017)
ACTIVATIONS["gated"] = Activation(partial(nn.GLU, dim=1), n_inputs=2)


class Network(ABC):
    """A matching pair of encoder and decoder for one image shape and one latent shape.

    Parameters
    ----------
    config : ModelConfig
    image_shape : (c, H, W)
    """

    default_hidden: tuple[int, ...]

    def __init__(self, config: ModelConfig, image_shape: tuple[int, int, int]) -> None:
        assert config.hidden is not None  # resolved by ModelConfig
        self.hidden = config.hidden
        self.activation: Activation = ACTIVATIONS[config.activation]
        self.latent_shape = config.latent_shape
        self.image_shape = image_shape

    @abstractmethod
    def encoder(self, n_params: int) -> nn.Sequential:
        """Images (n, c, H, W) -> (n, *sites, n_params)."""

    @abstractmethod
    def decoder(self, n_params: int) -> nn.Sequential:
        """Latents (n, *sites, C) -> (n, n_params, H, W)."""


def _affine_chain(widths: list[int], activation: Activation) -> list[nn.Module]:
    """Linear layers through `widths`, the activation between them."""
    *hidden, last = widths
    layers: list[nn.Module] = []
    for fan_in, fan_out in pairwise(hidden):
        layers += [nn.Linear(fan_in, activation.n_inputs * fan_out), activation.layer()]
    return [*layers, nn.Linear(hidden[-1], last)]


@NETWORKS.register("mlp")
class MLP(Network):
    """Fully connected layers; the decoder mirrors the encoder. `hidden=()` is linear."""

    default_hidden = (400,)

    def encoder(self, n_params: int) -> nn.Sequential:
        """Flatten, hidden layers, one linear head."""
        sites = self.latent_shape[:-1]
        head = math.prod(sites) * n_params
        widths = [math.prod(self.image_shape), *self.hidden, head]
        layers = _affine_chain(widths, self.activation)
        if sites:
            layers.append(nn.Unflatten(1, (*sites, n_params)))
        return nn.Sequential(nn.Flatten(), *layers)

    def decoder(self, n_params: int) -> nn.Sequential:
        """The encoder's layers in reverse."""
        out = (n_params, *self.image_shape[1:])
        widths = [math.prod(self.latent_shape), *self.hidden[::-1], math.prod(out)]
        layers = _affine_chain(widths, self.activation)
        return nn.Sequential(nn.Flatten(), *layers, nn.Unflatten(1, out))


class Pad(nn.Module):
    """Zeros around the image up to (height, width); as many on either side, or one more after."""

    def __init__(self, image: tuple[int, int], padded: tuple[int, int]) -> None:
        super().__init__()
        (h, w), (top, left) = image, _margins(image, padded)
        self.amounts = (left, padded[1] - w - left, top, padded[0] - h - top)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c H W"]:
        """(n, c, h, w) -> (n, c, height, width)."""
        return F.pad(x, self.amounts)


class Crop(nn.Module):
    """Undoes `Pad`."""

    def __init__(self, image: tuple[int, int], padded: tuple[int, int]) -> None:
        super().__init__()
        self.image, (self.top, self.left) = image, _margins(image, padded)

    def forward(self, x: Float[Tensor, "n c H W"]) -> Float[Tensor, "n c h w"]:
        """(n, c, height, width) -> (n, c, h, w)."""
        (h, w), top, left = self.image, self.top, self.left
        return x[:, :, top : top + h, left : left + w]


def _margins(image: tuple[int, int], padded: tuple[int, int]) -> tuple[int, int]:
    """Rows above and columns left of the image inside the padded one."""
    return (padded[0] - image[0]) // 2, (padded[1] - image[1]) // 2


class ChannelsLast(nn.Module):
    """(n, C, h, w) -> (n, h, w, C)."""

    def forward(self, x: Float[Tensor, "n C h w"]) -> Float[Tensor, "n h w C"]:
        """Move the channel axis to the end."""
        return x.movedim(1, -1)


class ChannelsFirst(nn.Module):
    """(n, h, w, C) -> (n, C, h, w)."""

    def forward(self, x: Float[Tensor, "n h w C"]) -> Float[Tensor, "n C h w"]:
        """Move the channel axis to the front."""
        return x.movedim(-1, 1)


def halvings(image: tuple[int, int], grid: tuple[int, int]) -> int:
    """How often an image must be halved to fit a grid of cells: the number of stages.

    The image is padded to exactly `grid * 2**stages`: 28 to 32 = 4 * 2**3.

    Raises
    ------
    ConfigError
        When the grid is finer than the image, or an axis would be mostly padding.
    """
    if any(cells > side for side, cells in zip(image, grid, strict=True)):
        raise ConfigError(
            f"latent: a grid of {grid[0]} x {grid[1]} cells is finer than the image of "
            f"{image[0]} x {image[1]} pixels."
        )
    stages = max(math.ceil(math.log2(s / cells)) for s, cells in zip(image, grid, strict=True))
    if stages == 0:
        raise ConfigError(
            f"latent: a conv network halves the image at least once; a grid of {grid[0]} x "
            f"{grid[1]} cells leaves an image of {image[0]} x {image[1]} as it is."
        )
    if any(cells << stages >= 2 * side for side, cells in zip(image, grid, strict=True)):
        raise ConfigError(
            f"latent: a grid of {grid[0]} x {grid[1]} cells would pad the image of {image[0]} x "
            f"{image[1]} to {grid[0] << stages} x {grid[1] << stages}; choose cells nearer the "
            "image's proportions."
        )
    return stages


@NETWORKS.register("conv")
class Conv(Network):
    """Stride-2 convolutions (kernel 4, padding 1), mirrored by transposed ones.

    A feature-map latent `(h, w, C)` sets the number of stages; its parameters are read by
    a 1 x 1 convolution. For a vector latent the image is halved to about 4 x 4 cells, then
    read by a linear layer. 64 x 64 to 4 x 4 is the 1/16 of arXiv 2004.06271, section 3.1.
    """

    default_hidden = (32, 64)

    def __init__(self, config: ModelConfig, image_shape: tuple[int, int, int]) -> None:
        super().__init__(config, image_shape)
        if not self.hidden:
            raise ConfigError("hidden: a conv network needs at least one number of channels.")
        self.image = image_shape[1:]
        self.is_map = len(self.latent_shape) == 3
        if self.is_map:
            self.grid = self.latent_shape[0], self.latent_shape[1]
            stages = halvings(self.image, self.grid)
        else:
            stages = max(1, math.ceil(math.log2(max(self.image) / GRID)))
            self.grid = -(-self.image[0] >> stages), -(-self.image[1] >> stages)
        self.padded = self.grid[0] << stages, self.grid[1] << stages
        self.widths = [*self.hidden, *[self.hidden[-1]] * stages][:stages]

    def encoder(self, n_params: int) -> nn.Sequential:
        """Pad, halve `stages` times, read the parameters at every cell (or of all cells)."""
        layers: list[nn.Module] = [Pad(self.image, self.padded)]
        twice = self.activation.n_inputs
        for c_in, c_out in pairwise([self.image_shape[0], *self.widths]):
            layers.append(nn.Conv2d(c_in, twice * c_out, 4, stride=2, padding=1))
            layers.append(self.activation.layer())
        if self.is_map:
            layers += [nn.Conv2d(self.widths[-1], n_params, 1), ChannelsLast()]
        else:
            cells = math.prod(self.grid) * self.widths[-1]
            layers += [nn.Flatten(), nn.Linear(cells, n_params)]
        return nn.Sequential(*layers)

    def decoder(self, n_params: int) -> nn.Sequential:
        """The encoder in reverse; the padding is cut off again."""
        top, c, twice = self.widths[-1], self.latent_shape[-1], self.activation.n_inputs
        layers: list[nn.Module]
        if self.is_map:
            layers = [ChannelsFirst(), nn.Conv2d(c, twice * top, 1)]
        else:
            maps = (twice * top, *self.grid)
            layers = [nn.Linear(c, math.prod(maps)), nn.Unflatten(1, maps)]
        for k, (c_in, c_out) in enumerate(pairwise([*self.widths[::-1], n_params]), start=1):
            wide = c_out if k == len(self.widths) else twice * c_out  # the last has none after it
            layers.append(self.activation.layer())
            layers.append(nn.ConvTranspose2d(c_in, wide, 4, stride=2, padding=1))
        return nn.Sequential(*layers, Crop(self.image, self.padded))

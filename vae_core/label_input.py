"""A label as one more input of a network, for models of images that are given their label.

A conditional VAE has p(x|z, y) and q(z|x, y) (Kingma et al. 2014, model M2 with every label known;
Sohn et al. 2015): z has no need to say which class it is.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from vae_core.config import NETWORKS, ModelConfig
from vae_core.data.dataset import Dataset
from vae_core.errors import ConfigError
from vae_core.networks import Network

AFFINE = (nn.Linear, nn.Conv2d)


class LabelInput(nn.Module):
    """y beside the input of a network: W [x; one-hot(y)] + b = W_x x + b + W_y[y].

    One-hot labels add a row of W_y to what the first affine layer gives; of a convolution, the same
    to every place. For one label the network is one without labels, with another bias.

    Parameters
    ----------
    network : nn.Sequential
    count : int
        Labels 0 ... count - 1.

    Attributes
    ----------
    at : place of that layer in the network
    weight : (count, its outputs)
    """

    def __init__(self, network: nn.Sequential, count: int) -> None:
        super().__init__()
        self.at, layer = next(
            (k, layer) for k, layer in enumerate(network) if isinstance(layer, AFFINE)
        )
        width = layer.weight.shape[0]
        limit = 1.0 / math.sqrt(layer.weight[0].numel() + count)  # as for its other inputs
        self.weight = nn.Parameter(torch.empty(count, width).uniform_(-limit, limit))

    def forward(
        self, network: nn.Sequential, x: Float[Tensor, "n ..."], labels: Int[Tensor, " *batch n"]
    ) -> Float[Tensor, "m ..."]:
        """What the network gives for these inputs, each with its label, or with several.

        Labels (K, n) give each input K of them: K * n outputs, as `labels.flatten()` has them.
        """
        for k, layer in enumerate(network):
            x = layer(x)
            if k == self.at:  # up to here, labels make no difference
                rows = self.weight[labels]
                x = x + rows.reshape(*rows.shape, *[1] * (x.ndim - 2))
                x = x.flatten(0, labels.ndim - 1)
        return x


def label_classifier(config: ModelConfig, image_shape: tuple[int, int, int]) -> nn.Sequential:
    """The network of q(y|x): layers as the encoder's, and a logit for each label, (n, count)."""
    count = config.label_count
    settings = (config.network, config.hidden, (count,))
    alike = ModelConfig(*settings, activation=config.activation)
    network: Network = NETWORKS[config.network](alike, image_shape)
    return network.encoder(count)


def check_labels(config: ModelConfig, dataset: Dataset) -> None:
    """Raise ConfigError when a conditional model does not take every label of the images."""
    needed = 1 + max(int(split.labels.max()) for split in (dataset.train, dataset.test))
    if config.is_conditional and needed > config.label_count:
        raise ConfigError(
            f"label-count: the model is given labels, and those of {dataset.name} go up to "
            f"{needed - 1}; expected at least {needed}, got {config.label_count}."
        )
    n_classes, n_images = len(dataset.train.labels.unique()), len(dataset.train)
    if config.is_semi_supervised and not n_classes <= config.labelled <= n_images:
        raise ConfigError(
            f"labelled: expected from {n_classes}, one of each class, to {n_images}, the training "
            f"images of {dataset.name}; got {config.labelled}. With 0 all labels are known."
        )


def in_turn(labels: Int[Tensor, " n"], count: int) -> Int[Tensor, " m"]:
    """`count` labels for z that are of no image: those that occur, each in turn."""
    known = labels.unique()
    turns: Tensor = known[torch.arange(count) % len(known)]
    return turns

"""VampPrior: a mixture of the posteriors of learned images (Tomczak & Welling 2018)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import hardtanh

from vae_core.config import PRIORS, ModelConfig
from vae_core.data.dataset import Split
from vae_core.errors import ConfigError
from vae_core.priors.base import Encode, Prior, Shapes
from vae_core.priors.mixture import Mixture, mixture_shapes, own_family


@PRIORS.register("vamp")
class VampPrior(Prior):
    """p(z) = 1/K sum_k q(z|u_k): the posteriors of K pseudo-inputs u_k, which are learned.

    The best prior of all is q(z), the mean of the posteriors of all images; this is that of few
    images. A pseudo-input is an image, begun at one of the training images and encoded anew at
    each step: the prior changes with the encoder.
    """

    title = "VampPrior"
    tex = r"p(z)=\frac1K\sum_k q(z\mid u_k)"
    is_on_simplex = True

    def __init__(self, config: ModelConfig, image_shape: tuple[int, int, int]) -> None:
        super().__init__(config, image_shape)
        self.family = own_family(config)
        self.inputs = nn.Parameter(torch.rand(config.prior_components, *image_shape))

    @classmethod
    def check(cls, config: ModelConfig) -> None:
        """Raise ConfigError for an encoder that takes a label, too."""
        super().check(config)
        if config.is_conditional:
            raise ConfigError(
                "prior: a VampPrior encodes images that are learned and have no label, which an "
                "encoder with labels conditional asks for; choose prior mixture, or labels unused."
            )

    @property
    def pseudo_inputs(self) -> Float[Tensor, "K c H W"]:
        """u_k, within the range of pixels."""
        return hardtanh(self.inputs, 0.0, 1.0)

    def begin(self, train: Split, generator: torch.Generator) -> None:
        """Begin at training images, each once while there are enough."""
        count = len(self.inputs)
        turns = -(-count // len(train))
        order = [torch.randperm(len(train), generator=generator) for _ in range(turns)]
        with torch.no_grad():
            self.inputs.copy_(train.batch(torch.cat(order)[:count], generator))

    def forward(self, encode: Encode, like: Tensor) -> Mixture:
        """The mixture of their posteriors, as they are encoded now."""
        params = encode(self.pseudo_inputs)
        count = params.new_full((len(params),), float(len(params)))
        return Mixture(self.family, params, -count.log())

    @classmethod
    def shapes(cls, config: ModelConfig) -> Shapes:
        """K posteriors of the model's family and their weights."""
        return mixture_shapes(config, own_family(config))

    @classmethod
    def of_tensors(cls, config: ModelConfig, tensors: dict[str, Tensor]) -> Mixture:
        """The mixture of these posteriors."""
        return Mixture(own_family(config), tensors["params"], tensors["log_weights"])

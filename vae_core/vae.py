"""The variational auto-encoder: two networks, a posterior family, a likelihood, a prior.

`encode(x)` is q(z|x), `decode(z)` is p(x|z), `prior()` is p(z): torch distributions all.
Everything else in this package is a function of these three.
"""

from __future__ import annotations

import math
import threading

import torch
from jaxtyping import Float
from torch import Tensor, nn

from vae_core.config import LIKELIHOODS, NETWORKS, POSTERIORS, PRIORS, ModelConfig
from vae_core.errors import DataError
from vae_core.likelihoods import Likelihood, Pixels
from vae_core.networks import Network
from vae_core.posteriors import LatentDistribution, Posterior
from vae_core.priors import Prior

_seeding = threading.Lock()


class VAE(nn.Module):
    """Composition of an encoder, a decoder, a posterior family, a likelihood and a prior.

    Parameters
    ----------
    config : ModelConfig
    image_shape : (c, H, W)
    """

    def __init__(self, config: ModelConfig, image_shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.config = config
        self.image_shape = image_shape
        self.latent_shape = config.latent_shape
        self.family: type[Posterior] = POSTERIORS[config.posterior]
        self.likelihood: Likelihood = LIKELIHOODS[config.likelihood](config)
        network: Network = NETWORKS[config.network](config, image_shape)
        self.encoder = network.encoder(self.family.n_params(config.latent_shape[-1]))
        self.decoder = network.decoder(image_shape[0] * self.likelihood.n_params)
        self.latent_prior: Prior = PRIORS[config.prior](config, image_shape)
        self._begin_at_zero()
        self._like = (next(self.decoder.parameters()),)  # holds the model's precision and device

    def _begin_at_zero(self) -> None:
        """Zero the rows of the encoder's head that begin at zero in this family."""
        channels = self.latent_shape[-1]
        rows, n_params = self.family.starts_at_zero(channels), self.family.n_params(channels)
        *_, weight, bias = self.encoder.parameters()
        with torch.no_grad():
            for values in (weight, bias):
                values.unflatten(0, (-1, n_params))[:, rows] = 0.0

    def encode_params(self, x: Float[Tensor, "n c H W"]) -> Float[Tensor, "n *sites P"]:
        """Output of the encoder for each image, in the family's parametrisation.

        Raises
        ------
        DataError
            When the images are not of the shape the model was built for.
        """
        if tuple(x.shape[1:]) != self.image_shape:
            raise DataError(
                f"expected images of shape (n, {', '.join(map(str, self.image_shape))}); "
                f"got {tuple(x.shape)}."
            )
        params: Tensor = self.encoder(x)
        return params

    def encode(self, x: Float[Tensor, "n c H W"]) -> Posterior:
        """q(z|x): batch_shape (n,), event_shape `latent_shape`. Raises like `encode_params`."""
        return self.family.from_params(self.encode_params(x))

    def decode(self, z: Float[Tensor, ...]) -> Pixels:
        """p(x|z) for latents (*batch, *latent_shape): event_shape `image_shape`.

        Raises
        ------
        DataError
            When the last axes of z are not the latent shape.
        """
        ndim = len(self.latent_shape)
        if tuple(z.shape[-ndim:]) != self.latent_shape:
            raise DataError(f"expected latents (..., {self.latent_shape}); got {tuple(z.shape)}.")
        batch = z.shape[:-ndim]
        if len(batch) == 1:
            output = self.decoder(z)
        else:  # flatten the batch, and keep reshape from guessing when it is empty
            output = self.decoder(z.reshape(math.prod(batch), *self.latent_shape))
            output = output.reshape(*batch, *output.shape[1:])
        image: Pixels = self.likelihood(output)
        return image

    def prior(self) -> LatentDistribution:
        """p(z): batch_shape (), event_shape `latent_shape`."""
        p: LatentDistribution = self.latent_prior(self.encode_params, self._like[0])
        return p

    @property
    def is_additive(self) -> bool:
        """Whether the latent dimensions are independent under p(z)."""
        return self.family.is_additive and not self.latent_prior.is_learned

    @property
    def n_parameters(self) -> int:
        """Numbers that training adjusts."""
        return sum(p.numel() for p in self.parameters())


def decode_mean(vae: VAE, z: Float[Tensor, " n *latent"]) -> Float[Tensor, "n c H W"]:
    """The decoder's mean picture for each z, clipped to [0, 1]."""
    with torch.no_grad():
        return vae.decode(z).mean.clamp(0.0, 1.0)


def build_vae(config: ModelConfig, image_shape: tuple[int, int, int], seed: int = 0) -> VAE:
    """A VAE with fresh weights, the same ones for the same seed, in evaluation mode.

    Parameters
    ----------
    config : ModelConfig
    image_shape : (c, H, W)
    seed : int
        Does not disturb torch's global generator.

    Raises
    ------
    ConfigError
        When latent, hidden and image do not fit together.
    """
    c, height, width = image_shape
    with _seeding, torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return VAE(config, (c, height, width)).eval()


def without_weights(config: ModelConfig, image_shape: tuple[int, int, int]) -> VAE:
    """A model that takes no memory, however large, and computes nothing.

    Raises
    ------
    ConfigError
        When latent, hidden and image do not fit together.
    """
    with torch.device("meta"):
        return build_vae(config, image_shape)

"""The variational auto-encoder: two networks, a posterior family, a likelihood, a prior.

`encode(x)` is q(z|x), `decode(z)` is p(x|z), `prior()` is p(z): torch distributions all.
Everything else in this package is a function of these three. Of a conditional model they are
q(z|x, y) and p(x|z, y), once it is `given` labels y.
"""

from __future__ import annotations

import copy
import math
import threading

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.distributions import Categorical

from vae_core.config import LIKELIHOODS, NETWORKS, POSTERIORS, PRIORS, ModelConfig
from vae_core.errors import DataError
from vae_core.label_input import LabelInput, label_classifier
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
        if config.is_conditional:
            self.encoder_labels = LabelInput(self.encoder, config.label_count)
            self.decoder_labels = LabelInput(self.decoder, config.label_count)
        if config.is_semi_supervised:
            self.classifier = label_classifier(config, image_shape)
        self._labels: Tensor | None = None  # (n,) or (), those that it is given
        self._like = (next(self.decoder.parameters()),)  # holds the model's precision and device

    @property
    def is_conditional(self) -> bool:
        """Whether encoder and decoder take a label besides the image, or z."""
        return self.config.is_conditional

    @property
    def labels(self) -> Int[Tensor, "*n"] | None:
        """Those that it has been given, (n,) or (); None without any."""
        return self._labels

    @property
    def encoding(self) -> list[nn.Parameter]:
        """The weights that encode, and those that classify."""
        parts = ("encoder", "classifier")
        return [p for name, p in self.named_parameters() if name.startswith(parts)]

    @property
    def decoding(self) -> list[nn.Parameter]:
        """The weights that decode, but those of the likelihood."""
        return [p for name, p in self.named_parameters() if name.startswith("decoder")]

    def given(self, labels: Int[Tensor, "*n"] | int | None) -> VAE:
        """The model of images of these labels, with the same weights; itself if it takes none.

        Parameters
        ----------
        labels : Tensor (n,), of the images or of the last axis of a batch of z; or one for all.
            None leaves those that it has been given.

        Raises
        ------
        DataError
            When there is a label that the model does not know.
        """
        if not self.is_conditional or labels is None:
            return self
        known = self.config.label_count
        chosen = torch.as_tensor(labels, device=self._like[0].device)
        if chosen.numel() and not 0 <= int(chosen.min()) <= int(chosen.max()) < known:
            raise DataError(
                f"expected labels 0 to {known - 1}; got {int(chosen.min())} to {int(chosen.max())}."
            )
        other = copy.copy(self)
        other._labels = chosen
        return other

    def take(self, index: Int[Tensor, " m"] | Bool[Tensor, " n"] | slice) -> VAE:
        """The model given the labels of these images only, of those that it has been given."""
        if self._labels is None or not self._labels.ndim:
            return self
        other = copy.copy(self)
        other._labels = self._labels[index]
        return other

    def _run(self, network: nn.Sequential, by_label: str, x: Tensor, batch: torch.Size) -> Tensor:
        """What a network gives for inputs of this batch shape, flattened, with their labels."""
        if not self.is_conditional:
            output: Tensor = network(x)
            return output
        if self._labels is None:
            raise DataError(
                "expected a label besides the image or z, for the model is conditional; got none. "
                "Use vae.given(labels)."
            )
        part: LabelInput = getattr(self, by_label)
        given: Tensor = part(network, x, self._labels.expand(batch).reshape(-1))
        return given

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

        Of a codebook the entries nearest to that output.

        Raises
        ------
        DataError
            When the images are not of the shape the model was built for, and for a conditional
            model without labels.
        """
        return self.latent_prior.posterior_params(self._encoder_output(x))

    def encode(self, x: Float[Tensor, "n c H W"]) -> Posterior:
        """q(z|x): batch_shape (n,), event_shape `latent_shape`. Raises like `encode_params`."""
        return self.latent_prior.posterior(self.family, self._encoder_output(x))

    def _encoder_output(self, x: Float[Tensor, "n c H W"]) -> Float[Tensor, "n *sites P"]:
        if tuple(x.shape[1:]) != self.image_shape:
            raise DataError(
                f"expected images of shape (n, {', '.join(map(str, self.image_shape))}); "
                f"got {tuple(x.shape)}."
            )
        return self._run(self.encoder, "encoder_labels", x, x.shape[:1])

    def encode_every(self, x: Float[Tensor, "n c H W"]) -> Posterior:
        """q(z|x, y) for every label y: batch_shape (K n,), of all images label 0 first.

        It takes less than encoding K times: labels make no difference to the first layer's sums.
        """
        count, device = self.config.label_count, self._like[0].device
        each = torch.arange(count, device=device)[:, None].expand(count, len(x))
        return self.family.from_params(self.encoder_labels(self.encoder, x, each))

    def label_posterior(self, x: Float[Tensor, "n c H W"]) -> Categorical:
        """q(y|x), the classifier of a semi-supervised model: batch_shape (n,).

        Raises
        ------
        DataError
            When the model has none.
        """
        if not self.config.is_semi_supervised:
            raise DataError(
                "expected a model with a classifier q(y|x); got one that was trained without. Set "
                "labels conditional and labelled above 0 to train one."
            )
        return Categorical(logits=self.classifier(x), validate_args=False)

    def decode(self, z: Float[Tensor, ...]) -> Pixels:
        """p(x|z) for latents (*batch, *latent_shape): event_shape `image_shape`.

        Raises
        ------
        DataError
            When the last axes of z are not the latent shape, and for a conditional model without
            labels.
        """
        image: Pixels = self.likelihood(self.decode_params(z))
        return image

    def decode_params(self, z: Float[Tensor, ...]) -> Float[Tensor, ...]:
        """Output of the decoder (*batch, K, H, W), in the likelihood's parametrisation."""
        ndim = len(self.latent_shape)
        if tuple(z.shape[-ndim:]) != self.latent_shape:
            raise DataError(f"expected latents (..., {self.latent_shape}); got {tuple(z.shape)}.")
        batch = z.shape[:-ndim]
        if len(batch) == 1:
            return self._run(self.decoder, "decoder_labels", z, batch)
        # flatten the batch, and keep reshape from guessing when it is empty
        flat = z.reshape(math.prod(batch), *self.latent_shape)
        output = self._run(self.decoder, "decoder_labels", flat, batch)
        return output.reshape(*batch, *output.shape[1:])

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

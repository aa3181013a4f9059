"""Limits of one server: epochs, parameters, memory, work, jobs and disk space.

The form, the command line, the import of a file and the list of runs share them. A teacher sets
some in the environment. Sizes are counted on a model that takes no memory, so that asking for an
absurd one costs nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from itertools import pairwise
from typing import Any

import torch
from torch import nn

from vae_core.codes import MAX_CODES, n_codes
from vae_core.config import ModelConfig, RunConfig
from vae_core.errors import ConfigError, JobError, shown
from vae_core.evaluate import EVALUATION_BLOCK
from vae_core.vae import VAE, without_weights

MAX_AT_WORK = 1 << 28  # outputs of layers held at once: 1 GiB, and gradients take as much again
MAX_WORK = 10**12  # multiply-adds to encode and score a test split: a minute or two
MAX_HISTORY = 1 << 27  # bytes of a run's history
LINE, PER_DIMENSION = 512, 24  # of which one epoch takes so many, and for each latent dimension


@dataclass(frozen=True)
class ModelSize:
    """Parameters of a model, and the size of its outputs for one image.

    Attributes
    ----------
    n_parameters : int
        Numbers that training adjusts.
    n_decoding : int
        Those of them that decode, which every kept epoch holds.
    n_outputs : int
        Outputs of all layers for one image: what a training step keeps.
    n_held : int
        Input and output of the layer where they are most: what evaluation holds.
    n_pseudo : int
        Images that the prior itself encodes, beside those of a batch.
    n_codes : int
        Numbers that describe q(z|x).
    n_multiply_adds : int
        To encode the image twice and decode it once, as codes and metrics ask for.
    """

    n_parameters: int
    n_decoding: int
    n_outputs: int
    n_held: int
    n_pseudo: int
    n_codes: int
    n_multiply_adds: int

    @classmethod
    def of(cls, vae: VAE) -> ModelSize:
        """Counted on a model without values, on torch's meta device."""
        room = {name: torch.empty(value.shape) for name, value in vae.state_dict().items()}
        vae.load_state_dict(room, assign=True)  # of which nothing is written or read
        outputs, work = [math.prod(vae.image_shape)], 0
        parts = [(vae.encoder, vae.image_shape, 2), (vae.decoder, vae.latent_shape, 1)]
        if vae.config.is_semi_supervised:
            parts.append((vae.classifier, vae.image_shape, 1))
        for part, shape, times in parts:
            x = torch.empty(0, *shape)
            for layer in part:
                y = layer(x)
                outputs.append(y.shape[1:].numel())
                work += times * layer_multiply_adds(layer, x, y)
                x = y
        n_decoding = sum(p.numel() for p in vae.decoding)
        held = max(sum(pair) for pair in pairwise(outputs))
        return cls(
            vae.n_parameters,
            n_decoding,
            sum(outputs[1:]),
            held,
            0 if (own := vae.latent_prior.pseudo_inputs) is None else len(own),
            n_codes(vae.config, n_images=1),
            work,
        )


def layer_multiply_adds(layer: nn.Module, x: torch.Tensor, y: torch.Tensor) -> int:
    """Products of a weight and an activation, for one image that goes from x to y."""
    if isinstance(layer, nn.Linear):
        return layer.weight.numel()
    if isinstance(layer, nn.Conv2d):  # every output pixel uses every weight
        return layer.weight.numel() * y.shape[2:].numel()
    if isinstance(layer, nn.ConvTranspose2d):  # every input pixel does
        return layer.weight.numel() * x.shape[2:].numel()
    return 0


@lru_cache(maxsize=1024)
def model_size(model: ModelConfig, image_shape: tuple[int, int, int]) -> ModelSize:
    """The size of the model that a config describes.

    Raises
    ------
    ConfigError
        When latent, hidden and image do not fit together.
    """
    return ModelSize.of(without_weights(model, image_shape))


@lru_cache(maxsize=1024)
def _n_parameters(model: ModelConfig, image_shape: tuple[int, int, int]) -> int:
    return without_weights(model, image_shape).n_parameters


def history_bytes(n_epochs: int, n_latents: int) -> int:
    """At most what the history of so many epochs takes on the disk."""
    return n_epochs * (LINE + PER_DIMENSION * n_latents)


def _limit(default: Any, variable: str) -> Any:
    """A field, and the variable of the environment that sets it."""
    return field(default=default, metadata={"variable": variable})


@dataclass(frozen=True)
class Limits:
    """Limits of the pages. The defaults are beyond the use of one person.

    Attributes
    ----------
    epochs : int
        Of one run.
    parameters : int
        Of one model.
    jobs_per_session : int
        Runs that one visitor has waiting or in training.
    gigabytes : float
        Of 10^9 bytes, for all runs together.
    """

    epochs: int = _limit(10_000, "ELBO_ROOM_MAX_EPOCHS")
    parameters: int = _limit(50_000_000, "ELBO_ROOM_MAX_PARAMETERS")
    jobs_per_session: int = _limit(20, "ELBO_ROOM_MAX_JOBS")
    gigabytes: float = _limit(20.0, "ELBO_ROOM_MAX_GIGABYTES")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Limits:
        """The limits that these variables set; the defaults where they are missing or empty.

        Raises
        ------
        ConfigError
            For a value that is no such number; names the variable.
        """
        values = {}
        for one in fields(cls):
            variable = one.metadata["variable"]
            if text := environment.get(variable, "").strip():
                values[one.name] = _parsed(variable, text, type(one.default))
        return cls(**values)

    @property
    def n_bytes(self) -> int:
        """What all runs together may take."""
        return round(1e9 * self.gigabytes)

    def check_config(
        self, config: RunConfig, image_shape: tuple[int, int, int], n_test: int
    ) -> ModelSize:
        """The model's size, when it may be trained on images of this shape.

        Raises
        ------
        ConfigError
            When it takes too many epochs, or as `check_model`.
        """
        epochs = config.train.epochs
        batch = config.train.batch_size * config.train.importance  # each draw is decoded
        if config.model.is_semi_supervised:
            batch *= config.model.label_count  # with every label
        if epochs > self.epochs:
            raise ConfigError(
                f"epochs: this server trains at most {self.epochs:,}; got {epochs:,}. Choose fewer."
            )
        size = self.check_model(config.model, image_shape, n_test, batch)
        history = history_bytes(epochs, math.prod(config.model.latent_shape))
        if history > MAX_HISTORY:
            raise ConfigError(
                f"epochs and latent: the history would take {history:,} bytes, more than the "
                f"{MAX_HISTORY:,} that are read. Choose fewer epochs, or a smaller latent."
            )
        return size

    def check_model(
        self,
        model: ModelConfig,
        image_shape: tuple[int, int, int],
        n_test: int,
        batch_size: int = 1,
    ) -> ModelSize:
        """The model's size, when it may be built here, and so many images be encoded and scored.

        Nothing of its size is allocated.

        Raises
        ------
        ConfigError
            When it does not fit the images, is too large for this server, or would fill any
            machine's memory.
        """
        n_parameters = _n_parameters(model, image_shape)
        if n_parameters > self.parameters:
            raise ConfigError(
                f"hidden and latent: this server takes models of at most {self.parameters:,} "
                f"parameters; this one has {n_parameters:,}. Choose fewer or narrower layers, or "
                "a smaller latent."
            )
        size = model_size(model, image_shape)
        if size.n_codes * n_test > MAX_CODES:
            raise ConfigError(
                f"latent: the posteriors of {n_test:,} test images would take "
                f"{size.n_codes * n_test:,} numbers, more than the {MAX_CODES:,} that are kept. "
                "Choose a smaller latent, or posterior diagonal."
            )
        step = (batch_size + size.n_pseudo) * size.n_outputs  # not quite: those are not decoded
        at_work = max(step, min(EVALUATION_BLOCK, n_test) * size.n_held)
        if at_work > MAX_AT_WORK:
            raise ConfigError(
                f"hidden, latent, batch-size and importance: one step would hold {at_work:,} "
                f"numbers, more than {MAX_AT_WORK:,}. Choose fewer channels, a smaller batch, or "
                "fewer draws in the bound."
            )
        if size.n_multiply_adds * n_test > MAX_WORK:
            raise ConfigError(
                f"hidden and latent: to encode and score {n_test:,} test images would take "
                f"{size.n_multiply_adds * n_test:.1e} products, more than {MAX_WORK:.0e}. Choose "
                "fewer or narrower layers."
            )
        return size

    def check_jobs(self, n_unfinished: int, n_new: int) -> None:
        """Raise JobError when one visitor would have too many runs waiting or in training."""
        if n_unfinished + n_new > self.jobs_per_session:
            raise JobError(
                f"At most {self.jobs_per_session} of your runs may be waiting or in training at a "
                f"time; these would be {n_unfinished + n_new}. Wait for some to end, or ask for "
                "fewer."
            )

    def check_disk(self, n_used: int, n_new: int = 0) -> None:
        """Raise JobError when these bytes are too many for all runs together."""
        if n_used + n_new > self.n_bytes:
            raise JobError(
                f"All runs together may take {self.gigabytes:g} GB; they take {n_used / 1e9:.2f} "
                f"GB, and these would take {n_new / 1e9:.2f} GB more. Delete runs on the Runs page."
            )


def _parsed(variable: str, text: str, kind: Callable[[str], Any]) -> Any:
    """A positive number of this kind. Raises ConfigError."""
    try:
        value = kind(text)
    except ValueError:
        value = None
    if value is None or not 0 < value < math.inf:
        what = "a whole number" if kind is int else "a number"
        raise ConfigError(
            f"{variable} must be {what} above 0; got {shown(text)}. Who runs the server may "
            "correct it."
        )
    return value

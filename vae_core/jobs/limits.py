"""Limits of one server: epochs, parameters, jobs and disk space.

A teacher sets them in the environment. Sizes are counted on a model that takes no memory, so
that asking for an absurd one costs nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import torch

from vae_core.codes import MAX_CODES, n_codes
from vae_core.config import RunConfig
from vae_core.errors import ConfigError, JobError
from vae_core.evaluate import EVALUATION_BLOCK
from vae_core.runs.checkpoints import N_KEPT
from vae_core.vae import VAE, without_weights

MAX_AT_WORK = 1 << 28  # outputs of layers held at once: 1 GiB, and gradients take as much again
FLOAT = 4  # bytes
ADAM = 3  # copies of the weights in the state that training resumes from


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
    n_widest : int
        Those of the widest layer: what evaluation holds.
    n_codes : int
        Numbers that describe q(z|x).
    """

    n_parameters: int
    n_decoding: int
    n_outputs: int
    n_widest: int
    n_codes: int

    @classmethod
    def of(cls, vae: VAE) -> ModelSize:
        """Counted on a model without values, on torch's meta device."""
        room = {name: torch.empty(value.shape) for name, value in vae.state_dict().items()}
        vae.load_state_dict(room, assign=True)  # of which nothing is written or read
        outputs = []
        for part, shape in ((vae.encoder, vae.image_shape), (vae.decoder, vae.latent_shape)):
            numbers = torch.empty(0, *shape)
            for layer in part:
                numbers = layer(numbers)
                outputs.append(numbers.shape[1:].numel())
        n_decoding = sum(p.numel() for p in vae.decoder.parameters())
        widths = sum(outputs), max(outputs), n_codes(vae.config, n_images=1)
        return cls(vae.n_parameters, n_decoding, *widths)


def expected_bytes(config: RunConfig, size: ModelSize, n_test: int) -> int:
    """About what a finished run takes on the disk: weights, state, codes and kept epochs."""
    kept = size.n_decoding + min(N_KEPT, n_test) * size.n_codes
    n_numbers = (1 + ADAM) * size.n_parameters + n_test * size.n_codes
    return FLOAT * (n_numbers + len(config.train.keep_epochs) * kept)


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
            When it takes too many epochs, is too large for this server, or would fill any
            machine's memory.
        """
        epochs, batch = config.train.epochs, config.train.batch_size
        if epochs > self.epochs:
            raise ConfigError(
                f"epochs: this server trains at most {self.epochs:,}; got {epochs:,}. Choose fewer."
            )
        vae = without_weights(config.model, image_shape)
        if vae.n_parameters > self.parameters:
            raise ConfigError(
                f"hidden and latent: this server trains at most {self.parameters:,} parameters; "
                f"this model has {vae.n_parameters:,}. Choose fewer or narrower layers, or a "
                "smaller latent."
            )
        size = ModelSize.of(vae)
        at_work = max(batch * size.n_outputs, EVALUATION_BLOCK * size.n_widest)
        if at_work > MAX_AT_WORK:
            raise ConfigError(
                f"hidden, latent and batch-size: one step would hold {at_work:,} numbers, more "
                f"than {MAX_AT_WORK:,}. Choose fewer channels, or a smaller batch."
            )
        if size.n_codes * n_test > MAX_CODES:
            raise ConfigError(
                f"latent: the posteriors of {n_test:,} test images would take "
                f"{size.n_codes * n_test:,} numbers, more than the {MAX_CODES:,} that are kept. "
                "Choose a smaller latent, or posterior diagonal."
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
            f"{variable} must be {what} above 0; got {text!r}. Who runs the server may correct it."
        )
    return value

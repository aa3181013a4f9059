"""Configuration of an experiment: three frozen dataclasses, validated on construction.

Choices such as the posterior family are not listed in this file. Each lives in a
`Registry` that the module defining the family fills, so a new family is one class.
"""

from __future__ import annotations

import dataclasses
import math
import os
import re
import unicodedata
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any, TypeVar

from vae_core.errors import ConfigError, printable, shown

T = TypeVar("T")

BINARISATIONS = ("grey", "threshold", "dynamic", "static")
SIGMAS = ("fixed", "learned", "analytic", "per-image")
SIGMA_MIN, SIGMA_MAX = 1e-3, 1e3
REDUCTIONS = ("sum/sum", "sum/mean", "mean/sum", "mean/mean", "sum/cell")
DEVICES = ("auto", "cpu", "cuda")
LR_SCHEDULES = ("constant", "warm-up", "cosine", "one-cycle")
BATCH_SCHEDULES = ("constant", "growing")
AUGMENTATIONS = ("none", "shifts", "turns", "shifts-turns")
MAX_LATENTS = 4096
MAX_EPOCHS = 10_000
MAX_LABEL = 999
MAX_IMAGES = 10_000_000
MAX_NAME = 60
MAX_SEED = 2**31 - 1
MAX_ENCODER_STEPS = 100
MAX_IMPORTANCE = 1000
GRADIENTS = ("standard", "dreg")
OWN = "own:"  # begins the choice of a data set that was added; its name follows
MAX_OWN_NAME = 40
MISTAKES = ("none", "seed-noise", "exp-logvar", "sign-slip", "mean-kl")


class Registry(dict[str, T]):
    """Names a user may choose from, each with what it stands for.

    Parameters
    ----------
    setting : str
        The setting whose values these are; used in messages.
    """

    def __init__(self, setting: str) -> None:
        super().__init__()
        self.setting = setting

    def register(self, name: str) -> Callable[[T], T]:
        """Decorator: make `name` a valid value of the setting."""

        def add(entry: T) -> T:
            self[name] = entry
            return entry

        return add

    def check(self, name: object) -> None:
        """Raise ConfigError unless `name` is registered."""
        _one_of(self.setting, name, tuple(self))


DATASETS: Registry[Any] = Registry("dataset")
NETWORKS: Registry[Any] = Registry("network")
ACTIVATIONS: Registry[Any] = Registry("activation")
POSTERIORS: Registry[Any] = Registry("posterior")
LIKELIHOODS: Registry[Any] = Registry("likelihood")


def _one_of(setting: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ConfigError(f"{setting} must be one of {', '.join(choices)}; got {shown(value)}.")


def _integer(setting: str, value: object, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ConfigError(
            f"{setting} must be a whole number from {low} to {high}; got {shown(value)}."
        )


def _number(setting: str, value: object, low: float, high: float) -> None:
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    if not numeric or not low <= value <= high:  # type: ignore[operator]  # nan is not either
        raise ConfigError(
            f"{setting} must be a number from {low:g} to {high:g}; got {shown(value)}."
        )


def _integers(setting: str, value: object) -> tuple[int, ...]:
    if isinstance(value, str) or not isinstance(value, list | tuple):
        raise ConfigError(f"{setting} must be a list of whole numbers; got {shown(value)}.")
    return tuple(value)


def _name(setting: str, value: object) -> None:
    allowed = rf"(?=.*\w)[\w .,()=+-]{{1,{MAX_NAME}}}"  # not punctuation alone
    if value is None or (isinstance(value, str) and re.fullmatch(allowed, value)):
        return
    raise ConfigError(
        f"{setting} must be 1 to {MAX_NAME} letters, digits, spaces or . , ( ) = + - _, and not "
        f"punctuation alone; got {shown(value)}."
    )


def own_name(value: object) -> str:
    """The name of an own data set, in the one way to write it. Raises ConfigError.

    It is the name of a file too: nothing in it leads to another folder.
    """
    text = unicodedata.normalize("NFC", value) if isinstance(value, str) else ""
    if re.fullmatch(rf"\w[\w-]{{0,{MAX_OWN_NAME - 1}}}", text):
        return text
    raise ConfigError(
        f"the name of an own data set must be 1 to {MAX_OWN_NAME} letters, digits, - or _, and not "
        f"begin with -; got {shown(value)}."
    )


def is_own(name: str) -> bool:
    """Whether a data set is chosen that was added: own:NAME."""
    return name.startswith(OWN)


def _dataset_name(value: object) -> str:
    """The name of a data set: one that is built in, or an own one. Raises ConfigError."""
    if isinstance(value, str) and is_own(value):
        return OWN + own_name(value.removeprefix(OWN))
    if not isinstance(value, str) or value not in DATASETS:
        raise ConfigError(
            f"dataset must be one of {', '.join(DATASETS)}, or {OWN} and the name of a set that "
            f"was added; got {shown(value)}."
        )
    return value


def _setting(
    default: Any,
    help: str,
    flag: str | None = None,
    choices: Collection[str] | None = None,
    more: str = "",
) -> Any:
    """A field with the words the command line and the form show beside it, and its choices.

    `more` is how values beyond the choices are written, where there are any.
    """
    metadata = {"help": help, "flag": flag, "choices": choices, "more": more}
    return field(default=default, metadata=metadata)


def _check_choices(config: Any) -> None:
    """Raise ConfigError for a field that is none of its choices."""
    for one in dataclasses.fields(config):
        if (choices := one.metadata["choices"]) is not None:
            name = one.metadata["flag"] or one.name.replace("_", "-")
            _one_of(name, getattr(config, one.name), tuple(choices))


def shape_in_words(latent_shape: tuple[int, ...]) -> str:
    """The shape of a latent for people: "20" for a vector; "4 × 7 × 7" for a feature map.

    Of a map (h, w, C) the channels are named first, then rows and columns. Settings, files and
    the command line have them last.
    """
    *sites, channels = latent_shape
    return " × ".join(map(str, (channels, *sites)))


@dataclass(frozen=True)
class DataConfig:
    """Which images, and how their grey values are read.

    Raises
    ------
    ConfigError
        For any value out of range; the message names the field and the range.
    """

    name: str = _setting("digits", "data set", flag="dataset", choices=DATASETS, more=f"{OWN}NAME")
    path: str | None = _setting(None, "folder with the data set's files", flag="data-dir")
    classes: tuple[int, ...] | None = _setting(None, "train and test on these labels only")
    binarisation: str = _setting(
        "grey", "how grey values become pixels of the likelihood", choices=BINARISATIONS
    )
    limit: int | None = _setting(None, "at most this many images of each split")
    seed: int = _setting(0, "seed of the split, the subset and the static draw", flag="data-seed")
    validation: int = _setting(
        0, "training images held out to choose the epoch by; with 0, the test images choose it"
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", _dataset_name(self.name))
        _one_of("binarisation", self.binarisation, BINARISATIONS)
        if self.path is not None:
            if not isinstance(self.path, str | os.PathLike):
                raise ConfigError(f"data-dir must be the path of a folder; got {shown(self.path)}.")
            object.__setattr__(self, "path", os.fspath(self.path))
        if self.classes is not None:
            classes = _integers("classes", self.classes)
            for label in classes:
                _integer("classes", label, 0, MAX_LABEL)
            if not classes:
                raise ConfigError("classes must name at least one label, or be left out.")
            object.__setattr__(self, "classes", tuple(sorted(set(classes))))
        if self.limit is not None:
            _integer("limit", self.limit, 1, MAX_IMAGES)
        _integer("data-seed", self.seed, 0, MAX_SEED)
        _integer("validation", self.validation, 0, MAX_IMAGES)
        if self.limit is not None and self.validation >= self.limit:
            raise ConfigError(
                f"validation must be below limit, so that training images are left: got "
                f"{self.validation} to hold out of at most {self.limit}."
            )

    @property
    def plain_name(self) -> str:
        """The data set within a name for people, which has no colon."""
        return self.name.removeprefix(OWN)


@dataclass(frozen=True)
class ModelConfig:
    """The three parts of a VAE: networks, posterior q(z|x), likelihood p(x|z).

    `latent_shape` is `(D,)` for a vector or `(h, w, C)`, channels last, for a feature map.
    `hidden` are layer widths (mlp), or channels per stride-2 stage (conv: as many stages as
    image and latent ask for, the last width repeated or spare ones unused). `None` takes the
    network's own default; `()` is a linear mlp.
    """

    network: str = _setting("mlp", "kind of encoder and decoder", choices=NETWORKS)
    hidden: tuple[int, ...] | None = _setting(None, "layer widths, encoder order")
    latent_shape: tuple[int, ...] = _setting(
        (20,), "latent size: D, or rows x columns x channels of a feature map", flag="latent"
    )
    posterior: str = _setting("diagonal", "family of q(z|x)", choices=POSTERIORS)
    likelihood: str = _setting("bernoulli", "family of p(x|z)", choices=LIKELIHOODS)
    sigma: str = _setting("fixed", "how the Gaussian likelihood's sigma is set", choices=SIGMAS)
    sigma_value: float = _setting(1.0, "sigma of the Gaussian likelihood: fixed, or to begin with")
    activation: str = _setting("relu", "what follows each hidden layer", choices=ACTIVATIONS)

    def __post_init__(self) -> None:
        _check_choices(self)
        _number("sigma-value", self.sigma_value, SIGMA_MIN, SIGMA_MAX)
        hidden = NETWORKS[self.network].default_hidden if self.hidden is None else self.hidden
        hidden = _integers("hidden", hidden)
        if len(hidden) > 8:
            raise ConfigError(f"hidden must have at most 8 layers; got {len(hidden)}.")
        for width in hidden:
            _integer("hidden", width, 1, 4096)
        latent = _integers("latent", self.latent_shape)
        if len(latent) not in (1, 3):
            raise ConfigError(f"latent must be D or h w C (1 or 3 numbers); got {shown(latent)}.")
        for size in latent:
            _integer("latent", size, 1, MAX_LATENTS)
        if math.prod(latent) > MAX_LATENTS:
            raise ConfigError(
                f"latent may have at most {MAX_LATENTS} dimensions; "
                f"{' x '.join(map(str, latent))} = {math.prod(latent)}."
            )
        POSTERIORS[self.posterior].n_params(latent[-1])  # refuses what the family cannot do
        object.__setattr__(self, "hidden", hidden)
        object.__setattr__(self, "latent_shape", latent)


@dataclass(frozen=True)
class TrainConfig:
    """How the objective is minimised: Adam on `distortion + beta * rate`, per image.

    An update is one step of Adam on one batch. For every update of all weights on the next batch
    of the epoch, `encoder_steps` - 1 updates of the encoder alone go before it, each on as many
    training images drawn at random, with draws of z of their own; decoder and likelihood stand
    still. So the encoder takes `encoder_steps` updates for each of the decoder, and an epoch is
    one pass of the decoder over the training images, whatever their number (He et al. 2019,
    "Lagging inference networks", whose inner loop goes on until it gains no more).
    """

    epochs: int = _setting(10, "passes over the training images")
    batch_size: int = _setting(128, "images per step")
    lr: float = _setting(1e-3, "Adam's learning rate")
    beta: float = _setting(1.0, "weight of the rate; 1 is the ELBO")
    warmup_epochs: int = _setting(0, "epochs over which beta rises linearly from 0")
    free_bits: float = _setting(0.0, "nats per latent dimension below which its KL is not reduced")
    tc_weight: float = _setting(0.0, "weight of the total correlation; beta-TCVAE's beta is 1 more")
    reduction: str = _setting(
        "sum/sum", "distortion over pixels / KL over latents; ELBO: sum/sum", choices=REDUCTIONS
    )
    lr_schedule: str = _setting("constant", "how the rate rises and falls", choices=LR_SCHEDULES)
    batch_schedule: str = _setting("constant", "how the batch grows", choices=BATCH_SCHEDULES)
    augmentation: str = _setting("none", "how training images are moved", choices=AUGMENTATIONS)
    encoder_steps: int = _setting(
        1, "updates of the encoder for each update of the decoder; 1 updates both together"
    )
    importance: int = _setting(
        1, "weighted draws of z per image in the bound that is trained; 1 is the ELBO"
    )
    gradient: str = _setting(
        "standard", "how the gradient of that bound is estimated", choices=GRADIENTS
    )
    mistake: str = _setting(
        "none", "a mistake in the loss, on purpose; digits only", choices=MISTAKES
    )
    keep_epochs: tuple[int, ...] = _setting((), "epochs to keep, to look at them afterwards")
    seed: int = _setting(0, "seed of weights, shuffling and sampling")
    threads: int | None = _setting(None, "torch threads; default: torch's own choice")
    device: str = _setting("auto", "where to compute", choices=DEVICES)

    def __post_init__(self) -> None:
        _integer("epochs", self.epochs, 1, MAX_EPOCHS)
        _integer("batch-size", self.batch_size, 1, 65_536)
        _number("lr", self.lr, 1e-8, 1.0)
        _number("beta", self.beta, 0.0, 1e6)
        _integer("warmup-epochs", self.warmup_epochs, 0, MAX_EPOCHS)
        _number("free-bits", self.free_bits, 0.0, 100.0)
        _number("tc-weight", self.tc_weight, 0.0, 1e6)
        _check_choices(self)
        _integer("encoder-steps", self.encoder_steps, 1, MAX_ENCODER_STEPS)
        _integer("importance", self.importance, 1, MAX_IMPORTANCE)
        self._check_alone()
        kept = _integers("keep-epochs", self.keep_epochs)
        for epoch in kept:
            _integer("keep-epochs", epoch, 1, self.epochs)
        object.__setattr__(self, "keep_epochs", tuple(sorted(set(kept))))
        _integer("seed", self.seed, 0, MAX_SEED)
        if self.threads is not None:
            _integer("threads", self.threads, 1, 256)

    def _check_alone(self) -> None:
        """Raise ConfigError for settings that mean nothing beside another bound, or a mistake."""
        if self.importance == 1 and self.gradient != "standard":
            raise ConfigError(
                f"gradient {self.gradient} is one of the importance-weighted bound; set "
                "importance above 1, or gradient to standard."
            )
        changed = [
            f"{name.replace('_', '-')} {default}"
            for name, default in ELBO_ONLY.items()
            if getattr(self, name) != default
        ]
        if self.mistake != "none" and self.importance > 1:
            changed.append("importance 1")
        if self.mistake != "none" and changed:
            raise ConfigError(
                "mistake: only the plain ELBO is trained with a mistake on purpose; set "
                f"{' and '.join(changed)}, or mistake none."
            )
        if self.importance > 1 and changed:
            raise ConfigError(
                "importance: the importance-weighted bound is no sum of a distortion and a rate "
                f"that could be weighed; set {' and '.join(changed)}, or importance 1."
            )


ELBO_ONLY = {  # settings of a loss that is a sum of two terms, and what leaves them as they are
    "beta": 1.0, "warmup_epochs": 0, "free_bits": 0.0, "tc_weight": 0.0, "reduction": "sum/sum",
}  # fmt: skip
MISTAKEN = ("digits", "diagonal")  # data set and posterior of runs with a mistake


@dataclass(frozen=True)
class RunConfig:
    """One experiment: data, model, training, a name for people, and the sweep it belongs to."""

    data: DataConfig = field(default_factory=DataConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    name: str | None = None
    sweep: str | None = None

    def __post_init__(self) -> None:
        family = POSTERIORS[self.model.posterior]
        if self.train.tc_weight and not (family.has_density and family.is_additive):
            raise ConfigError(
                f"tc-weight: a {family.title} posterior has no total correlation, for its "
                "latent dimensions are points or add up to one; set it to 0, or choose posterior "
                "diagonal."
            )
        if self.train.importance > 1:
            self._check_importance(family)
        if self.train.mistake != "none" and (self.data.name, self.model.posterior) != MISTAKEN:
            raise ConfigError(
                "mistake: a mistake on purpose is trained on the small digits, with a diagonal "
                "posterior, whose formulas it spoils; set it to none, or choose dataset digits "
                "and posterior diagonal."
            )
        _name("name", self.name)
        _name("sweep", self.sweep)

    def _check_importance(self, family: Any) -> None:
        """Raise ConfigError where draws cannot be weighted, or sigma is that of another bound."""
        if not family.has_density:
            raise ConfigError(
                f"importance: a {family.title} has no density, so its draws cannot be weighted; "
                "set it to 1, or choose posterior diagonal."
            )
        if LIKELIHOODS[self.model.likelihood].has_sigma and self.model.sigma == "analytic":
            raise ConfigError(
                "importance: the analytic sigma is the best one of the ELBO, not of the "
                "importance-weighted bound; set importance to 1, or choose sigma learned."
            )

    @property
    def experiment(self) -> tuple[DataConfig, ModelConfig, TrainConfig]:
        """The settings that determine the result: everything but the names."""
        return self.data, self.model, self.train

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionaries and lists, ready for JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> RunConfig:
        """Inverse of `to_dict`; missing fields take their defaults.

        Raises
        ------
        ConfigError
            For unknown keys and invalid values.
        """
        values = _known_keys(cls, values, "config")
        for part, kind in (("data", DataConfig), ("model", ModelConfig), ("train", TrainConfig)):
            if part in values:
                values[part] = kind(**_known_keys(kind, values[part], part))
        return cls(**values)


def _known_keys(cls: type, values: object, where: str) -> dict[str, Any]:
    if not isinstance(values, dict):
        raise ConfigError(f"{where} must be a JSON object; got {type(values).__name__}.")
    known = {f.name for f in dataclasses.fields(cls)}
    if unknown := sorted(set(map(str, values)) - known):
        raise ConfigError(
            f"{where} has unknown settings {printable(', '.join(unknown))}; known are "
            f"{', '.join(sorted(known))}."
        )
    return dict(values)

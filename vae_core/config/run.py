"""One experiment: data, model and training, and what does not go together."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from vae_core.config.data import DataConfig
from vae_core.config.fields import check_name
from vae_core.config.model import ModelConfig
from vae_core.config.registry import LIKELIHOODS, POSTERIORS, PRIORS
from vae_core.config.train import TrainConfig
from vae_core.errors import ConfigError, printable

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
        if PRIORS[self.model.prior].is_learned:
            self._check_learned_prior()
        if self.train.mistake != "none" and (self.data.name, self.model.posterior) != MISTAKEN:
            raise ConfigError(
                "mistake: a mistake on purpose is trained on the small digits, with a diagonal "
                "posterior, whose formulas it spoils; set it to none, or choose dataset digits "
                "and posterior diagonal."
            )
        if self.train.mistake != "none" and self.model.is_conditional:
            raise ConfigError(
                "mistake: a mistake on purpose is trained without labels; set it to none, or "
                "choose labels unused."
            )
        if self.model.is_semi_supervised:
            self._check_semi_supervised()
        check_name("name", self.name)
        check_name("sweep", self.sweep)

    def _check_learned_prior(self) -> None:
        """Raise ConfigError for losses that are written for independent dimensions of N(0, I)."""
        for setting in ("free_bits", "tc_weight"):
            if getattr(self.train, setting):
                raise ConfigError(
                    f"{setting.replace('_', '-')}: under a learned prior the latent dimensions "
                    "depend on each other, so their KLs do not add up to the rate; set it to 0, "
                    "or choose prior standard."
                )
        if self.train.mistake != "none":
            raise ConfigError(
                "mistake: a mistake on purpose spoils the formulas of the standard prior; set it "
                f"to none, or choose prior standard (got {self.model.prior})."
            )

    def _check_semi_supervised(self) -> None:
        """Raise ConfigError for losses that are no sum of a distortion and a rate of each label."""
        for setting, plain in (("free_bits", 0.0), ("tc_weight", 0.0), ("importance", 1)):
            if getattr(self.train, setting) != plain:
                raise ConfigError(
                    f"{setting.replace('_', '-')}: an image without a label has the mean over "
                    "all labels in its bound, for which this loss is not defined; set it to "
                    f"{plain:g}, or labelled to 0."
                )

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

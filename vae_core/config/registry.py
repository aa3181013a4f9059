"""Registries: names that a setting may have, filled by modules that define what they mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from vae_core.config.fields import one_of

T = TypeVar("T")


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
        one_of(self.setting, name, tuple(self))


DATASETS: Registry[Any] = Registry("dataset")
NETWORKS: Registry[Any] = Registry("network")
ACTIVATIONS: Registry[Any] = Registry("activation")
POSTERIORS: Registry[Any] = Registry("posterior")
LIKELIHOODS: Registry[Any] = Registry("likelihood")
PRIORS: Registry[Any] = Registry("prior")

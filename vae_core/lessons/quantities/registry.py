"""The registry of quantities."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from vae_core.analysis.estimates import Bracket, Estimate

Function = Callable[..., float | Estimate | Bracket]
QUANTITIES: dict[str, Quantity] = {}


@dataclass(frozen=True)
class Quantity:
    """A named number of a run.

    Attributes
    ----------
    function : callable
        Of the run and of numbers or words.
    unit : str
        Of its value: "nats per image", "nats", "share", "count", "units of z", ...
    """

    function: Function
    unit: str

    @property
    def __doc__(self) -> str:  # type: ignore[override]
        return self.function.__doc__ or ""

    def __call__(self, *arguments: Any) -> float | Estimate | Bracket:
        """The value, a sampled one with its standard error."""
        return self.function(*arguments)


def quantity(unit: str) -> Callable[[Function], Function]:
    """Register a function by its name."""

    def register(function: Function) -> Function:
        QUANTITIES[function.__name__] = Quantity(function, unit)
        return function

    return register

"""The registry of quantities."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from vae_core.analysis.estimates import Bracket, Estimate
from vae_core.lessons.quantities.loading import version
from vae_core.runs.run import Run

Function = Callable[..., float | Estimate | Bracket]
F = TypeVar("F", bound=Function)
QUANTITIES: dict[str, Quantity] = {}
MAX_KEPT = 4096  # values


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

    def __call__(self, run: Run, *arguments: float | str) -> float | Estimate | Bracket:
        """The value, a sampled one with its standard error. Kept while the run is as it is."""
        return _kept(self.function, run, version(run), arguments)


@lru_cache(MAX_KEPT)
def _kept(
    function: Function, run: Run, version: int, arguments: tuple[float | str, ...]
) -> float | Estimate | Bracket:
    return function(run, *arguments)


def quantity(unit: str) -> Callable[[F], F]:
    """Register a function by its name."""

    def register(function: F) -> F:
        QUANTITIES[function.__name__] = Quantity(function, unit)
        return function

    return register

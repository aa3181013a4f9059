"""The registry of quantities."""

from __future__ import annotations

import inspect
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

    @property
    def parameters(self) -> list[inspect.Parameter]:
        """What a call has in its brackets: all but the run."""
        return list(inspect.signature(self.function).parameters.values())[1:]

    @property
    def usage(self) -> str:
        """Its name with what its brackets take; what may be left out with its default."""
        said = ", ".join(map(_in_usage, self.parameters))
        return f"{self.function.__name__}({said})"

    @property
    def summary(self) -> str:
        """The first line of what it is."""
        return self.__doc__.partition("\n")[0]

    def __call__(self, run: Run, *arguments: float | str) -> float | Estimate | Bracket:
        """The value, a sampled one with its standard error. Kept while the run is as it is."""
        return _kept(self.function, run, version(run), arguments)


def _in_usage(parameter: inspect.Parameter) -> str:
    default = parameter.default
    if default is inspect.Parameter.empty:
        return parameter.name
    return f"{parameter.name}=" + (f'"{default}"' if isinstance(default, str) else f"{default:g}")


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

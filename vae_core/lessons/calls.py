"""A call of a quantity as a lesson writes it: `class_kl(1) of mnist-ones-2d`.

A name, numbers and quoted words in brackets, and the run where it is not the lesson's own. It is
matched, never evaluated: nothing in a lesson is code.
"""

from __future__ import annotations

import difflib
import inspect
import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from vae_core.analysis.estimates import Bracket, Estimate
from vae_core.errors import LessonError, shown
from vae_core.lessons.quantities import QUANTITIES
from vae_core.runs.run import Run

Argument = float | str
Number = float | Estimate | Bracket
Resolve = Callable[[str], Run]  # a run by its id
_CALL = re.compile(r"([a-z_]\w*)\(([^()]*)\)(?:\s+of\s+([A-Za-z0-9._-]{1,100}))?")
_NUMBER = re.compile(r"[-+]?(\d{1,12}(\.\d{0,12})?|\.\d{1,12})(e[-+]?\d{1,2})?")
_WORD = re.compile(r"\"([\w ./-]{1,60})\"")
_FORMAT = re.compile(r"\+?,?(\.\d)?[fg%]")
MINUS = "−"


@dataclass(frozen=True)
class Call:
    """One call.

    Attributes
    ----------
    name : str
        Of a registered quantity.
    arguments : tuple of float or str
    run : str
        The id of the run it asks; empty for the run at hand.
    """

    name: str
    arguments: tuple[Argument, ...] = ()
    run: str = ""

    def __str__(self) -> str:
        said = ", ".join(f'"{a}"' if isinstance(a, str) else f"{a:g}" for a in self.arguments)
        return f"{self.name}({said})" + (f" of {self.run}" if self.run else "")

    def value(self, run: Run, resolve: Resolve) -> Number:
        """What the quantity is for the run at hand, or for the one that the call names.

        Raises
        ------
        LessonError
            When the model does not have it.
        VAECoreError
            When the run cannot be read, or the images that it takes are not at hand.
        """
        quantity = QUANTITIES[self.name]
        return quantity(resolve(self.run) if self.run else run, *self.arguments)


def parse_call(text: str) -> Call:
    """A call from its text. Raises LessonError for anything else, or a name nobody knows."""
    match = _CALL.fullmatch(text.strip())
    if match is None:
        raise LessonError(
            f"expected a quantity with its numbers in brackets, as in kl_normal(0, 1); got "
            f"{shown(text.strip())}."
        )
    name, inside, run = match.groups()
    if name not in QUANTITIES:
        raise LessonError(f"{name} is no quantity. {_known(name)}")
    arguments = (
        tuple(_argument(part.strip()) for part in inside.split(",")) if inside.strip() else ()
    )
    parameters = QUANTITIES[name].parameters
    needed = sum(p.default is inspect.Parameter.empty for p in parameters)
    if not needed <= len(arguments) <= len(parameters):
        usage = QUANTITIES[name].usage
        raise LessonError(f"expected {usage}; got {len(arguments)} in the brackets.")
    return Call(name, arguments, run or "")


def _known(name: str) -> str:
    """The quantities of a name like this one; all where there is none."""
    if close := difflib.get_close_matches(name, QUANTITIES, 4, 0.65):
        return (
            f"Names like it are {', '.join(close)}; `python -m vae_core lesson --quantities` lists "
            "all."
        )
    return f"Known are: {', '.join(sorted(QUANTITIES))}."


def _argument(text: str) -> Argument:
    if _NUMBER.fullmatch(text):
        return float(text)
    if word := _WORD.fullmatch(text):
        return word[1]
    raise LessonError(f'expected a number or a "word" in the brackets; got {shown(text)}.')


def check_format(text: str) -> str:
    """A format such as .2f, .1% or +.3g. Raises LessonError for another."""
    if not _FORMAT.fullmatch(text.strip()):
        raise LessonError(f"expected a format such as .2f, .0f or .1%; got {shown(text.strip())}.")
    return text.strip()


def in_words(value: Number, how: str) -> str:
    """A number in a format, with its standard error where it has one; the minus sign is one.

    A bracket is its two ends, or one where they look the same.
    """
    if isinstance(value, Bracket):
        low, high = (in_words(end.value, how) for end in (value.low, value.high))
        return low if low == high else f"{low} to {high}"
    if isinstance(value, Estimate):
        said = in_words(value.value, how)
        if math.isnan(value.standard_error):
            return said
        return f"{said} ± {_error(format(value.standard_error, how))}"
    said = format(float(value), how)
    if not _has_digits(said):
        said = said.lstrip("-")  # no minus before zero
    return said.replace("-", MINUS)


def ends(value: Number) -> tuple[float, ...]:
    """The number itself, or both ends of a bracket."""
    if isinstance(value, Bracket):
        return value.low.value, value.high.value
    return (value.value if isinstance(value, Estimate) else float(value),)


def _has_digits(said: str) -> bool:
    return any(digit in "123456789" for digit in said)


def _error(said: str) -> str:
    """An error in words: one that rounds to zero is less than a unit of the last place."""
    if _has_digits(said):
        return said.lstrip("+")
    digits = said.lstrip("+").rstrip("%")
    return f"< {digits[:-1]}1{'%' * said.endswith('%')}"

"""Numbers as they stand on a page: no sign on a zero, an error with what was sampled."""

from __future__ import annotations

import math

import pandas as pd

from vae_core import decimals
from vae_core.analysis import Bracket, Estimate

UNKNOWN = "saturated"


def fixed(value: float, digits: int = 2, signed: bool = False) -> str:
    """A number with so many decimals, and a true minus sign; zero has none.

    `signed` puts a plus before what is above zero.
    """
    return decimals.fixed(value, digits, signed).replace("-", "−")


def sum_and_parts(*parts: float, digits: int = 2, signed: bool = False) -> tuple[str, ...]:
    """The sum of finite parts, then the parts, so that they add up as they are printed."""
    rounded = decimals.adding_up(parts, digits)
    return tuple(fixed(value, digits, signed) for value in (math.fsum(rounded), *rounded))


def rounded(table: pd.DataFrame, digits: int = 2) -> pd.DataFrame:
    """A table whose numbers are rounded, for columns that print so many; no zero is negative."""
    numbers = table.select_dtypes("float")
    return table.assign(**{str(name): numbers[name].round(digits) + 0.0 for name in numbers})


def estimate(found: Estimate, digits: int = 2) -> str:
    """A sampled number with its standard error; "saturated" where it is not known."""
    if math.isnan(found.value):
        return UNKNOWN
    return f"{fixed(found.value, digits)}{error(found, digits)}"


def error(found: Estimate, digits: int = 2) -> str:
    """ "± 0.02", with a digit more where it would be 0; nothing where it is exactly 0."""
    size = found.standard_error
    if math.isnan(size) or size == 0.0:
        return ""
    least = 10.0**-digits
    return f" ± {size:.{digits}f}" if size >= 0.5 * least else f" ± less than {least:g}"


def bracket(found: Bracket, digits: int = 2) -> str:
    """The two ends of what finitely many images leave open; one number where they print alike."""
    low, high = (fixed(end.value, digits) for end in (found.low, found.high))
    if math.isnan(found.low.value):
        return UNKNOWN
    return low if low == high else f"{low} to {high}"


def ends(found: Bracket, digits: int = 2) -> str:
    """The standard errors of both ends, "± 0.02 and ± 0.01"."""
    low, high = (error(end, digits).strip() for end in (found.low, found.high))
    return low if low == high else " and ".join(side for side in (low, high) if side)


def percent(found: Estimate) -> str:
    """A sampled share, "9.7% ± 0.7%"; "saturated" where it is not known."""
    if math.isnan(found.value):
        return UNKNOWN
    return f"{found.value:.1%} ± {found.standard_error:.1%}"


def duration(seconds: float) -> str:
    """3 s, 2 min 10 s, 1 h 5 min."""
    if seconds < 60:
        return f"{max(1, round(seconds))} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"

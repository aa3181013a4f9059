"""Decimals of printed numbers: no sign on a zero, and parts that add up to their total."""

from __future__ import annotations

import math
from collections.abc import Sequence


def fixed(value: float, digits: int = 2, signed: bool = False) -> str:
    """A number with so many decimals; zero has no sign.

    `signed` puts a plus before what is above zero.
    """
    text = f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}"
    return text.lstrip("+-") if float(text) == 0.0 else text


def adding_up(
    parts: Sequence[float], digits: int = 2, total: float | None = None
) -> tuple[float, ...]:
    """Parts rounded so that their sum is their total, rounded: 137.97 = 130.83 + 7.14.

    With one decimal each of these alone would be 138.0, 130.8 and 7.1. Where the rounded parts
    miss the total, those whose rounding was the farthest from them go the other way (largest
    remainder), so that none is a whole unit of the last decimal off.

    Parameters
    ----------
    parts : sequence of float
        Returned as they are when one is not finite.
    digits : int
        Decimals.
    total : float, optional
        What they are to add up to, where it is printed already; by default their own sum.
    """
    if not all(map(math.isfinite, parts)):
        return tuple(parts)
    unit = 10.0**digits
    exact = [part * unit for part in parts]
    whole = [round(units) for units in exact]
    rounded_total = float(fixed(math.fsum(parts) if total is None else total, digits))
    missing = round(rounded_total * unit) - sum(whole)
    step = 1 if missing > 0 else -1
    order = sorted(range(len(parts)), key=lambda k: step * (whole[k] - exact[k]))
    for k in order[: abs(missing)]:
        whole[k] += step
    return tuple(units / unit for units in whole)

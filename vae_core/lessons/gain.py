"""What a class has learned between two tests of the same items.

Hedges' g_av for the two scores of the same people (Lakens 2013, Frontiers in Psychology 4:863,
equations 4 and 10), with the interval of Borenstein et al. 2009, Introduction to Meta-Analysis,
equation 4.28; and the normalised gain of Hake 1998.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Z = 1.959964  # 95 %


@dataclass(frozen=True)
class Gain:
    """The gain of a class.

    Attributes
    ----------
    n : int
        People with both scores.
    before, after : float
        Mean scores.
    effect : float
        Hedges' g; nan for fewer than three, or where nobody's score differs from another's.
    low, high : float
        Its 95 % interval.
    normalised : float
        What was gained of what could be: (after - before) / (most - before).
    """

    n: int
    before: float
    after: float
    effect: float
    low: float
    high: float
    normalised: float


def gain(before: Sequence[float], after: Sequence[float], most: float) -> Gain:
    """The gain between two scores of each person.

    Parameters
    ----------
    before, after : sequences of float, of one length
    most : float
        The highest score there is.

    Raises
    ------
    ValueError
        When the sequences differ in length or are empty.
    """
    first, second = np.asarray(before, float), np.asarray(after, float)
    if len(first) != len(second) or not len(first):
        raise ValueError(
            f"expected as many scores before as after; got {len(first)}, {len(second)}"
        )
    n, start, end = len(first), float(first.mean()), float(second.mean())
    normalised = (end - start) / (most - start) if most > start else math.nan
    if n < 3:
        return Gain(n, start, end, math.nan, math.nan, math.nan, normalised)
    spread = (float(first.std(ddof=1)) + float(second.std(ddof=1))) / 2.0
    if spread == 0.0:
        return Gain(n, start, end, math.nan, math.nan, math.nan, normalised)
    correction = 1.0 - 3.0 / (4.0 * (n - 1) - 1.0)
    effect = correction * (end - start) / spread
    varies = first.std() > 0.0 and second.std() > 0.0
    together = float(np.corrcoef(first, second)[0, 1]) if varies else 0.0
    error = math.sqrt((1.0 / n + effect**2 / (2.0 * n)) * 2.0 * (1.0 - together)) * correction
    return Gain(n, start, end, effect, effect - Z * error, effect + Z * error, normalised)

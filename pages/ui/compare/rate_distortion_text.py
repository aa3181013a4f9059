"""Words of the Rate and distortion page: what runs are measured on, and which is the best."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pandas as pd

from pages.ui.compare.two_models_text import SEEDS
from pages.ui.drawing import escaping
from pages.ui.drawing.numbers import fixed, rounded
from vae_core.analysis.estimates import ERRORS
from vae_core.comparison import Best, Obstacle, Point, Yardstick
from vae_core.decimals import adding_up

ERROR = "± over images"
BETA = "effective β"
SPREAD = "sd over seeds"
MAX_NAMED = 5  # points by their names in one sentence


def title(yardstick: Yardstick) -> str:
    """A yardstick in words."""
    only = f" of {', '.join(yardstick.classes)}" if yardstick.classes else ""
    images = f"{yardstick.n_test:,} {yardstick.pixels} test images"
    return f"{yardstick.dataset}, {images}{only}, {yardstick.measure}"


def reason(picked: Yardstick, other: Yardstick) -> str:
    """Why scores of the other are not comparable, in a few words."""
    return {
        Obstacle.DATASET: f"on {other.dataset}",
        Obstacle.PIXELS: f"on other pixels of {other.dataset}",
        Obstacle.IMAGES: f"on other images of {other.dataset}",
        Obstacle.MEASURE: f"scored by {other.measure}",
        None: "",
    }[picked.obstacle(other)]


def left_out(n_points: int, reasons: Counter[str], n_mistaken: int = 0) -> str:
    """Which runs are not drawn, and why; empty when all are."""
    said = []
    if n_points:
        said.append(f"{n_points} with a point mass as posterior: no finite rate.")
    if n_mistaken:
        said.append(f"{n_mistaken} trained with a mistake on purpose: not ranked.")
    if reasons:
        why = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
        said.append(f"{reasons.total()} whose nats are not comparable: {why}.")
    return f"Not drawn: {' '.join(said)}" if said else ""


def in_print(table: pd.DataFrame) -> pd.DataFrame:
    """A table of points with terms of two decimals, whose sums are right as they are printed."""
    parts = [adding_up(pair) for pair in zip(table["distortion"], table["rate"], strict=True)]
    distortion, rate = zip(*parts, strict=True) if parts else ((), ())
    return rounded(table.assign(distortion=distortion, rate=rate))


def shown(table: pd.DataFrame) -> pd.DataFrame:
    """A table of points by the names that are shown, with the spread over seeds if there is one."""
    names = {
        **{"beta": BETA, "negative_elbo": "negative ELBO"},
        **{"standard_error": ERROR, "n_seeds": "seeds"},
        "negative_elbo_sd": SPREAD,
    }
    some = table.drop(columns=["distortion_sd", "rate_sd"])  # the bars on the plane
    if not (table["n_seeds"] > 1).any():
        some = some.drop(columns=["n_seeds", "negative_elbo_sd"])
    return some.rename(columns=names).fillna({"sweep": ""})


def best_note(best: Best | None) -> str:
    """Which point has the lowest negative ELBO, and which are as good within the errors."""
    if best is None:
        return ""
    score = sum(run.metrics().negative_elbo for run in best.point.runs) / len(best.point.runs)
    said = [f"Lowest negative ELBO: {_name(best.point)}, {fixed(score)}."]
    if best.equal:
        are = "is" if len(best.equal) == 1 else "are"
        said.append(
            f"{_names(best.equal)} {are} equal to it within {ERRORS:g} standard errors of the "
            "difference over the same images."
        )
    elif not best.unknown:
        said.append(
            f"Every other is higher by more than {ERRORS:g} standard errors of the difference over "
            "the same images."
        )
    if best.unknown:
        said.append(
            f"Of {_names(best.unknown)} the error is not known: trained before runs kept the "
            "terms of their test images."
        )
    return f"{' '.join(said)} {SEEDS}"


def seeds_note(table: pd.DataFrame) -> str:
    """What bars on the plane are; empty where there are none."""
    if not (table["n_seeds"] > 1).any():
        return ""
    return (
        "A point of several seeds is their mean; its bars are ± one standard deviation of them, "
        f"and so is {SPREAD}, that of the negative ELBO."
    )


def over(setting: str, table: pd.DataFrame) -> str:
    """What the runs of a sweep differ in."""
    counts = sorted(set(table["n_seeds"]))
    if counts == [1]:
        return f"Runs that differ in {setting} alone"
    low, high = counts[0], counts[-1]
    seeds = f"{low}" if low == high else f"{low} to {high}"
    return f"Runs that differ in {setting}, {seeds} seeds for each value"


def _names(some: Sequence[Point]) -> str:
    named = [_name(point) for point in some[:MAX_NAMED]]
    if more := len(some) - len(named):
        named.append(f"{more} more")
    return " and ".join([", ".join(named[:-1]), named[-1]] if named[1:] else named)


def _name(point: Point) -> str:
    seeds = f" ({len(point.runs)} seeds)" if len(point.runs) > 1 else ""
    return f"{escaping.markdown(point.first.title)}{seeds}"

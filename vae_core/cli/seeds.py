"""What a sweep with several seeds prints: for each value, mean and spread over its seeds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from vae_core.comparison import point_table
from vae_core.decimals import adding_up, fixed
from vae_core.io import finite
from vae_core.runs.run import Run

TERMS = ("distortion", "rate", "negative_elbo")


def values(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """One object for each value, ready for JSON: its name, n_seeds, and each term with its sd."""
    names = ["n_seeds", *TERMS, *(f"{name}_sd" for name in TERMS)]
    table = point_table(runs).to_dict("records")
    return [{"name": row["run"], **finite({str(n): row[n] for n in names})} for row in table]


def lines(runs: Sequence[Run]) -> list[str]:
    """The same for people, in nats per test image; a rate that is not finite is a dash."""
    table = point_table(runs).to_dict("records")
    width = max(len(row["run"]) for row in table)
    said = ["", f"{'mean ± sd over seeds':{width}}    distortion            rate   negative ELBO"]
    for row in table:
        parts = adding_up([row["distortion"], row["rate"]])
        pairs = zip(
            (*parts, row["negative_elbo"]), (row[f"{name}_sd"] for name in TERMS), strict=True
        )
        cells = (
            f"{fixed(mean)} ± {fixed(sd)}" if math.isfinite(mean) else "-" for mean, sd in pairs
        )
        said.append("{:{}}  {:>14}  {:>14}  {:>14}".format(row["run"], width, *cells))
    return said

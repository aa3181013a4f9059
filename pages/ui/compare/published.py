"""Published numbers: the shelf's rows with the results that ship, a picture and a table."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from pages.ui.drawing import charts, escaping, numbers
from pages.ui.session import first
from vae_core.analysis import Estimate
from vae_core.figures import shelf_points
from vae_core.shelf import Result, Row, read_results, read_rows

HEADING = (
    "## Each point is a number that somebody published. Inside the band, ours is the same. **Try "
    "this:** measure a row again: `python -m vae_core reproduce NAME`."
)
ALL, PASSED, MISSED = "All", "As published", "Differ"


def show() -> None:
    """The picture, what differs and why, and the table."""
    table = joined(read_rows(), read_results())
    st.markdown(HEADING)
    chart, side = st.columns([3, 1], gap="large")
    with chart:
        charts.draw("shelf", shelf_points, table)
    with side:
        for label, value in told(table).items():
            st.metric(label, value)
    first.pause()
    for _, row in table[~table["holds"]].iterrows():
        st.warning(
            f"**{escaping.markdown(row['title'])}**: published {row['published_text']}, ours "
            f"{row['ours_text']}. {escaping.markdown(row['miss'], 1000)}",
            icon=":material/difference:",
        )
    kind = st.segmented_control(
        "Rows", [ALL, PASSED, MISSED], default=ALL, key="shelf_rows", bind="query-params",
        required=True,
    )  # fmt: skip
    kept = {ALL: table, PASSED: table[table["holds"]], MISSED: table[~table["holds"]]}[kind]
    st.dataframe(named(kept), hide_index=True, placeholder="")
    st.caption(conditions(table))


def joined(rows: tuple[Row, ...], results: dict[str, Result]) -> pd.DataFrame:
    """The rows that were measured, each with its result; see `shelf_points`."""
    return pd.DataFrame([_joined(row, results[row.name]) for row in rows if row.name in results])


def _joined(row: Row, result: Result) -> dict[str, object]:
    difference = result.value - row.published
    unit = f" {row.unit}" if row.unit else ""
    ours = Estimate(result.value, result.standard_error)
    return {
        "name": row.name,
        "title": row.title,
        "source": row.source,
        "place": row.place,
        "setting": row.setting,
        "published_text": f"{numbers.fixed(row.published, row.digits)}{unit}",
        "ours_text": f"{numbers.estimate(ours, row.digits)}{unit}",
        "difference": numbers.fixed(difference, row.digits, signed=True),
        "within": row.within,
        "holds": row.holds(result.value),
        "share": _share(difference, row.within),
        "miss": row.miss,
        "is_trained": not row.is_quick,
        "seconds": result.seconds,
        "date": result.date,
        "machine": result.machine,
    }


def _share(difference: float, within: float) -> float:
    """The difference in units of what is accepted; of an exact row 0, or far off."""
    if within:
        return difference / within
    return 0.0 if difference == 0.0 else math.copysign(2.0, difference)


def told(table: pd.DataFrame) -> dict[str, str]:
    """How many rows came out."""
    trained = table[table["is_trained"]]
    return {
        "As published": f"{int(table['holds'].sum())} of {len(table)}",
        "of these with a model trained for it": f"{int(trained['holds'].sum())} of {len(trained)}",
        "Sources": str(table["source"].nunique()),
    }


def named(table: pd.DataFrame) -> pd.DataFrame:
    """The table by the names that are shown."""
    verdict = table["holds"].map({True: PASSED.lower(), False: "differs"})
    shown = {
        **{"title": "number of", "published_text": "published", "ours_text": "ours"},
        **{"difference": "difference", "within": "accepted within", "verdict": "verdict"},
        **{"setting": "setting", "source": "source", "place": "where in it"},
        **{"seconds": "seconds", "date": "measured on", "name": "row"},
    }
    return table.assign(verdict=verdict)[list(shown)].rename(columns=shown)


def conditions(table: pd.DataFrame) -> str:
    """What the numbers are of."""
    machines = "; ".join(sorted(set(table["machine"])))
    return (
        "Where it says so, the number is that of ELBO Room's first implementation, not of the "
        "paper whose claim it is about. Measured here on "
        f"{escaping.markdown(machines, 300)}. ±: one standard error over "
        "images or samples of z, where a number is sampled; it knows nothing of another seed of "
        "training. Accepted: within the rounding of a closed form or an exact number, or within "
        "what another seed and an honest re-run may differ by. Seconds are those of the "
        "measurement and, where a model was trained for it, of the training, on a machine that "
        "did other work beside it. `python -m vae_core "
        "reproduce --quick` runs all rows that train nothing."
    )

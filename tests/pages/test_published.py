"""Published numbers: the picture, the table and what differs."""

from __future__ import annotations

import numpy as np

from pages.ui.compare import published
from tests.pages.app import assert_sound, charts, open_page
from vae_core.figures import shelf_points
from vae_core.shelf import read_results, read_rows

SHELF = published.joined(read_rows(), read_results())


def test_the_shelf_is_drawn_and_told_whole() -> None:
    app = open_page("published_numbers.py")
    assert_sound(app)
    assert len(charts(app)) == 1
    (table,) = app.dataframe
    assert len(table.value) == len(read_rows())
    assert len(app.warning) == int((~SHELF["holds"]).sum())
    told = {metric.label: metric.value for metric in app.metric}
    assert told["As published"].endswith(f"of {len(SHELF)}")
    app.segmented_control(key="shelf_rows").set_value(published.MISSED).run()
    assert len(app.dataframe[0].value) == int((~SHELF["holds"]).sum())


def test_points_outside_the_band_are_those_that_differ() -> None:
    figure = shelf_points(SHELF)
    (band,) = figure.layout.shapes
    for trace in figure.data:
        inside = np.abs(np.array(trace.x, float)) <= band.x1 + 1e-9
        assert inside.all() if trace.name == "as published" else not inside.any()
    assert sum(len(trace.y) for trace in figure.data) == len(SHELF)

"""The page of cells: what one sees and paints, all of them at once, and together by distance."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.pages.app import MAPS, MODELS, assert_sound, charts, numbers, open_page
from tests.samples import mask
from vae_core import Run
from vae_core.analysis import decoder_field, encoder_field
from vae_core.figures.locality import (
    SEES,
    PixelMap,
    all_cells,
    correlation_by_distance,
    picture,
    pixel_map,
)

maps = pytest.mark.parametrize("run", MAPS, ids=lambda run: run.id)


@maps
def test_a_window_is_drawn_where_the_cell_sees_and_paints(run: Run) -> None:
    app = open_page("locality.py", run, row="0", column="1")
    assert_sound(app)
    vae = run.vae()
    height, width = vae.image_shape[1:]
    _, *maps = charts(app)
    fields = encoder_field(vae), decoder_field(vae)
    for figure, field in zip(maps, fields, strict=True):
        assert figure["data"][0]["colorbar"]["title"]["text"]  # its scale, with a unit
        (shape,) = figure["layout"]["shapes"]
        assert field
        rows, columns = np.nonzero(mask(field, 0, 1, height, width).numpy())
        corners = [shape[name] for name in ("x0", "x1", "y0", "y1")]
        expected = [columns.min() - 0.5, columns.max() + 0.5, rows.min() - 0.5, rows.max() + 0.5]
        np.testing.assert_allclose(corners, expected)
    sizes = [metric.value for metric in app.metric]
    seen_pixels = mask(encoder_field(vae), 0, 1, height, width)
    assert sizes[0] == f"{int(seen_pixels.any(1).sum())} × {int(seen_pixels.any(0).sum())}"
    assert "the rest is padding" in app.metric[0].delta
    seen = "reconstructions of the" if run.config.data.name == "mnist" else "the"
    assert f"and {seen} first 16 test images;" in app.caption[-1].value


@maps
def test_every_view_has_a_figure(run: Run) -> None:
    app = open_page("locality.py", run)
    for view in app.segmented_control(key="locality").options:
        app.segmented_control(key="locality").set_value(view).run()
        assert_sound(app)
        is_one = view == "One cell"  # the only view that has a cell to choose
        assert len(charts(app)) == (3 if is_one else 1)
        assert [e.key for e in app.segmented_control if e.key in ("row", "column")] == (
            ["row", "column"] if is_one else []
        )
        assert any("Try this" in text.value for text in app.markdown) is is_one
    series = [numbers(t["y"]) for t in charts(app)[0]["data"]]
    assert max(series[0]) < 1.0  # that of a cell with itself is not drawn
    assert (series[0] > 1.5 * series[1]).all()  # the data tie cells together, noise does not


def test_the_chosen_cell_is_kept_while_another_view_is_shown() -> None:
    app = open_page("locality.py", "Digits feature map", row="0", column="1")
    for view in ("By distance", "One cell"):
        app.segmented_control(key="locality").set_value(view).run()
    assert [app.segmented_control(key=key).value for key in ("row", "column")] == [0, 1]


def test_a_cell_that_another_model_does_not_have_is_left() -> None:
    app = open_page("locality.py", "MNIST feature map", row="3", column="3")
    app.selectbox(key="run").set_value("Digits feature map").run()
    assert_sound(app)
    assert app.segmented_control(key="row").value == 1


def test_a_vector_has_no_cells() -> None:
    run = next(run for run in MODELS if run not in MAPS)
    app = open_page("locality.py", run)
    assert app.info[0].value.startswith(f"The latent of {run.title} is a vector: it has no cells.")
    assert not charts(app)


def test_maps_stand_where_their_cells_do() -> None:
    values = np.arange(2 * 3 * 4 * 5, dtype=np.float32).reshape(2, 3, 4, 5)
    board = np.array(all_cells(values, SEES, "u").data[0].z)
    assert board.shape == (2 * 5 - 1, 3 * 6 - 1)
    np.testing.assert_array_equal(board[5:9, 12:17], values[1, 2])
    assert np.isnan(board[4]).all()


def test_a_frame_stays_within_the_picture() -> None:
    one = PixelMap(np.ones((8, 8), np.float32), "a", "u", SEES, (-3, 6, 2, 11))
    (shape,) = pixel_map(one).layout.shapes
    assert (shape.x0, shape.x1, shape.y0, shape.y1) == (1.5, 7.5, -0.5, 6.5)


def test_an_image_is_shown_in_its_own_colours() -> None:
    image = np.random.default_rng(0).random((3, 4, 5), np.float32)
    (shown,) = pixel_map(picture(image, None)).data
    assert shown.type == "image"
    np.testing.assert_array_equal(np.array(shown.z)[1, 2], np.round(255.0 * image[:, 1, 2]))
    (grey,) = pixel_map(picture(image[:1], None)).data
    np.testing.assert_array_equal(grey.z, image[0])
    assert (grey.zmin, grey.zmax) == (0.0, 1.0)


def test_correlation_is_drawn_beside_what_chance_makes_of_it() -> None:
    table = pd.DataFrame(
        {"distance": [0.0, 1.0], "n_pairs": [2, 1], "mean_correlation": [1.0, 0.4],
         "noise_correlation": [1.0, 0.01], "chance": 0.02}
    )  # fmt: skip
    figure = correlation_by_distance(table)
    assert [t.name for t in figure.data] == [
        "means μ, over the images", "z − μ, given the image", "by chance alone",
    ]  # fmt: skip
    assert figure.layout.xaxis.title.text == "distance between cells"
    points = correlation_by_distance(table.assign(noise_correlation=float("nan")))
    assert [t.name for t in points.data] == ["means μ, over the images", "by chance alone"]

"""Bytes on Rate and distortion: images coded by the model, or why not."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pages.ui.compare import bytes_view
from tests.pages.app import MODELS, assert_sound, charts, open_page
from vae_core.figures import format_bars, stack_steps

RUNS = {run.id: run for run in MODELS}


def test_a_model_that_cannot_code_says_why_and_offers_one_that_can() -> None:
    app = open_page("rate_distortion.py", RUNS["mnist-gaussian-10d"], tradeoff_view="Bytes")
    assert_sound(app)
    assert "only a probability of pixel levels can be coded" in app.info[0].value.lower()
    offered = [button.label for button in app.button if button.label.startswith("Open ")]
    assert any("MNIST" in label for label in offered)
    assert not charts(app)


def test_bytes_of_images_go_by_and_add_up() -> None:
    app = open_page(
        "rate_distortion.py", RUNS["digits-map"], tradeoff_view="Bytes", bytes_count="4"
    )
    assert_sound(app)
    assert len(charts(app)) == 2
    (table,) = app.dataframe
    rows = table.value
    assert rows["test image"].tolist() == ["0", "1", "2", "3"]
    total = rows["x given z"] + rows["z under the prior"] - rows["bits back"]
    np.testing.assert_allclose(total, rows["sum, bits"], atol=0.2)
    told = {m.label: m.value for m in app.metric}
    assert "±" in told["Negative ELBO, bytes ± one sample of z"]
    app.number_input(key="bytes_first").set_value(359).run()
    assert_sound(app)
    assert app.dataframe[0].value["test image"].tolist() == ["359"]


def test_the_running_sum_stands_where_an_image_ends() -> None:
    lengths = pd.DataFrame(
        {
            "image": [0, 0, 0, 1, 1, 1],
            "step": ["back", "pixels", "prior"] * 2,
            "before": [32.0, -8.0, 16.0, 48.0, 8.0, 40.0],
            "after": [-8.0, 16.0, 48.0, 8.0, 40.0, 64.0],
        }
    )
    figure = stack_steps(lengths, pd.Series([16.0, 16.0]), ["5", "6"])
    *bars, line = figure.data
    for bar, step in zip(bars, ("back", "pixels", "prior"), strict=True):
        rows = lengths[lengths["step"] == step]
        np.testing.assert_allclose(
            np.array(bar.base, float) + np.array(bar.y, float), rows["after"] / 8
        )
    np.testing.assert_allclose(line.y, [4.0, 6.0, 8.0])
    bars = format_bars({"this model": 5.0, "gzip": 9.0}, "this model").data[0]
    assert list(bars.y) == ["gzip", "this model"]


def test_models_that_can_code_are_those_that_the_coder_takes() -> None:
    able = {run.id for run in MODELS if bytes_view.can_code(run)}
    assert "mnist-20d" in able
    assert not able & {"mnist-gaussian-10d", "mnist-ae-2d"}

"""Walks: two ends, every kind of walk, how far from the origin it is, and arithmetic."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageSequence

from pages.ui.explore import walks
from pages.ui.explore.walks import DRAWS, SAMPLES, STEPS
from pages.ui.library import cached
from tests.pages.app import MODELS, assert_sound, charts, numbers, open_page, pictures, trained
from vae_core import Dataset, Run, load_dataset
from vae_core.analysis import (
    chi_interval,
    class_arithmetic,
    decode_mean,
    interpolate,
    nearest_codes,
    norms,
)
from vae_core.figures import contact_sheet, data_uri, walk_norms
from vae_core.figures.walks import LINES

BY_ID = {run.id: run for run in MODELS}
SOME = ("digits-2d", "mnist-map", "mnist-dirichlet-3", "mnist-ae-2d", "mnist-ones-2d")
some = pytest.mark.parametrize("run", [BY_ID[name] for name in SOME], ids=SOME)


def test_the_band_is_the_shell_and_lines_are_where_the_walks_are() -> None:
    paths = pd.DataFrame({"how": ["linear"] * 3, "t": [0, 0.5, 1], "norm": [2.0, 1.0, 2.0]})
    prior = pd.DataFrame({"norm": [0.5, 1.0], "density": [0.4, 0.6]})
    codes = pd.DataFrame({"mean": [1.0, 2.0, 90.0], "draw": [1.0, 2.0, 3.0]})
    figure = walk_norms(paths, (0.5, 2.5), prior, codes)
    assert {(s.y0, s.y1) for s in figure.layout.shapes} == {(0.5, 2.5)}
    assert len(figure.layout.shapes) == 2
    assert {t.name for t in figure.data} >= {"linear", "means"}
    low, high = figure.layout.yaxis.range
    assert low == 0
    assert 2.5 < high < 10  # one code that is far away does not squeeze the rest
    (bars,) = (t for t in figure.data if t.type == "bar")
    assert float((np.array(bars.x) * np.array(bars.width)).sum()) == pytest.approx(1.0)


@some
def test_both_walks_are_decoded_and_measured(run: Run) -> None:
    app = open_page("walks.py", run, to="1")
    assert_sound(app)
    codes, shown = run.codes(), pictures(app)
    kinds = ["linear"] if run.config.model.posterior == "dirichlet" else ["linear", "spherical"]
    assert [title for title in shown if "walk" in title] == [
        f"{k} walk, decoded means" for k in kinds
    ]
    lines = {t["name"]: numbers(t["y"]) for t in charts(app)[0]["data"] if t["name"] in LINES}
    assert list(lines) == kinds
    for how in kinds:
        z = interpolate(codes.mean[0], codes.mean[1], STEPS, how, codes.family)
        sheet = contact_sheet(decode_mean(run.vae(), z).numpy(), STEPS, scale=3)
        assert shown[f"{how} walk, decoded means"] == data_uri(sheet)
        np.testing.assert_allclose(lines[how], norms(z), rtol=1e-5)
    assert len([b for b in app.get("download_button") if b.key.startswith("gif")]) == len(kinds)
    assert ("would leave that simplex" in str([c.value for c in app.caption])) == (len(kinds) == 1)


@pytest.mark.parametrize("name", ["digits-2d", "mnist-dirichlet-3", "mnist-map"])
def test_prior_draws_are_the_same_for_the_same_number(name: str) -> None:
    app = open_page("walks.py", BY_ID[name], ends=DRAWS if name == "digits-2d" else SAMPLES)
    assert_sound(app)
    first = pictures(app)
    app.number_input(key="pair").set_value(1).run()
    assert_sound(app)
    second = pictures(app)
    assert first["linear walk, decoded means"] != second["linear walk, decoded means"]
    app.number_input(key="pair").set_value(0).run()
    assert pictures(app) == first
    assert any("two samples from the prior" in c.value for c in app.caption)


def test_the_page_says_where_the_prior_is_and_how_often_the_middle_is_there() -> None:
    app = open_page("walks.py", BY_ID["mnist-map"])
    low, high = chi_interval(64)
    (said,) = (c.value for c in app.caption if "Shaded" in c.value)
    assert f"between {low:.2f} and {high:.2f} lie 95%" in said
    assert any("in 2.7% of all cases" in heading.value for heading in app.markdown)


def test_an_image_number_beyond_a_smaller_split_becomes_its_last() -> None:
    app = open_page("walks.py", BY_ID["mnist-20d"], to="9000")
    assert app.number_input(key="to").value == 9000
    app.selectbox(key="run").set_value(BY_ID["digits-2d"].title).run()
    assert_sound(app)
    assert app.number_input(key="to").value == 359
    app.number_input(key="from").set_value(1000).run()
    assert_sound(app)
    assert app.number_input(key="from").value == 359
    assert app.toast[-1].value == walks.beyond(1000, 359)


@pytest.mark.parametrize("name", ["digits-2d", "mnist-2d"])
def test_a_walk_begins_between_images_of_different_classes(name: str) -> None:
    app, labels = open_page("walks.py", BY_ID[name]), BY_ID[name].codes().labels
    start, end = (app.number_input(key=key).value for key in ("from", "to"))
    assert labels[start] != labels[end]


def test_ends_are_shown_as_images_where_they_are_here_and_else_as_reconstructions() -> None:
    run = BY_ID["digits-2d"]
    codes, data = run.codes(), load_dataset(run.config.data)
    label = run.data().class_names[int(codes.labels[1])]
    title = f"test image 1, class {label}"
    shown = pictures(open_page("walks.py", run, to="1"))[title]
    assert shown == data_uri(contact_sheet(data.test.batch(slice(1, 2)).numpy(), 1, scale=4))
    run = BY_ID["mnist-map"]
    app = open_page("walks.py", run, to="1")
    codes = run.codes()
    title = f"test image 1, class {int(codes.labels[1])}"
    decoded = decode_mean(run.vae(), codes.mean[1:2]).numpy()
    assert pictures(app)[title] == data_uri(contact_sheet(decoded, 1, scale=4))
    assert "need the data set" in app.info[0].value


@some
def test_arithmetic_shows_four_pictures_and_what_is_near(run: Run) -> None:
    app, codes = open_page("walks.py", run), run.codes()
    if run.id == "mnist-ones-2d":
        assert any("at least two classes" in i.value for i in app.info)
        return
    for key, label in (("A", 4), ("B", 5), ("C", 6)):
        app.selectbox(key=f"class-{key}").set_value(label).run()
    assert_sound(app)
    z = class_arithmetic(codes, 4, 5, 6)
    shown = pictures(app)
    picture = decode_mean(run.vae(), z[None]).numpy()
    assert shown["result"] == data_uri(contact_sheet(picture, 1, scale=4))
    assert {f"mean of class {y}" for y in "456"} <= set(shown)
    near = nearest_codes(codes, z, 12)
    assert {f"test image {i}" for i in near.index.tolist()} <= set(shown)
    count = int(near.labels.bincount().max())
    assert any(f"{count} are of class **" in m.value for m in app.markdown)


@pytest.mark.parametrize("name", ["digits-2d", "mnist-map"])
def test_a_walk_can_be_taken_home_as_an_animation(name: str) -> None:
    run = BY_ID[name]
    vae, codes = cached.vae(run), cached.codes(run)
    ends = walks.Ends(codes.mean[0], codes.mean[1], "")
    image = Image.open(io.BytesIO(walks.animation(vae, ends, "linear")))
    assert image.size[0] in range(200, 261)
    assert 24 < image.n_frames <= 48  # 25 there and 23 back, but for equal ones
    seconds = sum(f.info["duration"] for f in ImageSequence.Iterator(image)) / 1000
    assert seconds == pytest.approx(4.0, abs=0.25)


def test_a_traversal_can_be_taken_home_as_an_animation() -> None:
    app = open_page("sliders.py", BY_ID["mnist-20d"])
    (offer,) = [b for b in app.get("download_button") if not b.key.startswith("take")]
    assert offer.proto.label == "Traversal as GIF"
    assert len(app.selectbox(key="gif-number").options) == 20


def test_one_number_with_another_prior_has_its_shell_from_draws(
    runs: Path, digits: Dataset
) -> None:
    app = open_page("walks.py", trained(runs, digits, posterior="laplace", latent_shape=(1,)))
    assert_sound(app)
    (said,) = (c.value for c in app.caption if "Shaded" in c.value)
    assert "1 numbers" not in said
    assert "straight walk between two draws" not in said

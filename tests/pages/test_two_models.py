"""Two runs side by side: to one scale, the same images, and what cannot be compared."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pages.ui.compare import two_models
from pages.ui.session import paths
from tests.pages.app import MODELS, assert_sound, charts, numbers, open_page, pictures, trained
from vae_core import Dataset, load_dataset
from vae_core.analysis import decode_mean, examples, interpolate
from vae_core.figures import Ellipse, contact_sheet, data_uri, kl_pair, posterior_plane, same_scale

BY_ID = {run.id: run for run in MODELS}
VIEWS = ("Posteriors", "KL", "Reconstructions", "Walk", "Numbers")
PAIRS = [
    ("mnist-2d", "mnist-20d"),
    ("mnist-dirichlet-3", "mnist-ae-2d"),
    ("digits-2d", "mnist-map"),
]


def plane(reach: float) -> object:
    points = pd.DataFrame({"x": [reach], "y": [0.0], "label": [0], "name": ["a"], "index": [0]})
    ellipse = Ellipse(0, "a", np.zeros(2), np.eye(2))
    return posterior_plane(points, [ellipse], ("z0", "z1"))


def test_two_planes_get_one_scale_that_holds_both() -> None:
    left, right = plane(9.0), plane(-7.0)
    before = [figure.layout.xaxis.range for figure in (left, right)]
    same_scale(left, right)
    assert left.layout.xaxis.range == right.layout.xaxis.range
    assert left.layout.yaxis.range == right.layout.yaxis.range
    low, high = left.layout.xaxis.range
    assert low == min(low for low, _ in before)
    assert high == max(high for _, high in before)


def test_bars_of_both_are_sorted_each_by_itself_and_the_infinite_are_left_out() -> None:
    left = pd.DataFrame({"name": ["z0", "z1"], "kl": [0.5, 2.0]})
    right = pd.DataFrame({"name": ["z0", "z1", "z2"], "kl": [np.inf] * 3})
    one, other = kl_pair(left, right, ("one", "other")).data
    assert list(one.y) == [2.0, 0.5]
    assert list(one.customdata) == ["z1", "z0"]
    assert len(other.y) == 0
    assert other.name == "other: no finite rate"


@pytest.mark.parametrize(("left", "right"), PAIRS)
def test_every_view_of_a_pair_opens(left: str, right: str) -> None:
    app = open_page("two_models.py", BY_ID[left], other=BY_ID[right].title)
    assert app.selectbox(key="other").value == BY_ID[right].title
    for view in VIEWS:
        app.segmented_control(key="comparison").set_value(view).run()
        assert_sound(app)
        assert (
            any("**Try this:**" in m.value for m in app.markdown)
            or "different" in app.info[0].value
        )


def test_planes_are_to_one_scale_when_priors_are_of_one_kind() -> None:
    app = open_page("two_models.py", BY_ID["mnist-2d"], other=BY_ID["mnist-ae-2d"].title)
    one, other = (chart["layout"] for chart in charts(app))
    assert one["xaxis"]["range"] == other["xaxis"]["range"]
    assert "the same scale" in app.caption[-1].value
    app = open_page("two_models.py", BY_ID["mnist-2d"], other=BY_ID["mnist-dirichlet-3"].title)
    one, other = (chart["layout"] for chart in charts(app))
    assert one["xaxis"]["range"] != other["xaxis"]["range"]
    assert "its own scale" in app.caption[-1].value


def test_bars_are_the_kl_of_both_runs() -> None:
    app = open_page(
        "two_models.py", BY_ID["mnist-20d"], other=BY_ID["mnist-2d"].title, comparison="KL"
    )
    for trace, name in zip(charts(app)[0]["data"], ("mnist-20d", "mnist-2d"), strict=True):
        assert trace["name"] == BY_ID[name].title
        total = numbers(trace["y"]).sum()
        assert total == pytest.approx(BY_ID[name].metrics().rate, abs=0.02)


def test_both_reconstruct_the_same_images_below_the_originals() -> None:
    left, right = BY_ID["digits-2d"], BY_ID["digits-map"]
    app = open_page("two_models.py", left, other=right.title, comparison="Reconstructions")
    assert_sound(app)
    index = examples(left.codes(), 10).index
    data = load_dataset(left.config.data)
    expected = {"test images": data.test.batch(index)} | {
        f"{run.title}: decode(mean)": decode_mean(run.vae(), run.codes().mean[index])
        for run in (left, right)
    }
    sheets = {k: data_uri(contact_sheet(v.numpy(), 10, scale=3)) for k, v in expected.items()}
    assert pictures(app) == sheets
    assert "decode(mean)" in app.caption[-1].value
    assert not app.info


@pytest.mark.parametrize("view", ["Reconstructions", "Walk"])
def test_without_the_images_it_says_so_and_shows_what_was_decoded(view: str) -> None:
    app = open_page(
        "two_models.py", BY_ID["mnist-2d"], other=BY_ID["mnist-map"].title, comparison=view
    )
    assert_sound(app)
    assert "need the data set" in app.info[0].value
    assert "test images" not in pictures(app)
    for run in ("mnist-2d", "mnist-map"):
        assert any(title.startswith(BY_ID[run].title) for title in pictures(app))


@pytest.mark.parametrize("view", ["Reconstructions", "Walk"])
@pytest.mark.parametrize(
    ("other", "said"),
    [
        ("digits-2d", "360 test images of digits"),
        ("mnist-ones-2d", "1,135 test images of MNIST, classes 1"),
    ],
)
def test_of_different_images_it_says_which_and_shows_no_picture(
    view: str, other: str, said: str
) -> None:
    app = open_page("two_models.py", BY_ID["mnist-2d"], other=BY_ID[other].title, comparison=view)
    assert_sound(app)
    (info,) = app.info
    assert said in info.value
    assert "10,000 test images of MNIST, grey pixels" in info.value
    assert not pictures(app)


def test_the_same_walk_is_decoded_by_both() -> None:
    left, right = BY_ID["mnist-20d"], BY_ID["mnist-dirichlet-10"]
    app = open_page("two_models.py", left, other=right.title, comparison="Walk")
    app.number_input(key="to").set_value(5).run()
    for run in (left, right):
        mean = run.codes().mean
        z = interpolate(mean[0], mean[5], two_models.STEPS)
        sheet = contact_sheet(decode_mean(run.vae(), z).numpy(), two_models.STEPS, scale=3)
        assert pictures(app)[run.title] == data_uri(sheet)


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ("mnist-20d", None),
        ("mnist-gaussian-10d", "one is a Bernoulli cross-entropy, the other a density"),
        ("digits-2d", "Nats do not compare between different images"),
    ],
)
def test_numbers_are_ranked_or_one_sentence_says_why_not(other: str, said: str | None) -> None:
    app = open_page(
        "two_models.py", BY_ID["mnist-2d"], other=BY_ID[other].title, comparison="Numbers"
    )
    assert_sound(app)
    (table,) = app.dataframe
    assert ("not comparable" in set(table.value["difference"])) == (said is not None)
    assert [said in info.value for info in app.info] == ([True] if said else [])
    assert "another seed gives other weights" in app.caption[-2].value


def test_a_run_of_before_is_compared_with_a_sentence_or_with_its_images(
    runs: Path, digits: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = trained(runs, digits), trained(runs, digits, posterior="laplace")
    for path in runs.glob("*/terms.safetensors"):
        path.unlink()
    app = open_page("two_models.py", one, other=other, comparison="Numbers")
    assert_sound(app)
    computed = app.dataframe[0].value["difference"][0]
    assert "±" in computed  # for digits are always at hand
    monkeypatch.setattr(two_models.images, "images_of", lambda run: None)
    app = open_page("two_models.py", one, other=other, comparison="Numbers")
    assert_sound(app)
    assert app.dataframe[0].value["difference"][0] == computed.split(" ±")[0]
    assert "The error of a difference is not known" in app.caption[-2].value


def test_the_second_model_to_begin_with_can_be_ranked_with_the_first() -> None:
    for first, second in (("mnist-2d", "mnist-20d"), ("digits-2d", "digits-map")):
        app = open_page("two_models.py", BY_ID[first])
        assert app.selectbox(key="other").value == BY_ID[second].title
        assert BY_ID[first].title not in app.selectbox(key="other").options


def test_a_model_is_never_beside_itself() -> None:
    app = open_page("two_models.py", BY_ID["mnist-2d"], other=BY_ID["mnist-20d"].title)
    app.selectbox(key="run").set_value(BY_ID["mnist-20d"].title).run()
    assert_sound(app)
    assert app.selectbox(key="other").value != BY_ID["mnist-20d"].title


def test_a_run_of_ones_own_stands_beside_a_bundled_model_and_another(
    runs: Path, digits: Dataset
) -> None:
    one = trained(runs, digits, latent_shape=(1,))
    app = open_page("two_models.py", one)
    assert_sound(app)
    assert app.selectbox(key="other").value in {run.title for run in MODELS}
    two = trained(runs, digits, posterior="laplace", latent_shape=(2, 2, 3))
    app = open_page("two_models.py", one, other=two, comparison="Reconstructions")
    assert_sound(app)
    assert {f"{label}: decode(mean)" for label in (one, two)} < set(pictures(app))


def test_with_no_second_model_it_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, runs: Path, digits: Dataset
) -> None:
    monkeypatch.setattr(paths, "BUNDLED", tmp_path)
    alone = trained(runs, digits)
    app = open_page("two_models.py", alone)
    assert_sound(app)
    assert "Train one on the page New model" in app.info[0].value
    other = trained(runs, digits, posterior="delta")
    app = open_page("two_models.py", alone)
    assert_sound(app)
    assert app.selectbox(key="other").options == [other]

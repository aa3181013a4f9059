"""The page that says whether a model is healthy: its figures, its words, and what it leaves out."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from pages.ui.drawing import escaping
from pages.ui.measure import diagnostics_text, lamps, worst_images
from tests.core.runs.test_overfitting import learns_by_heart
from tests.pages.app import (
    MODELS,
    assert_sound,
    button,
    charts,
    chosen_label,
    numbers,
    open_page,
    pictures,
    trained,
)
from tests.samples import codes_of
from vae_core import Dataset, Run, RunStore, evaluate_images, load_dataset
from vae_core.analysis import class_probes, codes_in_shell, collapse, label_gap
from vae_core.config import POSTERIORS
from vae_core.figures import activity, dimension_evidence, image_scores, label_bars, shell_density

RUNS = {run.id: run for run in MODELS}
SOME = [
    RUNS[name] for name in ("digits-map", "mnist-collapsed", "mnist-ae-2d", "mnist-dirichlet-3")
]
some_models = pytest.mark.parametrize("run", SOME, ids=lambda run: run.id)
TABLE = pd.DataFrame(
    {
        "name": ["z1", "z0", "z2"],
        "kl": [2.0, 1.0, 0.0],
        "mean_variance": [0.9, 0.02, 0.0],
        "active": [True, True, False],
        "picture_change": [0.2, 0.0, 0.1],
        "unused": [False, True, True],
    }
)


def metrics(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def test_a_number_that_one_side_ignores_stands_out() -> None:
    """Unused ones are hatched in both rows: a bar in one and none in the other shows."""
    bars = dimension_evidence(TABLE).data
    hatched = [bar for bar in bars if bar.marker.pattern.shape == "/"]
    assert [list(bar.x) for bar in hatched] == [["z0", "z2"]] * 2
    assert [list(bar.y) for bar in hatched] == [[1.0, 0.0], [0.0, 0.1]]
    without_rate = dimension_evidence(TABLE.assign(kl=np.inf)).data
    assert len(without_rate) == 2


def test_every_number_is_counted_once_on_its_side_of_the_threshold() -> None:
    figure = activity(TABLE, 0.01)
    for trace in figure.data:
        if trace.type == "bar":
            active = trace.name.startswith("active")
            assert sum(trace.y) == (2 if active else 1)
            middle = np.array(trace.x) + 0.5 * np.array(trace.width)
            assert ((middle[np.array(trace.y) > 0] > 0.01) == active).all()
    assert sum(trace.type == "scatter" for trace in figure.data) == 2
    assert not any(t.type == "scatter" for t in activity(TABLE.assign(kl=np.inf), 0.01).data)
    low, high = figure.layout.yaxis2.range  # dots at the ends of the axis are whole
    assert low < 0.0
    assert high > TABLE["kl"].max()
    assert figure.layout.annotations[0].text == "active above 0.01"


def test_the_two_numbers_of_the_label_gap_stand_out() -> None:
    table = pd.DataFrame(
        {"name": ["z2", "z0", "z1"], "information": [1.0, 0.6, 0.1], "standard_error": 0.01}
    )
    two, others = label_bars(table, 2.3).data
    assert list(two.x) == ["z2", "z0"]
    assert list(others.x) == ["z1"]
    assert len(label_bars(table.head(2), 2.3).data) == 1


def test_norms_are_drawn_as_densities() -> None:
    found = codes_in_shell(RUNS["digits-2d"].codes())
    figure = shell_density(found.norms, found.density, found.interval)
    for trace in figure.data:
        x, y = np.array(trace.x), np.array(trace.y)
        assert y.sum() * (x[1] - x[0]) == pytest.approx(1.0, abs=0.02)


@some_models
def test_every_view_is_sound_or_says_why_not(run: Run) -> None:
    app = open_page("diagnostics.py", run)
    for view in diagnostics_text.HEADINGS:
        app.segmented_control(key="diagnosis").set_value(view).run()
        assert_sound(app)
        reason = diagnostics_text.not_for(run, codes_of(run), view)
        if view == diagnostics_text.TRAINING:
            assert charts(app)
            assert "nats per image" in app.caption[-1].value.lower()
        elif view == diagnostics_text.LAW:  # of digits, where the model's images are not here
            assert len(charts(app)) == 1
            assert any("training images" in caption.value for caption in app.caption)
        elif view == diagnostics_text.WORST and not pictures(app):
            assert worst_images.WHY_IMAGES in app.info[0].value
        elif reason:
            assert [info.value for info in app.info] == [reason]
            assert not app.metric
        else:
            assert app.metric or view == diagnostics_text.SAMPLES
            nothing = view == diagnostics_text.LABELS and run.id == "mnist-collapsed"
            if nothing:
                assert [info.value for info in app.info] == [diagnostics_text.NO_LABELS]
                assert not charts(app)
            assert "Test split" in app.caption[-1].value


@pytest.mark.parametrize("family", list(POSTERIORS))
def test_a_feature_map_of_every_family_has_every_view(
    family: str, runs: Path, digits: Dataset
) -> None:
    label = trained(runs, digits, posterior=family, latent_shape=(2, 2, 3))
    app = open_page("diagnostics.py", label)
    for view in diagnostics_text.HEADINGS:
        app.segmented_control(key="diagnosis").set_value(view).run()
        assert_sound(app)
        assert charts(app) or pictures(app) or app.info


@some_models
def test_the_verdict_is_that_of_the_core(run: Run) -> None:
    app = open_page("diagnostics.py", run)
    found = collapse(run.vae(), codes_of(run))
    lit = lamps.use_lamp(found)
    assert any(lit.word in m.value and lit.state.icon in m.value for m in app.markdown)
    assert escaping.message(lit.evidence) in [c.value for c in app.caption]
    used = int((~found.table["unused"]).sum())
    assert metrics(app)["Dimensions used"] == f"{used} of {len(found.table)}"
    shown = sum(len(numbers(t["y"])) for t in charts(app)[0]["data"] if t["yaxis"] == "y")
    assert shown == len(found.table)


def test_the_worst_images_are_those_of_the_core_the_worst_first() -> None:
    run = RUNS["digits-map"]
    data = load_dataset(run.config.data)
    terms = evaluate_images(run.vae(), data.test)
    app = open_page("diagnostics.py", run, diagnosis="Worst images", worst="Rate")
    assert_sound(app)
    expected = terms.rate.argsort(descending=True)[: worst_images.COUNT].tolist()
    assert list(pictures(app)) == [f"test image {k} and its reconstruction" for k in expected]
    assert next(iter(metrics(app).values())).startswith(f"{terms.rate.mean():.2f} ± ")
    app.segmented_control(key="worst").set_value("Negative ELBO").run()
    first = next(iter(pictures(app)))
    assert first == f"test image {terms.negative_elbo.argmax()} and its reconstruction"
    (chart,) = charts(app)
    assert numbers(chart["data"][0]["y"]).sum() == len(data.test)
    assert chart["layout"]["xaxis"]["title"]["text"] == "Negative ELBO, nats per image"


def test_an_auto_encoder_has_its_worst_images_by_distortion(runs: Path, digits: Dataset) -> None:
    label = trained(runs, digits, posterior="delta")
    app = open_page("diagnostics.py", label, diagnosis="Worst images")
    assert_sound(app)
    assert [c.key for c in app.segmented_control] == ["diagnosis"]
    assert next(iter(metrics(app))).startswith("Distortion: mean ± standard error")
    assert len(pictures(app)) == worst_images.COUNT
    assert any(m.value == f"## {diagnostics_text.WORST_POINTS}" for m in app.markdown)


def test_a_histogram_counts_every_image_and_names_mean_and_median() -> None:
    nats = np.array([-3.0, -1.0, 0.0, 8.0])
    figure = image_scores(nats, "distortion", "Distortion", (1.0, 2.42), (-0.5, 0.25))
    bars, mean, median = figure.data
    assert bars.y.sum() == 4
    assert (mean.name, median.name) == ("mean 1.00 ± 2.42", "median −0.50 ± 0.25")
    assert (list(mean.x), list(median.x)) == ([1.0, 1.0], [-0.5, -0.5])
    (band,) = figure.layout.shapes
    assert (band.x0, band.x1) == (1.0 - 2.42, 1.0 + 2.42)
    alone = image_scores(nats[:1], "rate", "Rate", (-3.0, math.nan), (-3.0, math.nan))
    assert not alone.layout.shapes
    assert [line.name for line in alone.data[1:]] == ["mean −3.00", "median −3.00"]


def test_the_link_opens_the_label_gap() -> None:
    run = RUNS["digits-2d"]
    app = open_page("diagnostics.py", run, diagnosis="Label gap")
    found = label_gap(codes_of(run), 1000)
    (shown,) = (metric for metric in app.metric if metric.label == "Label gap")
    low, high = found.gap.low, found.gap.high
    assert shown.value == f"{low.value:.3f} to {high.value:.3f}"
    assert shown.delta.split()[:2] == ["±", f"{low.standard_error:.3f}"]
    probes = class_probes(codes_of(run))
    told = {metric.label: metric.value for metric in app.metric}
    assert told["Class read by a linear probe"] == f"{probes.linear.value:.1%}"
    assert told["Class read from the 5 nearest codes"] == f"{probes.nearest.value:.1%}"


def test_samples_are_shown_without_the_data_set_and_measured_with_it() -> None:
    here = open_page("diagnostics.py", RUNS["digits-map"], diagnosis="Samples")
    assert_sound(here)
    assert len(pictures(here)) == 4
    assert "Nearest training image" in "".join(e.proto.body for e in here.get("html"))
    away = open_page("diagnostics.py", RUNS["mnist-dirichlet-3"], diagnosis="Samples")
    assert_sound(away)
    assert list(pictures(away)) == ["Reconstructions", "Samples from the prior"]
    assert "needs the data set" in away.info[0].value
    assert "no Gaussian to fit" in away.caption[-1].value


def test_nothing_is_told_of_holes_that_is_saturated() -> None:
    app = open_page("diagnostics.py", RUNS["mnist-20d"], diagnosis="Samples")
    assert metrics(app)["Prior samples in a hole, at most"] == "saturated"
    assert "Gaussian samples in a hole, at most" not in metrics(app)
    app.segmented_control(key="diagnosis").set_value("Verdict").run()
    assert metrics(app)["I(x; z), nats"].startswith("9.10 to 25.18")


def test_one_class_has_no_label_to_tell() -> None:
    app = open_page("diagnostics.py", RUNS["mnist-ones-2d"], diagnosis="Label gap")
    assert_sound(app)
    assert "one class only" in app.info[0].value


def test_an_overfitted_model_is_said_so_and_its_best_epoch_opens(runs: Path) -> None:
    """Verdict, Training and the opened model all say what has chosen the epoch."""
    run = RunStore(runs).create(learns_by_heart())
    list(run.train(load_dataset(run.config.data)))
    found = run.overfitting()
    assert found
    app = open_page("diagnostics.py", run=f"{run.title} · {run.id[-6:]}")
    assert_sound(app)
    (said,) = (c.value for c in app.caption if "lowest in epoch" in c.value)
    assert f"lowest in epoch {found.epoch}: {found.lowest:.1f} nats per image" in said
    assert "chosen on the test images, so its own number is optimistic" in said
    app.segmented_control(key="diagnosis").set_value(diagnostics_text.TRAINING).run()
    assert_sound(app)
    (warning,) = app.warning
    assert "is overfitted" in warning.value
    assert "chosen on the test images, so its own number is optimistic" in warning.value
    (mark,) = {t["name"] for t in charts(app)[0]["data"]} - {"train", "test"}
    assert mark == f"epoch {found.epoch}: lowest test loss"
    (table,) = app.dataframe
    (row,) = table.value.loc[table.value["chosen"] != "", "epoch"]
    assert row == found.epoch
    button(app, f"Open epoch {found.epoch}").click().run()
    assert_sound(app)
    title = f"digits 8 diagonal epoch {found.epoch} (chosen on test) "
    assert chosen_label(app).startswith(title)
    assert len(RunStore(runs).list()) == 2


@pytest.mark.parametrize("view", [diagnostics_text.VERDICT, diagnostics_text.UNITS])
def test_over_the_collapsed_model_nobody_is_asked_to_open_it(view: str) -> None:
    """But another one."""
    run = next(run for run in MODELS if run.id == "mnist-collapsed")
    said = [m.value for m in open_page("diagnostics.py", run, diagnosis=view).markdown]
    assert not any("the collapsed model" in text for text in said)
    assert any("a model that is not collapsed" in text for text in said)
    assert "the collapsed model" in diagnostics_text.heading(view, is_collapsed=False)

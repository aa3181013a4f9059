"""Every page with bundled models of every kind."""

from __future__ import annotations

import pytest
import torch

from pages.ui.drawing.numbers import fixed, sum_and_parts
from tests.pages.app import (
    ALIVE,
    MAPS,
    MODELS,
    PAGES,
    VAES,
    WITH_PICKER,
    assert_sound,
    charts,
    chosen_label,
    go,
    has_component,
    lens_facts,
    model_line,
    numbers,
    open_page,
    seen,
    tell,
)
from tests.samples import ROOT, codes_of
from vae_core import Run
from vae_core.analysis import decode_mean, total_rate
from vae_core.analysis.diagnosis.collapse import is_collapsed
from vae_core.config import POSTERIORS

# A model of each kind: every family that ships, with a vector and with a map; of few images
# where there is one.
SMALL_LAST = sorted(MODELS, key=lambda run: run.config.data.name == "digits")
SHAPES = {(r.config.model.posterior, len(r.config.model.latent_shape)): r for r in SMALL_LAST}
KINDS = list(SHAPES.values())
# Every page with a model of each kind, and the others in turn.
OTHERS = [run for run in MODELS if run not in KINDS]
OPENED = [
    *((page, run) for page in PAGES for run in KINDS),
    *((page, OTHERS[k % len(OTHERS)]) for k, page in enumerate(PAGES)),
]

every_model = pytest.mark.parametrize("run", MODELS, ids=lambda run: run.id)
every_kind = pytest.mark.parametrize("run", KINDS, ids=lambda run: run.id)
every_kind_with_a_rate = pytest.mark.parametrize(
    "run", [run for run in KINDS if run in VAES], ids=lambda run: run.id
)
every_vae = pytest.mark.parametrize("run", VAES, ids=lambda run: run.id)


def test_every_model_that_ships_is_offered() -> None:
    folders = [p for p in (ROOT / "assets" / "models").iterdir() if (p / "metrics.json").exists()]
    offered = open_page("overview.py").selectbox(key="run").options
    assert sorted(offered) == sorted(run.title for run in MODELS)
    assert len(offered) == len(folders)


def opened(page: str, run: Run) -> None:
    app = seen(page, run)
    assert_sound(app)
    assert chosen_label(app) == run.title
    assert all(chart["data"] for chart in charts(app))
    if page not in WITH_PICKER:
        assert not [box for box in app.selectbox if box.key == "run"]
        return
    line, metrics = model_line(app), run.metrics()
    assert line.startswith(POSTERIORS[run.config.model.posterior].title)
    assert f"({metrics.n_test:,} grey images, 1 sample each)" in line
    if metrics.has_rate:
        total, *parts = sum_and_parts(metrics.distortion, metrics.rate, digits=1)
        assert total == fixed(metrics.negative_elbo, 1)
        assert f"{total} = distortion {parts[0]} + rate {parts[1]} nats per image" in line
    else:
        assert f"distortion {fixed(metrics.distortion, 1)} nats per image" in line
        assert "no finite rate" in line


@pytest.mark.parametrize(
    ("page", "run"), OPENED, ids=lambda value: value.id if isinstance(value, Run) else value
)
def test_every_page_opens_with_every_kind_of_model(page: str, run: Run) -> None:
    opened(page, run)


@pytest.mark.grid
@every_model
@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_with_every_model(page: str, run: Run) -> None:
    opened(page, run)


def test_every_model_is_opened_on_some_page_and_every_kind_on_all() -> None:
    assert {run.id for _, run in OPENED} == {run.id for run in MODELS}
    assert {(page, run.id) for page, run in OPENED} >= {(p, r.id) for p in PAGES for r in KINDS}


def test_the_chosen_model_stays_from_page_to_page() -> None:
    app, run = open_page("overview.py"), MAPS[-1]
    app.selectbox(key="run").set_value(run.title).run()
    for page in PAGES:
        assert chosen_label(go(app, page)) == run.title
        assert_sound(app)


@every_vae
def test_the_rate_on_the_kl_page_is_that_of_the_codes_and_of_the_metrics(run: Run) -> None:
    app = seen("kl.py", run)
    shown = float(next(m.value for m in app.metric if m.label.startswith("Rate")))
    assert shown == pytest.approx(total_rate(codes_of(run)), abs=0.0051)
    noise = 5.0 * codes_of(run).rate_error  # of the few samples of z that training's score has
    assert shown == pytest.approx(run.metrics().rate, abs=0.02 + 4.0 * noise)
    if is_collapsed(codes_of(run)):
        assert not charts(app)
    elif codes_of(run).is_additive:
        bars = [numbers(trace["y"]).sum() for trace in charts(app)[0]["data"]]
        assert sum(bars) == pytest.approx(shown, abs=0.0051)


@every_kind_with_a_rate
def test_every_view_of_the_kl_has_a_figure_in_nats_per_image(run: Run) -> None:
    app = open_page("kl.py", run)
    if codes_of(run).family.has_entries:  # which has one view of its own
        assert "nats per image" in str(charts(app)[-1])
        return
    views = app.segmented_control(key="view").options
    assert ("By cell" in views) == (run in MAPS)
    for view in views:
        app.segmented_control(key="view").set_value(view).run()
        assert_sound(app)
        assert all("nats per image" in str(chart) for chart in charts(app))
        assert charts(app) or view == "One Gaussian"  # which is drawn in the page


def test_the_auto_encoder_has_no_finite_rate() -> None:
    (run,) = [run for run in MODELS if run not in VAES]
    app = seen("kl.py", run)
    assert "no finite rate" in app.info[0].value
    assert not app.metric
    assert any("no finite rate" in c.value for c in app.caption)


@every_kind
def test_choosing_a_class_shows_that_class_alone(run: Run) -> None:
    app = open_page("posteriors.py", run)
    names, codes = run.data().class_names, codes_of(run)
    labels = codes.labels.unique().tolist()
    label = labels[len(labels) // 3]
    prior = f"prior {codes.prior_title}"
    drawn = lambda: {t["name"] for t in charts(app)[0]["data"]} - {prior}  # noqa: E731
    assert drawn() == {names[y] for y in labels}
    tell(app, classes=[label], at=[])
    assert_sound(app)
    assert drawn() == {names[label]}
    n = int((codes.labels == label).sum())
    assert any(f"{n:,} images" in caption.value for caption in app.caption)
    assert app.query_params["classes"] == str(label)
    assert "classes" not in go(app, "sliders.py").query_params  # where nothing shows them
    assert lens_facts(go(app, "posteriors.py"))["state"]["classes"] == [label]


@every_kind
def test_posteriors_span_the_two_most_informative_numbers(run: Run) -> None:
    app = open_page("posteriors.py", run)
    facts = lens_facts(app)
    names, order = facts["names"], facts["order"]
    titles = lambda: [chart["layout"]["xaxis"]["title"]["text"] for chart in charts(app)]  # noqa: E731
    if len(names) > 2 and not codes_of(run).is_triangle:
        assert titles() == [names[j] for j in order[:2]]
        tell(app, axes=[order[0], order[3]], at=[])
        assert titles() == [names[order[0]], names[order[3]]]
    else:
        assert titles() == ["z0", "z1"]


@every_kind
def test_points_can_be_means_or_draws_or_none(run: Run) -> None:
    app = open_page("posteriors.py", run)
    n = len(codes_of(run))
    for layers, count, said in (
        (["points", "samples"], 500, f"{min(n, 500)} means and {min(n, 500)} samples of z shown;"),
        (["widths", "classes"], 150, "150 posteriors shown;"),
        ([], 2000, "images; marginals"),
    ):
        tell(app, layers=layers, count=count, at=[])
        assert_sound(app)
        (caption,) = (c.value for c in app.caption if c.value.startswith("Test split, "))
        assert said in caption
        assert ("of its samples" in caption) == ("classes" in layers)


@pytest.mark.parametrize("run", [r for r in KINDS if r not in MAPS], ids=lambda run: run.id)
def test_the_feature_map_page_says_why_a_vector_has_no_cells(run: Run) -> None:
    app = seen("feature_map.py", run)
    (info,) = app.info
    assert info.value.startswith(f"The latent of {run.title} is a vector: it has no cells.")
    assert not has_component(app, "lens")


def test_the_collapsed_model_paints_one_picture_whatever_z_is() -> None:
    """Its loss took the mean over pixels: every number stays at the prior, and says nothing."""
    (run,) = [run for run in MODELS if run not in ALIVE]
    app = seen("kl.py", run)
    said = {m.label: m.value for m in app.metric}
    assert said["Rate: mean KL, nats per image"] == "0.00"
    assert "trained with β = 784 (mean/sum)" in model_line(app)
    assert said["Active dimensions"] == "0 of 10"
    z = torch.randn(64, 10, generator=torch.manual_seed(0))
    pictures = decode_mean(run.vae(), z)
    assert (pictures - pictures[:1]).abs().max() < 0.05

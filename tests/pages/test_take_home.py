"""What can be taken along of a model, and the file of its lens."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

import pytest

from pages.ui.components import lens_file, take_home
from pages.ui.components.component import ASSETS
from pages.ui.components.save import SAVE
from pages.ui.measure import bounds
from tests.pages.app import MODELS, assert_sound, open_page
from tests.samples import ROOT
from vae_core import Run, load_dataset
from vae_core.analysis import image_bounds, random_images

SOME = [m for m in MODELS if m.id in ("digits-2d", "mnist-map", "mnist-dirichlet-3", "mnist-ae-2d")]


def facts_in(page: str) -> dict[str, Any]:
    (text,) = re.findall(r'<script type="application/json" id="facts">(.*?)</script>', page)
    facts: dict[str, Any] = json.loads(text)
    return facts


@pytest.mark.parametrize("run", SOME, ids=lambda run: run.id)
def test_every_page_offers_the_model_and_makes_nothing_before_it_is_asked_for(run: Run) -> None:
    app = open_page("posteriors.py", run)
    assert_sound(app)
    labels = ["The lens, .html", "The run, .zip", "Codes, .csv", "Codes, .parquet"]
    assert [b.proto.label for b in app.get("download_button")] == labels
    assert all(b.proto.deferred_file_id and not b.proto.url for b in app.get("download_button"))


def test_each_chart_has_its_bar_named_after_model_page_and_figure() -> None:
    app = open_page("aggregate.py", "Digits 2-D")
    bars = [c.proto for c in app.get("bidi_component") if c.proto.component_name.endswith(".save")]
    names = [json.loads(bar.json)["name"] for bar in bars]
    assert names == [f"digits-2d-aggregate-{key}" for key in ("surgery", "class_kl")]
    assert len(app.get("plotly_chart")) == 2
    assert "export default" in SAVE.script()


def test_the_table_of_codes_has_scores_where_the_images_are_here() -> None:
    digits, mnist, points = (
        next(run for run in MODELS if run.id == name)
        for name in ("digits-2d", "mnist-2d", "mnist-ae-2d")
    )
    table, metrics = take_home.table_of(digits, None), digits.metrics()
    for name in ("distortion", "rate", "negative_elbo"):
        assert table[name].mean() == pytest.approx(getattr(metrics, name), rel=1e-5)
    kept = take_home.table_of(mnist, None)  # its terms came with it, its images did not
    assert kept["negative_elbo"].mean() == pytest.approx(mnist.metrics().negative_elbo, abs=0.01)
    names = ["index", "label", "mean_z0", "mean_z1", "distortion"]
    assert list(take_home.table_of(points, None)) == names
    notes = [m.value for m in open_page("kl.py", mnist).markdown]
    (note,) = (text for text in notes if text.startswith("Per test image: "))
    assert note.endswith("negative ELBO in nats.")
    assert take_home.codes_note(True, False, True).endswith("are not on this machine.")


def test_the_bounds_that_the_page_measured_are_columns_of_the_codes() -> None:
    run = next(run for run in MODELS if run.id == "digits-2d")
    app = open_page("bounds.py", run)
    assert_sound(app)
    labels = [b.proto.label for b in app.get("download_button")]
    assert {"Codes with these bounds, .csv", "Codes with these bounds, .parquet"} <= set(labels)
    data = load_dataset(run.config.data)
    some = data.test.take(random_images(len(data.test))[:50])
    found = image_bounds(run.vae(), some, (1, 10))
    table = bounds.codes_with_bounds(run, data, found)
    assert len(table) == len(data.test)
    assert table["negative_bound"].count() == 50
    assert table["negative_bound"].mean() == pytest.approx(found.summary().negative_bound)


def test_the_note_on_codes_says_what_is_missing_and_why() -> None:
    assert take_home.codes_note(has_rate=False, has_scores=True, has_density=False) == (
        "Per test image: z and distortion in nats."
    )
    assert take_home.codes_note(has_rate=True, has_scores=False, has_density=True) == (
        "Per test image: mean and standard deviation of q(z|x), rate in nats. No distortion and "
        "negative ELBO: the images, which are scored for it, are not on this machine."
    )
    of_entries = take_home.codes_note(has_rate=True, has_scores=True, has_density=False)
    assert of_entries == "Per test image: z, rate, distortion and negative ELBO in nats."


@pytest.mark.parametrize("run", SOME, ids=lambda run: run.id)
def test_the_file_holds_all_it_needs_and_asks_for_nothing(run: Run) -> None:
    page = lens_file.html(run, None).decode()
    assert "://" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "default-src 'none'" in page
    facts = facts_in(page)
    assert facts["title"] == run.title
    assert f"{run.metrics().distortion:.1f}" in facts["summary"]
    views = [view["name"] for view in facts["views"]]
    assert ("cells" in views) == (len(run.config.model.latent_shape) == 3)
    for name in ("model", "posteriors"):
        assert page.count(f'id="{name}"') == 1
    assert len(page) < 2_600_000
    n = facts["facts"]["n_images"]
    assert f"{n:,} of 10,000" in facts["contents"] or f"all {n:,} test images" in facts["contents"]
    assert lens_file.html(run, None).decode() == page


def test_first_originals_go_along_when_they_are_here() -> None:
    run = next(run for run in MODELS if run.id == "digits-2d")
    page = lens_file.html(run, load_dataset(run.config.data)).decode()
    assert page.count('id="images/') == facts_in(page)["facts"]["n_originals"] == 60


def test_the_file_has_the_colours_of_the_app() -> None:
    theme = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"]
    light, dark = (ASSETS / "take_home" / "take_home.css").read_text().split("@media", 2)[:2]
    for name, css in (("light", light), ("dark", dark)):
        for key, colour in theme[name].items():
            variable = "--st-" + re.sub("([A-Z])", lambda m: "-" + m[1].lower(), key)
            assert f"{variable}: {colour};" in css

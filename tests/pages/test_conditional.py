"""Every page with models that are given the label, and what pages say of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import torch

from pages.ui.components import lens
from pages.ui.components.lens_state import LensState
from pages.ui.drawing.given_label import of_label
from pages.ui.explore import styles
from pages.ui.measure import classifier
from tests.pages.app import PAGES, assert_sound, charts, chosen_label, open_page, pictures
from tests.samples import tiny_run
from vae_core import Dataset, Run, RunStore
from vae_core.analysis import (
    ClassifierScore,
    ClassProbes,
    Estimate,
    classifier_score,
    decode_mean,
)
from vae_core.comparison import comparable
from vae_core.figures import contact_sheet, data_uri

MAP = {"network": "conv", "likelihood": "gaussian", "sigma": "learned"}
MODELS = {"vector": ((2,), {}), "map": ((2, 2, 2), MAP), "few": ((2,), {"labelled": 20})}
OF_A_MAP = ("feature_map.py", "locality.py")
VIEWS = [
    ("diagnostics.py", "vector", {"diagnosis": view})
    for view in ("Collapse", "Samples", "Worst images")
] + [
    ("walks.py", "vector", {"ends": "prior samples", "walk-label": "3"}),
    ("bounds.py", "vector", {"truth": "true", "own": "true"}),
    ("locality.py", "map", {"locality": "Pixels each cell changes"}),
    ("overview.py", "few", {}),
]  # fmt: skip


@pytest.fixture
def run(request: pytest.FixtureRequest, runs: Path, digits: Dataset) -> Run:
    latent, settings = MODELS[request.param]
    config = tiny_run(latent_shape=latent, labels="conditional", **settings)
    made = RunStore(runs).create(replace(config, name="conditional"))
    list(made.train(digits))
    return made


@pytest.mark.parametrize(
    ("page", "run", "address"),
    [(page, "map" if page in OF_A_MAP or k % 2 else "vector", {}) for k, page in enumerate(PAGES)]
    + VIEWS,
    indirect=["run"],
)
def test_a_page_shows_a_conditional_model(page: str, run: Run, address: dict[str, str]) -> None:
    label = f"{run.title} · {run.id[-6:]}"
    app = open_page(page, label, **address)
    assert_sound(app)
    assert chosen_label(app) == label
    assert all(chart["data"] for chart in charts(app))


@pytest.mark.parametrize("run", ["vector"], indirect=True)
def test_the_label_of_the_lens_is_the_images_own_until_another_is_chosen(run: Run) -> None:
    labels = run.codes().labels
    assert lens.label(run, LensState(image=4)) == int(labels[4])
    assert lens.label(run, LensState(image=4, label=7)) == 7
    assert LensState.from_address({"label": "7"}).fit(9, (2,), [0, 1], [1, 2]).label is None
    assert LensState(label=2).to_address()["label"] == "2"


@pytest.mark.parametrize("run", ["vector"], indirect=True)
def test_scores_given_the_label_are_ranked_with_none_without(
    run: Run, runs: Path, digits: Dataset
) -> None:
    plain, other = (
        RunStore(runs).create(tiny_run(latent_shape=(2,), **settings))
        for settings in ({}, {"labels": "conditional"})
    )
    for each in (plain, other):
        list(each.train(digits))
    assert not comparable(run, plain)
    assert comparable(run, other)


@pytest.mark.parametrize("run", ["vector"], indirect=True)
def test_the_server_decodes_with_the_label_that_follows_z(run: Run) -> None:
    size, respond = lens._answers(run)["decode"]
    assert size == 4 * 3
    z = torch.tensor([0.5, -1.0])
    for label in (0, 6):
        answer = respond(torch.tensor([*z, label]).numpy().astype("<f4").tobytes())
        expected = run.vae().given(label).decode_params(z[None]).detach()
        assert torch.frombuffer(bytearray(answer), dtype=torch.float32).equal(expected.flatten())


@pytest.mark.parametrize("run", ["few"], indirect=True)
def test_diagnostics_tells_what_images_without_a_label_are_worth(run: Run, digits: Dataset) -> None:
    app = open_page("diagnostics.py", f"{run.title} · {run.id[-6:]}", diagnosis="Classifier")
    assert_sound(app)
    found = classifier_score(run.vae(), run.config, digits)
    assert [metric.value for metric in app.metric][:2] == [
        f"{share.value:.1%}" for share in (found.accuracy, found.alone)
    ]
    own, alone = charts(app)[0]["data"]
    assert len(own["x"]) == len(alone["x"]) == 10
    assert any("The 76 others" in one.value for one in app.markdown)
    assert "its own label y" in app.caption[-1].value


def test_a_gain_is_named_as_such_only_where_the_images_tell() -> None:
    def said(difference: Estimate, n_images: int = 60_000) -> str:
        share = Estimate(0.9, 0.003)
        return classifier.sentence(
            ClassifierScore(share, share, difference, pd.DataFrame(), 100, n_images, 1000)
        )

    assert "59,900 others are worth 20.0 ± 0.4 percentage points" in said(Estimate(0.2, 0.004))
    assert "others take 3.0 ± 0.4 percentage points" in said(Estimate(-0.03, 0.004))
    assert "make no difference" in said(Estimate(0.003, 0.004))
    assert said(Estimate(0.0, 0.0), 100).startswith("All 100 training images have a label")


@pytest.mark.parametrize("run", ["vector"], indirect=True)
def test_a_sheet_shows_each_hand_with_every_label(run: Run, digits: Dataset) -> None:
    label, vae, codes = f"{run.title} · {run.id[-6:]}", run.vae(), run.codes()
    app = open_page("walks.py", label, **{"style-image": "5"})
    shown = [source for title, source in pictures(app).items() if "with the labels" in title]
    assert len(shown) == styles.ROWS
    row = decode_mean(vae.given(torch.arange(10)), codes.mean[5].expand(10, -1))
    assert shown[0] == data_uri(contact_sheet(row.numpy(), 10, scale=3))
    app.segmented_control(key="styles").set_value(styles.SAMPLES).run()
    app.number_input(key="style-seed").set_value(3).run()
    assert_sound(app)
    first = codes.prior().sample((styles.ROWS,), torch.Generator().manual_seed(3))[0]
    row = decode_mean(vae.given(torch.arange(10)), first.expand(10, -1))
    assert data_uri(contact_sheet(row.numpy(), 10, scale=3)) in pictures(app).values()
    app.segmented_control(key="styles").set_value(styles.LENS).run()
    assert_sound(app)
    assert sum("with the labels" in title for title in pictures(app)) == 1


def test_the_sentence_over_the_sheet_says_whether_z_tells_the_class() -> None:
    def said(linear: float) -> str:
        share = Estimate(linear, 0.006)
        return styles.sentence(ClassProbes(share, share, 0.114, 3000))

    assert "13.9% ± 0.6% of the test images" in said(0.139)
    assert "What z holds is the rest" in said(0.139)
    assert "still tells of the class" in said(0.6)


@pytest.mark.parametrize(
    ("plain", "conditional"),
    [
        (
            "−log p(x), by KL(q(z | x) ‖ p(z | x))",
            "−log p(x | y), by KL(q(z | x, y) ‖ p(z | x, y))",
        ),
        ("q(z|x) is not q(z), nor p(z)", "q(z|x, y) is not q(z), nor p(z)"),
        (r"\log p(x)\ge\mathrm{ELBO}(x)", r"\log p(x\mid y)\ge\mathrm{ELBO}(x,y)"),
        (r"p(x\mid z_i)\,p(z_i),\ z=\mu(x)", r"p(x\mid z_i,y)\,p(z_i),\ z=\mu(x,y)"),
    ],
)
def test_a_text_of_p_x_becomes_one_given_the_label(plain: str, conditional: str) -> None:
    assert of_label(plain) == conditional


@pytest.mark.parametrize("run", ["vector"], indirect=True)
def test_titles_and_formulas_of_a_conditional_model_name_the_label(run: Run) -> None:
    label = f"{run.title} · {run.id[-6:]}"
    for page in ("bounds.py", "overview.py", "kl.py"):
        app = open_page(page, label)
        titles = [each.value for each in app.markdown if each.value.startswith("## ")]
        formulas = [each.value for each in app.latex]
        assert formulas
        assert not [text for text in formulas if "(x)" in text or r"\mid z)" in text]
        assert page != "bounds.py" or all("log p(x)" not in title for title in titles)

"""Every page with models that are given the label, and what pages say of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from pages.ui.components import lens
from pages.ui.components.lens_state import LensState
from pages.ui.drawing.given_label import of_label
from tests.pages.app import PAGES, assert_sound, charts, chosen_label, open_page
from tests.samples import tiny_run
from vae_core import Dataset, Run, RunStore
from vae_core.comparison import comparable

MAP = {"network": "conv", "likelihood": "gaussian", "sigma": "learned"}
MODELS = {"vector": ((2,), {}), "map": ((2, 2, 2), MAP)}
OF_A_MAP = ("feature_map.py", "locality.py")
VIEWS = [
    ("diagnostics.py", "vector", {"diagnosis": view})
    for view in ("Collapse", "Samples", "Worst images")
] + [
    ("walks.py", "vector", {"ends": "prior samples", "walk-label": "3"}),
    ("bounds.py", "vector", {"truth": "true", "own": "true"}),
    ("locality.py", "map", {"locality": "Pixels each cell changes"}),
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

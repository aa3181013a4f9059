"""What the lens is told and can fetch, for every family and every model that ships."""

from __future__ import annotations

import base64
import io
import json
import math
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import load as load_tensors
from streamlit.testing.v1 import AppTest
from torch.distributions import Normal

from pages.ui.components.lens import COLOURS
from pages.ui.drawing.strips import MAX_STRIPS, NEIGHBOURS, STEPS
from pages.ui.explore import overview
from tests.pages.app import (
    ALIVE,
    MODELS,
    VIEWS,
    assert_sound,
    fetch,
    float32,
    go,
    is_map,
    lens_facts,
    lens_pages,
    open_page,
    own_run,
    pictures,
    seen,
    tell,
    trained,
)
from tests.samples import LATENTS, codes_of, rewrite, tensors
from vae_core import Dataset, Run, load_dataset
from vae_core.analysis import (
    cell_order,
    channel_order,
    decode_mean,
    latent_names,
    nearest_codes,
    rate_table,
)
from vae_core.analysis.diagnosis.collapse import is_collapsed
from vae_core.analysis.rate.entry_use import entry_use
from vae_core.browser.graph import prior_tensors
from vae_core.config import POSTERIORS

every_model = pytest.mark.parametrize("run", MODELS, ids=lambda run: run.id)
every_living = pytest.mark.parametrize("run", ALIVE, ids=lambda run: run.id)
every_family = pytest.mark.parametrize("posterior", POSTERIORS)
every_latent = pytest.mark.parametrize("latent", LATENTS)


def pixels(source: str) -> NDArray[np.int64]:
    """The first channel of a picture on the page."""
    png = base64.b64decode(source.partition(",")[2])
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)[..., 0]


def places(run: Run) -> list[list[float]]:
    """Some z of a model, flattened: means of images of different classes."""
    codes = codes_of(run)
    firsts = [int((codes.labels == label).nonzero()[0]) for label in codes.labels.unique()]
    return codes.mean[firsts[:3]].flatten(1).tolist()


# Facts


@every_family
@every_latent
def test_the_lens_is_told_what_the_run_says(
    posterior: str, latent: tuple[int, ...], runs: Path, digits: Dataset
) -> None:
    label = trained(runs, digits, posterior=posterior, latent_shape=latent)
    run = own_run(runs)
    app = open_page("overview.py", run=label)
    for page in lens_pages(run):
        assert_sound(go(app, page))
        assert_facts_are_of(run, lens_facts(app), VIEWS[page])


@every_model
def test_the_lens_is_told_what_a_bundled_model_says(run: Run) -> None:
    for page in lens_pages(run):
        assert_facts_are_of(run, lens_facts(seen(page, run)), VIEWS[page])


def assert_facts_are_of(run: Run, facts: dict[str, object], view: str) -> None:
    codes = codes_of(run)
    table = rate_table(codes)
    assert facts["view"] == view
    sites = math.prod(run.config.model.latent_shape[:-1])
    assert facts["cell_order"] == (cell_order(sites).tolist() if sites > 1 else None)
    assert facts["latent_shape"] == list(run.config.model.latent_shape)
    assert facts["image_shape"] == list(run.vae().image_shape)
    assert facts["n_images"] == len(codes)
    assert facts["class_names"] == list(run.data().class_names)
    assert facts["labels"] == sorted(set(codes.labels.tolist()))
    assert facts["names"] == list(table["name"])
    assert facts["order"] == channel_order(codes)
    shown = table["kl"] if codes.family.has_rate else table["mean_variance"]
    if codes.family.has_entries:  # whose KLs are all the same
        channels = codes.latent_shape[-1]
        shown = (entry_use(codes).site_entropy / channels).repeat_interleave(channels)
    assert facts["cells"] == pytest.approx(shown, rel=1e-5, abs=1e-7)
    has_kl = codes.family.has_rate and not codes.family.has_entries
    assert facts["kl"] == (facts["cells"] if has_kl else None)
    assert ("nats" in facts["cells_unit"]) == codes.family.has_rate
    assert (facts["family"]["low"], facts["family"]["high"]) == codes.reach
    for name in facts["family"].keys() - {"low", "high"}:  # of the prior, where it is learned
        source = codes if hasattr(codes, name) else codes.family
        assert facts["family"][name] == getattr(source, name)
    assert {"low", "high", "has_rate", "has_density"} <= facts["family"].keys()
    assert facts["has_rings"] == prior_is_standard_normal(run)
    assert facts["is_triangle"] == (
        run.config.model.posterior == "dirichlet" and run.config.model.latent_shape == (3,)
    )
    assert facts["colours"] == json.loads(json.dumps(COLOURS))


def prior_is_standard_normal(run: Run) -> bool:
    prior, z = codes_of(run).prior(), torch.linspace(0.1, 0.9, 5)
    for value in z:
        at = torch.full(prior.event_shape, float(value))
        if not torch.allclose(prior.marginals().log_prob(at), Normal(0.0, 1.0).log_prob(at)):
            return False
    return True


@every_latent
def test_most_informative_first_holds_for_a_point_mass_that_has_no_finite_kl(
    latent: tuple[int, ...], runs: Path, digits: Dataset
) -> None:
    label = trained(runs, digits, posterior="delta", latent_shape=latent)
    facts = lens_facts(open_page("overview.py", run=label))
    assert facts["kl"] is None
    moves = [facts["cells"][j] for j in facts["order"]]
    assert moves == sorted(moves, reverse=True)


# What it fetches


@every_family
@every_latent
def test_the_offered_files_hold_the_weights_and_codes_of_the_run(
    posterior: str, latent: tuple[int, ...], runs: Path, digits: Dataset
) -> None:
    label = trained(runs, digits, posterior=posterior, latent_shape=latent)
    assert_files_are_of(own_run(runs), open_page("overview.py", run=label))


@every_model
def test_the_offered_files_hold_the_weights_and_codes_of_a_bundled_model(run: Run) -> None:
    assert_files_are_of(run, seen("overview.py", run))


def assert_files_are_of(run: Run, app: AppTest) -> None:
    address, codes = lens_facts(app)["address"], codes_of(run)
    files = {name: fetch(address + name) for name in ("model", "posteriors", "moments")}
    assert {file.status for file in files.values()} == {200}
    weights = load_tensors(files["model"].content)
    vae = run.vae()
    expected = {k: v for k, v in vae.state_dict().items() if k.startswith(("encoder", "decoder"))}
    expected |= prior_tensors(vae)
    assert weights.keys() == expected.keys()
    for name, value in weights.items():
        torch.testing.assert_close(value.float(), expected[name], rtol=0, atol=0)
    posteriors = load_tensors(files["posteriors"].content)
    torch.testing.assert_close(
        posteriors["params"].float(), codes.params.flatten(1), rtol=0, atol=0
    )
    assert torch.equal(posteriors["labels"], codes.labels)
    moments = load_tensors(files["moments"].content)["params"].float()
    halves = moments.reshape(*codes.mean.shape[:-1], 2, codes.latent_shape[-1])
    torch.testing.assert_close(halves[..., 0, :], codes.mean)


@every_family
@every_latent
def test_the_server_answers_as_the_model_does(
    posterior: str, latent: tuple[int, ...], runs: Path, digits: Dataset
) -> None:
    label = trained(runs, digits, posterior=posterior, latent_shape=latent)
    address = lens_facts(open_page("overview.py", run=label))["address"]
    vae, codes = own_run(runs).vae(), own_run(runs).codes()
    x, z = digits.test.images[5:6], codes.mean[5:6]
    with torch.no_grad():
        q = vae.encode(x)
        answers = {
            "encode": (x, vae.encode_params(x)),
            "moments": (x, torch.cat([q.mean, q.variance.clamp(min=1e-12).log()], -1)),
            "decode": (z, vae.decoder(z)),
            "picture": (z, vae.decode(z).mean),
        }
    for name, (question, expected) in answers.items():
        answer = fetch(address + name, question.numpy().tobytes())
        assert answer.status == 200
        torch.testing.assert_close(float32(answer.content), expected.flatten())
        refused = fetch(address + name, question.numpy().tobytes()[:-4])
        assert refused.status == 422
        assert refused.content.decode().startswith(f"Expected {4 * question.numel()} bytes")
        assert refused.content.decode().endswith(f"{question.numel()} float32 numbers.")


@every_model
def test_all_pages_offer_the_same_files(run: Run) -> None:
    assert len({lens_facts(seen(page, run))["address"] for page in lens_pages(run)}) == 1


def test_no_two_models_are_offered_at_one_address() -> None:
    addresses = {lens_facts(seen("overview.py", run))["address"] for run in MODELS}
    assert len(addresses) == len(MODELS)


def test_a_run_whose_weights_change_is_offered_at_another_address(
    runs: Path, digits: Dataset
) -> None:
    label = trained(runs, digits)
    app, run = open_page("overview.py", run=label), own_run(runs)
    before = lens_facts(app)["address"]
    old = load_tensors(fetch(before + "model").content)
    changed = {name: -value for name, value in tensors(run).items()}
    rewrite(run, "weights", **changed)
    after = lens_facts(app.run())["address"]
    assert after != before
    new = load_tensors(fetch(after + "model").content)
    for name, value in new.items():
        assert torch.equal(value, -old[name])


@every_model
def test_images_are_offered_where_the_data_set_is(run: Run) -> None:
    is_here = run.config.data.name == "digits"
    for page in lens_pages(run):
        app = seen(page, run)
        assert (lens_facts(app)["images"] is not None) == is_here
        assert bool(app.info) != is_here


def test_an_offered_image_is_that_of_the_test_split(runs: Path, digits: Dataset) -> None:
    label = trained(runs, digits)
    address = lens_facts(open_page("overview.py", run=label))["images"]
    for index in (0, 50, 95):
        answer = fetch(f"{address}images/{index}")
        assert torch.equal(float32(answer.content), digits.test.images[index].flatten())
    assert fetch(f"{address}images/96").status == 404


def test_images_outlive_the_run_that_first_offered_them(runs: Path, digits: Dataset) -> None:
    first = trained(runs, digits)
    address = lens_facts(open_page("overview.py", run=first))["images"]
    shutil.rmtree(own_run(runs).path)
    second = trained(runs, digits, hidden=(5,))
    assert lens_facts(open_page("overview.py", run=second))["images"] == address
    assert torch.equal(
        float32(fetch(f"{address}images/7").content), digits.test.images[7].flatten()
    )


# Below it


@every_model
def test_the_most_informative_numbers_have_a_strip_each(run: Run) -> None:
    app = seen("sliders.py", run)
    names, order = latent_names(run.config.model.latent_shape), channel_order(codes_of(run))
    assert list(pictures(app)) == [f"traversal of {names[j]}" for j in order[:MAX_STRIPS]]
    height, width = run.vae().image_shape[1:]
    for source in pictures(app).values():
        assert pixels(source).shape == (2 * height, STEPS * (2 * width + 2) - 2)


@every_living
def test_a_strip_changes_with_every_number_but_its_own(run: Run) -> None:
    app, vae, codes = open_page("sliders.py", run), run.vae(), codes_of(run)
    order, names = channel_order(codes), latent_names(codes.latent_shape)
    z = codes.mean[0]
    tell(app, at=z.flatten().tolist())
    before = pictures(app)
    value = torch.tensor([0.5 * float(z.flatten()[order[0]]) + 0.3])
    tell(app, at=vae.family.move(z, order[0], value).flatten().tolist())
    assert_sound(app)
    after = pictures(app)
    own, other = (f"traversal of {names[j]}" for j in order[:2])
    assert abs(pixels(after[own]) - pixels(before[own])).max() <= 1  # a simplex rounds
    assert abs(pixels(after[other]) - pixels(before[other])).max() > 10


IN_USE = [run for run in MODELS if not is_collapsed(codes_of(run))]
every_model_in_use = pytest.mark.parametrize("run", IN_USE, ids=lambda run: run.id)


def test_a_collapsed_model_has_no_neighbours() -> None:
    (run,) = set(MODELS) - set(IN_USE)
    app = seen("overview.py", run)
    assert not pictures(app)
    assert overview.NO_NEIGHBOURS in [info.value for info in app.info]


@every_model_in_use
def test_neighbours_are_those_nearest_to_where_z_was_let_go(run: Run) -> None:
    app, codes = open_page("overview.py", run), codes_of(run)
    for at in places(run):
        tell(app, at=at)
        assert_sound(app)
        near = nearest_codes(codes, torch.tensor(at).reshape(codes.latent_shape), NEIGHBOURS)
        assert list(pictures(app)) == [f"test image {i}" for i in near.index.tolist()]


@every_model_in_use
def test_until_the_lens_tells_z_is_the_mean_of_what_it_begins_at(run: Run) -> None:
    codes = codes_of(run)
    for image, z in (("3", codes.mean[3]), ("none", codes.prior().mean)):
        app = seen("overview.py", run, image=image)
        near = nearest_codes(codes, z, NEIGHBOURS).index.tolist()
        assert list(pictures(app)) == [f"test image {i}" for i in near]


@every_model_in_use
def test_neighbours_say_their_class_their_number_and_their_kl(run: Run) -> None:
    codes = codes_of(run)
    near = nearest_codes(codes, codes.mean[0], NEIGHBOURS)
    html = "".join(e.proto.body for e in seen("overview.py", run, image="0").get("html"))
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", html)
    assert len(captions) == len(near)
    names = run.data().class_names
    for k, caption in enumerate(captions):
        assert f"<b>{names[int(near.labels[k])]}</b>" in caption
        assert f"image {int(near.index[k])}" in caption
        assert (f"KL {float(near.rate[k]):.1f}" in caption) == codes.family.has_rate
        assert "inf" not in caption


def test_neighbours_are_the_images_where_they_are_here_and_decoded_where_not() -> None:
    for run in IN_USE:
        app = seen("overview.py", run, image="0")
        data = run.config.data.name == "digits"
        assert any(("images themselves" in m.value) == data for m in app.markdown)
        near = nearest_codes(codes_of(run), codes_of(run).mean[0], NEIGHBOURS)
        expected = decode_mean(run.vae().given(near.labels), near.mean)
        if data:
            expected = load_dataset(run.config.data).test.images[near.index]
        for source, picture in zip(pictures(app).values(), expected, strict=True):
            levels = (picture[0].numpy() * 255).round()
            assert abs(pixels(source)[1::3, 1::3] - levels).max() <= 1


@pytest.mark.parametrize("query", [{"image": "0"}, {"image": "3", "tour": "2"}, {}])
def test_a_reload_of_the_address_brings_back_the_same_image(query: dict[str, str]) -> None:
    """The Overview begins elsewhere than at the first image: its number stays in the address."""
    app = open_page("overview.py", "Digits 2-D", **query)
    again = open_page("overview.py", **flat(app.query_params))
    assert lens_facts(again)["state"] == lens_facts(app)["state"]
    if "image" in query:
        assert lens_facts(app)["state"]["image"] == int(query["image"])


def test_a_lesson_without_an_image_begins_at_the_first() -> None:
    app = open_page("overview.py", lesson="mu-sigma", step="do")
    assert_sound(app)
    assert lens_facts(app)["state"]["image"] == 0
    assert lens_facts(app)["state"]["tour"] is None


def flat(query: Any) -> dict[str, str]:
    return {k: v[0] if isinstance(v, list) else v for k, v in dict(query).items()}


# Odd shapes


@pytest.mark.parametrize("latent", [(1,), (1, 1, 1), (2, 3, 2), (64,)])
def test_latents_of_any_shape_have_facts_files_and_strips(
    latent: tuple[int, ...], runs: Path, digits: Dataset
) -> None:
    label = trained(runs, digits, latent_shape=latent)
    run = own_run(runs)
    assert is_map(run) == (len(latent) == 3)
    for page in lens_pages(run):
        app = open_page(page, run=label)
        assert_sound(app)
        assert_facts_are_of(run, lens_facts(app), VIEWS[page])
        tell(app, at=places(run)[0])
        assert_sound(app)
    assert_files_are_of(run, open_page("sliders.py", run=label))

"""The Projection page: what the atlas is told, what was picked on it, and work beside the page."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from pages.ui.components.atlas import MAX_IN_ADDRESS, Pick, coordinates_file
from pages.ui.explore import projection_progress, projection_queue
from pages.ui.explore.projection_picks import posterior_table
from tests.pages.app import (
    MODELS,
    assert_sound,
    button,
    charts,
    fetch,
    lens_facts,
    numbers,
    open_page,
    own_run,
    pictures,
    run_until,
    the_component,
    trained,
)
from tests.samples import rewrite, tensors, until
from vae_core import Codes, Dataset, Run, load_dataset
from vae_core.analysis import channel_order, decode_mean, project
from vae_core.analysis.space.neighbourhoods import neighbourhoods
from vae_core.analysis.space.projection_methods import METHODS
from vae_core.errors import ConfigError
from vae_core.jobs import HEARTBEAT
from vae_core.jobs.priority import NICE, NICEST

BY_ID = {run.id: run for run in MODELS}
SOME = ["digits-2d", "digits-map", "mnist-full-2d", "mnist-dirichlet-3", "mnist-ae-2d"]
some_models = pytest.mark.parametrize("run", [BY_ID[name] for name in SOME], ids=SOME)
MAP = BY_ID["digits-map"]


@pytest.fixture(autouse=True)
def _no_jobs() -> Iterator[None]:
    yield
    queue = projection_queue.queue()
    queue.cancel_all(patience=20)


def pick(app: AppTest, kind: str, *index: int) -> AppTest:
    """Click, or close a loop, in the atlas."""
    component = the_component(app, "atlas")
    app.session_state[component.key] = {"pick": {"kind": kind, "index": list(index)}}
    return app.run()


def places(app: AppTest) -> dict[str, np.ndarray]:
    facts = lens_facts(app, "atlas")
    content, n = fetch(facts["address"] + "coordinates").content, facts["n"]
    assert len(content) == 16 * n
    parts = [np.frombuffer(content, kind, n, 4 * n * k) for k, kind in enumerate(["<f4"] * 2)]
    parts += [np.frombuffer(content, "<i4", n, 4 * n * k) for k in (2, 3)]
    return dict(zip(("x", "y", "index", "labels"), parts, strict=True))


@some_models
def test_the_atlas_draws_every_test_image_at_its_place_with_its_number(run: Run) -> None:
    app = open_page("projection.py", run)
    assert_sound(app)
    found, drawn, codes = project(run.codes()), places(app), run.codes()
    np.testing.assert_array_equal(drawn["x"], found.coordinates[:, 0])
    np.testing.assert_array_equal(drawn["y"], found.coordinates[:, 1])
    np.testing.assert_array_equal(drawn["index"], codes.index)
    np.testing.assert_array_equal(drawn["labels"], codes.labels)
    facts, d = lens_facts(app, "atlas"), codes.mean[0].numel()
    assert (
        bool(app.segmented_control(key="method")) if d > 2 else "nothing to project" in shown(app)
    )
    if found.explained_variance_ratio:
        assert (
            facts["titles"][0]
            == f"PC 1, {found.explained_variance_ratio[0]:.0%} of the variance of μ"
        )
    else:
        assert facts["titles"] == ["z0", "z1"]


def shown(app: AppTest) -> str:
    return " ".join(m.value for m in app.markdown)


@some_models
def test_a_click_shows_that_image_its_posterior_and_its_kl(run: Run) -> None:
    app, codes = open_page("projection.py", run), run.codes()
    image = len(codes) // 3
    assert_sound(pick(app, "image", image))
    name = run.data().class_names[int(codes.labels[image])]
    assert f"Class {name}, test image {image}" in shown(app)
    if codes.family.has_rate:
        assert f"**{float(codes.rate[image]):.2f} nats**" in shown(app)
    else:
        assert "no finite KL" in shown(app)
    (chart,) = charts(app)
    order = channel_order(codes)[:12]
    means = numbers(chart["data"][-1]["y"])
    np.testing.assert_allclose(means, codes.mean[image].flatten()[order], rtol=1e-6)
    assert len(chart["data"]) == 1 + codes.family.has_rate
    assert app.query_params["picked"] == str(image)


def test_the_bars_of_an_image_stand_before_those_of_the_prior() -> None:
    codes = BY_ID["mnist-dirichlet-10"].codes()
    table = posterior_table(codes, 5, [3, 0])
    assert table["name"].tolist() == ["z3", "z0"]
    assert table["prior_mean"].tolist() == pytest.approx([0.1, 0.1])
    assert table["sigma"].tolist() == pytest.approx(codes.variance[5, [3, 0]].sqrt().tolist())


@pytest.mark.parametrize("count", [2, MAX_IN_ADDRESS, 75])
def test_a_loop_shows_how_many_of_each_class_and_the_first_images(count: int) -> None:
    app, codes = open_page("projection.py", MAP), MAP.codes()
    index = list(range(300, 300 - 3 * count, -3))
    assert_sound(pick(app, "lasso", *index))
    assert f"{count} images picked" in shown(app)
    (chart,) = charts(app)
    expected = torch.bincount(codes.labels[index], minlength=10)
    assert numbers(chart["data"][0]["y"]).tolist() == expected.tolist()
    assert set(pictures(app)) == {"images picked"}
    first = "The first 60 of them" if count > 60 else "All of them"
    assert any(first in c.value for c in app.caption)
    assert ("picked" in app.query_params) == (count <= MAX_IN_ADDRESS)


def test_a_link_opens_with_its_images_picked_and_a_cleared_pick_leaves_the_address() -> None:
    app = open_page("projection.py", MAP, picked="7,300,7,-1,x,9999999")
    assert lens_facts(app, "atlas")["pick"] == {"kind": "lasso", "index": [7, 300]}
    assert "2 images picked" in shown(app)
    assert_sound(pick(app, "none"))
    assert "Try this" in shown(app)
    assert "picked" not in app.query_params


def test_the_plane_says_how_far_it_keeps_neighbours() -> None:
    app = open_page("projection.py", MAP)
    codes = MAP.codes()
    found = neighbourhoods(codes.mean.flatten(1), project(codes).coordinates)
    (told,) = (c.value for c in app.caption if "Trustworthiness" in c.value)
    for name in ("trustworthiness", "continuity"):
        kept = getattr(found, name)
        assert f"{name.title()} {kept.value:.3f} ± {kept.standard_error:.3f}" in told
    flat = open_page("projection.py", BY_ID["digits-2d"])
    assert not any("Trustworthiness" in c.value for c in flat.caption)


def test_a_pick_knows_only_images_of_the_split() -> None:
    said = {"kind": "lasso", "index": [3, 99, -1, 5]}
    assert Pick.from_page(said, 10) == Pick("lasso", (3, 5))
    assert Pick.from_page({"kind": "image", "index": [99]}, 10) == Pick()
    for made in (Pick(), Pick("image", (4,)), Pick("lasso", (4, 2))):
        assert Pick.from_address(made.to_address() or "", 10) == made


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (None, "looking for neighbours, 30 s. This can take two minutes, once: it is kept."),
        (0.05, "5%, 30 s."),
        (0.25, "25%, 30 s. About 1 min 30 s left."),
    ],
)
def test_a_projection_tells_how_long_it_may_take(share: float | None, said: str) -> None:
    expected = f"UMAP of 10,000 codes: {said} Meanwhile, PCA is shown."
    assert projection_progress.words("UMAP", 10_000, share, 30.0) == expected


@pytest.mark.parametrize("is_here", [True, False])
def test_pictures_are_the_images_where_they_are_here_and_decoded_where_not(is_here: bool) -> None:
    run = MAP if is_here else BY_ID["mnist-2d"]
    facts = lens_facts(open_page("projection.py", run), "atlas")
    expected = (
        load_dataset(run.config.data).test.images
        if is_here
        else decode_mean(run.vae(), run.codes().mean[:2600])
    )
    said = "The images themselves" if is_here else "Decoded from the means"
    assert facts["sprites_note"].startswith(said)
    sprites = np.frombuffer(fetch(facts["pictures"] + "sprites").content, np.uint8)
    sprites = sprites.reshape(-1, *facts["image_shape"])
    size = min(len(sprites), len(expected))
    np.testing.assert_allclose(sprites[:size] / 255, expected[:size], atol=0.51 / 255)
    for k in (0, size - 1):
        one = fetch(f"{facts['pictures']}images/{k}").content
        assert one == sprites[k].tobytes()
    assert fetch(f"{facts['pictures']}images/10000").status == 404


def waiting(app: AppTest) -> bool:
    return any(b.key == "projection_stop" for b in app.button)


def choose(run: Run | str, method: str) -> AppTest:
    app = open_page("projection.py", run)
    app.segmented_control(key="method").set_value(method).run()
    assert_sound(app)
    return app


def test_a_slow_method_is_worked_out_beside_the_page_and_kept() -> None:
    app = choose(MAP, "t-sne")
    assert waiting(app)
    assert lens_facts(app, "atlas")["has_unit"]  # PCA, meanwhile
    pick(app, "image", 11)
    assert "test image 11" in shown(app)
    run_until(app, lambda app: not waiting(app))
    facts = lens_facts(app, "atlas")
    assert facts["titles"] == ["t-SNE 1, no unit", "t-SNE 2, no unit"]
    assert "how far clusters are apart" in shown(app)
    assert "test image 11" in shown(app)  # still picked
    assert projection_queue.find(MAP, "t-sne", "mean") is not None
    assert not waiting(choose(MAP, "t-sne"))
    kept = projection_queue.file_of(MAP, "t-sne", "mean")
    kept.write_bytes(kept.read_bytes()[:100])
    assert projection_queue.find(MAP, "t-sne", "mean") is None


def is_process(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def worker_of(run: Run, method: str, what: str = "mean") -> int:
    """The process that projects, once it has begun."""
    heartbeat = projection_queue.folder(run, method, what) / HEARTBEAT
    until(lambda: heartbeat.exists() and heartbeat.read_text())
    pid: int = json.loads(heartbeat.read_text())["pid"]
    return pid


def test_work_can_be_cancelled_and_begun_again() -> None:
    app, folder = choose(MAP, "umap"), projection_queue.folder(MAP, "umap", "mean")
    first = worker_of(MAP, "umap")
    button(app, "Cancel").click().run()
    assert_sound(app)
    assert "was stopped" in app.info[0].value
    assert not waiting(app.run())
    until(lambda: not is_process(first))
    until(lambda: not folder.exists())
    assert projection_queue.failure(MAP, "umap", "mean") is None
    button(app, "Compute UMAP").click().run()
    assert waiting(app)
    os.kill(worker_of(MAP, "umap"), signal.SIGKILL)
    until(lambda: projection_queue.failure(MAP, "umap", "mean"))
    app.run()
    killed = "Its process was killed. The machine may be short of memory."
    assert app.error[0].value == f"UMAP failed. {killed}"
    assert not folder.exists()
    button(app, "Try again").click().run()
    assert waiting(app)


def test_whoever_opens_the_page_finds_the_running_job_again() -> None:
    choose(MAP, "umap")
    pid = worker_of(MAP, "umap")
    for _ in range(2):
        assert waiting(choose(MAP, "umap"))
    assert worker_of(MAP, "umap") == pid
    assert len(projection_queue.queue().folders()) == 1


def test_what_cannot_be_laid_out_is_said_in_a_sentence(runs: Path, digits: Dataset) -> None:
    label = trained(runs, digits)
    run = own_run(runs)
    rewrite(run, "codes", params=torch.zeros_like(tensors(run, "codes")["params"]))
    app = choose(label, "t-sne")
    deadline = time.monotonic() + 60
    while waiting(app.run()):
        assert time.monotonic() < deadline
        time.sleep(0.3)
    (problem,) = app.error
    assert problem.value.startswith("t-SNE failed. all 96 codes are the same")


def test_work_gives_way_to_the_pages_and_hears_no_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(NICE)
    projection_queue.start(MAP, "umap", "mean")
    pid = worker_of(MAP, "umap")
    assert os.getpriority(os.PRIO_PROCESS, pid) == NICEST
    assert os.getsid(pid) == os.getsid(0)  # else that may count for nothing
    ignored = re.search(r"SigIgn:\t(\w+)", Path(f"/proc/{pid}/status").read_text(encoding="utf-8"))
    assert ignored
    assert int(ignored[1], 16) & 1 << signal.SIGINT - 1


def test_only_so_many_are_at_work_at_once() -> None:
    slow = [name for name, method in METHODS.items() if not method.is_immediate]
    wanted = [(MAP, method, what) for method in slow for what in ("mean", "draw")]
    for each in [*wanted, wanted[0]]:
        projection_queue.start(*each)
    assert [projection_queue.n_before(*each) for each in wanted] == [0, 0, 2, 3]
    assert len(projection_queue.queue().folders()) == len(wanted)


def test_codes_of_a_selection_are_drawn_with_their_own_labels() -> None:
    codes: Codes = MAP.codes()
    some = project(codes, limit=20, seed=4)
    numbers_, labels = np.frombuffer(coordinates_file(some, codes), "<i4").reshape(4, 20)[2:]
    np.testing.assert_array_equal(numbers_, some.index)
    np.testing.assert_array_equal(labels, codes.labels[some.index])


@pytest.mark.parametrize(
    ("asked", "memory", "expected"),
    [("", 1 << 30, 1), ("", 8 << 30, 2), ("4", 1 << 30, 4), (" 1 ", 8 << 30, 1)],
)
def test_how_many_are_worked_out_at_once_depends_on_the_memory_or_is_set(
    asked: str, memory: int, expected: int
) -> None:
    assert projection_queue.at_once({projection_queue.AT_ONCE: asked}, memory) == expected


@pytest.mark.parametrize("asked", ["0", "17", "two", "-1", "²", "9" * 5000])
def test_a_number_of_projections_that_is_none_is_refused(asked: str) -> None:
    with pytest.raises(ConfigError, match=r"ELBO_ROOM_PROJECTIONS must be .* from 1 to 16"):
        projection_queue.at_once({projection_queue.AT_ONCE: asked}, 8 << 30)

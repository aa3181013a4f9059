"""The film of a training: what its component is told, what it can fetch, and where it stands."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load as load_tensors

from pages.ui.components import film
from pages.ui.library import listing
from pages.ui.train import progress
from pages.ui.train.changes_text import to_come
from tests.core.posteriors.families import WITH_OWN_PRIOR
from tests.pages.app import assert_sound, fetch, lens_facts, open_page, trained
from tests.samples import tiny_run
from vae_core import Dataset, Run, RunStore
from vae_core.analysis import class_posteriors
from vae_core.analysis.space.frame_plane import class_moments, first_axes, has_plane, plane_axes
from vae_core.comparison.resemblance import differing, most_alike, unlike
from vae_core.config import POSTERIORS, ModelConfig, RunConfig, TrainConfig
from vae_core.runs.changes import Change, in_words


def made(runs: Path, digits: Dataset, **settings: object) -> tuple[str, Run]:
    label = trained(runs, digits, **settings)
    return label, listing.openable()[label]


def test_a_training_can_be_watched_again(runs: Path, digits: Dataset) -> None:
    label, run = made(runs, digits, latent=(2,))
    app = open_page("time_machine.py", sweep=label, step="0")
    assert_sound(app)
    facts = lens_facts(app, "film")
    assert [step for step, *_ in facts["frames"]] == run.frame_steps()
    assert facts["step"] == 0
    assert not facts["isLive"]
    assert facts["titles"] == ["z0", "z1"]
    assert facts["lastStep"] == 9
    frame, last = run.frame(0), facts["frames"][0]
    assert last[1:] == pytest.approx(
        [frame.epoch, frame.distortion, frame.rate, frame.error], abs=1e-4
    )
    answer = fetch(f"{facts['address']}images/0")
    assert answer.status == 200
    tensors = load_tensors(answer.content)
    torch.testing.assert_close(tensors["points"].float(), frame.codes.mean.float())
    assert torch.equal(tensors["samples"], frame.samples)
    assert tensors["moments"].shape == (10, 5)
    assert fetch(f"{facts['address']}images/7777").status == 404


@pytest.mark.parametrize("posterior", WITH_OWN_PRIOR)
@pytest.mark.parametrize("latent", [(3,), (2, 2, 2)])
def test_every_family_has_a_film(
    runs: Path, digits: Dataset, posterior: str, latent: tuple[int, ...]
) -> None:
    _, run = made(runs, digits, posterior=posterior, latent=latent)
    found = film.read(run)
    assert found is not None
    facts = film.facts(found, is_live=True, start=None)
    assert len(set(facts["titles"])) == 2
    assert facts["rings"] == (facts["prior"] is None)
    assert facts["hasRate"] == POSTERIORS[posterior].has_rate
    assert all(None not in frame[1:3] for frame in facts["frames"])


def test_one_dimension_makes_no_plane(runs: Path, digits: Dataset) -> None:
    _, run = made(runs, digits, latent=(1,))
    found = film.read(run)
    assert found is not None
    assert film.facts(found, is_live=False, start=None)["titles"] is None
    assert fetch(film.facts(found, False, None)["address"] + "images/0").status == 200


def test_a_run_without_frames_has_no_film(runs: Path) -> None:
    run = RunStore(runs).create(tiny_run())
    assert film.read(run) is None
    assert listing.filmed() == {}


@pytest.mark.parametrize("posterior", POSTERIORS)
@pytest.mark.parametrize("latent", [(3,), (2, 2, 3)])
def test_class_moments_are_those_of_the_class_posteriors(
    runs: Path, digits: Dataset, posterior: str, latent: tuple[int, ...]
) -> None:
    _, run = made(runs, digits, posterior=posterior, latent=latent)
    codes = run.codes().double()
    for axes in ((0, 1), (1, 2)):
        for each, found in zip(class_posteriors(codes), class_moments(codes, axes), strict=True):
            torch.testing.assert_close(found[:2], each.mean[list(axes)])
            covariance = each.covariance[list(axes)][:, list(axes)]
            torch.testing.assert_close(found[2:], covariance.flatten()[[0, 1, 3]])


def test_a_dimension_keeps_its_place_until_another_tells_half_as_much_again() -> None:
    told = [torch.tensor(each) for each in ([1.0, 2.0, 1.4], [1.0, 2.0, 1.6], [1.3, 2.0, 1.2])]
    assert plane_axes(told[:1], (0, 1)) == (0, 1)
    assert plane_axes(told[:2], (0, 1)) == (1, 2)
    assert plane_axes(told, (0, 1)) == (1, 2)


def test_proportions_that_add_up_to_one_are_not_both_on_the_plane(
    runs: Path, digits: Dataset
) -> None:
    _, run = made(runs, digits, posterior="dirichlet", latent=(2,))
    assert not has_plane(run.codes())
    _, run = made(runs, digits, posterior="dirichlet", latent=(2, 2, 2))
    first, second = first_axes(run.codes())
    assert first // 2 != second // 2


def test_the_most_alike_run_differs_in_the_fewest_settings(runs: Path, digits: Dataset) -> None:
    _, run = made(runs, digits, latent=(2,))
    _, near = made(runs, digits, latent=(3,))
    _, far = made(runs, digits, latent=(3,), posterior="full", hidden=(9,))
    assert differing(run.config, near.config) == ("latent",)
    found = most_alike(run, [far, run, near])
    assert found is not None
    assert found.run.path == near.path
    assert unlike(found, run) == "latent 3 in place of 2"
    assert most_alike(run, [run]) is None
    other = most_alike(run, [far])
    assert other is not None
    assert unlike(other, run) == "3 settings differ"
    (door,) = (door for door in progress.doors_onward((run,)) if door[0] == "compare")
    assert door[2] == {"other": listing.label_of(near)}


def test_settings_without_effect_do_not_count() -> None:
    one = RunConfig(model=ModelConfig(), train=TrainConfig(threads=1, keep_epochs=(1,)))
    assert differing(one, RunConfig(model=ModelConfig())) == ()
    assert differing(one, RunConfig(train=TrainConfig(beta=2.0))) == ("beta",)


def test_changes_are_told_in_one_line() -> None:
    assert in_words([]) == ""
    said = in_words([Change(3, 4.0, 1e-3), Change(5, 4.0, 0.01)])
    assert said == (
        "Changed while it was trained: from epoch 3 on β = 4, learning rate 0.001; from epoch 5 on "
        "β = 4, learning rate 0.01."
    )
    assert to_come(Change(5, 1.0, 0.01)) == "From epoch 5 on: β = 1, learning rate 0.01."

"""Projections: PCA is what it should be, the others keep neighbours, and numbers stay numbers."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.core.posteriors.families import random_params
from tests.samples import LATENTS, seeded
from vae_core import Codes, Run
from vae_core.analysis import project
from vae_core.analysis.space.projection_methods import METHODS
from vae_core.analysis.space.projections import FEWEST_IMAGES, read_projection, write_projection
from vae_core.config import POSTERIORS
from vae_core.errors import ConfigError, RunError
from vae_core.io import write_tensors

NEIGHBOURLY = [name for name, method in METHODS.items() if not method.has_unit]
slow_umap = pytest.param("umap", marks=pytest.mark.slow)  # numba compiles it first


def points(z: Tensor) -> Codes:
    """Codes that lie exactly there, (n, d)."""
    labels = torch.zeros(len(z), dtype=torch.long)
    return Codes(z, labels, "delta", tuple(z.shape[1:]))


def clusters(n: int = 40, d: int = 5) -> Tensor:
    """Two clusters far apart: the first half of the points, and the second."""
    z = torch.randn(n, d, generator=seeded())
    z[n // 2 :] += 30.0
    return z


def distances(plane: Tensor) -> Tensor:
    return torch.cdist(plane.double(), plane.double())


def test_a_plane_in_many_dimensions_is_recovered_with_all_its_distances() -> None:
    plane = torch.randn(50, 2, generator=seeded(), dtype=torch.float64) * torch.tensor([3.0, 1.0])
    basis = torch.linalg.qr(torch.randn(7, 7, generator=seeded(1), dtype=torch.float64)).Q[:, :2]
    found = project(points((plane @ basis.T + 5.0).float()))
    torch.testing.assert_close(distances(found.coordinates), distances(plane), rtol=0, atol=1e-4)
    assert found.explained_variance_ratio is not None
    assert sum(found.explained_variance_ratio) == pytest.approx(1.0)


def test_pca_is_the_singular_value_decomposition_of_centred_codes() -> None:
    z = torch.randn(80, 6, generator=seeded()) @ torch.randn(6, 6, generator=seeded(1))
    found = project(points(z))
    centred = (z - z.mean(0)).double()
    u, s, _ = torch.linalg.svd(centred, full_matrices=False)
    torch.testing.assert_close(
        found.coordinates.double().abs(), (u * s)[:, :2].abs(), atol=1e-4, rtol=0
    )
    assert found.explained_variance_ratio == pytest.approx(
        (s[:2] ** 2 / (s**2).sum()).tolist(), rel=1e-5
    )
    variance = torch.linalg.eigvalsh(centred.T.cov(correction=0)).flip(0)[:2]
    torch.testing.assert_close(
        found.coordinates.double().var(0, correction=0), variance, atol=1e-4, rtol=0
    )


def test_the_sign_of_an_axis_does_not_depend_on_the_order_of_the_images() -> None:
    z = torch.randn(60, 5, generator=seeded())
    there = project(points(z)).coordinates
    torch.testing.assert_close(
        project(points(z.flip(0))).coordinates.flip(0), there, atol=1e-5, rtol=0
    )
    for seed in range(6):
        most = torch.randn(60, 5, generator=seeded(seed)) * torch.tensor([1.0, 9.0, 1.0, 3.0, 1.0])
        places = project(points(most)).coordinates
        for axis, number in ((0, 1), (1, 3)):
            both = torch.stack([places[:, axis], most[:, number]])
            assert torch.corrcoef(both)[0, 1] > 0.9


@pytest.mark.parametrize("method", ["t-sne", slow_umap])
def test_far_clusters_stay_apart_and_the_same_seed_gives_the_same_places(method: str) -> None:
    codes = points(clusters())
    heard: list[float] = []
    found = project(codes, method, seed=3, progress=heard.append)
    near = distances(found.coordinates).fill_diagonal_(math.inf).argmin(1)
    half = len(codes) // 2
    assert ((near < half) == (torch.arange(len(codes)) < half)).all()
    assert torch.equal(project(codes, method, seed=3).coordinates, found.coordinates)
    assert heard
    assert all(0.0 <= share <= 1.0 for share in heard)
    assert heard == sorted(heard)
    assert found.explained_variance_ratio is None
    assert not found.has_unit


@pytest.mark.parametrize("method", ["pca", "t-sne", slow_umap])
def test_the_fewest_images_and_images_in_one_place_have_finite_places(method: str) -> None:
    few = torch.randn(FEWEST_IMAGES, 3, generator=seeded())
    line = torch.outer(torch.arange(9.0), torch.ones(3))
    twins = few.repeat(3, 1)
    for z in (few, line, twins):
        found = project(points(z), method)
        assert found.coordinates.shape == (len(z), 2)
        assert found.coordinates.isfinite().all()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("d", [1, 2])
def test_one_or_two_numbers_stay_as_they_are(method: str, d: int) -> None:
    z = torch.randn(10, d, generator=seeded())
    found = project(points(z), method)
    assert torch.equal(found.coordinates[:, :d], z)
    assert found.titles[:d] == ("z0", "z1")[:d]
    assert found.has_unit
    assert found.explained_variance_ratio is None


@pytest.mark.parametrize("what", ["mean", "draw"])
@pytest.mark.parametrize("latent", LATENTS)
@pytest.mark.parametrize("family", POSTERIORS)
def test_every_family_is_projected_and_places_are_its_own(
    family: str, latent: tuple[int, ...], what: str
) -> None:
    params = random_params(family, latent, n=12, dtype=torch.float32)
    codes = Codes(params, torch.zeros(12, dtype=torch.long), family, latent)
    found = project(codes, what=what)
    assert found.coordinates.isfinite().all()
    assert torch.equal(project(codes, what=what).coordinates, found.coordinates)
    same = torch.equal(found.coordinates, project(codes).coordinates)
    assert same == (what == "mean" or not POSTERIORS[family].has_density)


def test_places_belong_to_the_numbers_in_the_split_after_filtering_and_a_limit() -> None:
    z = torch.randn(30, 2, generator=seeded())
    codes = points(z)
    some = codes.take(torch.tensor([25, 3, 17, 8, 29, 11]))
    for found in (project(some), project(some, limit=4), project(codes, limit=9, seed=5)):
        assert torch.equal(found.coordinates, z[found.index])
    deep = points(torch.randn(30, 5, generator=seeded())).take(some.index)
    assert torch.equal(project(deep).index, some.index)
    assert len(project(codes, limit=9)) == 9
    assert len(project(codes, limit=99)) == 30
    assert project(some, limit=4).index.tolist() != [0, 1, 2, 3]


def test_codes_that_are_all_the_same_lie_on_one_point_and_have_no_neighbours() -> None:
    same = points(torch.full((8, 3), 0.25))
    found = project(same)
    assert torch.equal(found.coordinates, torch.zeros(8, 2))
    assert found.explained_variance_ratio == (0.0, 0.0)
    for method in NEIGHBOURLY:
        with pytest.raises(ConfigError, match="all 8 codes are the same"):
            project(same, method)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("d", [2, 5])
def test_codes_that_are_not_finite_are_refused(d: int, bad: float) -> None:
    z = torch.zeros(6, d)
    z[4, 1] = bad
    with pytest.raises(ConfigError, match="1 of 6 codes are not finite"):
        project(points(z))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"method": "pcb"}, "method must be one of pca, umap, t-sne; got 'pcb'"),
        ({"what": "median"}, "what must be one of mean, draw; got 'median'"),
        ({"limit": 3}, "limit must be at least 4; got 3"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        project(points(torch.zeros(9, 3)), **settings)


def test_three_images_are_too_few() -> None:
    with pytest.raises(ConfigError, match="at least 4 images; got 3"):
        project(points(torch.randn(3, 5)))


def test_a_projection_comes_back_from_its_file(tmp_path: Path) -> None:
    for d in (2, 5):
        made = project(points(torch.randn(9, d, generator=seeded())))
        write_projection(tmp_path / "p.safetensors", made)
        read = read_projection(tmp_path / "p.safetensors")
        assert torch.equal(read.coordinates, made.coordinates)
        assert torch.equal(read.index, made.index)
        assert (read.titles, read.explained_variance_ratio, read.has_unit) == (
            made.titles, made.explained_variance_ratio, made.has_unit,
        )  # fmt: skip
    (tmp_path / "p.safetensors").write_bytes(b"cut short")
    with pytest.raises(RunError, match=r"p\.safetensors"):
        read_projection(tmp_path / "p.safetensors")


def test_a_file_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    made = project(points(torch.randn(9, 5, generator=seeded())))
    facts = {"titles": made.titles, "shares": made.explained_variance_ratio, "has_unit": True}
    tensors = {"places": made.coordinates, "index": made.index}
    write_tensors(tmp_path / "p.safetensors", tensors, {"projection": json.dumps(facts)})
    read = read_projection(tmp_path / "p.safetensors")
    assert torch.equal(read.coordinates, made.coordinates)
    assert read.explained_variance_ratio == made.explained_variance_ratio


def test_the_command_line_writes_what_the_library_finds(
    finished_run: Run, tmp_path: Path, cli: Callable[..., tuple[int, str, str]]
) -> None:
    words = ("project", finished_run.path, "--method", "t-sne", "--to", tmp_path / "p.safetensors")
    code, _, said = cli(*words)
    assert code == 0, said
    percent = [int(line.split()[0]) for line in said.splitlines() if line.endswith(" %")]
    assert percent == sorted(set(percent))
    assert percent[-1] <= 100
    found = read_projection(tmp_path / "p.safetensors")
    expected = project(finished_run.codes(), "t-sne").coordinates
    np.testing.assert_allclose(found.coordinates, expected, atol=1e-3)

"""Codes rotated onto each other: a known rotation is found, and what must not change does not."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from tests.core.posteriors.families import random_params
from tests.samples import seeded, tiny_model
from vae_core import build_vae
from vae_core.analysis import (
    Codes,
    SweepPlane,
    align,
    elbo_surgery,
    plane_basis,
    procrustes,
)
from vae_core.config import POSTERIORS
from vae_core.posteriors import DiagonalGaussian

ROUND = [
    name
    for name, family in POSTERIORS.items()
    if isinstance(family.prior((2,), torch.zeros(1)), DiagonalGaussian)
]
LATENTS = ((3,), (2, 2, 3))


def randn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=seeded(seed), dtype=torch.float64)


def rotation(d: int, seed: int = 1, mirrored: bool = False) -> Tensor:
    q, _ = torch.linalg.qr(randn(d, d, seed=seed))
    q[:, 0] *= torch.linalg.det(q).sign() * (-1 if mirrored else 1)
    return q


def is_orthogonal(r: Tensor) -> bool:
    return torch.allclose(r @ r.T, torch.eye(len(r), dtype=r.dtype), atol=1e-10)


def full(mean: Tensor, covariance: Tensor, n_classes: int = 3) -> Codes:
    """Codes of a full-covariance Gaussian with these moments."""
    n, d = mean.shape
    factor = torch.linalg.cholesky(covariance)
    row, col = torch.tril_indices(d, d, -1)
    diagonal = factor.diagonal(dim1=-2, dim2=-1).log()
    params = torch.cat([mean, diagonal, factor[:, row, col]], -1)
    return Codes(params, torch.arange(n) % n_classes, "full", (d,))


def random_full(n: int = 40, d: int = 3, seed: int = 0) -> Codes:
    root = 0.3 * randn(n, d, d, seed=seed)
    return full(randn(n, d, seed=seed + 1), root @ root.mT + 0.1 * torch.eye(d))


def turned(codes: Codes, r: Tensor) -> Codes:
    """The same posteriors in a latent space that is turned: N(mu R, R^T Sigma R)."""
    factor = codes.posterior().scale_tril
    return full(codes.mean @ r, r.T @ factor @ factor.mT @ r)


def delta(mean: Tensor) -> Codes:
    return Codes(mean, torch.arange(len(mean)) % 3, "delta", tuple(mean.shape[1:]))


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("d", [1, 2, 5, 20])
def test_a_known_rotation_is_found(d: int, mirrored: bool) -> None:
    source, r = randn(60, d), rotation(d, mirrored=mirrored)
    torch.testing.assert_close(procrustes(source, source @ r), r)
    assert torch.linalg.det(procrustes(source, source @ r)) == pytest.approx(-1 if mirrored else 1)


@pytest.mark.parametrize("seed", range(4))
def test_no_other_rotation_comes_nearer(seed: int) -> None:
    source, target = randn(30, 3, seed=seed), randn(30, 3, seed=seed + 50)
    best = (source @ procrustes(source, target) - target).norm()
    assert best <= (source - target).norm()
    for other in range(20):
        r = rotation(3, seed=other, mirrored=other % 2 == 0)
        assert best <= (source @ r - target).norm()


@pytest.mark.parametrize("collapsed", ["source", "target", "both"])
def test_what_has_collapsed_is_not_turned(collapsed: str) -> None:
    source, target = randn(20, 3), randn(20, 3, seed=9)
    if collapsed != "target":
        source = torch.zeros_like(source)
    if collapsed != "source":
        target = torch.zeros_like(target)
    torch.testing.assert_close(procrustes(source, target), torch.eye(3).double())


def test_a_collapsed_number_stays_where_it_is() -> None:
    """Two numbers are turned; of the third nothing is known."""
    source = randn(40, 3)
    source[:, 2] = 0.0
    known = torch.block_diag(rotation(2), torch.eye(1).double())
    torch.testing.assert_close(procrustes(source, source @ known), known)


def test_codes_on_a_line_that_agree_are_not_turned() -> None:
    source = randn(40, 1) @ randn(1, 5, seed=4)
    identity = torch.eye(5).double()
    torch.testing.assert_close(procrustes(source, source), identity, atol=1e-5, rtol=0)


def test_a_rotation_changes_neither_kl_nor_the_aggregate_posterior() -> None:
    codes, r = random_full(), rotation(3, mirrored=True)
    other = turned(codes, r)
    torch.testing.assert_close(other.rate, codes.rate)
    before, after = elbo_surgery(codes, 4000), elbo_surgery(other, 4000)
    assert after["mean_kl"] == pytest.approx(before["mean_kl"])
    assert after["marginal_kl"] == pytest.approx(before["marginal_kl"], abs=0.1)
    torch.testing.assert_close(
        other.prior().log_prob(codes.mean @ r), codes.prior().log_prob(codes.mean)
    )


@pytest.mark.parametrize("latent", LATENTS)
@pytest.mark.parametrize("family", POSTERIORS)
def test_only_where_the_prior_is_round_is_anything_turned(
    family: str, latent: tuple[int, ...]
) -> None:
    sweep = [
        [Codes(random_params(family, latent, 12, 10 * v + e), torch.arange(12) % 3, family, latent)
         for e in range(2)]
        for v in range(3)
    ]  # fmt: skip
    rotations = align(sweep, 1)
    identity = torch.eye(3).double()
    assert all(is_orthogonal(r) for run in rotations for r in run)
    torch.testing.assert_close(rotations[1][-1], identity)
    unturned = all(torch.equal(r, identity) for run in rotations for r in run)
    assert unturned == (family not in ROUND)


def test_a_sweep_of_turned_copies_becomes_one_picture() -> None:
    """Runs kept different epochs; each is the same codes from another side."""
    mean = randn(50, 2)
    kept = (3, 1, 4)
    sweep = [
        [delta(mean @ rotation(2, seed=7 * v + e, mirrored=e % 2 == 0)) for e in range(n)]
        for v, n in enumerate(kept)
    ]
    rotations = align(sweep, 1)
    assert tuple(map(len, rotations)) == kept
    for run, turns in zip(sweep, rotations, strict=True):
        for codes, r in zip(run, turns, strict=True):
            torch.testing.assert_close(codes.mean @ r, sweep[1][-1].mean)


def test_each_step_of_a_sweep_is_shorter_when_it_is_turned() -> None:
    sweep = [[delta(randn(30, 2, seed=10 * v + e)) for e in range(3)] for v in range(4)]
    rotations = align(sweep, 2)

    def step(a: tuple[int, int], b: tuple[int, int]) -> tuple[float, float]:
        (va, ea), (vb, eb) = a, b
        x, y = sweep[va][ea].mean, sweep[vb][eb].mean
        there = y @ rotations[vb][eb]
        return float((x @ rotations[va][ea] - there).norm()), float((x - there).norm())

    pairs = [((v, e), (v, e + 1)) for v in range(4) for e in range(2)]
    pairs += [((v, 2), (v + 1 if v < 2 else v - 1, 2)) for v in (0, 1, 3)]
    for pair in pairs:
        aligned, not_aligned = step(*pair)
        assert aligned <= not_aligned + 1e-12


def test_a_collapsed_run_gives_rotations_without_nan() -> None:
    sweep = [[delta(randn(20, 2)), delta(randn(20, 2, seed=3))],
             [delta(torch.zeros(20, 2).double())] * 2]  # fmt: skip
    for reference in (0, 1):
        assert all(is_orthogonal(r) for run in align(sweep, reference) for r in run)


@pytest.mark.parametrize("latent", LATENTS)
def test_the_decoder_paints_what_lies_at_a_place(latent: tuple[int, ...]) -> None:
    """A model and its copy with the latent space turned: the same place, the same picture."""
    r = rotation(3).float()
    vae = build_vae(tiny_model(latent), (1, 8, 8))
    codes = Codes(
        random_params("diagonal", latent, 20).float(), torch.arange(20) % 3, "diagonal", latent
    )
    copy = Codes((codes.mean @ r), codes.labels, "delta", latent)
    plane = SweepPlane([[copy], [codes]], 1)
    places, copied = plane.walk(1, 0, 5), plane.walk(0, 0, 5)
    # the copy's decoder turns back first: decode'(z) = decode(z R^T)
    torch.testing.assert_close(copied.z @ r.T, places.z, atol=1e-5, rtol=0)
    torch.testing.assert_close(
        vae.decode(copied.z @ r.T).mean, vae.decode(places.z).mean, atol=1e-5, rtol=0
    )
    torch.testing.assert_close(
        plane.frame(0, 0).points, plane.frame(1, 0).points, atol=1e-5, rtol=0
    )
    for walk, basis in ((places, plane.basis(1, 0)), (copied, plane.basis(0, 0))):
        torch.testing.assert_close(
            walk.z.flatten(1).double() @ basis, walk.places, atol=1e-5, rtol=0
        )


def test_a_place_and_its_latent_are_each_others_inverse() -> None:
    basis = plane_basis(rotation(3), (2, 2, 3), (1, 8))
    places = randn(6, 2)
    torch.testing.assert_close(places @ basis.T @ basis, places)
    z = (places @ basis.T).reshape(6, 2, 2, 3) @ rotation(3)
    expected = torch.zeros(6, 12).double()
    expected[:, [1, 8]] = places
    torch.testing.assert_close(z.flatten(1), expected)


def test_the_classes_of_a_frame_have_the_moments_of_their_posteriors() -> None:
    codes, r = random_full(), rotation(3)
    frames = [SweepPlane([[turned(codes, r)], [codes]], 1).frame(v, 0) for v in (0, 1)]
    torch.testing.assert_close(frames[0].centres, frames[1].centres)
    torch.testing.assert_close(frames[0].covariances, frames[1].covariances)
    own = SweepPlane([[codes]], 0)
    j, k = own.axes
    z = codes.posterior().sample((4000,), seeded())[:, codes.labels == 1].flatten(0, 1)[:, [j, k]]
    torch.testing.assert_close(own.frame(0, 0).centres[1], z.mean(0), atol=0.02, rtol=0)
    torch.testing.assert_close(own.frame(0, 0).covariances[1], z.T.cov(), atol=0.03, rtol=0)


@pytest.mark.parametrize("latent", [(3,), (4,), (1, 2, 2), (2, 2, 3)])
def test_a_walk_over_proportions_stays_on_the_simplex(latent: tuple[int, ...]) -> None:
    codes = Codes(random_params("dirichlet", latent, 12), torch.arange(12) % 3, "dirichlet", latent)
    plane = SweepPlane([[codes]], 0)
    assert plane.has_plane
    walk = plane.walk(0, 0, 6)
    inside = walk.z[walk.is_inside]
    torch.testing.assert_close(inside.sum(-1), torch.ones(inside.shape[:-1]), check_dtype=False)
    assert bool((inside >= 0).all())
    torch.testing.assert_close(
        inside.flatten(1).double() @ plane.basis(0, 0), walk.places[walk.is_inside],
        atol=1e-6, rtol=0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("family", "latent", "has_plane"),
    [("diagonal", (1,), False), ("dirichlet", (2,), False), ("laplace", (2,), True)],
)
def test_a_plane_takes_two_numbers(family: str, latent: tuple[int, ...], has_plane: bool) -> None:
    codes = Codes(random_params(family, latent, 6), torch.arange(6) % 3, family, latent)
    assert SweepPlane([[codes]], 0).has_plane == has_plane


def test_the_plane_holds_the_prior_and_the_farthest_checkpoint() -> None:
    near, far = delta(0.1 * randn(200, 2)), delta(9.0 * randn(200, 2))
    assert SweepPlane([[near]], 0).reach(0) == 3.4
    plane = SweepPlane([[near, far], [near]], 0)
    assert plane.reach(1) == 3.4
    inside = (plane.place(0, 1).abs().amax(1) < plane.reach(0)).double().mean()
    assert 0.99 < inside <= 1.0

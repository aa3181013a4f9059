"""Where codes and classes lie on the plane, and where z goes when it is put there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from pages.ui.drawing.plane_frames import class_ellipses, points
from tests.core.posteriors.families import random_params
from tests.samples import bundled
from vae_core.analysis import Codes, channel_order, class_posteriors, latent_names
from vae_core.analysis.space.plane import LatentPlane
from vae_core.config import POSTERIORS

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser]
KEEPS_PAGE = True

BUNDLED = list(bundled())
LAY = """async ({family, params, labels, latentShape, axes, facts, z, at}) => {
  const {planeLayout, classMoments} = await import('/draw/plane_layout.js');
  const {FAMILIES} = await import('/math/posteriors/families.js');
  const size = latentShape.reduce((a, b) => a * b, 1);
  const layout = planeLayout({family: FAMILIES[family], latentShape, size}, axes, facts);
  const points = layout.points(Float32Array.from(params), labels.length, labels);
  return {
    x: [...points.x.slice(0, 300)], y: [...points.y.slice(0, 300)],
    classes: classMoments(points, Float32Array.from(labels)),
    placed: at.map((place) => Array.from(layout.place(Float64Array.from(z), place))),
    back: at.map((place) => layout.toPlane(layout.place(Float64Array.from(z), place))),
  };
}"""


def lay(
    modules: Page, codes: Codes, axes: tuple[int, int], at: list[list[float]] | None = None
) -> Any:
    z = codes.mean[0].flatten().tolist()
    facts = {
        "names": latent_names(codes.latent_shape), "is_triangle": codes.is_triangle,
        "family": {"low": codes.family.low, "high": codes.family.high},
    }  # fmt: skip
    asked = {
        "family": codes.posterior_name, "params": codes.params.flatten().tolist(),
        "labels": codes.labels.tolist(), "latentShape": list(codes.latent_shape),
        "axes": list(axes), "facts": facts, "z": z, "at": at or [],
    }  # fmt: skip
    return modules.evaluate(LAY, asked)


@pytest.mark.parametrize("name", BUNDLED)
def test_points_and_class_ellipses_lie_where_vae_core_says(name: str, modules: Page) -> None:
    codes = bundled()[name].codes()
    codes = codes.take(torch.arange(min(len(codes), 1500)))
    j, k = (0, 1) if codes.mean[0].numel() < 4 else channel_order(codes)[1:3]
    plane = LatentPlane.of(codes, (j, k))
    got = lay(modules, codes, (j, k))
    expected = points(plane, codes, [str(y) for y in range(10)])
    np.testing.assert_allclose(got["x"], expected["x"][:300], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(got["y"], expected["y"][:300], rtol=1e-5, atol=1e-6)
    outlines = class_ellipses(plane, class_posteriors(codes), [str(y) for y in range(10)])
    assert [each["label"] for each in got["classes"]] == [each.label for each in outlines]
    for each, outline in zip(got["classes"], outlines, strict=True):
        np.testing.assert_allclose(each["mean"], outline.mean, rtol=1e-4, atol=1e-5)
        (xx, xy), (_, yy) = outline.covariance
        np.testing.assert_allclose(each["covariance"], [xx, xy, yy], rtol=1e-3, atol=1e-5)


def some_codes(family: str, latent: tuple[int, ...]) -> Codes:
    params = random_params(family, latent, dtype=torch.float32)
    return Codes(params, torch.zeros(4, dtype=torch.long), family, latent)


@pytest.mark.parametrize("family", POSTERIORS)
@pytest.mark.parametrize("latent", [(2,), (3,), (5,), (2, 2, 3)])
def test_z_goes_where_it_is_put_and_stays_a_code(
    family: str, latent: tuple[int, ...], modules: Page
) -> None:
    codes = some_codes(family, latent)
    is_simplex = codes.family.low == 0.0
    at = [[0.3, 0.2], [0.5, 0.4]] if is_simplex else [[0.3, -1.2], [5.5, 0.0]]
    if is_simplex and latent == (2,):
        at = [[0.3, 0.7]]
    got = lay(modules, codes, (0, 1), at)
    np.testing.assert_allclose(got["back"], at, atol=1e-12)
    for placed in got["placed"]:
        z = torch.tensor(placed, dtype=torch.float64).reshape(latent)
        if is_simplex:
            assert (z >= 0).all()
            torch.testing.assert_close(z.sum(-1), torch.ones(latent[:-1], dtype=torch.float64))
        else:  # nothing else has moved
            np.testing.assert_allclose(placed[2:], codes.mean[0].flatten()[2:], atol=1e-6)


@pytest.mark.parametrize("latent", [(3,), (5,)])
def test_beyond_a_simplex_z_stays_on_its_edge(latent: tuple[int, ...], modules: Page) -> None:
    beyond = [[9.0, 9.0], [-3.0, -2.0], [-1.0, 0.5], [2.0, -0.5]]
    got = lay(modules, some_codes("dirichlet", latent), (0, 1), beyond)
    z = np.array(got["placed"])
    assert (z >= 0).all()
    np.testing.assert_allclose(z.sum(1), 1.0)


def test_proportions_of_two_cells_move_by_themselves_and_stay_proportions(modules: Page) -> None:
    at = [[0.3, 0.9], [1.4, -0.2]]
    got = lay(modules, some_codes("dirichlet", (2, 2, 3)), (1, 9), at)
    np.testing.assert_allclose(got["back"], np.clip(at, 0, 1), atol=1e-12)
    z = np.array(got["placed"]).reshape(2, 4, 3)
    assert (z >= 0).all()
    np.testing.assert_allclose(z.sum(-1), 1.0)


def test_one_dimension_lies_on_a_line(modules: Page) -> None:
    codes = some_codes("diagonal", (1,))
    codes = replace(codes, labels=torch.tensor([3, 5, 3, 5]))
    got = lay(modules, codes, (0, 0), [[0.7, 3.0]])
    np.testing.assert_allclose(got["x"], codes.mean.flatten(), rtol=1e-6)
    upper, lower = got["y"][0::2], got["y"][1::2]  # a row for each class, above z
    assert min(upper) > max(lower) > min(lower) > got["back"][0][1]
    assert got["placed"] == [[0.7]]


POPULATION = """async ({family, params, labels, latentShape, axes, facts, asked}) => {
  const {planeLayout} = await import('/draw/plane_layout.js');
  const {Population} = await import('/lens/population.js');
  const {FAMILIES} = await import('/math/posteriors/families.js');
  const n = labels.length, width = params.length / n, rows = Float32Array.from(params);
  const size = latentShape.reduce((a, b) => a * b, 1);
  const model = {
    family: FAMILIES[family], latentShape, size, isKnown: true, codes: {params: rows, labels, n},
    posteriorAt: (i) =>
      FAMILIES[family].fromParams(rows.subarray(i * width, (i + 1) * width), latentShape),
  };
  const layout = planeLayout(model, axes, facts), means = layout.points(rows, n, labels);
  const state = {model}, population = new Population(state);
  const listed = (marks) => Object.entries(marks).map(([name, values]) => [name, [...values]]);
  const plain = (marks) => marks && Object.fromEntries(listed(marks));
  return asked.map((each) => {
    Object.assign(state, each);
    const {points, widths} = population.marks(layout, means);
    return {points: plain(points), widths: plain(widths)};
  });
}"""
DIRICHLET = next(name for name in BUNDLED if "dirichlet" in name)
SAMPLES, WIDTHS, MEANS = ["samples"], ["widths"], ["points"]


def populations(modules: Page, codes: Codes, *asked: dict[str, Any]) -> Any:
    facts = {"names": latent_names(codes.latent_shape), "is_triangle": codes.is_triangle}
    everyone = {"classes": [], "count": 10_000}
    given = {
        "family": codes.posterior_name, "params": codes.params.flatten().tolist(),
        "labels": codes.labels.tolist(), "latentShape": list(codes.latent_shape),
        "axes": [0, min(1, codes.mean[0].numel() - 1)], "facts": facts,
        "asked": [everyone | each for each in asked],
    }  # fmt: skip
    return modules.evaluate(POPULATION, given)


@pytest.mark.parametrize("name", ["digits-2d", "mnist-full-2d"])
def test_chosen_classes_and_numbers_are_the_first_images_of_these(name: str, modules: Page) -> None:
    codes = bundled()[name].codes()
    codes = codes.take(torch.arange(min(len(codes), 1500)))
    few = {"classes": [3, 7], "count": 40}
    one, other, both = populations(
        modules, codes, few | {"layers": MEANS}, few | {"layers": WIDTHS},
        few | {"layers": [*MEANS, *SAMPLES]},
    )  # fmt: skip
    expected = [i for i, y in enumerate(codes.labels.tolist()) if y in (3, 7)][:40]
    assert one["points"]["index"] == other["widths"]["index"] == expected
    assert both["points"]["index"] == 2 * expected
    assert both["points"]["isSample"] == 40 * [False] + 40 * [True]
    assert one["widths"] is other["points"] is None
    covariance = codes.take(torch.tensor(expected[:1])).mean_covariance
    found = [other["widths"][which][0] for which in ("xx", "xy", "yy")]
    (xx, xy), (_, yy) = covariance.tolist()
    assert found == pytest.approx([xx, xy, yy], rel=1e-5, abs=1e-9)


@pytest.mark.parametrize("name", ["mnist-2d", DIRICHLET])
def test_samples_on_the_plane_are_those_of_the_classes(name: str, modules: Page) -> None:
    """Their mean and covariance are those of q(z|y), within what so many leave open."""
    codes = bundled()[name].codes()
    codes = codes.take(torch.arange(2000))
    (all_of, again, class_of) = populations(
        modules, codes, {"layers": SAMPLES}, {"layers": SAMPLES, "count": 500},
        {"layers": SAMPLES, "classes": [4]},
    )  # fmt: skip
    assert again["points"]["x"] == all_of["points"]["x"][:500]  # the same, whatever is shown
    plane = LatentPlane.of(codes, (0, 1))
    (posterior,) = class_posteriors(codes.of_class(4))
    drawn = np.array([class_of["points"]["x"], class_of["points"]["y"]])
    mean = plane.place(posterior.mean[None])[0].numpy()
    spread = plane.spread(posterior.covariance).numpy()
    n = drawn.shape[1]
    assert np.abs(drawn.mean(1) - mean).max() < 4 * np.sqrt(spread.max() / n)
    np.testing.assert_allclose(np.cov(drawn), spread, atol=6 * spread.max() / np.sqrt(n))

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
from vae_core.analysis.plane import LatentPlane
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

"""p(z|x) of a line, of a triangle and of a slice are those of vae_core."""

from __future__ import annotations

import base64
import math
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import Tensor

from tests.browser.probability import assert_same, elbos
from tests.samples import seeded
from vae_core import ModelConfig, build_vae
from vae_core.analysis.evidence.best_posterior import best_posterior
from vae_core.analysis.evidence.quadrature import quadrature
from vae_core.browser.payload import model_file
from vae_core.vae import VAE

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser]

RUN = """async ({file, xs, axes, names}) => {
  const {LensModel} = await import('/model/model.js');
  const {PosteriorGrid} = await import('/math/true_posterior.js');
  const {densityWindows, levelsOf} = await import('/math/density_windows.js');
  const {climb, gaussianOf, beginAtMode, inPairs} = await import('/math/best_posterior.js');
  const {planeLayout} = await import('/draw/plane_layout.js');
  const {posteriorChart} = await import('/lens/posterior_chart.js');
  const {elboOf} = await import('/lens/true_posterior.js');
  const bytes = Uint8Array.from(atob(file), (c) => c.charCodeAt(0));
  const model = new LensModel(bytes.buffer, '');
  const facts = {names, is_triangle: model.family.support === 'simplex'};
  const chart = posteriorChart(model, planeLayout(model, axes, facts));
  const finish = (steps) => {
    let step = steps.next();
    while (!step.done) step = steps.next();
    return step.value;
  };
  return xs.map((x) => {
    let q;
    model.encode(Float32Array.from(x), (params) => (q = model.posteriorOf(params)));
    const latentAt = chart.through?.(q.mean) ?? chart.latentAt;
    const grid = new PosteriorGrid({
      outputsAt: (places) => model.outputsAt(places), likelihood: model.graph.likelihood,
      imageShape: model.imageShape, logPrior: (z) => model.prior.logProb(z),
      cost: model.graph.multiply_adds.decoder, chart: {...chart, latentAt},
    });
    finish(grid.fill());
    const {logEvidence, error, cells} = finish(grid.refine(x, finish(grid.coarse(x))));
    const {windows, logMass, mode, isCutOff} = densityWindows(cells, grid);
    const [level] = levelsOf(windows, [0.5]);
    const above = windows.flatMap(({nx, x, y, step, values}) =>
      Array.from(values).flatMap((v, k) => v > level ? [[x + (k % nx) * step, y + Math.floor(k / nx) * step]] : []));
    const found = {kind: chart.kind, logEvidence, error, logMass, isCutOff, level, above};
    found.mode = Array.from(latentAt(mode.z));
    found.onPlane = chart.toPlane(mode.z);
    found.area = above.length * windows[0].step ** grid.ndim;
    found.mean = Array.from(q.mean);
    found.elbo = finish(elboOf(model, q, x));
    if (model.family.best && model.size < 3) {
      const logJoint = inPairs(model.size, (places) => model.logProbsAt(places, x)
        .map((nats, k) => nats + model.prior.logProb(places[k])));
      const begins = [gaussianOf(q), beginAtMode(found.mode, gaussianOf(q))];
      found.best = Math.max(...begins.map((begin) => finish(climb(begin, false, logJoint)).elbo));
    }
    return found;
  });
}"""  # noqa: E501


def in_page(modules: Page, vae: VAE, x: Tensor, axes: tuple[int, int]) -> list[dict[str, Any]]:
    """What the page finds of each image."""
    file = base64.b64encode(model_file(vae)).decode()
    names = [f"z{j}" for j in range(math.prod(vae.latent_shape))]
    given = {"file": file, "xs": x.flatten(1).tolist(), "axes": list(axes), "names": names}
    found: list[dict[str, Any]] = modules.evaluate(RUN, given)
    return found


def sharp(latent: tuple[int, ...], posterior: str, gain: float = 4.0) -> tuple[VAE, Tensor]:
    """An untrained model whose images depend strongly on z, and images that it draws."""
    config = ModelConfig(hidden=(12,), latent_shape=latent, posterior=posterior)
    vae = build_vae(config, (1, 6, 6), seed=3).requires_grad_(False)
    for layer in vae.decoder:
        if hasattr(layer, "weight"):
            layer.weight.mul_(gain)
    z = vae.prior().sample((3,), seeded(3))
    return vae, vae.decode(z).sample((), seeded(4))


def log_joint(vae: VAE, x: Tensor, z: Tensor) -> Tensor:
    """log p(x, z) of one image at many z, in float64."""
    return vae.decode(z).log_prob(x).double() + vae.prior().log_prob(z).double()


def assert_librarys_elbo(vae: VAE, x: Tensor, found: list[dict[str, Any]]) -> None:
    assert [one["elbo"] for one in found] == pytest.approx(elbos(vae, x).tolist(), abs=1e-3)


@pytest.mark.parametrize("posterior", ["diagonal", "laplace"])
def test_a_line_has_the_librarys_evidence_elbo_and_best_q(posterior: str, modules: Page) -> None:
    vae, x = sharp((1,), posterior)
    known = quadrature(vae, x)
    found = in_page(modules, vae, x, (0, 0))
    for k, one in enumerate(found):
        assert one["kind"] == "line"
        assert one["logEvidence"] == pytest.approx(float(known.log_evidence[k]), abs=1e-3)
        assert one["logMass"] == pytest.approx(one["logEvidence"], abs=5e-3)
        assert one["mode"] == pytest.approx(known.mode()[k].tolist(), abs=0.03)
        assert not one["isCutOff"]
        assert one["elbo"] <= one["logEvidence"] + 1e-3
    assert_librarys_elbo(vae, x, found)
    if posterior == "diagonal":
        best = best_posterior(vae, x, known.mode()).elbo
        assert_same([one["best"] for one in found], best, rtol=0, atol=5e-3)


def test_a_triangle_has_the_librarys_evidence_and_its_density_by_area(modules: Page) -> None:
    """Half of p(z|x) lies above the level, by area of the triangle, not by that of a square."""
    vae, x = sharp((3,), "dirichlet", 6.0)
    known = quadrature(vae, x)
    axis = (torch.arange(400) + 0.5) / 400
    z = torch.cartesian_prod(axis, axis)
    z = z[z.sum(1) < 1.0 - 1e-6]
    z = torch.cat([1.0 - z.sum(1, keepdim=True), z], 1)
    found = in_page(modules, vae, x, (0, 1))
    assert_librarys_elbo(vae, x, found)  # and with log p(x) so is the gap
    assert known.mode().shape == (3, 3)  # however many cells a wide p(z|x) has
    for k, one in enumerate(found):
        assert one["kind"] == "triangle"
        assert one["logEvidence"] == pytest.approx(float(known.log_evidence[k]), abs=1e-3)
        assert one["logMass"] == pytest.approx(one["logEvidence"], abs=0.05)  # half cells
        share = (log_joint(vae, x[k : k + 1], z) - known.log_evidence[k]).exp() / 400**2
        density = share.log() + 2 * math.log(400) + known.log_evidence[k]
        held = float(share[density > one["level"]].sum() / share.sum())
        assert held == pytest.approx(0.5, abs=0.02)
        places = torch.tensor(one["above"])
        assert bool((places >= 0.0).all())
        assert float(places.sum(1).max()) < 1.0 + 1e-6
        _, s, t = one["mode"]
        assert one["onPlane"] == pytest.approx([s + 0.5 * t, t * math.sqrt(0.75)])


def test_a_slice_goes_through_the_mean_along_the_dimensions_of_the_plane(modules: Page) -> None:
    vae, x = sharp((4,), "diagonal")
    for k, one in enumerate(in_page(modules, vae, x, (3, 1))):
        mean = torch.tensor(one["mean"])
        axis = torch.arange(-6.0, 6.0, 0.02) + 0.01
        place = torch.cartesian_prod(axis, axis)
        z = mean.expand(len(place), 4).clone()
        z[:, 3], z[:, 1] = place.unbind(1)
        values = torch.cat([log_joint(vae, x[k : k + 1], some) for some in z.split(50_000)])
        total = float(values.logsumexp(0)) + 2 * math.log(0.02)
        assert one["kind"] == "slice"
        assert one["logEvidence"] == pytest.approx(total, abs=2e-3)
        assert one["mode"][0] == pytest.approx(one["mean"][0])
        assert one["mode"][2] == pytest.approx(one["mean"][2])
        held = float((values[values > one["level"]] - total).exp().sum()) * 0.02**2
        assert held == pytest.approx(0.5, abs=0.02)

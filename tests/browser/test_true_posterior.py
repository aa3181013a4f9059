"""The page's own log p(x), p(z|x) and best q are those of vae_core."""

from __future__ import annotations

import base64
import math
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import Tensor

from tests.browser.probability import (
    IMAGE,
    ask,
    assert_same,
    elbos,
    encoded,
    family_of,
    kinds,
    numbers,
)
from tests.browser.test_likelihoods import images, outputs, pixel_family
from tests.core.posteriors.families import WITH_DENSITY
from tests.core.priors.test_priors import untidy
from tests.samples import ROOT, seeded
from vae_core import DataConfig, ModelConfig, RunStore, build_vae, load_dataset
from vae_core.analysis import true_posterior
from vae_core.analysis.evidence.best_posterior import (
    best_posterior,
    encoder_gaussian,
    gaussian_elbo,
)
from vae_core.analysis.evidence.quadrature import quadrature
from vae_core.browser.payload import model_file
from vae_core.vae import VAE

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser]

DEAR = 6e5  # multiply-adds of a decoding for which the grid has 63 cells along a side
SHARES = [1 - math.exp(-0.5), 1 - math.exp(-2.0)]
RUN = """async ({file, xs, cost, shares}) => {
  const {LensModel} = await import('/model/model.js');
  const {PosteriorGrid} = await import('/math/true_posterior.js');
  const {densityWindows, levelsOf, regionsAbove} = await import('/math/density_windows.js');
  const {contourOf} = await import('/draw/contours.js');
  const {climb, gaussianOf, beginAtMode} = await import('/math/best_posterior.js');
  const {elboOf} = await import('/lens/true_posterior.js');
  const bytes = Uint8Array.from(atob(file), (c) => c.charCodeAt(0));
  const model = new LensModel(bytes.buffer, '');
  const grid = new PosteriorGrid({
    outputsAt: (places) => model.outputsAt(places), likelihood: model.graph.likelihood,
    imageShape: model.imageShape, logPrior: (z) => model.prior.logProb(z),
    cost: cost ?? model.graph.multiply_adds.decoder,
    reach: model.prior.isLearned ? model.prior.reach : null,
  });
  const finish = (steps) => {
    let step = steps.next();
    while (!step.done) step = steps.next();
    return step.value;
  };
  finish(grid.fill());
  return xs.map((x) => {
    const coarse = finish(grid.coarse(x));
    const quick = densityWindows(coarse, grid);
    const {logEvidence, error, cells} = finish(grid.refine(x, coarse));
    const {windows, logMass, mode, isCutOff} = densityWindows(cells, grid);
    const levels = levelsOf(windows, shares);
    let q;
    model.encode(Float32Array.from(x), (params) => (q = model.posteriorOf(params)));
    const elbo = finish(elboOf(model, q, x));
    const found = {logEvidence, error, logMass, isCutOff, levels, elbo};
    Object.assign(found, {quick: quick.logMass, mode: mode.z});
    found.regions = regionsAbove(windows, levels.at(-1));
    found.contour = windows.flatMap((one) => contourOf(one, levels.at(-1)));
    if (model.family.best) {
      const logJoint = (places) => model.logProbsAt(places, x)
        .map((nats, k) => nats + model.prior.logProb(places[k]));
      const begins = [gaussianOf(q), beginAtMode(mode.z, gaussianOf(q))];
      const isFull = model.family.best === 'full';
      found.best = begins.map((begin) => finish(climb(begin, isFull, logJoint)).elbo);
    }
    return found;
  });
}"""


def in_page(modules: Page, vae: VAE, x: Tensor, cost: float | None = None) -> list[dict[str, Any]]:
    """What the page finds of each image."""
    file = base64.b64encode(model_file(vae)).decode()
    given = {"file": file, "xs": x.flatten(1).tolist(), "cost": cost, "shares": SHARES}
    found: list[dict[str, Any]] = modules.evaluate(RUN, given)
    return found


def bundled(name: str) -> VAE:
    return RunStore(ROOT / "assets" / "models").load(name).vae()


@pytest.fixture(scope="module")
def some_digits() -> Tensor:
    return load_dataset(DataConfig("digits")).test.batch(slice(20, 24))


def drawn_by(vae: VAE, n: int) -> Tensor:
    """Images that the model draws itself."""
    z = vae.prior().sample((n,), seeded(3))
    with torch.no_grad():
        return vae.decode(z).sample((), seeded(4))


@pytest.mark.parametrize(
    ("prior", "posterior"), [("mixture", "diagonal"), ("flow", "diagonal"), ("vamp", "full")]
)
def test_evidence_under_a_learned_prior_is_the_librarys(
    modules: Page, prior: str, posterior: str
) -> None:
    vae = untidy((2,), prior=prior, posterior=posterior).float()
    if prior == "flow":  # else it is wider than the library's grid
        with torch.no_grad():
            for weights in vae.latent_prior.parameters():
                weights *= 0.5
    x = drawn_by(vae, 3)
    known = quadrature(vae, x)
    for k, one in enumerate(in_page(modules, vae, x)):
        assert one["logEvidence"] == pytest.approx(float(known.log_evidence[k]), abs=2e-3)
        assert one["logMass"] == pytest.approx(one["logEvidence"], abs=0.01)
        assert one["elbo"] <= max(one["best"]) + 1e-3 <= one["logEvidence"] + 5e-3


def test_evidence_gap_and_contours_of_digits_are_the_librarys(
    modules: Page, some_digits: Tensor
) -> None:
    vae = bundled("digits-2d")
    x = some_digits
    known = quadrature(vae, x)
    found = in_page(modules, vae, x)
    for k, one in enumerate(found):
        assert one["logEvidence"] == pytest.approx(float(known.log_evidence[k]), abs=1e-3)
        assert one["quick"] == pytest.approx(one["logEvidence"], abs=0.2)
        assert one["logMass"] == pytest.approx(one["logEvidence"], abs=0.005)  # adds up to 1
        assert not one["isCutOff"]
    elbo = gaussian_elbo(vae, x, *encoder_gaussian(vae, x))
    assert_same([one["elbo"] for one in found], elbo, rtol=0, atol=1e-3)
    best = best_posterior(vae, x, known.mode()).elbo
    assert_same([max(one["best"]) for one in found], best, rtol=0, atol=5e-3)
    for k, one in enumerate(found):
        assert one["elbo"] <= max(one["best"]) + 1e-6 <= one["logEvidence"] + 2e-3, k
    density = true_posterior(vae, x, resolution=151)
    for k, one in enumerate(found):
        axes = [axis[k] for axis in density.axes]
        area = float((axes[0][1] - axes[0][0]) * (axes[1][1] - axes[1][0]))
        log_density = density.log_density[k].double()
        for level, share in zip(one["levels"], SHARES, strict=True):
            above = log_density > level - one["logEvidence"]
            assert float(log_density[above].exp().sum()) * area == pytest.approx(share, abs=0.015)


def summed_around(vae: VAE, x: Tensor, middle: Tensor, reach: float, step: float) -> float:
    """log p(x) of one image by a fine grid around the mode alone."""
    axis = torch.arange(-reach + step / 2, reach, step)
    z = middle + torch.cartesian_prod(axis, axis)
    with torch.no_grad():
        values = [
            vae.decode(some).log_prob(x).double() + vae.prior().log_prob(some).double()
            for some in z.split(20_000)
        ]
    return float(torch.cat(values).logsumexp(0)) + 2 * math.log(step)


def test_evidence_of_a_sharp_posterior_is_that_of_a_fine_grid(modules: Page) -> None:
    """MNIST 2-D, whose p(z|x) is far narrower than a cell of this coarse grid."""
    vae = bundled("mnist-2d")
    x = drawn_by(vae, 2)[1:]
    (found,) = in_page(modules, vae, x, DEAR)
    known = summed_around(vae, x, torch.tensor(found["mode"]), 0.4, 0.004)
    assert found["logEvidence"] == pytest.approx(known, abs=1e-3)
    assert found["error"] < 1e-3
    ends = torch.tensor(found["contour"]).reshape(-1, 2)
    assert len(ends) > 20
    assert bool((ends.amax(0) - ends.amin(0) < 0.5).all())


@pytest.mark.parametrize(
    ("posterior", "likelihood", "sigma"),
    [
        ("laplace", "bernoulli", "fixed"),
        ("full", "gaussian", "per-image"),
        ("full-correlation", "continuous-bernoulli", "fixed"),
        ("diagonal", "discretised-logistic", "fixed"),
    ],
)
def test_every_family_and_likelihood_gives_the_librarys_evidence(
    posterior: str, likelihood: str, sigma: str, modules: Page
) -> None:
    config = ModelConfig(
        hidden=(8,), latent_shape=(2,), posterior=posterior, likelihood=likelihood, sigma=sigma
    )
    vae = build_vae(config, (1, 3, 3), seed=2)
    x = torch.rand(2, 1, 3, 3, generator=seeded(5))
    known = quadrature(vae, x).log_evidence
    got = in_page(modules, vae, x)
    for k, one in enumerate(got):
        assert one["logEvidence"] == pytest.approx(float(known[k]), abs=1e-3 + one["error"])
        assert one["error"] < 5e-3
        # log p(x) - ELBO is a KL
        assert one["elbo"] <= one["logEvidence"] + 2e-3
    assert [one["elbo"] for one in got] == pytest.approx(elbos(vae, x).tolist(), abs=1e-3)


@kinds
def test_the_sum_of_an_affine_likelihood_is_its_log_density(
    name: str, sigma: str, modules: Page
) -> None:
    family, told = pixel_family(name, sigma)
    output = outputs(family)[:2]
    x = images(2)
    got = modules.evaluate(
        """async ({told, output, x, shape}) => {
          const {affineInImage} = await import('/math/likelihoods.js');
          return output.map((one, k) => {
            const form = affineInImage(told, Float32Array.from(one), shape);
            if (!form) return null;
            const {scale, bend, constant} = form;
            let [sum, square] = [0, 0];
            x[k].forEach((value, i) => {
              sum += Math.fround(one[i]) * value;
              square += value * value;
            });
            return scale * sum + bend * square + constant;
          });
        }""",
        {
            "told": told,
            "output": output.flatten(1).tolist(),
            "x": x.flatten(1).tolist(),
            "shape": IMAGE,
        },
    )
    if name == "discretised-logistic":
        assert got == [None, None]
    else:
        assert_same(got, family(output.double()).log_prob(x.double()), rtol=1e-6)


@pytest.mark.parametrize("name", WITH_DENSITY)
def test_nodes_have_the_moments_of_their_posterior(name: str, modules: Page) -> None:
    size = 3 if name == "dirichlet" else 2
    params = encoded(name, (size,))
    got = ask(
        modules, "return floats(rows).map((row) => posterior(name, row, [size]).nodes());",
        name=name, rows=params, size=size,
    )  # fmt: skip
    q = family_of(name, params)
    for k, each in enumerate(got):
        z, weights = numbers(each["z"]), numbers(each["weights"])
        mean = weights @ z
        assert float(weights.sum()) == pytest.approx(1.0)
        assert_same(mean.tolist(), q.mean[k], rtol=1e-7, atol=1e-6)
        assert_same((weights @ (z - mean).square()).tolist(), q.variance[k], rtol=1e-5, atol=1e-7)


def test_a_contour_of_a_cone_is_a_circle(modules: Page) -> None:
    got = modules.evaluate(
        """async () => {
          const {contourOf} = await import('/draw/contours.js');
          const [n, step] = [41, 0.1];
          const values = Float64Array.from({length: n * n}, (_, k) => {
            const [x, y] = [-2 + (k % n) * step, -2 + Math.floor(k / n) * step];
            return -Math.hypot(x - 0.3, y + 0.2);
          });
          return contourOf({nx: n, ny: n, x: -2, y: -2, step, values}, -1);
        }"""
    )
    segments = torch.tensor(got).reshape(-1, 2, 2)
    away = (segments - torch.tensor([0.3, -0.2])).norm(dim=-1)
    assert float((away - 1.0).abs().max()) < 0.005
    length = float((segments[:, 0] - segments[:, 1]).norm(dim=-1).sum())
    assert length == pytest.approx(2 * math.pi, rel=0.005)


def test_work_is_cut_into_slices_and_the_latest_takes_over(modules: Page) -> None:
    """A clock of one millisecond a step: no slice has more steps than its budget allows."""
    got = modules.evaluate(
        """async () => {
          const {Slices} = await import('/page/slices.js');
          const later = [];
          const said = [];
          let time = 0;
          function* work(name, n) {
            for (let k = 1; k <= n; k++) {
              time++;
              yield k;
            }
            return name;
          }
          const slices = new Slices({budget: 12, now: () => time, later: (f) => later.push(f)});
          const events = {onSlice: (k) => said.push(k), onDone: (name) => said.push(name)};
          slices.run(work('first', 1000), events);
          later.shift()();
          slices.run(work('second', 30), events);
          while (later.length) later.shift()();
          return said;
        }"""
    )
    assert got == [12, 24, 12, 24, "second"]

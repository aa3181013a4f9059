"""The page's own learned priors are those of vae_core, and so is the rate against them."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
import torch

from tests.browser.probability import assert_same, numbers
from tests.core.priors.test_priors import untidy
from vae_core.browser.payload import model_file
from vae_core.priors import log_ratio, rate_per_dim

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser]
KEEPS_PAGE = True

ASK = """async ({file, z, params, label}) => {
  const {openModel} = await import('/model/engine.js');
  const {priorOf} = await import('/math/priors/priors.js');
  const {FAMILIES} = await import('/math/posteriors/families.js');
  const {graph, tensors} = openModel(Uint8Array.from(atob(file), (c) => c.charCodeAt(0)).buffer);
  const [family, shape] = [FAMILIES[graph.posterior], graph.latent_shape];
  const p = priorOf(graph.prior, tensors, family, shape);
  const q = family.fromParams(Float64Array.from(params), shape).against(p.given(label));
  const plane = p.logPlane([0, 1]);
  return {
    logProb: z.map((each) => p.logProb(each)), mean: Array.from(p.mean),
    plane: plane && z.map(([x, y]) => plane(x, y)),
    draws: Array.from({length: 4000}, (_, seed) => Array.from(p.draw(seed + 1))),
    kl: q.kl, error: q.klError, perDim: Array.from(q.klPerDim),
  };
}"""
KINDS = [
    ("mixture", "diagonal", (2,)),
    ("vamp", "full", (2,)),
    ("vamp", "dirichlet", (3,)),
    ("flow", "diagonal", (2,)),
    ("flow", "laplace", (2, 2, 3)),
    ("class", "diagonal", (2, 2, 3)),
]


@pytest.mark.parametrize(("prior", "posterior", "latent"), KINDS)
def test_prior_of_the_page_is_that_of_the_library(modules: Page, prior, posterior, latent):
    vae, noise = untidy(latent, prior=prior, posterior=posterior).float(), torch.Generator()
    file = base64.b64encode(model_file(vae)).decode()
    vae, p = vae.double(), vae.double().prior()
    z = p.sample((5,), noise.manual_seed(1))
    params = vae.encode_params(torch.rand(1, 1, 8, 8, generator=noise).double())
    label = 2 if prior == "class" else None
    given = {"file": file, "z": z.flatten(1).tolist(), "params": params.flatten().tolist()}
    got = modules.evaluate(ASK, given | {"label": label})

    assert_same(got["logProb"], p.log_prob(z), atol=1e-5)
    drawn = numbers(got["draws"])
    error = 5.0 * (drawn.var(0) / len(drawn)).sqrt()
    assert ((drawn.mean(0) - p.mean.flatten()).abs() < error + 0.05).all()
    if latent == (2,):
        assert_same(got["plane"], p.log_prob(z), atol=1e-5)

    q = vae.family.from_params(params)
    own = p.given(None if label is None else torch.tensor([label]))
    samples = q.sample((20_000,), noise)
    ratios = log_ratio(q, own, samples)[:, 0]
    spread = ratios.std().item()
    assert got["kl"] == pytest.approx(
        ratios.mean().item(), abs=5.0 * (got["error"] + spread / 20_000**0.5)
    )
    per_dim = numbers([float("nan") if one is None else one for one in got["perDim"]])
    known = per_dim.isfinite()
    assert known.all() == (prior != "flow" and posterior != "dirichlet")
    expected = rate_per_dim(q, own, samples)[0].flatten()
    assert torch.allclose(per_dim[known], expected[known], atol=0.05)

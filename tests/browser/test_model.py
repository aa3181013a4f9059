"""A model in the page: from an image to what it costs, as vae_core computes it."""

from __future__ import annotations

import base64
import math
from typing import TYPE_CHECKING

import pytest
import torch
from torch.distributions import kl_divergence

from tests.browser.test_engine import BUNDLED
from tests.samples import ROOT
from vae_core import RunStore
from vae_core.analysis import kl_per_dim
from vae_core.browser.payload import model_file
from vae_core.priors import Codebook, LearnedPrior, log_ratio

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser]
KEEPS_PAGE = True


@pytest.mark.parametrize("name", BUNDLED)
def test_the_ledger_of_every_bundled_model_is_vae_cores(name: str, modules: Page) -> None:
    """From an image to its distortion at z = mu and its rate, number by number.

    In double precision, as the page computes them: in single the Dirichlet's KL loses 1e-3.
    """
    vae = RunStore(ROOT / "assets" / "models").load(name).vae()
    file = base64.b64encode(model_file(vae)).decode()
    vae.double()
    x = torch.rand(1, *vae.image_shape, generator=torch.Generator().manual_seed(0)).double()
    given, p = vae.given(0), vae.prior()  # with the first label, where one is taken
    with torch.no_grad():
        q = given.encode(x)
        distortion = float(-given.decode(q.mean).log_prob(x))
    got = modules.evaluate(
        """async ({file, x}) => {
          const {LensModel} = await import('/model/model.js');
          const bytes = Uint8Array.from(atob(file), (c) => c.charCodeAt(0));
          const model = new LensModel(bytes.buffer, '');
          const image = Float32Array.from(x);
          let told;
          model.encode(image, (params) => {
            const q = model.posteriorOf(params);
            model.decode(q.mean, (p) => {
              told = {distortion: -p.logProb(image), rate: q.kl, error: q.klError};
              told.parts = Array.from(q.klPerDim);
            });
          });
          return told;  // at once: nothing is asked of a server
        }""",
        {"file": file, "x": x.flatten().tolist()},
    )
    assert got["distortion"] == pytest.approx(distortion, rel=1e-5, abs=1e-3)
    if isinstance(p, Codebook):
        assert got["rate"] == pytest.approx(p.n_sites * p.log_size)
        return
    if isinstance(p, LearnedPrior):  # by samples, here and, in many dimensions, there
        with torch.no_grad():
            z = q.sample((4000,), torch.Generator().manual_seed(1))
            ratios = log_ratio(q, p, z)[:, 0]
        noise = ratios.std().item() / math.sqrt(len(ratios)) + got["error"]
        assert got["rate"] == pytest.approx(ratios.mean().item(), abs=5.0 * noise + 1e-3)
        return
    assert got["rate"] == pytest.approx(float(kl_divergence(q, p)), rel=1e-5, abs=1e-5)
    got_parts = torch.tensor(got["parts"], dtype=torch.float64)
    torch.testing.assert_close(got_parts, kl_per_dim(q, p).flatten(), rtol=1e-4, atol=1e-5)

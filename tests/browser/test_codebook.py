"""The page's own codebook is that of vae_core; its entries are swapped in the cells of a map."""

from __future__ import annotations

import base64
import math
from typing import TYPE_CHECKING

import pytest
import torch

from tests.browser.probability import assert_same, numbers
from tests.browser.test_mounting import MOUNT, facts_of, serve_files
from tests.samples import tiny_model, tiny_run
from vae_core import Dataset, RunStore
from vae_core.browser.payload import model_file
from vae_core.vae import build_vae

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from vae_core.vae import VAE

pytestmark = [pytest.mark.browser]

ASK = """async ({file, x}) => {
  const {LensModel} = await import('/model/model.js');
  const model = new LensModel(Uint8Array.from(atob(file), (c) => c.charCodeAt(0)).buffer, '');
  let params;
  model.encode(Float32Array.from(x), (found) => (params = found));
  const q = model.posteriorOf(params);
  const {prior} = model;
  return {
    params: Array.from(params), mean: Array.from(prior.mean), logProb: prior.logProb(),
    kl: q.kl, error: q.klError, perDim: Array.from(q.klPerDim), z: Array.from(q.draw(3)),
    draws: Array.from({length: 600}, (_, seed) => Array.from(prior.draw(seed + 1))),
    parts: prior.parts.map(({q, weight}) => [weight, ...q.mean]),
  };
}"""
SWAP = """
    await new Promise(requestAnimationFrame);
    const buttons = [...parentElement.querySelectorAll('.entries button')];
    const pressed = () => buttons.findIndex((b) => b.getAttribute('aria-pressed') === 'true');
    const before = pressed();
    const to = (before + 1) % buttons.length;
    buttons[to].click();
    await new Promise(requestAnimationFrame);
    await new Promise(requestAnimationFrame);
    const painted = buttons.filter((b) => b.firstChild.width === 8).length;
    window.seen = {before, to, after: pressed(), n: buttons.length, painted, at: window.told.at};
    unmount();"""


def codebook(latent: tuple[int, ...]) -> VAE:
    network = {"network": "conv"} if len(latent) == 3 else {}
    config = tiny_model(latent, posterior="codebook", prior_components=6, **network)
    vae = build_vae(config, (1, 8, 8), seed=1)
    noise = torch.Generator().manual_seed(2)
    vae.latent_prior.entries.copy_(0.1 * torch.randn(6, latent[-1], generator=noise))
    vae.latent_prior.counts.copy_(torch.arange(6.0))
    return vae


@pytest.mark.parametrize("latent", [(3,), (2, 2, 2)])
def test_codebook_of_the_page_is_that_of_the_library(modules: Page, latent: tuple[int, ...]):
    vae = codebook(latent)
    x = torch.rand(1, 1, 8, 8, generator=torch.Generator().manual_seed(3))
    file = base64.b64encode(model_file(vae)).decode()
    got = modules.evaluate(ASK, {"file": file, "x": x.flatten().tolist()})

    with torch.no_grad():
        q, p = vae.encode(x), vae.prior()
    assert_same(got["params"], q.mean, atol=1e-5)
    assert got["z"] == got["params"]
    assert_same(got["mean"], p.mean, atol=1e-5)
    rate = math.prod(latent[:-1]) * math.log(6)
    assert got["kl"] == pytest.approx(rate)
    assert got["error"] == 0
    assert got["logProb"] == pytest.approx(-rate)
    assert sum(got["perDim"]) == pytest.approx(rate)
    indices = p.indices(numbers(got["draws"]).reshape(600, *latent).float())
    assert torch.bincount(indices.flatten(), minlength=6).min() > 60
    entries = numbers(got["parts"])[:, 1:].reshape(6, *latent).float()
    assert torch.equal(p.indices(entries).reshape(6, -1)[:, 0], torch.arange(6))
    assert_same([one[0] for one in got["parts"]], torch.arange(6.0) / 15.0, atol=1e-6)


def test_an_entry_is_swapped_in_the_cell_that_is_picked(
    modules: Page, tmp_path: Path, digits: Dataset
) -> None:
    config = tiny_run(
        latent_shape=(2, 2, 2), posterior="codebook", prior_components=6, network="conv"
    )
    run = RunStore(tmp_path).create(config)
    list(run.train(digits))
    serve_files(modules, run)
    facts = facts_of(run, "cells") | {"has_entries": True}
    facts["family"]["has_density"] = False
    script = MOUNT.replace(
        "setStateValue: () => told++", "setStateValue: (_, v) => { window.told = v; told++; }"
    )
    script = script.replace("unmount();", SWAP)
    modules.evaluate(script, {"times": 1, "facts": facts})
    seen = modules.evaluate("() => seen")
    assert seen["n"] == 6
    assert seen["painted"] == 6
    assert seen["after"] == seen["to"] != seen["before"]
    z = torch.tensor(seen["at"]).reshape(2, 2, 2)
    prior = run.vae().prior()
    moved, kept = prior.indices(z), prior.indices(run.codes().mean[0])
    assert ((moved != kept).flatten() == torch.tensor([False, False, False, True])).all()
    at_entry = prior.entries[moved[1, 1]]
    assert torch.allclose(z[1, 1].float(), at_entry, atol=2e-3)


def test_what_an_entry_costs_is_the_bound_and_no_estimate(
    modules: Page, tmp_path: Path, digits: Dataset
) -> None:
    config = tiny_run(latent_shape=(3,), posterior="codebook", prior_components=6)
    run = RunStore(tmp_path).create(config)
    list(run.train(digits))
    serve_files(modules, run)
    facts = facts_of(run, "overview") | {"has_entries": True}
    facts["family"]["has_density"] = False
    look = "window.seen = parentElement.textContent; unmount();"
    modules.evaluate(MOUNT.replace("unmount();", look), {"times": 1, "facts": facts})
    words = modules.evaluate("() => seen")
    assert "z is its entry with certainty: this is the −ELBO, without noise." in words
    assert "unbiased estimate" not in words

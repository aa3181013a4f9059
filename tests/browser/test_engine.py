"""The engine in the page computes what torch computes."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
import torch
from torch.distributions import kl_divergence

from tests.samples import bundled
from vae_core import ModelConfig, build_vae
from vae_core.browser.payload import model_file
from vae_core.vae import VAE

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser]
KEEPS_PAGE = True

BUNDLED = list(bundled())
RUN = """async ({file, inputs, part}) => {
  const {openModel} = await import('/model/engine.js');
  const bytes = Uint8Array.from(atob(file), (c) => c.charCodeAt(0));
  const model = openModel(bytes.buffer);
  for (const bias of Object.values(model.labels ?? {})) bias.set(0);
  const run = model[part];
  const one = inputs.map((x) => Array.from(run(Float32Array.from(x))));
  // eleven of each in turn: more than one round of what is taken together
  const turns = Array.from({length: 11}, (_, k) => k % inputs.length);
  const flat = Float32Array.from(turns.flatMap((k) => inputs[k]));
  const many = run.many(flat, turns.length);
  const size = many.length / turns.length;
  turns.forEach((k, turn) => one[k].forEach((value, i) => {
    const apart = Math.abs(many[turn * size + i] - value);
    if (!(apart < 1e-5 * (1 + Math.abs(value)))) throw new Error(`${turn}, ${i}: ${apart}`);
  }));
  return one;
}"""
SMALL = {
    "linear": (ModelConfig(hidden=(), latent_shape=(3,)), (1, 8, 8)),
    "deep": (ModelConfig(hidden=(17, 9), latent_shape=(2,)), (1, 7, 5)),
    "mlp-map": (ModelConfig(latent_shape=(2, 3, 4)), (1, 8, 8)),
    "conv-vector": (ModelConfig(network="conv", latent_shape=(5,)), (1, 28, 28)),
    "conv-map": (ModelConfig(network="conv", latent_shape=(4, 4, 3)), (1, 28, 28)),
    "colour": (ModelConfig(network="conv", latent_shape=(2, 4, 2)), (3, 15, 32)),
    "elu": (ModelConfig(hidden=(9, 6), latent_shape=(2,), activation="elu"), (1, 7, 5)),
    "tanh": (ModelConfig("conv", (4, 6), (2, 2, 3), activation="tanh"), (3, 8, 8)),
    "gated": (ModelConfig(hidden=(9, 6), latent_shape=(2,), activation="gated"), (1, 7, 5)),
    "gated maps": (ModelConfig("conv", (4, 6), (5,), activation="gated"), (3, 8, 8)),
    "two maps": (
        ModelConfig(network="conv", latent_shape=(4,), likelihood="discretised-logistic"),
        (3, 16, 16),
    ),
}


def in_page(modules: Page, vae: VAE, part: str, inputs: torch.Tensor) -> torch.Tensor:
    """What the engine makes of these inputs, one row each."""
    file = base64.b64encode(model_file(vae)).decode()
    rows = inputs.flatten(1).tolist()
    return torch.tensor(modules.evaluate(RUN, {"file": file, "inputs": rows, "part": part}))


def assert_parity(modules: Page, vae: VAE) -> None:
    """Encoder and decoder, on random images and on draws from the prior."""
    random, vae = torch.Generator().manual_seed(0), vae.given(0)
    x = torch.rand(3, *vae.image_shape, generator=random)
    z = vae.prior().sample((3,), random)
    with torch.no_grad():
        encoded = vae.encoder(x) if vae.family.has_entries else vae.encode_params(x)
        for part, inputs, expected in (
            ("encode", x, encoded),
            ("decode", z, vae.decode_params(z)),
        ):
            got = in_page(modules, vae, part, inputs)
            torch.testing.assert_close(got, expected.flatten(1), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", BUNDLED)
def test_every_bundled_model_runs_in_the_page_as_in_torch(name: str, modules: Page) -> None:
    assert_parity(modules, bundled()[name].vae())


@pytest.mark.parametrize("name", SMALL)
def test_every_kind_of_network_runs_in_the_page_as_in_torch(name: str, modules: Page) -> None:
    config, image = SMALL[name]
    assert_parity(modules, build_vae(config, image, seed=1))


OF_LABELS = """async ({file, x, z, label}) => {
  const {LensModel} = await import('/model/model.js');
  const bytes = Uint8Array.from(atob(file), (c) => c.charCodeAt(0));
  const model = new LensModel(bytes.buffer, '');
  model.label = label;
  let params;
  model.encode(Float32Array.from(x), (found) => (params = Array.from(found)));
  const others = [0, 9].map((other) => Array.from(model.pixelsAt(z, other).mean));
  return {
    params, others, mean: Array.from(model.pixelsAt(z).mean),
    likeliest: model.likeliestLabel(Float32Array.from(x), [...Array(10).keys()]),
  };
}"""


@pytest.mark.parametrize(
    ("network", "latent"), [("mlp", (2,)), ("conv", (3,)), ("conv", (2, 2, 2))]
)
def test_a_label_changes_the_pages_networks_as_it_does_torchs(
    modules: Page, network: str, latent: tuple[int, ...]
) -> None:
    vae = build_vae(
        ModelConfig(network=network, latent_shape=latent, labels="conditional"), (1, 8, 8), seed=1
    )
    x, z = torch.rand(1, 1, 8, 8), torch.randn(1, *latent)
    given = {"x": x.flatten().tolist(), "z": z.flatten().tolist(), "label": 4}
    got = modules.evaluate(OF_LABELS, given | {"file": base64.b64encode(model_file(vae)).decode()})
    bounds = []
    with torch.no_grad():
        expected = {
            "params": vae.given(4).encode_params(x),
            "mean": vae.given(4).decode(z).mean,
            "others": torch.stack([vae.given(label).decode(z).mean for label in (0, 9)]),
        }
        for label in range(10):
            one = vae.given(label)
            q = one.encode(x)
            bounds.append(float(one.decode(q.mean).log_prob(x) - kl_divergence(q, one.prior())))
    for name, values in expected.items():
        mine = torch.tensor(got[name]).flatten()
        torch.testing.assert_close(mine, values.flatten(), rtol=1e-5, atol=1e-5)
    assert bounds[got["likeliest"]] == pytest.approx(max(bounds), abs=1e-3)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "got 0 bytes"),
        (b"<html>not found</html>", "got 22 bytes"),
        (model_file(build_vae(ModelConfig(hidden=()), (1, 4, 4)))[:-9], "cut short"),
    ],
)
def test_a_damaged_file_is_said_to_be_one(content: bytes, words: str, modules: Page) -> None:
    said = modules.evaluate(
        """async (file) => {
          const {openModel} = await import('/model/engine.js');
          const bytes = Uint8Array.from(atob(file), (c) => c.charCodeAt(0));
          try { openModel(bytes.buffer); return ''; } catch (error) { return error.message; }
        }""",
        base64.b64encode(content).decode(),
    )
    assert words in said

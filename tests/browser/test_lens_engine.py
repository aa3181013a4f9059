"""The engine in the page computes what torch computes."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import safetensors.torch
import torch
from torch.distributions import kl_divergence

from tests.samples import ROOT
from vae_core import ModelConfig, RunStore, build_vae
from vae_core.analysis import kl_per_dim
from vae_core.graph import graph, model_file
from vae_core.vae import VAE

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser]

BUNDLED = [entry.id for entry in RunStore(ROOT / "assets" / "models").list()]
RUN = """async ({file, inputs, part}) => {
  const {openModel} = await import('/model/engine.js');
  const bytes = Uint8Array.from(atob(file), (c) => c.charCodeAt(0));
  const run = openModel(bytes.buffer)[part];
  return inputs.map((x) => Array.from(run(Float32Array.from(x))));
}"""
SMALL = {
    "linear": (ModelConfig(hidden=(), latent_shape=(3,)), (1, 8, 8)),
    "deep": (ModelConfig(hidden=(17, 9), latent_shape=(2,)), (1, 7, 5)),
    "mlp-map": (ModelConfig(latent_shape=(2, 3, 4)), (1, 8, 8)),
    "conv-vector": (ModelConfig(network="conv", latent_shape=(5,)), (1, 28, 28)),
    "conv-map": (ModelConfig(network="conv", latent_shape=(4, 4, 3)), (1, 28, 28)),
    "colour": (ModelConfig(network="conv", latent_shape=(2, 4, 2)), (3, 15, 32)),
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
    random = torch.Generator().manual_seed(0)
    x = torch.rand(3, *vae.image_shape, generator=random)
    z = vae.prior().sample((3,), random)
    with torch.no_grad():
        for part, inputs, expected in (
            ("encode", x, vae.encode_params(x)),
            ("decode", z, vae.decoder(z)),
        ):
            got = in_page(modules, vae, part, inputs)
            torch.testing.assert_close(got, expected.flatten(1), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", BUNDLED)
def test_every_bundled_model_runs_in_the_page_as_in_torch(name: str, modules: Page) -> None:
    assert_parity(modules, RunStore(ROOT / "assets" / "models").load(name).vae())


@pytest.mark.parametrize("name", SMALL)
def test_every_kind_of_network_runs_in_the_page_as_in_torch(name: str, modules: Page) -> None:
    config, image = SMALL[name]
    assert_parity(modules, build_vae(config, image, seed=1))


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.uint8, torch.int64])
def test_tensors_arrive_exactly(dtype: torch.dtype, modules: Page) -> None:
    if dtype == torch.float16:  # every finite one there is, the subnormal ones too
        values = torch.arange(-(2**15), 2**15).to(torch.int16).view(dtype)
        values = values[values.isfinite()]
    else:
        values = torch.tensor([[0, 1, 2], [3, 100, 255]]).to(dtype)
    file = safetensors.torch.save({"odd": torch.zeros(3, dtype=torch.uint8), "t": values})
    got = modules.evaluate(
        """async (file) => {
          const {readTensors} = await import('/model/safetensors.js');
          const bytes = Uint8Array.from(atob(file), (c) => c.charCodeAt(0));
          const {shape, values} = readTensors(bytes.buffer).tensors.t;
          return {shape, values: Array.from(values)};
        }""",
        base64.b64encode(file).decode(),
    )
    assert got["shape"] == list(values.shape)
    np.testing.assert_array_equal(got["values"], values.double().flatten().numpy())


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


def reaches(modules: Page, vae: VAE) -> Callable[[int, int], Any]:
    """Ask the page which pixels a cell can reach, as vae_core wrote it into the graph."""

    def of(row: int, column: int) -> Any:
        return modules.evaluate(
            """async ([{decoder_field, image_shape}, cell]) =>
              (await import('/model/receptive_field.js'))
                .boxOfCell(decoder_field, cell, image_shape)""",
            [json.loads(json.dumps(graph(vae))), [row, column]],
        )

    return of


@pytest.mark.parametrize("name", ["mlp-map", "conv-map", "colour"])
def test_a_cell_reaches_the_pixels_that_it_changes(name: str, modules: Page) -> None:
    config, image = SMALL[name]
    vae, ask = build_vae(config, image, seed=1).double(), reaches(modules, build_vae(config, image))
    h, w, _ = config.latent_shape
    random = torch.Generator().manual_seed(0)
    for row in range(h):
        for column in range(w):
            changed = torch.zeros(image, dtype=torch.bool)
            for _ in range(20):  # ReLUs hide some of it each time
                z = torch.randn(1, *config.latent_shape, generator=random).double()
                moved = z.clone()
                moved[:, row, column] += 3.0 * torch.randn(1, generator=random)
                with torch.no_grad():
                    changed |= ((vae.decoder(moved) - vae.decoder(z))[0] != 0)[: image[0]]
            rows, columns = (changed.any(0).any(axis).nonzero() for axis in (1, 0))
            box = {"top": rows.min(), "bottom": rows.max()}
            box |= {"left": columns.min(), "right": columns.max()}
            assert {side: int(v) for side, v in box.items()} == ask(row, column)


@pytest.mark.parametrize("name", BUNDLED)
def test_the_ledger_of_every_bundled_model_is_vae_cores(name: str, modules: Page) -> None:
    """From an image to its distortion at z = mu and its rate, number by number.

    In double precision, as the page computes them: in single the Dirichlet's KL loses 1e-3.
    """
    vae = RunStore(ROOT / "assets" / "models").load(name).vae()
    file = base64.b64encode(model_file(vae)).decode()
    vae.double()
    x = torch.rand(1, *vae.image_shape, generator=torch.Generator().manual_seed(0)).double()
    with torch.no_grad():
        q = vae.encode(x)
        distortion = float(-vae.decode(q.mean).log_prob(x))
        rate = float(kl_divergence(q, vae.prior()))
        parts = kl_per_dim(q, vae.prior()).flatten()
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
              told = {distortion: -p.logProb(image), rate: q.kl, parts: Array.from(q.klPerDim)};
            });
          });
          return told;  // at once: nothing is asked of a server
        }""",
        {"file": file, "x": x.flatten().tolist()},
    )
    assert got["distortion"] == pytest.approx(distortion, rel=1e-5, abs=1e-3)
    assert got["rate"] == pytest.approx(rate, rel=1e-5, abs=1e-5)
    got_parts = torch.tensor(got["parts"], dtype=torch.float64)
    torch.testing.assert_close(got_parts, parts, rtol=1e-4, atol=1e-5)

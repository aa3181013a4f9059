"""The computation below the plane: its nodes' values, the cell to copy, and eps held."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import kl_divergence

from tests.browser.probability import GAUSSIAN, MAP, ask, assert_same, encoded
from tests.browser.server import Server
from tests.browser.test_lens import DIGITS, Open, address_of, frames, moved, open_lens, reading
from tests.samples import ROOT, seeded, until
from vae_core import DataConfig, ModelConfig, Run, RunStore, TrainConfig, build_vae, load_dataset
from vae_core.browser.computation import computation
from vae_core.browser.payload import model_file

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser]

HELD = [*GAUSSIAN, "laplace"]
SHOWN = """async ({lines, now}) => {
  const {nodesOf, stillValues, valueOf} = await import('/lens/computation.js');
  const still = stillValues(null, null, now.image_shape);
  return nodesOf(lines).map((node) => [node.key, node.title, valueOf(node, {...now, still})]);
}"""
CELL = """({computation, x, eps, shape}) => import('/lens/computation.js').then(({cellOf}) =>
  cellOf(computation, {x: x && Float32Array.from(x), eps: eps && Float64Array.from(eps),
    image_shape: shape}))"""
HIDDEN = """async ({file, x}) => {
  const {LensModel} = await import('/model/model.js');
  const bytes = Uint8Array.from(atob(file), (c) => c.charCodeAt(0));
  const found = new LensModel(bytes.buffer, '').hiddenAt(Float32Array.from(x));
  return found.map(({shape, values}) => ({shape, values: Array.from(values)}));
}"""
DIMS = """async ({shape, cells, axes}) => {
  const {dimsShown} = await import('/lens/computation.js');
  const names = Array.from({length: shape.reduce((a, b) => a * b)}, (_, j) => `z${j}`);
  return Object.values(dimsShown({latent_shape: shape, names}, {cells, axes}));
}"""


def digits() -> tuple[Run, Tensor]:
    run = RunStore(ROOT / "assets" / "models").load("digits-2d")
    return run, load_dataset(DataConfig("digits")).test.batch(slice(17, 18))


# Posteriors


@pytest.mark.parametrize("name", HELD)
@pytest.mark.parametrize("latent", [(5,), MAP])
def test_the_noise_of_a_draw_is_found_again(
    modules: Page, name: str, latent: tuple[int, ...]
) -> None:
    params = encoded(name, latent, 1)[0]
    body = """
      const q = posterior(name, Float32Array.from(params.flat(3)), latent);
      const {mean, scales} = q;
      const eps = standardNormals(7, q.size);
      const z = q.factor ? q.draw(7) : mean.map((mu, j) => mu + scales[j] * eps[j]);
      return [q.noiseAt(z), eps];"""
    found, eps = ask(modules, body, name=name, params=params, latent=list(latent))
    assert_same(found, torch.tensor(eps, dtype=torch.float64), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", HELD)
def test_with_eps_held_z_moves_by_one_and_by_eps(modules: Page, name: str) -> None:
    params = encoded(name, (3,), 1)[0]
    body = """
      const q = posterior(name, Float32Array.from(params), [3]);
      const z = q.draw(3);
      const eps = q.noiseAt(z);
      const by = (q2) => {
        const at = z.slice();
        at[1] += q2.mean[1] - q.mean[1] + (q2.scales[1] - q.scales[1]) * eps[1];
        return q2.noiseAt(at);
      };
      const far = q.withDimension(1, q.mean[1] + 0.5, q.scales[1] + 0.2);
      const mean = far.mean.map((mu, j) => mu - q.mean[j]);
      const scale = far.scales.map((each, j) => each - q.scales[j]);
      return {eps, held: by(far), mean, scale, kl: [far.kl, q.kl]};"""
    got = ask(modules, body, name=name, params=params)
    assert got["held"] == pytest.approx(got["eps"])
    assert got["mean"] == pytest.approx([0.0, 0.5, 0.0])
    assert got["scale"] == pytest.approx([0.0, 0.2, 0.0])
    assert got["kl"][0] != pytest.approx(got["kl"][1], abs=1e-3)


def test_the_parameters_of_a_posterior_have_their_names(modules: Page) -> None:
    names = {
        "diagonal": {"mu", "logvar", "std"},
        "laplace": {"mu", "logvar", "b"},
        "dirichlet": {"alpha"},
        "delta": {"mu"},
    }
    for name, expected in names.items():
        params = encoded(name, (3,), 1)[0]
        body = "return posterior(name, Float32Array.from(params), [3]).named;"
        got = ask(modules, body, name=name, params=params)
        assert got.keys() == expected
        lines = computation(
            build_vae(ModelConfig(hidden=(5,), latent_shape=(3,), posterior=name), (1, 8, 8)),
            TrainConfig(),
        )
        assert lines
        names_of = dict(torch=torch, td=torch.distributions, F=nn.functional, encoder=None)
        names_of |= {"head": params[None]}
        for line in lines["lines"]:
            if any(line.startswith(key) for key in expected):
                exec(re.sub(r"encoder\[-1\]\(h\)", "head", line), names_of)
        for key in expected:
            assert_same(got[key], names_of[key][0], rtol=1e-5, atol=1e-5)


# Nodes


@pytest.mark.parametrize(
    "config",
    [
        ModelConfig(hidden=(9, 7), latent_shape=(2,)),
        ModelConfig(network="conv", hidden=(4, 6), latent_shape=(2, 2, 3)),
        ModelConfig(hidden=(), latent_shape=(2,)),
    ],
    ids=["mlp", "conv", "linear"],
)
def test_hidden_units_are_those_of_the_encoder(modules: Page, config: ModelConfig) -> None:
    vae = build_vae(config, (1, 8, 8))
    x = torch.rand(1, 1, 8, 8, generator=seeded(1))
    file = base64.b64encode(model_file(vae)).decode()
    got = modules.evaluate(HIDDEN, {"file": file, "x": x.flatten().tolist()})
    expected, values = [], x
    with torch.no_grad():
        for layer in vae.encoder:
            values = layer(values)
            if isinstance(layer, nn.ReLU):
                expected.append(values[0])
    assert [each["shape"] for each in got] == [list(each.shape) for each in expected]
    for each, hidden in zip(got, expected, strict=True):
        assert_same(each["values"], hidden, rtol=1e-5, atol=1e-5)


def test_few_dimensions_are_all_shown_else_those_on_the_plane_or_of_one_cell(modules: Page) -> None:
    def shown(shape: list[int], axes: list[int], *cells: int) -> Any:
        return modules.evaluate(DIMS, {"shape": shape, "axes": axes, "cells": list(cells)})

    assert shown([4], [3, 1]) == [[0, 1, 2, 3], True, ["z0", "z1", "z2", "z3"], None]
    assert shown([20], [13, 4]) == [[4, 13], False, ["z4", "z13"], None]
    assert shown([2, 2, 3], [7, 8]) == [[6, 7, 8], False, ["c0", "c1", "c2"], "cell (1, 0)"]
    assert shown([2, 2, 3], [7, 8], 1) == [[3, 4, 5], False, ["c0", "c1", "c2"], "cell (0, 1)"]
    assert shown([2, 3, 9], [0, 1], 4)[0] == [36, 37]


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian", "discretised-logistic"])
def test_every_node_has_a_value_or_a_dash(modules: Page, likelihood: str) -> None:
    config = ModelConfig(hidden=(5,), latent_shape=(2,), likelihood=likelihood)
    found = computation(build_vae(config, (1, 8, 8)), TrainConfig())
    assert found
    nothing = {
        "z": None, "q": None, "pixels": None, "distortion": None,
        "dims": [0, 1], "labels": ["z0", "z1"], "weights": [1, 1], "image_shape": [1, 8, 8],
        "likelihood": {"log_sigma": 0.0}, "isAll": True,
    }  # fmt: skip
    shown = modules.evaluate(SHOWN, {"lines": found["lines"], "now": nothing})
    assert [key for key, _, _ in shown[:5]] == ["x", "h", "mu", "std", "eps"]
    assert shown[2][1] == "μ, log σ²"
    assert [key for key, _, _ in shown[-3:]] == ["distortion", "kl", "loss"]
    assert all(value["text"] and not value["rows"] for _, _, value in shown)


# The cell


def test_the_cell_computes_what_is_on_the_page(
    modules: Page,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run, x = digits()
    vae = run.vae()
    found = computation(vae, run.config.train)
    eps = torch.tensor([[0.371, -1.42]])
    given = {"x": x.flatten().tolist(), "eps": eps[0].tolist(), "shape": [1, 8, 8]}
    cell = modules.evaluate(CELL, {"computation": found, **given})
    assert "/ 16" in cell  # whole grey levels
    (tmp_path / "weights.safetensors").symlink_to(run.path / "weights.safetensors")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(cell, names)
    with torch.no_grad():
        q = vae.encode(x)
        z = q.mean + q.variance.sqrt() * eps
        distortion = -vae.decode(z).log_prob(x)
        rate = kl_divergence(q, vae.prior())
    assert torch.equal(names["x"], x)
    torch.testing.assert_close(names["z"].detach(), z, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(names["distortion"].detach(), distortion[0], rtol=1e-5, atol=1e-5)
    assert capsys.readouterr().out.split() == (
        f"distortion = {distortion[0]:.2f} kl = {rate[0]:.2f} "
        f"loss = {distortion[0] + rate[0]:.2f}"
    ).split()  # fmt: skip


@pytest.mark.parametrize("kind", ["levels", "binary", "drawing", "none"])
def test_an_image_in_a_cell_is_the_image(modules: Page, kind: str) -> None:
    levels = torch.randint(0, 256, (3, 4, 5), generator=seeded(0)) / 255
    x = {"levels": levels, "binary": (levels > 0.5).float(), "drawing": levels.sqrt(), "none": None}
    image = x[kind]
    found = {
        "prelude": "import torch",
        "lines": ["x = image.reshape(1, 3, 4, 5)", "loss = x.sum()"],
    }
    given = {"x": None if image is None else image.flatten().tolist(), "eps": None}
    cell = modules.evaluate(CELL, {"computation": found, "shape": [3, 4, 5], **given})
    names: dict[str, Any] = {}
    exec(cell, names)
    assert names["x"].shape == (1, 3, 4, 5)
    if image is not None:
        exact = 1e-5 if kind == "drawing" else 1e-7
        torch.testing.assert_close(names["x"][0], image, rtol=0.0, atol=exact)


# On the page


def value(page: Page, key: str) -> str:
    return page.locator(f".nodes li[data-key={key}] .values").inner_text().replace("−", "-")


@pytest.mark.slow
def test_the_strip_shows_the_loss_of_the_image_and_stays_in_the_link(
    server: Server, open_page: Open
) -> None:
    run, x = digits()
    vae = run.vae()
    page = open_lens(open_page, f"{server.url}{DIGITS}&image=17&draw=0")
    assert page.locator(".nodes").count() == 0
    page.get_by_role("button", name="Show the computation").click()
    until(lambda: "computation" in address_of(page).get("layers", ""))
    until(lambda: "–" not in page.locator(".nodes").inner_text())
    with torch.no_grad():
        q = vae.encode(x)
        pixels = vae.decode(q.mean)
        distortion, rate = float(-pixels.log_prob(x)), float(kl_divergence(q, vae.prior()))
    numbers = [float(v) for v in re.findall(r"-?\d+\.\d+", value(page, "mu"))]
    expected = torch.stack([q.mean[0], q.logvar[0]], 1).flatten()  # type: ignore[attr-defined]
    assert numbers == pytest.approx(expected.tolist(), abs=0.011)
    assert float(value(page, "distortion")) == pytest.approx(distortion, abs=0.02)
    assert float(value(page, "kl").split()[-1]) == pytest.approx(rate, abs=0.011)
    assert float(value(page, "loss")) == pytest.approx(distortion + rate, abs=0.03)
    assert value(page, "eps").count("0.00") == 2  # z is the mean
    page.locator(".nodes li[data-key=std] .node").focus()
    assert page.locator(".code .line.lit").inner_text() == "std = torch.exp(0.5 * logvar)"
    page.get_by_label("images", exact=True).uncheck()  # a layer of the plane
    until(lambda: address_of(page).get("layers") == "classes,computation")
    page.get_by_label("images", exact=True).check()
    page.get_by_role("button", name="Copy as PyTorch").click()
    until(lambda: page.locator(".lines [role=status]").inner_text() != "")
    cell = page.locator("textarea.cell").input_value()
    assert "nn.Linear(in_features=64, out_features=256" in cell
    assert "loss = distortion + kl" in cell
    page.get_by_role("button", name="Hide the computation").click()
    until(lambda: "layers" not in address_of(page))
    assert not page.locator(".nodes").is_visible()


@pytest.mark.slow
def test_mu_moves_z_by_as_much_and_sigma_by_eps(server: Server, open_page: Open) -> None:
    page = open_lens(open_page, f"{server.url}{DIGITS}&image=17&draw=2&layers=computation")
    eps = [float(e) for e in re.findall(r"-?\d+\.\d+", value(page, "eps"))]
    before = reading(page)["z0"]
    mean, scale = (page.locator("label.held input").nth(k) for k in (0, 1))
    mu = float(mean.input_value())
    mean.fill(str(mu + 0.5))
    frames(page)
    assert reading(page)["z0"] - before == pytest.approx(0.5, abs=0.011)
    assert "∂z/∂μ = 1" in page.locator(".hold").inner_text()
    before, sd = reading(page)["z0"], float(scale.input_value())
    scale.fill(str(sd + 1.0))
    frames(page)
    assert reading(page)["z0"] - before == pytest.approx(eps[0], abs=0.016)
    after = [float(e) for e in re.findall(r"-?\d+\.\d+", value(page, "eps"))]
    assert after == eps  # held
    until(lambda: 0 in moved(page))
    page.get_by_role("button", name="Back to the encoder's").click()
    frames(page)
    assert float(mean.input_value()) == pytest.approx(mu)
    until(lambda: not moved(page))


@pytest.mark.slow
def test_nothing_is_written_while_the_strip_is_hidden(server: Server, open_page: Open) -> None:
    page = open_lens(open_page, f"{server.url}{DIGITS}&layers=computation")
    page.evaluate(
        """() => {
          const find = (root) => root.querySelector('.strip') ?? [...root.querySelectorAll('*')]
            .map((e) => e.shadowRoot && find(e.shadowRoot)).find(Boolean);
          window.written = 0;
          const all = {subtree: true, childList: true, characterData: true};
          new MutationObserver((found) => (window.written += found.length))
            .observe(find(document).querySelector('.nodes'), all);
        }"""
    )
    page.get_by_role("button", name="Sample z again").click()
    until(lambda: page.evaluate("written") > 0)
    page.get_by_role("button", name="Hide the computation").click()
    frames(page)
    page.evaluate("() => { window.written = 0; }")
    before = reading(page)
    page.get_by_role("button", name="Sample z again").click()
    until(lambda: reading(page) != before)
    frames(page)
    assert page.evaluate("written") == 0


@pytest.mark.slow
def test_the_reconstruction_can_be_scored_in_place_of_the_image(
    server: Server, open_page: Open
) -> None:
    run, x = digits()
    vae = run.vae()
    page = open_lens(open_page, f"{server.url}{DIGITS}&image=17&draw=0")
    page.get_by_label("What the likelihood scores").select_option("mean")
    until(lambda: "score-reconstruction" in address_of(page).get("layers", ""))
    with torch.no_grad():
        pixels = vae.decode(vae.encode(x).mean)
        score = float(-pixels.log_prob(pixels.mean))
    cell = page.locator("table.ledger tr").first
    until(lambda: "x̂" in cell.inner_text())
    assert float(cell.locator(".value").inner_text()) == pytest.approx(score, abs=0.011)
    assert "no loss" in page.locator(".costs").inner_text()
    with torch.no_grad():
        q = vae.encode(x)
    rows = page.locator("table.moments tr").all_inner_texts()
    numbers = [[float(v) for v in re.findall(r"-?\d+\.\d+", row.replace("−", "-"))] for row in rows]
    logvar = q.variance.log()
    expected = [q.mean[0].tolist(), logvar[0].tolist(), q.variance.sqrt()[0].tolist()]
    for got, values in zip(numbers[1:], expected, strict=True):
        assert got == pytest.approx(values, abs=0.011)

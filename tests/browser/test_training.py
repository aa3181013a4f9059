"""Training in the page is the library's: the same losses, the same gradients, the same steps."""

from __future__ import annotations

from itertools import chain, islice, product, repeat
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import Tensor

from tests.samples import covering
from vae_core import Dataset, ModelConfig, build_vae, elbo_terms
from vae_core.optimizer import LIKELIHOOD_LR
from vae_core.vae import VAE

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser]

IMAGE = (1, 3, 5)
LIKELIHOODS = (("bernoulli", "fixed"), ("gaussian", "fixed"), ("gaussian", "learned"))
SETTINGS: dict[str, tuple[Any, ...]] = {
    "hidden": ((), (6,), (9, 7)),
    "likelihood": LIKELIHOODS,
    "latent": (1, 3),
    "n": (1, 7),
}
MODELS = covering([dict(zip(SETTINGS, row, strict=True)) for row in product(*SETTINGS.values())])
TRAIN = """async ({config, weights, rows, eps, settings, batches}) => {
  const {Trainer} = await import('/training/trainer.js');
  const data = {train: Float64Array.from(rows.flat()), test: new Float64Array(0)};
  const trainer = new Trainer(config, data, settings);
  for (const {name, values} of trainer.vae.tensors) values.set(weights[name]);
  const losses = batches.map((batch, k) =>
    trainer.update(Int32Array.from(batch), Float64Array.from(eps[k].flat())));
  const {vae} = trainer;
  return {
    losses, gradient: Array.from(vae.gradient),
    names: vae.tensors.map(({name, shape}) => [name, shape]),
    terms: [vae.distortions, vae.rates].map((each) =>
      Array.from(each.subarray(0, batches.at(-1).length))),
  };
}"""


def in_page(
    modules: Page,
    vae: VAE,
    images: Tensor,
    eps: list[Tensor],
    batches: list[list[int]],
    **settings: float,
) -> Any:
    """What the page makes of these weights, images, noise and batches, one step on each."""
    model = vae.config
    weights = {name: value.flatten().tolist() for name, value in vae.state_dict().items()}
    config = {
        "size": images[0].numel(), "hidden": model.hidden, "latent": model.latent_shape[0],
        "likelihood": model.likelihood, "sigma": model.sigma, "sigmaValue": model.sigma_value,
    }  # fmt: skip
    given = {"batch": max(map(len, batches)), "rate": 1e-3, "beta": 1.0, "seed": 0} | settings
    return modules.evaluate(TRAIN, {
        "config": config, "weights": weights, "rows": images.flatten(1).tolist(),
        "eps": [one.tolist() for one in eps], "settings": given, "batches": batches,
    })  # fmt: skip


@pytest.mark.parametrize("case", MODELS, ids=str)
def test_terms_and_gradients_are_those_of_torch(case: dict[str, Any], modules: Page) -> None:
    (likelihood, sigma), n, beta = case["likelihood"], case["n"], 0.7
    model = ModelConfig(
        hidden=case["hidden"], latent_shape=(case["latent"],), likelihood=likelihood, sigma=sigma,
        sigma_value=0.6,
    )  # fmt: skip
    vae = build_vae(model, IMAGE, seed=1).double()
    x = torch.rand(n, *IMAGE, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    eps = torch.randn(n, case["latent"], generator=torch.Generator().manual_seed(2)).double()
    got = in_page(modules, vae, x, [eps], [list(range(n))], beta=beta)

    q = vae.encode(x)
    distortion = -vae.decode(q.mean + q.stddev * eps).log_prob(x)
    rate = elbo_terms(vae, x).rate
    loss = (distortion + beta * rate).mean()
    named = dict(vae.named_parameters())
    assert {name: tuple(shape) for name, shape in got["names"]} == {
        name: tuple(value.shape) for name, value in named.items()
    }
    slopes = dict(zip(named, torch.autograd.grad(loss, list(named.values())), strict=True))
    expected = torch.cat([slopes[name].flatten() for name, _ in got["names"]])
    for mine, theirs in (
        (got["losses"], loss[None]), (got["terms"], torch.stack([distortion, rate])),
        (got["gradient"], expected),
    ):  # fmt: skip
        torch.testing.assert_close(
            torch.tensor(mine).double(), theirs.detach(), rtol=1e-6, atol=1e-9
        )


@pytest.mark.parametrize(("likelihood", "sigma"), LIKELIHOODS)
def test_a_hundred_steps_go_the_way_of_torch(
    likelihood: str, sigma: str, digits: Dataset, modules: Page
) -> None:
    """Handed the same weights, batches and noise; torch in its single precision."""
    model = ModelConfig(
        hidden=(32,), latent_shape=(2,), likelihood=likelihood, sigma=sigma, sigma_value=0.5
    )
    vae, images = build_vae(model, digits.image_shape), digits.train.images
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(3))
    batches = list(islice(chain.from_iterable(repeat(order.split(64))), 100))
    noise = torch.Generator().manual_seed(4)
    eps = [torch.randn(len(batch), 2, generator=noise) for batch in batches]
    got = in_page(modules, vae, images, eps, [batch.tolist() for batch in batches])

    networks = [*vae.encoder.parameters(), *vae.decoder.parameters()]
    groups: list[dict[str, Any]] = [{"params": networks}]
    if own := [*vae.likelihood.parameters()]:
        groups.append({"params": own, "lr": LIKELIHOOD_LR * 1e-3})
    adam, sampling = torch.optim.Adam(groups, lr=1e-3), torch.Generator().manual_seed(4)
    losses: list[float] = []
    for batch in batches:
        terms = elbo_terms(vae, images[batch], generator=sampling)
        loss = (terms.distortion + terms.rate).mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] - 5
    torch.testing.assert_close(got["losses"], losses, rtol=0.0, atol=1e-3)


SESSIONS = """async () => {
  const {Session} = await import('/training/session.js');
  const {dataOf} = await import('/training/data.js');
  const {modelOf, trainingOf, completed} = await import('/training/settings.js');
  const settings = completed({set: 'moons', hidden: '16'});
  const run = (isWatched) => {
    let [time, told, waiting] = [0, [], []];
    const clock = {now: () => (time += 1), later: (work) => waiting.push(work)};
    const session = new Session((message) => told.push(message), clock);
    const {train, test, shown} = dataOf('moons', 0, {});
    session.begin({
      id: 1, config: modelOf(settings, 2), settings: trainingOf(settings),
      data: {train, test, shown}, epochs: 1, pace: 0, look: {x: shown.slice(0, 2), key: 0, z: null},
    });
    session.run({isRunning: true});
    for (let k = 1; !session.isDone; k++) {
      waiting.shift()();
      if (!isWatched) continue;
      session.look({look: {x: shown.slice(2 * k, 2 * k + 2), key: k, z: null}});
      session.ready();
    }
    const frames = told.filter(({kind}) => kind === 'frame');
    const {scores, trainer} = session;
    return {weights: Array.from(trainer.vae.weights), steps: trainer.steps, frames: frames.length,
            scores: scores.map(({steps, test}) => [steps, test.distortion, test.rate])};
  };
  return [run(true), run(false), run(false)];
}"""


def test_a_seed_gives_the_same_weights_whoever_looks_and_stops_after_its_epochs(
    modules: Page,
) -> None:
    watched, one, other = modules.evaluate(SESSIONS)
    assert watched["frames"] > 2 > one["frames"]
    assert watched["weights"] == one["weights"] == other["weights"]
    assert one["steps"] == 32  # 4,000 points in batches of 128
    assert watched["scores"] == one["scores"]
    assert [steps for steps, *_ in one["scores"]][:4] == [0, 1, 3, 10]

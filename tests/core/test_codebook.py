"""The codebook posterior: its gradient, its penalty, how entries move, and that runs keep it."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from tests.core.runs.test_resume import assert_same, interrupted
from tests.samples import tiny_model, tiny_run
from vae_core import ConfigError, RunStore, build_vae, elbo_terms, evaluate
from vae_core.analysis.rate.entry_use import entry_use
from vae_core.posteriors import CodebookEntry
from vae_core.posteriors.codebook import COMMITMENT
from vae_core.priors.codebook import CodebookPrior
from vae_core.runs.export import export_run

IMAGE = (1, 8, 8)
SETTINGS = {"posterior": "codebook", "prior_components": 6}


def prior_of(entries: Tensor, latent: tuple[int, ...] = (2,)) -> CodebookPrior:
    config = tiny_model(latent, posterior="codebook", prior_components=len(entries))
    prior = CodebookPrior(config, IMAGE)
    prior.entries.copy_(entries)
    return prior


def test_gradient_of_the_entry_is_handed_to_the_encoder() -> None:
    entries = torch.tensor([[0.0, 0.0], [1.0, 1.0], [5.0, -2.0]])
    prior = prior_of(entries)
    output = torch.tensor([[0.9, 0.7], [4.0, 0.0]], requires_grad=True)
    q = prior.posterior(CodebookEntry, output)
    assert torch.equal(q.mean.detach(), entries[[1, 2]])
    weights = torch.tensor([[2.0, -1.0], [0.5, 3.0]])
    (q.rsample() * weights).sum().backward()
    assert torch.equal(output.grad, weights)


def test_penalty_pulls_the_encoder_to_its_entry_and_no_entry() -> None:
    prior = prior_of(torch.tensor([[0.0, 0.0], [1.0, 1.0]]))
    output = torch.tensor([[0.8, 0.5]], requires_grad=True)
    q = prior.posterior(CodebookEntry, output)
    assert q.penalty.item() == pytest.approx(COMMITMENT * (0.2**2 + 0.5**2))
    q.penalty.sum().backward()
    assert output.grad == pytest.approx(2 * COMMITMENT * torch.tensor([[-0.2, -0.5]]))
    assert CodebookEntry.from_params(q.mean.detach()).penalty is None


def test_loss_is_the_elbo_and_the_penalty(digits) -> None:
    vae = build_vae(tiny_model((2, 2, 3), network="conv", **SETTINGS), digits.image_shape)
    x = digits.train.images[:8]
    with torch.no_grad():
        terms, q = elbo_terms(vae, x), vae.encode(x)
    assert terms.rate == pytest.approx(torch.full((8,), 4 * math.log(6)))
    assert terms.posterior.penalty == pytest.approx(q.penalty)
    pixels = vae.decode(q.mean)
    assert terms.distortion == pytest.approx(-pixels.log_prob(x).detach(), rel=1e-5)


def test_entries_become_the_means_of_what_is_nearest() -> None:
    centres = torch.tensor([[0.0, 0.0], [3.0, 0.0], [0.0, 3.0]])
    prior = prior_of(centres + 0.4)
    prior.counts.fill_(20.0)  # none begins anew
    prior.sums.copy_(20.0 * prior.entries)
    noise = torch.Generator().manual_seed(0)
    for _ in range(600):
        points = centres.repeat(20, 1) + 0.1 * torch.randn(60, 2, generator=noise)
        prior.observe(CodebookEntry(points, 1, points))
    assert (prior.entries - centres).abs().max() < 0.02
    assert prior.counts == pytest.approx(torch.full((3,), 20.0), rel=0.01)


def test_entries_that_are_not_used_begin_anew_at_the_worst_served() -> None:
    prior = prior_of(torch.tensor([[0.0, 0.0], [90.0, 90.0], [-90.0, 90.0]]))
    noise = torch.Generator().manual_seed(0)
    centres = torch.tensor([[0.0, 0.0], [3.0, 0.0], [0.0, 3.0]])
    for _ in range(300):
        points = centres.repeat(20, 1) + 0.1 * torch.randn(60, 2, generator=noise)
        prior.observe(CodebookEntry(points, 1, points))
    assert torch.cdist(centres, prior.entries).amin(1).max() < 0.1


def test_training_uses_the_codebook(tmp_path, digits) -> None:
    run = RunStore(tmp_path).create(tiny_run(latent_shape=(2, 2, 2), network="conv", **SETTINGS))
    list(run.train(digits))
    vae, codes = run.vae(), run.codes()
    assert run.metrics().rate == pytest.approx(4 * math.log(6))
    assert codes.params.shape[1:] == (2, 2, 2)
    prior = vae.prior()
    assert torch.equal(prior.entries[prior.indices(codes.params)], codes.params)
    assert entry_use(codes).n_used > 1
    assert evaluate(vae, digits.test).rate == pytest.approx(run.metrics().rate)


def test_resumed_training_is_the_uninterrupted_one(tmp_path, digits) -> None:
    whole = RunStore(tmp_path / "whole").create(tiny_run(**SETTINGS))
    list(whole.train(digits))
    run = interrupted(tmp_path / "part", digits, **SETTINGS)
    list(RunStore(tmp_path / "part").load(run.id).train(digits))
    for file in ("weights", "codes", "resume"):
        assert_same(run, whole, file)


def test_exported_run_keeps_its_codebook(tmp_path, digits) -> None:
    run = RunStore(tmp_path).create(tiny_run(**SETTINGS))
    list(run.train(digits))
    shipped = export_run(run, digits, tmp_path / "shipped")
    assert shipped.metrics().rate == pytest.approx(math.log(6))
    one, other = (r.vae().prior().entries for r in (run, shipped))
    assert torch.allclose(one, other, atol=2e-3)
    prior = shipped.vae().prior()
    assert torch.equal(shipped.codes().prior().indices(shipped.codes().params),
                       prior.indices(shipped.codes().params))  # fmt: skip


def test_its_prior_is_the_codebook_and_no_other() -> None:
    assert tiny_model(posterior="codebook").prior == "codebook"
    with pytest.raises(ConfigError, match="z is an entry of a codebook, which is its prior"):
        tiny_model(posterior="codebook", prior="mixture")
    with pytest.raises(ConfigError, match="a codebook has z among its entries"):
        tiny_model(posterior="diagonal", prior="codebook")

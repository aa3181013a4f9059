"""How much the decoded picture varies between samples of q(z|x)."""

from __future__ import annotations

import pytest
import torch

from tests.samples import ROOT, tiny_model
from vae_core import Codes, RunStore, build_vae
from vae_core.analysis.diagnosis.sample_change import N_IMAGES, sample_change, varied_image

SHAPE = (1, 6, 6)


def test_of_a_linear_decoder_it_is_the_trace_of_its_covariance() -> None:
    """Var(W z + b) = diag(W S W^T), where no pixel leaves [0, 1]."""
    config = tiny_model((2,), hidden=(), likelihood="gaussian")
    vae = build_vae(config, SHAPE)
    *_, layer = [part for part in vae.decoder.modules() if isinstance(part, torch.nn.Linear)]
    with torch.no_grad():
        layer.weight.mul_(0.1)
        layer.bias.fill_(0.5)
    log_variance = torch.tensor([[-1.0, 0.5], [-4.0, -2.0], [0.0, 0.0]])
    params = torch.cat([torch.zeros(3, 2), log_variance], -1)
    codes = Codes(params, torch.zeros(3, dtype=torch.long), "diagonal", (2,))
    exact = (layer.weight.detach().square() @ codes.variance.T).mean(0).sqrt()
    torch.testing.assert_close(sample_change(vae, codes, 4000), exact, rtol=0.03, atol=0)


def test_a_point_mass_does_not_vary_and_the_first_image_is_taken() -> None:
    vae = build_vae(tiny_model((2,), posterior="delta"), SHAPE)
    codes = Codes(torch.randn(5, 2), torch.zeros(5, dtype=torch.long), "delta", (2,))
    assert torch.equal(sample_change(vae, codes), torch.zeros(5))
    assert varied_image(vae, codes) == 0


@pytest.mark.parametrize("name", ["digits-2d", "mnist-2d", "digits-map", "mnist-collapsed"])
def test_the_image_found_varies_more_than_most(name: str) -> None:
    run = RunStore(ROOT / "assets" / "models").load(name)
    vae, codes = run.vae(), run.codes()
    found, change = varied_image(vae, codes), sample_change(vae, codes.first(N_IMAGES))
    assert (change < change[found]).float().mean() >= 0.9
    assert (change[:found] < change[found]).all()
    # With other samples, too, if images differ at all.
    again = sample_change(vae, codes.first(N_IMAGES), 48, seed=1)
    assert name == "mnist-collapsed" or (again < again[found]).float().mean() > 0.75

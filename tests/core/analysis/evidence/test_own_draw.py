"""log p(x) of a picture of the model's own, between its two ends, where it is known."""

from __future__ import annotations

import torch
from torch.distributions import MultivariateNormal

from tests.core.analysis.evidence.test_log_evidence import MODELS, linear
from vae_core.analysis.evidence.own_draw import can_hold, evidence_ends, own_draw


def test_a_picture_of_the_models_own_has_its_evidence_between_two_ends():
    vae, _, _, _ = linear(10)
    for seed in range(3):
        draw = own_draw(vae, seed)
        weight, bias = vae.decoder[1].weight, vae.decoder[1].bias
        covariance = weight @ weight.T + 0.49 * torch.eye(16).double()
        known = float(MultivariateNormal(bias, covariance).log_prob(draw.x.flatten()))
        last = evidence_ends(vae, draw, seed, (30,)).iloc[0]
        assert last["lower"] < known + 4.0 * last["lower_error"]
        assert last["upper"] > known - 4.0 * last["upper_error"]
        assert last["upper"] - last["lower"] < 3.0
    assert not can_hold(MODELS.load("mnist-dirichlet-3").vae())

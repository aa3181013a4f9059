"""Several updates of the encoder for each of the decoder."""

from __future__ import annotations

import pytest
import torch

from tests.core.posteriors.families import WITH_OWN_PRIOR
from tests.samples import seeded, tiny_model
from vae_core import Dataset, TrainConfig, build_vae, elbo_terms, estimate_seconds, fit

CONFIG = TrainConfig(epochs=2, batch_size=40, threads=1)  # batches of 40, 40 and 16 images
K = 3


def of_steps(k: int) -> TrainConfig:
    return TrainConfig(epochs=2, batch_size=40, threads=1, encoder_steps=k)


@pytest.mark.parametrize("posterior", WITH_OWN_PRIOR)
def test_training_is_the_loop_with_an_optimiser_for_the_encoder_and_one_for_the_rest(
    digits: Dataset, posterior: str
) -> None:
    """Bit for bit, and with gradients of all weights at each step, most of which are not used."""
    config = tiny_model(posterior=posterior, likelihood="gaussian", sigma="learned")
    trained, vae = (build_vae(config, digits.image_shape) for _ in range(2))
    list(fit(trained, digits, of_steps(K)))
    encoder = torch.optim.Adam(vae.encoder.parameters(), CONFIG.lr, fused=True)
    decoder = torch.optim.Adam(
        [{"params": vae.decoder.parameters()},
         {"params": vae.likelihood.parameters(), "lr": 10 * CONFIG.lr}], CONFIG.lr, fused=True,
    )  # fmt: skip
    shuffle, noise = seeded(CONFIG.seed), seeded(CONFIG.seed + 1)
    for _ in range(CONFIG.epochs):
        for index in torch.randperm(96, generator=shuffle).split(40):
            batches = [torch.randint(96, (len(index),), generator=shuffle) for _ in range(K - 1)]
            for some in (*batches, index):
                terms = elbo_terms(vae, digits.train.batch(some, noise), generator=noise)
                whole = terms.negative_elbo if vae.family.has_rate else terms.distortion
                vae.zero_grad()
                whole.mean().backward()
                encoder.step()
                if some is index:
                    decoder.step()
    state = trained.state_dict()
    assert [n for n, v in vae.state_dict().items() if not torch.equal(state[n], v)] == []


def test_decoder_takes_as_many_updates_as_ever_and_the_encoder_k_times_as_many(
    digits: Dataset,
) -> None:
    vae = build_vae(tiny_model(), digits.image_shape)
    *_, last = fit(vae, digits, of_steps(K))
    steps = [int(moments["step"]) for moments in last.state.optimizer["state"].values()]
    n_encoder, updates = len(list(vae.encoder.parameters())), CONFIG.epochs * 3
    assert steps[:n_encoder] == [K * updates] * n_encoder
    assert steps[n_encoder:] == [updates] * (len(steps) - n_encoder)


def test_the_analytic_sigma_is_measured_once_for_each_update_of_the_decoder(
    digits: Dataset,
) -> None:
    """1 - 0.9^n of its running mean is measured after n batches."""
    config = tiny_model(likelihood="gaussian", sigma="analytic")
    vae = build_vae(config, digits.image_shape)
    list(fit(vae, digits, of_steps(K)))
    assert float(vae.likelihood.measured) == pytest.approx(1.0 - 0.9 ** (CONFIG.epochs * 3))


def test_more_updates_are_estimated_to_take_longer() -> None:
    shape, n = (1, 8, 8), 256
    few, many = (estimate_seconds(tiny_model(), of_steps(k), shape, n) for k in (1, 40))
    assert many > 5 * few

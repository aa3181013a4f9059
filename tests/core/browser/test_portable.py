"""A model that fits in one file: rounded where its pictures do not change, and no further."""

from __future__ import annotations

import dataclasses
import json

import pytest
import torch
from safetensors.torch import load as load_tensors

from tests.core.posteriors.families import WITH_OWN_PRIOR
from tests.samples import LATENTS, seeded, tiny_model
from vae_core import ModelConfig, build_vae
from vae_core.analysis import Codes, decode_mean
from vae_core.browser.portable import ERROR, MAX_NUMBERS, portable, why_too_large
from vae_core.vae import VAE

IMAGE = (1, 8, 8)


def codes_of(vae: VAE, n: int = 40) -> Codes:
    x = torch.rand(n, *IMAGE, generator=seeded())
    with torch.no_grad():
        params = vae.encode_params(x)
    return Codes(params, torch.arange(n) % 10, vae.config.posterior, vae.latent_shape)


@pytest.mark.parametrize("latent", LATENTS)
@pytest.mark.parametrize("posterior", WITH_OWN_PRIOR)
def test_rounding_keeps_every_pixel_to_a_thousandth(posterior, latent):
    vae = build_vae(tiny_model(latent, posterior=posterior), IMAGE).requires_grad_(False)
    codes = codes_of(vae)
    pack = portable(vae, codes)
    weights, stored = load_tensors(pack.model), load_tensors(pack.codes)
    assert {w.dtype for w in weights.values()} == {torch.float16}
    assert stored["params"].dtype == torch.float16
    assert torch.equal(stored["params"].float(), pack.kept.params.flatten(1))
    state = {name: w.float() for name, w in weights.items()}
    rounded = build_vae(tiny_model(latent, posterior=posterior), IMAGE)
    rounded.load_state_dict(rounded.state_dict() | state)
    painted = decode_mean(rounded, pack.kept.mean)
    assert (painted - decode_mean(vae, codes.mean)).abs().max() <= ERROR


def test_what_float16_cannot_hold_stays_in_float32():
    vae = build_vae(tiny_model(), IMAGE).requires_grad_(False)
    codes = codes_of(vae)
    vae.decoder[-2].weight.mul_(3000.0)  # pixels change by leaps
    pack = portable(vae, codes)
    assert {w.dtype for w in load_tensors(pack.model).values()} == {torch.float32}
    far = dataclasses.replace(codes, params=codes.params + 1e6)
    assert torch.equal(portable(vae, far).kept.params, far.params)


def test_the_first_codes_go_along_when_all_are_too_many():
    vae = build_vae(tiny_model((2, 2, 3)), IMAGE).requires_grad_(False)
    few = codes_of(vae)
    many = few.take(torch.arange(20_000) % len(few))
    kept = portable(vae, many).kept
    assert len(kept) == MAX_NUMBERS // 24
    assert torch.equal(kept.labels, many.labels[: len(kept)])
    assert len(portable(vae, few).kept) == len(few)


def test_a_model_that_a_server_has_to_run_is_named_with_its_cost():
    assert why_too_large(build_vae(tiny_model(), IMAGE)) is None
    huge = build_vae(ModelConfig(hidden=(3000, 3000), latent_shape=(2,)), IMAGE)
    assert "9.2 million multiply-adds" in why_too_large(huge)


@pytest.mark.parametrize("sigma", ["fixed", "learned", "analytic", "per-image"])
def test_the_sigma_in_the_file_is_the_trained_one_to_the_last_digit(sigma):
    model = tiny_model(likelihood="gaussian", sigma=sigma, sigma_value=0.02)
    vae = build_vae(model, IMAGE).requires_grad_(False)
    pack = portable(vae, codes_of(vae))
    n_header = int.from_bytes(pack.model[:8], "little")
    header = json.loads(pack.model[8 : 8 + n_header])["__metadata__"]
    stored = json.loads(header["graph"])["likelihood"]["log_sigma"]
    assert stored == float(vae.likelihood.log_sigma)
    half = vae.likelihood.log_sigma.half().float()
    assert stored != float(half)  # which would move a score by the pixels times the difference
    assert pack.is_rounded


def test_weights_that_float16_holds_already_are_not_called_rounded():
    vae = build_vae(tiny_model(), IMAGE).requires_grad_(False).half().float()
    assert not portable(vae, codes_of(vae)).is_rounded

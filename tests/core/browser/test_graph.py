"""A model as plain data: what is in the file, what it costs to run, what is left out."""

from __future__ import annotations

import json
import math

import pytest
import torch
from safetensors.torch import load as load_tensors
from torch import nn

from tests.samples import tiny_model
from vae_core import ModelConfig, build_vae
from vae_core.analysis import decoder_field
from vae_core.browser.graph import graph, multiply_adds
from vae_core.browser.payload import codes_file, model_file, moments_file
from vae_core.codes import Codes
from vae_core.config import NETWORKS, POSTERIORS
from vae_core.posteriors import DiagonalGaussian

IMAGE = (1, 8, 8)


def text_of(file: bytes) -> dict:
    length = int.from_bytes(file[:8], "little")
    return json.loads(json.loads(file[8 : 8 + length])["__metadata__"]["graph"])


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("latent", [(3,), (2, 2, 3)])
def test_every_tensor_of_the_networks_is_in_the_file_and_named_by_a_step(network, latent):
    vae = build_vae(ModelConfig(network=network, latent_shape=latent), IMAGE)
    file = model_file(vae)
    tensors = load_tensors(file)
    expected = {k: v for k, v in vae.state_dict().items() if not k.startswith("likelihood.")}
    assert tensors.keys() == expected.keys()
    for name, value in tensors.items():
        torch.testing.assert_close(value, expected[name], rtol=0, atol=0)
    steps = [*text_of(file)["encoder"], *text_of(file)["decoder"]]
    assert {s[k] for s in steps for k in ("weight", "bias") if k in s} == tensors.keys()


def test_weights_that_were_rounded_to_float16_take_half_the_bytes():
    vae = build_vae(tiny_model(), IMAGE)
    rounded = build_vae(tiny_model(), IMAGE).half().float()
    assert {t.dtype for t in load_tensors(model_file(vae)).values()} == {torch.float32}
    tensors = load_tensors(model_file(rounded))
    assert {t.dtype for t in tensors.values()} == {torch.float16}
    for name, value in tensors.items():
        torch.testing.assert_close(value.float(), rounded.state_dict()[name], rtol=0, atol=0)


def test_multiply_adds_of_linear_layers_are_their_weights():
    vae = build_vae(ModelConfig(hidden=(7, 5), latent_shape=(3,)), IMAGE)
    assert multiply_adds(vae.decoder, (3,)) == 3 * 5 + 5 * 7 + 7 * 64
    assert multiply_adds(vae.encoder, IMAGE) == 64 * 7 + 7 * 5 + 5 * 6


def test_multiply_adds_of_convolutions_count_every_use_of_a_weight():
    # With all weights 1, no bias and an image of ones, the sum of all outputs of an unpadded
    # convolution is the number of products.
    for layer in (nn.Conv2d(2, 3, 3), nn.ConvTranspose2d(2, 3, 4, stride=2)):
        nn.init.ones_(layer.weight)
        nn.init.zeros_(layer.bias)
        with torch.no_grad():
            products = layer(torch.ones(1, 2, 6, 5)).sum()
        assert multiply_adds(nn.Sequential(layer), (2, 6, 5)) == int(products)


def test_a_network_that_is_too_large_is_left_out_with_its_tensors():
    vae = build_vae(ModelConfig(hidden=(30,), latent_shape=(2,)), IMAGE)
    costs = graph(vae)["multiply_adds"]
    file = model_file(vae, limit=costs["decoder"])
    assert costs["encoder"] > costs["decoder"]
    assert text_of(file)["encoder"] is None
    assert text_of(file)["decoder"]
    assert {name.split(".")[0] for name in load_tensors(file)} == {"decoder"}


@pytest.mark.parametrize(
    "layer", [nn.Softplus(), nn.Conv2d(1, 1, 3, dilation=2, padding=2), nn.Linear(8, 8, bias=False)]
)
def test_a_layer_that_is_no_step_leaves_its_network_out(layer):
    vae = build_vae(ModelConfig(network="conv", latent_shape=(2,)), IMAGE)
    vae.encoder.insert(1, layer)
    assert graph(vae)["encoder"] is None
    assert graph(vae)["decoder"]


def test_the_gaussian_says_its_sigma():
    config = ModelConfig(likelihood="gaussian", sigma="learned", sigma_value=0.3)
    likelihood = graph(build_vae(config, IMAGE))["likelihood"]
    assert likelihood["name"] == "gaussian"
    assert likelihood["sigma"] == "learned"
    assert math.isclose(likelihood["log_sigma"], math.log(0.3), rel_tol=1e-6)


@pytest.mark.parametrize("family", POSTERIORS)
@pytest.mark.parametrize("latent", [(3,), (2, 2, 3)])
def test_codes_and_their_moments_survive_the_file(family, latent):
    random = torch.Generator().manual_seed(0)
    n_params = POSTERIORS[family].n_params(latent[-1])
    params = torch.randn(9, *latent[:-1], n_params, generator=random)
    codes = Codes(params, torch.arange(9) % 4, family, latent)
    file = load_tensors(codes_file(codes))
    torch.testing.assert_close(file["params"], params.flatten(1), rtol=0, atol=0)
    torch.testing.assert_close(file["labels"], codes.labels)
    moments = load_tensors(moments_file(codes))["params"].reshape(9, *latent[:-1], -1)
    q = DiagonalGaussian.from_params(moments)
    torch.testing.assert_close(q.mean, codes.mean)
    torch.testing.assert_close(q.variance, codes.variance, rtol=1e-5, atol=1e-11)


@pytest.mark.parametrize("latent", [(3,), (4, 4, 3)])
@pytest.mark.parametrize("network", NETWORKS)
def test_the_file_says_which_pixels_a_cell_reaches(network, latent):
    vae = build_vae(ModelConfig(network=network, latent_shape=latent), (1, 28, 28))
    field, kept = decoder_field(vae), text_of(model_file(vae))["decoder_field"]
    if field is None:
        assert kept is None
    else:
        assert kept == {"start": [*field.start], "size": [*field.size], "stride": [*field.stride]}
    assert (kept is None) == (network == "mlp" or len(latent) == 1)

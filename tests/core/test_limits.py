"""What one server allows: read from the environment, counted without making the model."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from itertools import pairwise

import pytest
import torch

from tests.samples import tiny_run
from vae_core import (
    ConfigError,
    DataConfig,
    ModelConfig,
    RunConfig,
    RunStore,
    TrainConfig,
    VAECoreError,
    build_vae,
)
from vae_core.browser.graph import multiply_adds
from vae_core.codes import n_codes
from vae_core.config import NETWORKS, POSTERIORS
from vae_core.errors import JobError
from vae_core.io import size_of
from vae_core.limits import MAX_AT_WORK, Limits, ModelSize
from vae_core.runs.checkpoints import expected_bytes
from vae_core.runs.frames import frames_bytes
from vae_core.vae import without_weights

MNIST, CIFAR = (1, 28, 28), (3, 32, 32)
LATENTS = ((3,), (4, 4, 3))


def config(model: ModelConfig, **train: int) -> RunConfig:
    return RunConfig(DataConfig("mnist"), model, TrainConfig(**train))


@pytest.mark.parametrize("posterior", POSTERIORS)
@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("latent", LATENTS)
@pytest.mark.parametrize("image_shape", [MNIST, CIFAR])
def test_a_size_is_that_of_the_model_itself(posterior, network, latent, image_shape):
    model = ModelConfig(network, (16, 8), latent, posterior, likelihood="gaussian")
    size, vae = ModelSize.of(without_weights(model, image_shape)), build_vae(model, image_shape)
    params = vae.encode_params(torch.zeros(1, *image_shape))
    assert size.n_parameters == vae.n_parameters
    assert size.n_decoding == sum(p.numel() for p in vae.decoder.parameters())
    assert size.n_codes == params.numel() == n_codes(model, 1)
    outputs = []
    for layer in (*vae.encoder, *vae.decoder):
        layer.register_forward_hook(lambda _, __, out: outputs.append(out.numel()))
    vae.decode(vae.encode(torch.zeros(1, *image_shape)).mean)
    assert size.n_outputs == sum(outputs)
    passed = [math.prod(image_shape), *outputs]
    assert size.n_held == max(map(sum, pairwise(passed)))
    encoding = multiply_adds(vae.encoder, image_shape)
    assert size.n_multiply_adds == 2 * encoding + multiply_adds(vae.decoder, latent)


@pytest.mark.parametrize("posterior", POSTERIORS)
@pytest.mark.parametrize("kept", [(), (1, 3)])
def test_the_expected_bytes_are_about_those_of_the_finished_run(tmp_path, digits, posterior, kept):
    asked = tiny_run(posterior=posterior, hidden=(64,))
    asked = replace(asked, train=replace(asked.train, keep_epochs=kept))
    store = RunStore(tmp_path)
    run = store.create(asked)
    list(run.train(digits))
    size = ModelSize.of(without_weights(asked.model, digits.image_shape))
    expected = expected_bytes(asked, size, len(digits.test))
    best = 4 * size.n_parameters  # of another epoch, which this run may not have
    frames = size_of(run.path / "frames")
    assert 0.8 < (expected - best) / (store.size(run.id) - frames) < 1.1
    assert 0 < frames <= frames_bytes(asked.model, digits.image_shape, asked.train.epochs)


ABSURD = {
    "wide and deep": (ModelConfig(hidden=(4096,) * 8, latent_shape=(4096,)), "parameters"),
    "a huge last layer": (ModelConfig(latent_shape=(4, 8, 126), posterior="full"), "parameters"),
    "a narrow way to it": (
        ModelConfig(hidden=(1,), latent_shape=(4, 8, 126), posterior="full"),
        "posteriors of 10,000 test images",
    ),
    "many channels": (ModelConfig("conv", (4096,), (14, 14, 4)), "one step would hold"),
}


@pytest.mark.parametrize(("model", "said"), ABSURD.values(), ids=ABSURD)
def test_absurd_sizes_are_refused_in_one_sentence_that_says_what_to_do(model, said):
    with pytest.raises(ConfigError, match=said) as refusal:
        Limits().check_config(config(model), MNIST, 10_000)
    assert "Choose" in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_model_is_counted_before_a_weight_of_it_is_made():
    vae = without_weights(ModelConfig(hidden=(4096,) * 8, latent_shape=(4096,)), MNIST)
    assert vae.n_parameters > Limits().parameters
    assert all(p.is_meta for p in vae.parameters())


def test_a_batch_counts_with_the_model():
    model = ModelConfig("conv", (64, 64), (7, 7, 4))
    Limits().check_config(config(model), MNIST, 10_000)
    with pytest.raises(ConfigError, match="smaller batch"):
        Limits().check_config(config(model, batch_size=65_536), MNIST, 10_000)
    with pytest.raises(ConfigError, match="fewer draws in the bound"):
        Limits().check_config(config(model, importance=1000), MNIST, 10_000)


def test_evaluation_takes_its_own_blocks_however_small_the_batch_is():
    model, _ = ABSURD["many channels"]
    with pytest.raises(ConfigError, match="one step would hold"):
        Limits().check_config(config(model, batch_size=1), MNIST, 10_000)


def test_a_step_holds_the_images_that_the_prior_itself_encodes():
    model = ModelConfig("conv", latent_shape=(4,), prior="mixture", prior_components=1000)
    full = MAX_AT_WORK // ModelSize.of(without_weights(model, MNIST)).n_outputs
    assert Limits().check_config(config(model, batch_size=full), MNIST, 10_000).n_pseudo == 0
    vamp = replace(model, prior="vamp")
    with pytest.raises(ConfigError, match="one step would hold"):
        Limits().check_config(config(vamp, batch_size=full), MNIST, 10_000)
    assert Limits().check_config(config(vamp, batch_size=128), MNIST, 10_000).n_pseudo == 1000


@pytest.mark.parametrize("epochs", [9, 10, 11])
def test_epochs_are_allowed_up_to_the_limit(epochs):
    asked = config(ModelConfig(latent_shape=(2,)), epochs=epochs)
    if epochs <= 10:
        assert Limits(epochs=10).check_config(asked, MNIST, 100).n_codes == 4
    else:
        with pytest.raises(ConfigError, match=r"epochs: this server trains at most 10; got 11\."):
            Limits(epochs=10).check_config(asked, MNIST, 100)


def test_parameters_are_allowed_up_to_the_limit():
    asked = config(ModelConfig(latent_shape=(2,)))
    n = build_vae(asked.model, MNIST).n_parameters
    assert Limits(parameters=n).check_config(asked, MNIST, 100).n_parameters == n
    with pytest.raises(ConfigError, match=f"at most {n - 1:,} parameters; this one has {n:,}"):
        Limits(parameters=n - 1).check_config(asked, MNIST, 100)


def test_a_conv_network_that_does_not_fit_says_so_first():
    with pytest.raises(ConfigError, match="finer than the image"):
        Limits().check_config(config(ModelConfig("conv", (8,), (30, 30, 2))), MNIST, 100)


@pytest.mark.parametrize(("n", "new", "allowed"), [(0, 4, True), (3, 1, True), (4, 1, False)])
def test_jobs_of_a_visitor_are_counted_with_the_new_ones(n, new, allowed):
    limits = Limits(jobs_per_session=4)
    if allowed:
        limits.check_jobs(n, new)
    else:
        with pytest.raises(JobError, match=r"most 4 of your runs .*would be 5"):
            limits.check_jobs(n, new)


def test_bytes_are_allowed_up_to_the_limit():
    limits = Limits(gigabytes=0.5)
    limits.check_disk(400_000_000, 100_000_000)
    with pytest.raises(JobError, match=r"may take 0\.5 GB; they take 0\.40 GB.*Runs page"):
        limits.check_disk(400_000_000, 100_000_001)


def test_limits_are_read_from_the_environment_and_have_defaults():
    assert Limits.from_environment({}) == Limits()
    assert Limits.from_environment({"ELBO_ROOM_MAX_EPOCHS": " "}) == Limits()
    said = {"EPOCHS": "5", "PARAMETERS": "1_000", "JOBS": "2", "GIGABYTES": "0.25"}
    environment = {f"ELBO_ROOM_MAX_{name}": text for name, text in said.items()}
    assert Limits.from_environment(environment) == Limits(5, 1000, 2, 0.25)
    assert Limits.from_environment({"ELBO_ROOM_MAX_GIGABYTES": "2"}).n_bytes == 2_000_000_000


@pytest.mark.parametrize("one", fields(Limits), ids=lambda field: field.name)
@pytest.mark.parametrize("text", ["many", "0", "-1", "nan", "inf", "1e400", "1,5", "²", "\0"])
def test_a_limit_that_is_no_number_names_its_variable(one, text):
    variable = one.metadata["variable"]
    with pytest.raises(ConfigError, match=f"{variable} must be .* above 0; got") as refusal:
        Limits.from_environment({variable: text})
    assert "\n" not in str(refusal.value)


def test_every_refusal_can_be_caught_as_one():
    assert issubclass(JobError, VAECoreError)

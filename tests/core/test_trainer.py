from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch.distributions import kl_divergence

from tests.samples import LATENTS, tiny_model
from vae_core import (
    ConfigError,
    DataConfig,
    Dataset,
    ModelConfig,
    Split,
    TrainConfig,
    TrainingError,
    TrainState,
    build_vae,
    elbo_terms,
    estimate_seconds,
    evaluate,
    fit,
    load_dataset,
)
from vae_core.config import POSTERIORS, SIGMAS
from vae_core.optimizer import LIKELIHOOD_LR

CONFIG = TrainConfig(epochs=3, batch_size=32, warmup_epochs=2)
# Every family once, and every way to set the Gaussian likelihood's sigma.
MODELS = [
    *(pytest.param({"posterior": name}, id=name) for name in POSTERIORS),
    *(pytest.param({"likelihood": "gaussian", "sigma": s}, id=f"{s} sigma") for s in SIGMAS),
]
SIGMA_SAVED = ("learned", "analytic")


def model(posterior: str = "diagonal", **settings: object) -> ModelConfig:
    return tiny_model(posterior=posterior, **settings)


def assert_same(first: TrainState, second: TrainState) -> None:
    """Equal weights, moments and generator states, to the last bit."""
    a, b = first.to_tensors(), second.to_tensors()
    assert a.keys() == b.keys()
    assert [name for name in a if not torch.equal(a[name], b[name])] == []
    assert first.epoch == second.epoch


@pytest.mark.parametrize("settings", MODELS)
@pytest.mark.parametrize("network", ["mlp", "conv"])
@pytest.mark.parametrize("latent", LATENTS)
def test_loss_falls(digits, settings, network, latent):
    config = model(network=network, latent_shape=latent, **settings)
    vae = build_vae(config, digits.image_shape)
    before = evaluate(vae, digits.test)
    *_, last = fit(vae, digits, replace(CONFIG, epochs=6, warmup_epochs=0))
    assert last.test_distortion < before.distortion - 0.5


def test_colour_images_can_be_trained():
    pixels = torch.randint(0, 256, (40, 3, 8, 8), generator=torch.manual_seed(0)).byte()
    split = Split(pixels, torch.arange(40) % 2)
    dataset = Dataset("colour", split, split, ("a", "b"))
    vae = build_vae(model(network="conv"), dataset.image_shape)
    first, *_, last = fit(vae, dataset, replace(CONFIG, warmup_epochs=0))
    assert last.test_distortion < first.test_distortion


def test_records_describe_the_weights_they_come_with(digits):
    """Train and test terms are measured with one and the same weights: those just yielded."""
    vae = build_vae(model(), digits.image_shape)
    for epoch, record in enumerate(fit(vae, digits, CONFIG), start=1):
        test, train = evaluate(vae, digits.test), evaluate(vae, digits.train)
        assert record.epoch == record.state.epoch == epoch
        assert (record.test_distortion, record.test_rate) == (test.distortion, test.rate)
        assert (record.train_distortion, record.train_rate) == (train.distortion, train.rate)
        assert record.test_rate_per_dim == test.rate_per_dim
        assert record.beta == (epoch - 1) / 2
        assert record.images_per_second == pytest.approx(96 / record.seconds)
        assert "state" not in record.to_dict()
    assert epoch == CONFIG.epochs


def test_yielded_state_does_not_change_later(digits):
    vae = build_vae(model(), digits.image_shape)
    training = fit(vae, digits, CONFIG)
    state = next(training).state
    before = {name: value.clone() for name, value in state.to_tensors().items()}
    list(training)
    assert all(torch.equal(before[name], value) for name, value in state.to_tensors().items())


@pytest.mark.parametrize("settings", MODELS)
@pytest.mark.parametrize("binarisation", ["grey", "dynamic"])
def test_resumed_is_uninterrupted_bit_for_bit(settings, binarisation):
    """Through files, into a model with other weights, while others draw random numbers."""
    dataset = load_dataset(DataConfig(limit=80, binarisation=binarisation))
    config, shape = replace(CONFIG, free_bits=0.1), dataset.image_shape
    *_, whole = fit(build_vae(model(**settings), shape), dataset, config)

    part = next(fit(build_vae(model(**settings), shape), dataset, config))
    torch.rand(17)
    tensors = {name: value.clone() for name, value in part.state.to_tensors().items()}
    state = TrainState.from_tensors(tensors, part.epoch)
    for record in fit(build_vae(model(**settings), shape, seed=9), dataset, config, state):
        torch.rand(3)
        resumed = record
    assert_same(resumed.state, whole.state)
    assert resumed.test_distortion == whole.test_distortion
    assert all(torch.equal(tensors[name], value) for name, value in state.to_tensors().items())


CHANGES = [
    *({"tc_weight": 2.0}, {"reduction": "mean/sum"}, {"encoder_steps": 3}),
    {"importance": 4, "warmup_epochs": 0},
    {"importance": 4, "gradient": "dreg", "encoder_steps": 2, "warmup_epochs": 0},
]


@pytest.mark.parametrize("changes", CHANGES)
def test_resumed_is_uninterrupted_with_any_loss(digits, changes):
    config, shape = replace(CONFIG, **changes), digits.image_shape
    *_, whole = fit(build_vae(model(), shape), digits, config)
    part = next(fit(build_vae(model(), shape), digits, config))
    *_, resumed = fit(build_vae(model(), shape, seed=9), digits, config, part.state)
    assert_same(resumed.state, whole.state)


@pytest.mark.parametrize("sigma", SIGMAS)
def test_state_holds_the_sigma_that_training_moves(digits, sigma):
    vae = build_vae(model(likelihood="gaussian", sigma=sigma), digits.image_shape)
    before = vae.state_dict().get("likelihood.log_sigma", torch.tensor(0.0)).clone()
    state = next(fit(vae, digits, CONFIG)).state
    assert ("likelihood.log_sigma" in state.model) == (sigma in SIGMA_SAVED)
    if sigma in SIGMA_SAVED:
        assert state.model["likelihood.log_sigma"] < before
        assert torch.equal(state.model["likelihood.log_sigma"], vae.likelihood.log_sigma)


def test_analytic_sigma_forgets_where_it_began(digits):
    """Three batches are enough: the first one replaces the value that was set."""
    ends = []
    for begun in (0.01, 1.0):
        config = model(likelihood="gaussian", sigma="analytic", sigma_value=begun)
        vae = build_vae(config, digits.image_shape)
        next(fit(vae, digits, CONFIG))
        ends.append(vae.likelihood.sigma)
    assert ends[0] == pytest.approx(ends[1], rel=1e-5)
    assert 0.3 < ends[0] < 0.7  # the pixels' own spread; nothing is learnt yet


def test_training_with_the_analytic_sigma_is_the_written_loop(digits):
    """Bit for bit: score with the batch's own sigma, step, and count it in the running mean."""
    config = model(likelihood="gaussian", sigma="analytic")
    trained, vae = (build_vae(config, digits.image_shape) for _ in range(2))
    *_, _last = fit(trained, digits, replace(CONFIG, warmup_epochs=0))
    optimizer = torch.optim.Adam(vae.parameters(), CONFIG.lr, fused=True)
    shuffle = torch.Generator().manual_seed(CONFIG.seed)
    noise = torch.Generator().manual_seed(CONFIG.seed + 1)
    n_pixels, log_sigma, measured = math.prod(digits.image_shape), torch.tensor(0.0), 0.0
    for _ in range(CONFIG.epochs):
        order = torch.randperm(len(digits.train), generator=shuffle)
        for index in order.split(CONFIG.batch_size):
            x = digits.train.batch(index, noise)
            q = vae.encode(x)
            z = q.rsample((), noise)
            squares = (x - vae.decoder(z)).square().sum((-3, -2, -1))
            mse = squares.detach().mean() / n_pixels
            constant = n_pixels * (0.5 * mse.log() + 0.5 * math.log(2 * math.pi))
            distortion = 0.5 * squares * (-mse.log()).exp() + constant
            loss = (distortion + kl_divergence(q, vae.prior())).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            measured = torch.as_tensor(measured + 0.1 * (1.0 - measured))
            kept = (2.0 * log_sigma).exp()
            log_sigma = 0.5 * (kept + 0.1 / measured * (mse - kept)).log()
    expected, state = dict(vae.named_parameters()), trained.state_dict()
    assert [name for name in expected if not torch.equal(state[name], expected[name])] == []
    assert torch.equal(state["likelihood.log_sigma"], log_sigma)
    assert torch.equal(state["likelihood.measured"], measured)


def test_model_is_in_training_mode_only_while_it_trains(digits):
    """The analytic sigma is measured in training, and stays as it is for everything else."""
    vae = build_vae(model(likelihood="gaussian", sigma="analytic"), digits.image_shape)
    training = fit(vae, digits, CONFIG)
    seen = []
    for record in training:
        assert not vae.training
        elbo_terms(vae, digits.test.images)
        assert torch.equal(record.state.model["likelihood.log_sigma"], vae.likelihood.log_sigma)
        seen.append(vae.likelihood.sigma)
    assert not vae.training
    assert len(set(seen)) == CONFIG.epochs
    closed = fit(vae, digits, replace(CONFIG, epochs=10_000))
    next(closed)
    closed.close()
    assert not vae.training


def test_training_does_not_touch_the_global_generator(digits):
    before = torch.random.get_rng_state()
    list(fit(build_vae(model(), digits.image_shape), digits, CONFIG))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_seed_changes_the_training(digits):
    states = [
        list(fit(build_vae(model(), digits.image_shape), digits, replace(CONFIG, seed=seed)))[-1]
        for seed in (0, 0, 1)
    ]
    assert_same(states[0].state, states[1].state)
    assert states[0].test_distortion != states[2].test_distortion


@pytest.mark.parametrize("settings", MODELS)
def test_first_step_is_adam_on_the_mean_negative_elbo(digits, settings):
    """One step by hand, with the same images and the same noise; sigma takes larger steps."""
    config = TrainConfig(epochs=1, batch_size=96)
    vae, by_hand = (build_vae(model(**settings), digits.image_shape) for _ in range(2))
    next(fit(vae, digits, config))
    order = torch.randperm(96, generator=torch.Generator().manual_seed(config.seed))
    noise = torch.Generator().manual_seed(config.seed + 1)
    networks = [*by_hand.encoder.parameters(), *by_hand.decoder.parameters()]
    groups = [{"params": networks, "lr": config.lr}]
    if sigma := [*by_hand.likelihood.parameters()]:
        groups.append({"params": sigma, "lr": LIKELIHOOD_LR * config.lr})
    optimizer = torch.optim.Adam(groups)
    terms = elbo_terms(by_hand.train(), digits.train.images[order], 1, noise)
    loss = terms.negative_elbo if vae.family.has_rate else terms.distortion
    if (penalty := terms.posterior.penalty) is not None:
        loss = loss + penalty
    loss.mean().backward()
    optimizer.step()
    by_hand.likelihood.observe(digits.train.images[order], terms.pixels)
    by_hand.latent_prior.observe(terms.posterior)
    for name, value in by_hand.state_dict().items():
        torch.testing.assert_close(vae.state_dict()[name], value)


def test_learned_sigma_takes_its_own_larger_steps(digits):
    """Adam's first step is its learning rate, whatever the gradient."""
    vae = build_vae(model(likelihood="gaussian", sigma="learned"), digits.image_shape)
    before = weights(vae)
    next(fit(vae, digits, TrainConfig(epochs=1, batch_size=96, lr=1e-3)))
    moved = {name: (value - before[name]).abs().max() for name, value in weights(vae).items()}
    assert moved.pop("likelihood.log_sigma") == pytest.approx(LIKELIHOOD_LR * 1e-3, rel=1e-3)
    assert max(moved.values()) == pytest.approx(1e-3, rel=1e-3)


def test_finished_state_has_nothing_left_to_do(digits):
    *_, last = fit(build_vae(model(), digits.image_shape), digits, CONFIG)
    vae = build_vae(model(), digits.image_shape, seed=5)
    assert list(fit(vae, digits, CONFIG, last.state)) == []
    assert torch.equal(vae.state_dict()["encoder.1.weight"], last.state.model["encoder.1.weight"])


def weights(vae) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in vae.state_dict().items()}


@pytest.mark.parametrize("settings", MODELS)
def test_poisoned_weights_stop_training_and_are_put_back(digits, settings):
    vae = build_vae(model(**settings), digits.image_shape)
    training = fit(vae, digits, replace(CONFIG, lr=0.002))
    next(training)
    good = weights(vae)
    with torch.no_grad():
        vae.decoder[1].weight[0, 0] = torch.nan
    with pytest.raises(TrainingError) as caught:
        next(training)
    message = str(caught.value)
    for part in ("stopped in epoch 2", "lr = 0.002", "weights of epoch 1", "smaller learning rate"):
        assert part in message
    assert all(torch.equal(good[name], value) for name, value in weights(vae).items())
    assert not vae.training


def test_absurd_learning_rate_stops_with_the_first_weights(digits):
    config = model(likelihood="gaussian", hidden=(64,) * 8)
    vae = build_vae(config, digits.image_shape)
    fresh = weights(vae)
    with pytest.raises(TrainingError, match=r"lr = 1,.*batch size 32.*weights of epoch 0"):
        list(fit(vae, digits, TrainConfig(epochs=50, batch_size=32, lr=1.0)))
    assert all(torch.equal(fresh[name], value) for name, value in weights(vae).items())


def test_break_in_the_last_step_of_an_epoch_is_noticed(digits):
    """One batch an epoch: only the evaluation sees what its step did."""
    config = model(likelihood="gaussian", hidden=(64,) * 8)
    vae = build_vae(config, digits.image_shape)
    with pytest.raises(TrainingError, match=r"Training stopped in epoch \d+"):
        list(fit(vae, digits, TrainConfig(epochs=50, batch_size=96, lr=1.0)))
    assert all(value.isfinite().all() for value in vae.state_dict().values())


@pytest.mark.parametrize("end", ["finished", "closed", "failed"])
def test_number_of_threads_is_put_back(digits, end):
    before = torch.get_num_threads()
    vae = build_vae(model(), digits.image_shape)
    training = fit(vae, digits, replace(CONFIG, threads=before + 1))
    next(training)
    assert torch.get_num_threads() == before + 1
    if end == "finished":
        list(training)
    elif end == "closed":
        training.close()
    else:
        torch.nn.init.constant_(vae.decoder[1].weight, torch.nan)
        with pytest.raises(TrainingError):
            next(training)
    assert torch.get_num_threads() == before


def test_closed_training_leaves_a_model_that_works(digits):
    vae = build_vae(model(), digits.image_shape)
    training = fit(vae, digits, replace(CONFIG, epochs=10_000))
    record = next(training)
    training.close()
    assert list(training) == []
    assert evaluate(vae, digits.test).distortion == record.test_distortion


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
def test_missing_device_is_a_config_error(digits):
    vae = build_vae(model(), digits.image_shape)
    with pytest.raises(ConfigError, match=r"device cuda is not.*choose cpu or auto"):
        next(fit(vae, digits, replace(CONFIG, device="cuda")))


def test_state_without_its_generators_is_a_key_error(digits):
    tensors = next(fit(build_vae(model(), digits.image_shape), digits, CONFIG)).state.to_tensors()
    del tensors["rng.sampling"]
    with pytest.raises(KeyError, match=r"rng\.sampling"):
        TrainState.from_tensors(tensors, 1)


@pytest.mark.parametrize("settings", MODELS)
def test_estimate_grows_with_the_work(settings):
    config = model(**settings)
    short = estimate_seconds(config, TrainConfig(epochs=1, batch_size=16), (1, 8, 8), 16)
    long = estimate_seconds(config, TrainConfig(epochs=100, batch_size=16), (1, 8, 8), 1600)
    assert 0 < short < long

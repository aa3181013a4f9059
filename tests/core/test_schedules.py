"""Schedules of the learning rate and the batch: what they are, and that resuming keeps them."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import pytest
import torch

from tests.core.test_trainer import assert_same
from tests.samples import tiny_model
from vae_core import TrainConfig, build_vae, fit
from vae_core.config import AUGMENTATIONS, BATCH_SCHEDULES, LR_SCHEDULES
from vae_core.schedules import WARM_UP, batch_size_at, lr_factor, steps_until

CONFIG = TrainConfig(epochs=3, batch_size=32, threads=1)
SETTINGS = [
    *({"lr_schedule": name} for name in LR_SCHEDULES),
    *({"batch_schedule": name} for name in BATCH_SCHEDULES),
    *({"augmentation": name} for name in AUGMENTATIONS),
    {"lr_schedule": "one-cycle", "batch_schedule": "growing", "augmentation": "shifts-turns"},
]


@pytest.mark.parametrize("changes", SETTINGS, ids=str)
def test_resumed_is_uninterrupted_bit_for_bit(digits, changes):
    config, shape = replace(CONFIG, **changes), digits.image_shape
    *_, whole = fit(build_vae(tiny_model(), shape), digits, config)
    for stop in (1, 2):
        training = fit(build_vae(tiny_model(), shape), digits, config)
        part = [next(training) for _ in range(stop)][-1]
        training.close()
        *_, resumed = fit(build_vae(tiny_model(), shape, seed=9), digits, config, part.state)
        assert_same(resumed.state, whole.state)


@pytest.mark.parametrize("changes", SETTINGS, ids=str)
def test_every_setting_but_the_defaults_changes_the_training(digits, changes):
    *_, plain = fit(build_vae(tiny_model(), digits.image_shape), digits, CONFIG)
    *_, last = fit(build_vae(tiny_model(), digits.image_shape), digits, replace(CONFIG, **changes))
    is_default = replace(CONFIG, **changes) == CONFIG
    assert (last.test_distortion == plain.test_distortion) == is_default


def test_learning_rates_begin_and_end_where_they_should():
    ends = {name: (lr_factor(name, 0.0), lr_factor(name, 1.0)) for name in LR_SCHEDULES}
    assert ends == {
        "constant": (1.0, 1.0), "warm-up": (0.04, 1.0), "cosine": (1.0, 0.0),
        "one-cycle": (0.04, 0.0),
    }  # fmt: skip
    assert lr_factor("cosine", 0.5) == pytest.approx(0.5)
    assert lr_factor("warm-up", WARM_UP / 2) == pytest.approx(0.52)
    assert lr_factor("one-cycle", WARM_UP) == 1.0


@pytest.mark.parametrize("schedule", LR_SCHEDULES)
def test_a_learning_rate_has_no_jump_and_one_top(schedule):
    values = [lr_factor(schedule, k / 1000) for k in range(1001)]
    steps = [b - a for a, b in pairwise(values)]
    assert max(map(abs, steps)) < 0.025
    assert max(values) == pytest.approx(1.0, abs=1e-4)
    signs = [math.copysign(1.0, step) for step in steps if abs(step) > 1e-12]
    assert sum(a != b for a, b in pairwise(signs)) <= 1


def test_the_history_tells_the_learning_rate_at_the_end_of_each_epoch(digits):
    config = replace(CONFIG, lr=0.002, lr_schedule="cosine")
    records = list(fit(build_vae(tiny_model(), digits.image_shape), digits, config))
    expected = [0.001 * (1 + math.cos(math.pi * k / 3)) for k in (1, 2, 3)]
    assert [r.lr for r in records] == pytest.approx(expected, abs=1e-12)


def test_the_schedule_is_that_of_a_loop_written_out(digits):
    """One epoch by hand: Adam with the learning rate set before each step."""
    config = replace(CONFIG, epochs=1, lr_schedule="one-cycle")
    vae, by_hand = (build_vae(tiny_model(), digits.image_shape) for _ in range(2))
    next(fit(vae, digits, config))
    optimizer = torch.optim.Adam(by_hand.parameters(), config.lr, fused=True)
    order = torch.randperm(96, generator=torch.Generator().manual_seed(config.seed))
    noise = torch.Generator().manual_seed(config.seed + 1)
    for k, index in enumerate(order.split(32)):
        optimizer.param_groups[0]["lr"] = config.lr * lr_factor("one-cycle", k / 3)
        x = digits.train.images[index]
        q = by_hand.encode(x)
        z = q.rsample((), noise)
        loss = -by_hand.decode(z).log_prob(x) + torch.distributions.kl_divergence(
            q, by_hand.prior()
        )
        optimizer.zero_grad()
        loss.mean().backward()
        optimizer.step()
    for name, value in by_hand.state_dict().items():
        torch.testing.assert_close(vae.state_dict()[name], value)


def test_batches_grow_by_thirds():
    config = TrainConfig(epochs=6, batch_size=10, batch_schedule="growing")
    assert [batch_size_at(config, epoch) for epoch in range(1, 7)] == [10, 10, 20, 20, 40, 40]
    assert [steps_until(config, 100, epoch) for epoch in range(7)] == [0, 10, 20, 25, 30, 33, 36]
    plain = replace(config, batch_schedule="constant")
    assert [steps_until(plain, 101, epoch) for epoch in (0, 1, 6)] == [0, 11, 66]
    one = replace(config, epochs=1)
    assert batch_size_at(one, 1) == 10

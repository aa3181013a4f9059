from __future__ import annotations

import dataclasses
import json
import math
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vae_core import ConfigError, DataConfig, ModelConfig, RunConfig, TrainConfig
from vae_core.config import (
    ACTIVATIONS,
    AUGMENTATIONS,
    BATCH_SCHEDULES,
    BINARISATIONS,
    DATASETS,
    DEVICES,
    LABELS,
    LIKELIHOODS,
    LR_SCHEDULES,
    MAX_COMPONENTS,
    MAX_LATENTS,
    NETWORKS,
    POSTERIORS,
    PRIORS,
    REDUCTIONS,
    SIGMA_MAX,
    SIGMA_MIN,
    SIGMAS,
    Registry,
)

NOT_WHOLE = (math.nan, math.inf, True, "3", 1.5, [3])
NOT_NUMBER = (math.nan, math.inf, -math.inf, True, "1", None, [1.0], 1j)
NOT_CHOICE = ("", "nonsense", None, 3, True, math.nan, ["grey"])

BAD = {
    (DataConfig, "name"): NOT_CHOICE,
    (DataConfig, "path"): (3, True, math.nan, ["a"]),
    (DataConfig, "classes"): (3, "12", (), (-1,), (1000,), (True,), (1.5,), (None,), ([1],)),
    (DataConfig, "binarisation"): NOT_CHOICE,
    (DataConfig, "limit"): (*NOT_WHOLE, 0, -1, 10**9),
    (DataConfig, "seed"): (*NOT_WHOLE, None, -1, 2**31),
    (DataConfig, "validation"): (*NOT_WHOLE, None, -1, 10**9),
    (ModelConfig, "network"): NOT_CHOICE,
    (ModelConfig, "hidden"): (8, "8", (0,), (-1,), (5000,), (True,), (1.5,), (8,) * 9),
    (ModelConfig, "latent_shape"): (
        *(4, "4", None, (), (2, 2), (1, 2, 3, 4), (0,), (-3,), (MAX_LATENTS + 1,)),
        *((64, 64, 2), (4.0,), (True,), (math.nan,)),
    ),
    (ModelConfig, "posterior"): NOT_CHOICE,
    (ModelConfig, "likelihood"): NOT_CHOICE,
    (ModelConfig, "sigma"): NOT_CHOICE,
    (ModelConfig, "sigma_value"): (*NOT_NUMBER, 0.0, -1.0, 0.9 * SIGMA_MIN, 1.1 * SIGMA_MAX),
    (TrainConfig, "epochs"): (*NOT_WHOLE, None, 0, -1, 10**6),
    (TrainConfig, "batch_size"): (*NOT_WHOLE, None, 0, -1, 10**6),
    (TrainConfig, "lr"): (*NOT_NUMBER, 0.0, -1e-3, 2.0),
    (TrainConfig, "beta"): (*NOT_NUMBER, -1e-9, 1e7),
    (TrainConfig, "warmup_epochs"): (*NOT_WHOLE, None, -1, 10**6),
    (TrainConfig, "free_bits"): (*NOT_NUMBER, -0.1, 1e3),
    (TrainConfig, "tc_weight"): (*NOT_NUMBER, -1e-9, 1e7),
    (TrainConfig, "reduction"): (*NOT_CHOICE, "sum", "mean", "cell/sum", "sum/sum/sum"),
    (ModelConfig, "activation"): NOT_CHOICE,
    (ModelConfig, "prior"): NOT_CHOICE,
    (ModelConfig, "prior_components"): (*NOT_WHOLE, None, 0, -1, MAX_COMPONENTS + 1),
    (ModelConfig, "labels"): NOT_CHOICE,
    (ModelConfig, "label_count"): (*NOT_WHOLE, None, 0, -1, MAX_COMPONENTS + 1),
    (TrainConfig, "lr_schedule"): NOT_CHOICE,
    (TrainConfig, "batch_schedule"): NOT_CHOICE,
    (TrainConfig, "augmentation"): NOT_CHOICE,
    (ModelConfig, "labelled"): (*NOT_WHOLE, None, -1, 10**9),
    (TrainConfig, "alpha"): (*NOT_NUMBER, -1e-9, 1e7),
    (TrainConfig, "encoder_steps"): (*NOT_WHOLE, None, 0, -1, 101),
    (TrainConfig, "importance"): (*NOT_WHOLE, None, 0, -1, 1001),
    (TrainConfig, "gradient"): NOT_CHOICE,
    (TrainConfig, "mistake"): NOT_CHOICE,
    (TrainConfig, "keep_epochs"): (3, "3", None, (0,), (11,), (True,), (1.5,), ("all",)),
    (TrainConfig, "seed"): (*NOT_WHOLE, None, -1, 2**31),
    (TrainConfig, "threads"): (*NOT_WHOLE, 0, -1, 10**4),
    (TrainConfig, "device"): NOT_CHOICE,
}


def test_every_field_has_bad_values():
    fields = {
        (kind, field.name)
        for kind in (DataConfig, ModelConfig, TrainConfig)
        for field in dataclasses.fields(kind)
    }
    assert set(BAD) == fields


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        pytest.param(kind, field, value, id=f"{field}={value!r}")
        for (kind, field), values in BAD.items()
        for value in values
    ],
)
def test_bad_value_names_the_flag_and_what_came(kind, field, value):
    flag = next(f for f in dataclasses.fields(kind) if f.name == field).metadata["flag"]
    with pytest.raises(ConfigError) as caught:
        kind(**{field: value})
    message = str(caught.value)
    assert message.startswith(flag or field.replace("_", "-"))
    assert " must " in message or " may have at most " in message


def takes(posterior: str, channels: int) -> bool:
    """Whether the family can be had over so many channels."""
    try:
        POSTERIORS[posterior].n_params(channels)
    except ConfigError:
        return False
    return True


@pytest.mark.parametrize("posterior", POSTERIORS)
def test_latent_the_family_cannot_have_is_refused_at_once(posterior):
    for channels in (1, 2, 126, 127, MAX_LATENTS):
        if takes(posterior, channels):
            ModelConfig(posterior=posterior, latent_shape=(channels,))
        else:
            with pytest.raises(ConfigError, match=rf"posterior: .*{channels}.* Choose "):
                ModelConfig(posterior=posterior, latent_shape=(channels,))


WITH_TC = [name for name, kind in POSTERIORS.items() if kind.has_density and kind.is_additive]


def test_points_and_proportions_have_no_total_correlation():
    assert {"delta", "dirichlet"}.isdisjoint(WITH_TC)
    assert {"diagonal", "full", "full-correlation"} <= set(WITH_TC)


@pytest.mark.parametrize("posterior", POSTERIORS)
def test_total_correlation_is_refused_where_there_is_none(posterior):
    model, train = ModelConfig(posterior=posterior), TrainConfig(tc_weight=0.5)
    if posterior in WITH_TC:
        assert RunConfig(model=model, train=train).train.tc_weight == 0.5
    else:
        with pytest.raises(ConfigError, match=r"^tc-weight: .* no total correlation.* set it to 0"):
            RunConfig(model=model, train=train)
    RunConfig(model=model, train=TrainConfig(tc_weight=0.0))


@pytest.mark.parametrize("name", ["", " ", "--", "a\nb", "a/b", "<b>", "x" * 61, 3, True])
def test_bad_run_name_is_refused(name):
    with pytest.raises(ConfigError, match="name must be 1 to 60 letters"):
        RunConfig(name=name)
    with pytest.raises(ConfigError, match="sweep must be 1 to 60 letters"):
        RunConfig(sweep=name)


def test_kept_epochs_come_once_and_in_order():
    assert TrainConfig(keep_epochs=[3, 1, 3]).keep_epochs == (1, 3)
    with pytest.raises(ConfigError, match="keep-epochs must be a whole number from 1 to 4; got 5"):
        TrainConfig(epochs=4, keep_epochs=(5,))


def test_error_says_range_and_value():
    with pytest.raises(ConfigError, match=r"^epochs must be a whole number from 1 to 10000; got 0"):
        TrainConfig(epochs=0)
    with pytest.raises(ConfigError, match=r"^lr must be a number from 1e-08 to 1; got nan"):
        TrainConfig(lr=math.nan)
    with pytest.raises(ConfigError, match=r"64 x 64 x 2 = 8192"):
        ModelConfig(latent_shape=(64, 64, 2))
    with pytest.raises(ConfigError, match=r"^validation must be below limit.* 30 .* at most 30\."):
        DataConfig(limit=30, validation=30)


def test_configs_are_frozen_and_normalised():
    config = DataConfig(classes=[3, 1, 3])
    assert config.classes == (1, 3)
    assert ModelConfig(hidden=[4, 2], latent_shape=[2, 2, 1]).latent_shape == (2, 2, 1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.seed = 1


@pytest.mark.parametrize("network", NETWORKS)
def test_hidden_defaults_to_the_network(network):
    assert ModelConfig(network=network).hidden == NETWORKS[network].default_hidden
    assert ModelConfig(network=network, hidden=()).hidden == ()


NAMES = st.from_regex(r"[ .,()=+-]{0,3}[a-zA-Z0-9_é][\w .,()=+-]{0,50}", fullmatch=True)
SEEDS = st.integers(0, 2**31 - 1)


def possible_priors(posterior: str, latent: tuple[int, ...], labels: str) -> list[str]:
    """Those that go with such a model."""
    found = []
    for prior in sorted(PRIORS):
        with suppress(ConfigError):
            ModelConfig(latent_shape=latent, posterior=posterior, prior=prior, labels=labels)
            found.append(prior)
    return found


@st.composite
def run_configs(draw: st.DrawFn) -> RunConfig:
    """Any valid RunConfig without a data folder."""
    latent = draw(
        st.tuples(st.integers(1, 8))
        | st.tuples(st.integers(1, MAX_LATENTS))
        | st.tuples(*[st.integers(1, 16)] * 3)
    )
    posterior = draw(st.sampled_from(sorted(p for p in POSTERIORS if takes(p, latent[-1]))))
    labels = draw(st.sampled_from(LABELS))
    limit = draw(st.none() | st.integers(1, 10_000_000))
    data = DataConfig(
        name=draw(st.sampled_from(sorted(DATASETS))),
        classes=draw(st.none() | st.lists(st.integers(0, 999), min_size=1, max_size=5)),
        binarisation=draw(st.sampled_from(BINARISATIONS)),
        limit=limit,
        seed=draw(SEEDS),
        validation=draw(st.integers(0, limit - 1 if limit else 10_000_000)),
    )
    model = ModelConfig(
        network=draw(st.sampled_from(sorted(NETWORKS))),
        hidden=draw(st.none() | st.lists(st.integers(1, 4096), max_size=8)),
        latent_shape=latent,
        posterior=posterior,
        likelihood=draw(st.sampled_from(sorted(LIKELIHOODS))),
        sigma=draw(st.sampled_from(SIGMAS)),
        sigma_value=draw(st.floats(SIGMA_MIN, SIGMA_MAX)),
        activation=draw(st.sampled_from(sorted(ACTIVATIONS))),
        prior=draw(st.sampled_from(possible_priors(posterior, latent, labels))),
        prior_components=draw(st.integers(1, MAX_COMPONENTS)),
        labels=labels,
        label_count=draw(st.integers(1, MAX_COMPONENTS)),
    )
    is_learned = PRIORS[model.prior].is_learned
    epochs = draw(st.integers(1, 10_000))
    train = TrainConfig(
        epochs=epochs,
        batch_size=draw(st.integers(1, 65_536)),
        lr=draw(st.floats(1e-8, 1.0)),
        beta=draw(st.floats(0.0, 1e6)),
        warmup_epochs=draw(st.integers(0, 10_000)),
        free_bits=0.0 if is_learned else draw(st.floats(0.0, 100.0)),
        tc_weight=draw(st.floats(0.0, 1e6)) if posterior in WITH_TC and not is_learned else 0.0,
        reduction=draw(st.sampled_from(REDUCTIONS)),
        lr_schedule=draw(st.sampled_from(LR_SCHEDULES)),
        batch_schedule=draw(st.sampled_from(BATCH_SCHEDULES)),
        augmentation=draw(st.sampled_from(AUGMENTATIONS)),
        encoder_steps=draw(st.integers(1, 100)),
        keep_epochs=draw(st.lists(st.integers(1, epochs), max_size=3)),
        seed=draw(SEEDS),
        threads=draw(st.none() | st.integers(1, 256)),
        device=draw(st.sampled_from(DEVICES)),
    )
    return RunConfig(data, model, train, draw(st.none() | NAMES), draw(st.none() | NAMES))


@given(run_configs())
def test_dictionary_round_trip_through_json(config):
    assert RunConfig.from_dict(config.to_dict()) == config
    assert RunConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_missing_keys_take_their_defaults():
    assert RunConfig.from_dict({}) == RunConfig()
    assert RunConfig.from_dict({"train": {"epochs": 3}}).train == TrainConfig(epochs=3)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"modle": {}},
            "config has unknown settings modle; known are data, model, name, sweep, train",
        ),
        (
            {"train": {"epoch": 3}},
            "train has unknown settings epoch; known are alpha, augmentation, batch",
        ),
        ({3: 4}, "config has unknown settings 3"),
        ({"data": None}, "data must be a JSON object; got NoneType"),
        ({"model": [1]}, "model must be a JSON object; got list"),
        ([], "config must be a JSON object; got list"),
        ({"train": {"epochs": None}}, "epochs must be a whole number"),
    ],
)
def test_foreign_dictionary_is_refused(values, message):
    with pytest.raises(ConfigError, match=message):
        RunConfig.from_dict(values)


def test_registry_names_its_setting_and_choices():
    registry: Registry[type] = Registry("colour")
    registry.register("red")(int)
    registry.check("red")
    assert registry == {"red": int}
    with pytest.raises(ConfigError, match="colour must be one of red; got 'blue'"):
        registry.check("blue")

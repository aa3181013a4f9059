"""Sweeps: experiments that are alike but for one setting."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import replace

import pytest

from tests.samples import tiny_run
from vae_core import ConfigError, RunConfig
from vae_core.analysis import sweep, swept, value_of
from vae_core.config import NETWORKS
from vae_core.settings import PARTS, flag_of

VALUES = {
    "activation": ["relu", "elu", "gated"],
    "lr-schedule": ["constant", "cosine"],
    "batch-schedule": ["constant", "growing"],
    "augmentation": ["none", "shifts"],
    "prior": ["standard", "mixture", "flow"],
    "labels": ["unused", "conditional"],
    "classes": ["1", "1,7", "3x4"], "data-dir": ["/a/b", "c"], "network": ["mlp", "conv"],
    "latent": ["2", "4x4x2", (3,)], "hidden": ["8", "8,4"], "beta": ["0.5", 1, 2.0],
    "posterior": ["full", "full-correlation"], "likelihood": ["gaussian", "bernoulli"],
    "dataset": ["digits", "mnist"], "binarisation": ["grey", "static"], "sigma": ["fixed"],
    "reduction": ["sum/sum", "mean/sum"], "device": ["cpu", "auto"], "keep-epochs": ["1", "1,3"],
    "lr": ["1e-3", "1e-4"], "tc-weight": ["0", "5"], "free-bits": [".1", "0"], "epochs": ["3", "4"],
    "gradient": ["standard"], "labelled": ["0"], "mistake": ["none", "mean-kl"],
}  # fmt: skip


@pytest.mark.parametrize(
    "flag", [flag_of(field) for kind in PARTS.values() for field in dataclasses.fields(kind)]
)
def test_configs_of_a_sweep_differ_in_its_setting_alone(flag):
    base = replace(tiny_run(), name="Mine")
    values = VALUES.get(flag, ["1", "2", "3"])
    configs = sweep(base, flag, values)
    assert len(configs) == len(values)
    assert swept(configs) == (flag if len(values) > 1 else None)
    assert {config.sweep for config in configs} == {"Mine"}
    assert len({config.name for config in configs}) == len(values)
    (part,) = (p for p, kind in PARTS.items() if flag in map(flag_of, dataclasses.fields(kind)))
    for config in configs:
        for other in PARTS.keys() - {part}:
            assert getattr(config, other) == getattr(base, other)
        differing = [
            flag_of(f)
            for f in dataclasses.fields(PARTS[part])
            if getattr(getattr(config, part), f.name) != getattr(getattr(base, part), f.name)
        ]
        assert differing in ([], [flag])
        assert RunConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_values_are_read_as_after_their_flags():
    configs = sweep(RunConfig(), "beta", ["0.50", "1", 4])
    assert [value_of(config, "beta") for config in configs] == [0.5, 1.0, 4]
    assert [config.name for config in configs] == ["beta 0.5", "beta 1", "beta 4"]
    assert configs[0].sweep == "digits beta"
    (one,) = sweep(RunConfig(), "latent", ["2x2x4"])
    assert (one.model.latent_shape, one.name) == ((2, 2, 4), "latent 2x2x4")


def test_each_network_has_its_own_layers():
    configs = sweep(RunConfig(), "network", list(NETWORKS))
    assert [c.model.hidden for c in configs] == [n.default_hidden for n in NETWORKS.values()]


@pytest.mark.parametrize(
    ("setting", "values", "message"),
    [
        ("gamma", ["1"], "setting must be one of dataset, .*; got 'gamma'"),
        ("beta", ["1", "-1"], "beta must be a number from 0"),
        ("beta", ["one"], "beta must be a number from 0 to 1e.06; got 'one'"),
        ("beta", ["1", "1.0"], "values of beta must differ; 1 comes twice"),
        ("beta", [], "at least one"),
        ("posterior", ["round"], "posterior must be one of"),
        ("latent", ["big"], "latent must be a list of whole numbers"),
        ("epochs", ["2.5"], "epochs must be a whole number"),
    ],
)
def test_bad_sweep_is_refused(setting, values, message):
    with pytest.raises(ConfigError, match=message):
        sweep(RunConfig(), setting, values)

from __future__ import annotations

import argparse
import dataclasses
import shlex

import pytest
from hypothesis import given

from tests.core.test_config import run_configs
from vae_core import ConfigError, DataConfig, ModelConfig, RunConfig, TrainConfig
from vae_core.__main__ import add_config_flags, config_from_args
from vae_core.config import NETWORKS
from vae_core.settings import PARTS, choices, command_line, flag_of


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_config_flags(parser)
    return parser


def parse(*words: str) -> RunConfig:
    return config_from_args(parser().parse_args(words))


def test_every_config_field_has_exactly_one_flag():
    fields = [field for kind in PARTS.values() for field in dataclasses.fields(kind)]
    flags = [f"--{flag_of(field)}" for field in fields]
    options = [option for action in parser()._actions for option in action.option_strings]
    assert len(set(flags)) == len(flags)
    assert sorted(options) == sorted([*flags, "--name", "--sweep", "-h", "--help"])


def test_every_flag_has_words_and_its_default():
    text = " ".join(parser().format_help().split())
    for kind in PARTS.values():
        for field in dataclasses.fields(kind):
            assert field.metadata["help"] in text
    assert "passes over the training images (default: 10)" in text


def test_no_flags_is_the_default_config():
    assert parse() == RunConfig()


@given(run_configs())
def test_command_line_parsed_back_is_the_same_config(config):
    words = shlex.split(command_line(config))
    assert words[:4] == ["python", "-m", "vae_core", "train"]
    assert parse(*words[4:]) == config


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("hidden", [None, (), *(kind.default_hidden for kind in NETWORKS.values())])
def test_command_line_keeps_hidden_whatever_the_network(network, hidden):
    config = RunConfig(model=ModelConfig(network=network, hidden=hidden))
    assert parse(*shlex.split(command_line(config))[4:]) == config


@pytest.mark.parametrize("name", ["-x", "--help", "=a", "a b (c)", "-- a"])
def test_command_line_keeps_odd_names(name):
    config = RunConfig(name=name)
    assert parse(*shlex.split(command_line(config))[4:]) == config


def test_command_line_leaves_out_the_data_folder():
    assert "secret" not in command_line(RunConfig(DataConfig(path="secret")))


@pytest.mark.parametrize("words", [("4x4x8",), ("4,4,8",), ("4", "4", "8")])
def test_sizes_may_be_written_three_ways(words):
    assert parse("--latent", *words).model.latent_shape == (4, 4, 8)


def test_flags_reach_their_fields():
    words = "--dataset mnist --data-dir d --classes 1 7 --data-seed 3 --seed 4 --hidden"
    config = parse(*words.split())
    assert config.data == DataConfig("mnist", "d", (1, 7), seed=3)
    assert config.train == TrainConfig(seed=4)
    assert config.model.hidden == ()


def test_flags_of_the_likelihoods_sigma_and_of_the_loss_reach_their_fields():
    words = "--likelihood gaussian --sigma learned --sigma-value .5 --tc-weight 4 --reduction"
    config = parse(*words.split(), "mean/sum")
    assert config.model == ModelConfig(likelihood="gaussian", sigma="learned", sigma_value=0.5)
    assert config.train == TrainConfig(tc_weight=4.0, reduction="mean/sum")


@pytest.mark.parametrize(
    ("flag", "value"), [(flag, value) for flag, values in choices().items() for value in values]
)
def test_every_choice_offered_is_taken(flag, value):
    needed = {"gradient": ["--importance", "2"]}.get(flag, [])
    if value == "codebook":
        needed = ["--posterior", value]
    config = parse(f"--{flag}", value, *needed)
    fields = [
        (part, field.name)
        for part, kind in PARTS.items()
        for field in dataclasses.fields(kind)
        if flag_of(field) == flag
    ]
    assert [getattr(getattr(config, part), name) for part, name in fields] == [value]


@pytest.mark.parametrize(
    "words",
    ["--latent 4z", "--epochs 1.5", "--lr x", "--posterior x", "--sigma 2", "--reduction sum"],
)
def test_unreadable_flag_is_refused_by_the_parser(words):
    with pytest.raises(argparse.ArgumentError):
        parse(*words.split())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--classes", "classes must name at least one label"),
        ("--latent", "latent must be D or h w C"),
        ("--beta nan", "beta must be a number"),
        ("--limit -1", "limit must be a whole number"),
        ("--tc-weight -1", "tc-weight must be a number from 0"),
        ("--tc-weight 1 --posterior delta", "tc-weight: a point mass posterior has no total"),
        ("--posterior dirichlet --latent 1", "posterior: a Dirichlet needs at least 2 channels"),
    ],
)
def test_flag_out_of_range_is_a_config_error(words, message):
    with pytest.raises(ConfigError, match=message):
        parse(*words.split())

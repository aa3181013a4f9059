"""The training form, made from the config dataclasses: a new field appears by itself."""

from __future__ import annotations

import dataclasses
import re
import typing
from typing import Any

import streamlit as st

from pages.ui.session import keys, problems
from pages.ui.train import form_text
from vae_core.config import LIKELIHOODS, PRIORS, DataConfig, ModelConfig, RunConfig, TrainConfig
from vae_core.data import own
from vae_core.errors import ConfigError
from vae_core.settings import PARTS, choices, flag_of

MNIST = DataConfig(name="mnist")
PRESETS = {
    "Digits, 2-D": RunConfig(
        DataConfig(), ModelConfig(hidden=(256, 128), latent_shape=(2,)), TrainConfig(epochs=60)
    ),
    "Digits, feature map": RunConfig(
        DataConfig(), ModelConfig("conv", (32, 64), (2, 2, 4)), TrainConfig(epochs=60)
    ),
    "MNIST, 2-D": RunConfig(MNIST, ModelConfig(latent_shape=(2,)), TrainConfig(epochs=10)),
    "MNIST, 20-D": RunConfig(MNIST, ModelConfig(), TrainConfig(epochs=10)),
    "MNIST, 20-D, quick": RunConfig(
        MNIST,
        ModelConfig(),
        TrainConfig(epochs=5, batch_size=100, lr=5e-3, lr_schedule="one-cycle"),
    ),
    "MNIST, feature map": RunConfig(
        MNIST, ModelConfig("conv", (16, 32, 32), (4, 4, 4)), TrainConfig(epochs=5)
    ),
    "MNIST, auto-encoder": RunConfig(
        MNIST, ModelConfig(latent_shape=(2,), posterior="delta"), TrainConfig(epochs=10)
    ),
    "MNIST, full covariance": RunConfig(
        MNIST, ModelConfig(latent_shape=(2,), posterior="full"), TrainConfig(epochs=10)
    ),
    "MNIST, Dirichlet": RunConfig(
        MNIST, ModelConfig(latent_shape=(3,), posterior="dirichlet"), TrainConfig(epochs=10)
    ),
    "CIFAR-10, feature map": RunConfig(
        DataConfig(name="cifar10"),
        ModelConfig("conv", (32, 64), (8, 8, 4), likelihood="gaussian", sigma_value=0.1),
        TrainConfig(epochs=5),
    ),
    "Digits, collapse": RunConfig(
        DataConfig(),
        ModelConfig(latent_shape=(10,), likelihood="gaussian", sigma_value=0.7071),
        TrainConfig(epochs=60, reduction="mean/sum"),
    ),
    "Digits, wrong noise": RunConfig(
        DataConfig(),
        ModelConfig(hidden=(256, 128), latent_shape=(2,)),
        TrainConfig(epochs=60, mistake="seed-noise"),
    ),
}
FIRST = {  # presets to begin with -> what they show; the first is trained in the shortest time
    "Digits, 2-D": "Ten digits in a plane, from 8 × 8 pixels.",
    "MNIST, 2-D": "The same from 60,000 larger pictures.",
    "MNIST, 20-D": "Sharper, at a higher cost: are all 20 active?",
    "Digits, feature map": "A code with places: what does each cell hold?",
    "Digits, collapse": "A common loss that makes the posterior the prior.",
}
COMMON = (
    "dataset", "classes", "binarisation", "network", "latent", "posterior", "likelihood",
    "prior", "epochs", "beta",
)  # fmt: skip
NAME = ("run", "name")  # the place of the name, beside those of a part and its field
SHOW, QUICK = "MNIST, 2-D", "Digits, 2-D"  # what the form begins with
HIDDEN = ("data-dir",)  # has a place of its own
OF_SIGMA = ("sigma", "sigma-value")  # without effect on likelihoods without one
OF_PRIOR = "prior-components"  # without effect on the standard prior
OF_LABELS = "label-count"  # without effect on a model that takes no label
OF_CLASSIFIER = "alpha"  # without effect where all labels are known


def use_preset() -> None:
    """Fill the form with the preset that was chosen."""
    if name := keys.PRESET.get():
        fill(PRESETS[name])


def fill(config: RunConfig) -> None:
    """Let the form have these settings when it is next drawn."""
    for part, kind in PARTS.items():
        for field in dataclasses.fields(kind):
            st.session_state[_key(field)] = _shown(getattr(getattr(config, part), field.name))


def take_preset(name: str) -> None:
    """Choose a preset, and fill the form with it."""
    keys.PRESET.set(name)
    use_preset()


def offer_presets() -> None:
    """Presets to begin with, and what they show, where nothing is trained yet."""
    st.markdown("## Choose a preset, press “Train”, and the curves appear here.")
    for number, (name, shows) in enumerate(FIRST.items()):
        with st.container(horizontal=True, vertical_alignment="center", key=f"preset-{number}"):
            st.button(
                name, key=f"take-preset-{number}", width=180,
                on_click=problems.callback(take_preset), args=(name,),
            )  # fmt: skip
            st.markdown(shows, width="content")


def choose_data(name: str) -> None:
    """Let the form have this data set when it is next drawn."""
    st.session_state["form-dataset"] = name


def beginning(has_mnist: bool) -> str:
    """The preset that the form begins with: MNIST in the plane, where MNIST is at hand."""
    return SHOW if has_mnist else QUICK


def run_form(data_dir: str | None, begins_with: str) -> RunConfig | str:
    """Every setting as a widget; where one has a wrong value a sentence below, and its label."""
    first = PRESETS[begins_with]
    values: dict[str, dict[str, Any]] = {"data": {"path": data_dir}, "model": {}, "train": {}}
    places, labels = {NAME: st.container(gap="xsmall")}, {NAME: "Name"}
    with places[NAME]:
        name = st.text_input("Name (optional)", key="form-name", persist_state="session")
    columns = st.columns(2)
    more = st.expander("More settings").columns(2)
    count = [0, 0]
    for part, kind in PARTS.items():
        hints = typing.get_type_hints(kind)
        for field in dataclasses.fields(kind):
            if flag_of(field) in HIDDEN:
                continue
            rare = flag_of(field) not in COMMON
            column = (more if rare else columns)[count[rare] % 2]
            place = part, field.name
            places[place] = column.container(gap="xsmall")
            labels[place] = form_text.label(flag_of(field))
            with places[place]:
                begin = _shown(getattr(getattr(first, part), field.name))
                values[part][field.name] = _widget(field, hints[field.name], begin)
            count[rare] += 1
    try:
        parts = {part: kind(**values[part]) for part, kind in PARTS.items()}
        return RunConfig(**parts, name=name.strip() or None)
    except ConfigError as error:
        wrong = _wrong(values) or NAME
        problems.show(error, places[wrong])
        return labels[wrong]


def _wrong(values: dict[str, dict[str, Any]]) -> tuple[str, str] | None:
    """Part and field whose value is wrong: without it all is well, or it is wrong by itself."""
    for part, kind in PARTS.items():
        given = values[part]
        if _is_made(kind, given):
            continue
        others = {name: {k: v for k, v in given.items() if k != name} for name in given}
        amiss = [name for name in given if _is_made(kind, others[name])]
        amiss += [name for name, value in given.items() if not _is_made(kind, {name: value})]
        return (part, amiss[0]) if amiss and amiss[0] != "path" else None
    return None


def _is_made(kind: type, values: dict[str, Any]) -> bool:
    try:
        kind(**values)
    except ConfigError:
        return False
    return True


def _has_no_effect(flag: str) -> bool:
    """Whether a setting does nothing beside the likelihood or prior chosen in the form."""
    if flag in OF_SIGMA:
        return not LIKELIHOODS[st.session_state["form-likelihood"]].has_sigma
    if flag == OF_LABELS:
        return bool(st.session_state["form-labels"] != "conditional")
    if flag == OF_CLASSIFIER:
        return not st.session_state["form-labelled"]
    return flag == OF_PRIOR and not PRIORS[st.session_state["form-prior"]].is_learned


def _key(field: dataclasses.Field[Any]) -> str:
    return f"form-{flag_of(field)}"


def _shown(value: Any) -> Any:
    """What a widget holds: choices and numbers as they are, everything else as text."""
    if isinstance(value, tuple):
        return " x ".join(map(str, value))
    return "" if value is None else value


def _widget(field: dataclasses.Field[Any], hint: Any, begin: Any) -> Any:
    """The widget of a setting; returns what the config takes.

    It begins with a value of its own, and not with one that is put into the session: a browser
    that comes back to a new session brings what was typed, which would be lost.
    """
    is_new = _key(field) not in st.session_state
    label = form_text.label(flag_of(field))
    options: dict[str, Any] = {
        "key": _key(field),
        "help": form_text.help_of(flag_of(field), field.metadata["help"]),
        "persist_state": "session",
        "disabled": _has_no_effect(flag_of(field)),
    }
    if flag_of(field) in choices():
        known = list(choices()[flag_of(field)])
        if field.metadata["more"]:
            known = _with_own(known, st.session_state.get(_key(field), ""))
        return st.selectbox(label, known, known.index(begin) if is_new else 0, **options)
    if is_new:
        options["value"] = begin
    if hint is int:
        return int(st.number_input(label, step=1, **options))
    if hint is float:
        return float(st.number_input(label, format="%g", **options))
    return _parsed(st.text_input(label, **options), hint)


def _with_own(known: list[str], chosen: str) -> list[str]:
    """Data sets that are built in and own ones; what is chosen stays, also when it is removed."""
    choices = [*known, *(one.choice for one in own.sets() if not one.problem)]
    return choices if chosen in ("", *choices) else [*choices, chosen]


def _parsed(text: str, hint: Any) -> Any:
    """Text -> a whole number, several, or none; what is not a number is left for the config."""
    if not text.strip():
        return None if type(None) in typing.get_args(hint) else ()
    parts = [int(p) if p.isdigit() else p for p in re.split(r"[\sx,×]+", text.strip())]
    several = any(typing.get_origin(t) is tuple for t in (hint, *typing.get_args(hint)))
    return tuple(parts) if several else parts[0]

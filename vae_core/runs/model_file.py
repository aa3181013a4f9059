"""Import of a weights file: a finished run from a file of another machine.

The file contains its config (see weights.py); an older one is read where it lies
in its run's folder. Its claims are checked: its tensors must be those of its config's
model, and the images those it was trained on. Codes and metrics are computed anew from them.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vae_core.codes import encode_dataset
from vae_core.config import RunConfig
from vae_core.data.dataset import Dataset
from vae_core.errors import ConfigError, RunError, VAECoreError, printable
from vae_core.evaluate import evaluate, evaluate_images
from vae_core.io import TensorHeader, parse_json, read_json
from vae_core.limits import Limits
from vae_core.runs.checkpoints import is_sound
from vae_core.runs.entries import Contents
from vae_core.runs.records import MAX_NATS, DataFacts, Metrics
from vae_core.runs.run import N_SAMPLES, Run, check_images
from vae_core.runs.store import RunStore
from vae_core.runs.weights import (
    differences,
    listed,
    load_weights,
    open_weights,
    read_header,
    shapes_of,
)
from vae_core.vae import build_vae

FLOATS = ("F16", "BF16", "F32", "F64")
ASTRAY = "Its training went astray: give the weights of an earlier epoch, or train again."


@dataclass(frozen=True)
class ModelFile:
    """A weights file whose header is sound: its tensors are those of its config's model.

    Attributes
    ----------
    path : Path
    config : RunConfig
        Without the folder of the data set, which is another machine's.
    image_shape : (c, H, W)
    fingerprint : str
        Of the images the model was trained on.
    header : TensorHeader
    """

    path: Path
    config: RunConfig
    image_shape: tuple[int, int, int]
    fingerprint: str
    header: TensorHeader


def read_model_file(path: Path) -> ModelFile:
    """Check a weights file without reading a tensor or making a model of its size.

    Parameters
    ----------
    path : Path
        A .safetensors file that this project wrote, or one in a run's folder.

    Raises
    ------
    RunError
        When it is no whole safetensors file, has no config, or holds other tensors than that
        model; names the file and what to do.
    """
    header, name = read_header(path), printable(path.name)
    claimed, given = _claims(path, header.texts)
    config, facts = _config(claimed, name), DataFacts.from_dict(given, name)
    if facts.fingerprint is None:
        raise RunError(f"{name}: expected facts about its data with a fingerprint of the images.")
    try:
        expected = shapes_of(config.model, facts.image_shape)
    except VAECoreError as error:
        raise RunError(f"{name}: its config and its images do not fit: {error}") from error
    faults = differences(expected, header.shapes)
    faults += [
        f"{tensor} has type {kind}, not {', '.join(FLOATS[:-1])} or {FLOATS[-1]}"
        for tensor, kind in header.dtypes.items()
        if kind not in FLOATS
    ]
    if faults:
        raise RunError(
            f"{name}: not the weights of the model that its config describes: {listed(faults)}. "
            "Give a file whose weights and config are of one run."
        )
    return ModelFile(path, config, facts.image_shape, facts.fingerprint, header)


def import_model(
    file: ModelFile,
    store: RunStore,
    dataset: Dataset,
    name: str | None = None,
    limits: Limits | None = None,
) -> Run:
    """Make a finished run of a weights file, with codes and metrics of the test split.

    The weights keep the precision they came in. There is no history.

    Parameters
    ----------
    file : ModelFile
    store : RunStore
        Where the new run goes. Nothing is left in it when something is wrong.
    dataset : Dataset
        The one the model was trained on: what `load_dataset(file.config.data)` gives.
    name : str, optional
        A name for people; by default the file's own.
    limits : Limits, optional
        Of this server.

    Raises
    ------
    ConfigError
        When the name is not allowed.
    RunError
        When the images are others, the model would take too much memory or time, the weights are
        not finite, or the store cannot be written.
    """
    title = printable(file.path.name)
    config = dataclasses.replace(file.config, name=name or file.config.name)
    check_images(file.fingerprint, dataset, title)
    if file.image_shape != dataset.image_shape:
        raise RunError(
            f"{title}: says its images are of shape {file.image_shape}; those it was trained on "
            f"are of shape {dataset.image_shape}. Give the file as it was written."
        )
    try:
        (limits or Limits()).check_model(config.model, dataset.image_shape, len(dataset.test))
    except ConfigError as error:
        raise RunError(f"{title}: {error}") from error
    with open_weights(file.path) as opened:
        if opened.header != file.header:
            raise RunError(f"{title}: has changed meanwhile. Open it again.")
        weights = opened.tensors()
    if broken := [key for key, value in weights.items() if not value.float().isfinite().all()]:
        raise RunError(
            f"{title}: expected finite weights; there is NaN or infinity in {listed(broken)}. "
            f"{ASTRAY}"
        )
    vae = build_vae(config.model, dataset.image_shape).requires_grad_(False)
    load_weights(vae, weights, file.path)
    codes, result = encode_dataset(vae, dataset.test), evaluate(vae, dataset.test, N_SAMPLES)
    if not (result.is_finite(vae.family) and is_sound(codes) and abs(result.distortion) < MAX_NATS):
        raise RunError(
            f"{title}: expected a finite ELBO; the test images get distortion "
            f"{result.distortion:g} and rate {result.rate:g}. {ASTRAY}"
        )
    run_id = store.new_id(config)
    metrics = Metrics.of(run_id, config.data, result)
    facts = DataFacts.of(dataset)
    terms = evaluate_images(vae, dataset.test, N_SAMPLES)
    return store.adopt(
        run_id,
        Contents(config, facts, weights, codes, metrics, epoch=file.header.epoch, terms=terms),
    )


def _claims(path: Path, texts: dict[str, str]) -> tuple[Any, Any]:
    """Config and data facts: from the file's own text, else from the JSON files beside it."""
    if {"config", "data"} <= texts.keys():
        try:
            return parse_json(texts["config"]), parse_json(texts["data"])
        except ValueError as error:
            raise RunError(f"{path.name}: expected its config as JSON ({error}).") from error
    folder = path.parent
    if not ((folder / "config.json").is_file() and (folder / "data.json").is_file()):
        raise RunError(
            f"{path.name}: does not say which model it is: expected config and data facts in the "
            "file, or config.json and data.json beside it. Put it back into its run's folder, or "
            "give the file that this writes: python -m vae_core export RUN --to FOLDER"
        )
    config = read_json(folder / "config.json", {"config"})["config"]
    return config, read_json(folder / "data.json", {"image_shape", "fingerprint"})


def _config(values: Any, name: str) -> RunConfig:
    try:
        config = RunConfig.from_dict(values)
    except VAECoreError as error:
        raise RunError(f"{name}: {printable(str(error))}") from error
    return dataclasses.replace(config, data=dataclasses.replace(config.data, path=None))

"""Weights files: the tensors, with the run's config and data facts as text.

The text lets the file be opened without its run's folder. It is checked against the file's size
and header before any tensor is read. Nothing here can execute code on loading.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import lru_cache
from pathlib import Path

from torch import Tensor

from vae_core.config import ModelConfig, RunConfig
from vae_core.errors import RunError, printable
from vae_core.io import Shapes, TensorFile, TensorHeader, open_tensors, reading, write_tensors
from vae_core.runs.records import DataFacts
from vae_core.vae import VAE, without_weights

PICKLES = (".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".bin")
NEVER = (
    "This project never unpickles, for that can run any code. Where you trust the file, save its "
    'tensors with safetensors.torch.save_file(model.state_dict(), "weights.safetensors") and put '
    "config.json and data.json of its run beside them."
)


def write_weights(
    path: Path,
    weights: dict[str, Tensor],
    config: RunConfig,
    facts: DataFacts,
    epoch: int | None,
) -> None:
    """Write weights that can be opened without their folder.

    The folder of the data set is left out: it is of one machine, and may contain a person's name.
    """
    values = dataclasses.replace(config, data=dataclasses.replace(config.data, path=None)).to_dict()
    texts = {"config": json.dumps(values), "data": json.dumps(facts.to_dict())}
    write_tensors(path, weights, texts if epoch is None else {"epoch": str(epoch), **texts})


class NoModelFile(RunError):
    """The file is missing, of another kind, or cut short."""


@contextmanager
def open_weights(path: Path) -> Iterator[TensorFile]:
    """Open a weights file that a person names, its header read and no tensor.

    Raises
    ------
    NoModelFile
        For anything but a whole safetensors file. Names the file, not its folder.
    """
    name = printable(path.name)
    if not os.path.lexists(path):  # unlike Path.exists: False for a name that no file can have
        raise NoModelFile(f"{printable(str(path))}: there is no such file.")
    if os.path.isdir(path):
        raise NoModelFile(f"{name}: expected a .safetensors file; got a folder. Name a file in it.")
    with ExitStack() as stack:
        try:
            file = stack.enter_context(open_tensors(path, follow=True))
        except RunError as error:
            if kind := _pickle(path):
                raise NoModelFile(
                    f"{name}: expected a .safetensors file; got {kind}. {NEVER}"
                ) from error
            raise NoModelFile(printable(str(error).replace(str(path), path.name))) from error
        yield file


def read_header(path: Path) -> TensorHeader:
    """Names, shapes and types of the tensors, without reading one. Raises like `open_weights`."""
    with open_weights(path) as file:
        return file.header


def _pickle(path: Path) -> str:
    """What kind of pickle a file is that is not safetensors; "" when it does not look like one."""
    start = b""
    with suppress(RunError), reading(path, follow=True) as file:
        start = file.read(9)
    if not start or start[8:] == b"{":  # cut short: the length of a header may begin like anything
        return ""
    if start.startswith(b"PK\x03\x04"):
        return "a zip archive, as torch.save writes"
    if start[:1] == b"\x80" and start[1:2] in b"\x02\x03\x04\x05":
        return "a pickle"
    return f"a {path.suffix} file" if path.suffix.lower() in PICKLES else ""


@lru_cache(maxsize=1024)
def shapes_of(config: ModelConfig, image_shape: tuple[int, int, int]) -> Shapes:
    """The tensors a model has, from a model that takes no memory.

    Raises
    ------
    ConfigError
        When latent, hidden and image do not fit together.
    """
    return _shapes(without_weights(config, image_shape).state_dict())


def load_weights(vae: VAE, weights: dict[str, Tensor], path: Path) -> None:
    """Load weights into the model, rounded to its own precision. Raises like `check_weights`."""
    check_weights(_shapes(vae.state_dict()), _shapes(weights), path)
    vae.load_state_dict(weights)


def check_weights(expected: Shapes, got: Shapes, path: Path) -> None:
    """Raise RunError when the tensors are not the model's; names the file and three of them."""
    if faults := differences(expected, got):
        raise RunError(f"{path}: not the weights of this run's model: {listed(faults)}.")


def _shapes(tensors: dict[str, Tensor]) -> Shapes:
    return {name: tuple(value.shape) for name, value in tensors.items()}


def differences(expected: Shapes, got: Shapes) -> list[str]:
    """Differences of these tensors' shapes from those of a model; empty when they fit."""
    faults = [f"{name} is missing" for name in expected.keys() - got.keys()]
    faults += [f"{name} is not part of it" for name in got.keys() - expected.keys()]
    faults += [
        f"{name} has shape {got[name]}, not {expected[name]}"
        for name in expected.keys() & got.keys()
        if expected[name] != got[name]
    ]
    return faults


def listed(faults: list[str], most: int = 3) -> str:
    """The first few, in the order of the alphabet, and how many more there are."""
    first = [printable(fault, 120) for fault in sorted(faults)[:most]]
    more = [f"and {len(faults) - most} more"] if len(faults) > most else []
    return "; ".join(first + more)

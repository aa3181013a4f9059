"""Weights files: the tensors, with the run's config and data facts as text.

The text lets the file be opened without its run's folder. It is checked against the file's size
and header before any tensor is read. Nothing here can execute code on loading.
"""

from __future__ import annotations

import dataclasses
import json
import os
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import Tensor

from vae_core.config import ModelConfig, RunConfig
from vae_core.errors import RunError
from vae_core.io import write_tensors
from vae_core.runs.records import DataFacts
from vae_core.vae import VAE, without_weights

Shapes = dict[str, tuple[int, ...]]

HEADER_BYTES = 1 << 20  # of a header, at most; that of 36 tensors takes 4 kB
PICKLES = (".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".bin")
NEVER = (
    "This project never unpickles, for that can run any code. Where you trust the file, save its "
    'tensors with safetensors.torch.save_file(model.state_dict(), "weights.safetensors") and put '
    "config.json and data.json of its run beside them."
)


@dataclass(frozen=True)
class Header:
    """The header of a weights file.

    Attributes
    ----------
    shapes : dict
        Of every tensor, by name.
    dtypes : dict
        By the names of the format: F16, BF16, F32, F64, I64, ...
    texts : dict
        Text beside the tensors: epoch, config, data.
    """

    shapes: Shapes
    dtypes: dict[str, str]
    texts: dict[str, str]

    @property
    def epoch(self) -> int | None:
        """The epoch after which the weights were saved, where it is known."""
        epoch = self.texts.get("epoch", "")
        return int(epoch) if epoch.isdecimal() and len(epoch) < 9 else None


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


def read_header(path: Path) -> Header:
    """Names, shapes and types of the tensors, without reading one.

    Raises
    ------
    RunError
        For anything but a whole safetensors file. Names the file, not its folder.
    """
    _check_frame(path)
    try:
        with safe_open(path, framework="pt") as file:
            slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
            return Header(
                {name: tuple(s.get_shape()) for name, s in slices.items()},
                {name: s.get_dtype() for name, s in slices.items()},
                file.metadata() or {},
            )
    except (OSError, SafetensorError) as error:
        cut = "not fully covered" in str(error)
        raise RunError(
            f"{path.name}: expected a whole safetensors file; "
            f"{'its tensors do not fill it exactly' if cut else printable(str(error))}. "
            "Copy it again from where it was made."
        ) from error


def _check_frame(path: Path) -> None:
    """Raise RunError unless the file begins with a header of sound length that fits in it."""
    if os.path.isdir(path):  # unlike Path.is_dir: False for odd names
        raise RunError(f"{path}: expected a .safetensors file; got a folder. Name a file in it.")
    if not os.path.isfile(path):
        raise RunError(f"{path}: there is no such file.")
    try:
        with path.open("rb") as file:
            size, start = os.fstat(file.fileno()).st_size, file.read(9)
    except OSError as error:
        raise RunError(f"{path}: cannot be read ({error.strerror}).") from error
    length, room = int.from_bytes(start[:8], "little"), size - 8
    has_header = length <= HEADER_BYTES and start[8:] == b"{"
    if has_header and length <= room:
        return
    if size and not has_header and (kind := _pickle(start, path.suffix)):
        raise RunError(f"{path.name}: expected a .safetensors file; got {kind}. {NEVER}")
    if room <= 0:
        fault = f"{size} bytes" if size else "an empty file"
    elif room < length:
        fault = f"{size:,} bytes that announce a header of {length:,}: it is cut short, or another"
        fault += " kind of file"
    elif length > HEADER_BYTES:
        fault = f"a header of {length:,} bytes, more than the {HEADER_BYTES:,} that are read"
    else:
        fault = "a file of another kind"
    raise RunError(
        f"{path.name}: expected a .safetensors file; got {fault}. "
        "Copy it again from where it was made."
    )


def _pickle(start: bytes, suffix: str) -> str:
    """What kind of pickle a file is that is not safetensors; "" when it does not look like one."""
    if start.startswith(b"PK\x03\x04"):
        return "a zip archive, as torch.save writes"
    if start[:1] == b"\x80" and start[1:2] in b"\x02\x03\x04\x05":
        return "a pickle"
    return f"a {suffix} file" if suffix.lower() in PICKLES else ""


def shapes_of(config: ModelConfig, image_shape: tuple[int, int, int]) -> Shapes:
    """The tensors a model has, from a model that takes no memory.

    Raises
    ------
    ConfigError
        When latent, hidden and image do not fit together.
    """
    return _shapes(without_weights(config, image_shape).state_dict())


def load_weights(vae: VAE, weights: dict[str, Tensor], path: Path) -> None:
    """Load weights into the model, rounded to its own precision.

    Raises
    ------
    RunError
        When they are those of another model; names the file and at most three tensors.
    """
    if faults := differences(_shapes(vae.state_dict()), _shapes(weights)):
        raise RunError(f"{path}: not the weights of this run's model: {listed(faults)}.")
    vae.load_state_dict(weights)


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


def printable(text: str, most: int = 300) -> str:
    """Text of a file in one line: what cannot be printed becomes ?, a long rest is cut."""
    line = "".join(c if c.isprintable() else "?" for c in text[: most + 1])
    return line if len(line) <= most else f"{line[:most]} …"

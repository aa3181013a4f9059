"""Checkpoints: posteriors and decoder of a model after one of its epochs.

epochs/0003.safetensors of a run holds the weights that decode, those of the decoder and of
the likelihood, and the posteriors of the first test images. The encoder, half of the model,
is left out: its outputs are there already.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from vae_core.codes import Codes, encode_dataset
from vae_core.config import POSTERIORS, ModelConfig
from vae_core.data.dataset import Split
from vae_core.errors import RunError
from vae_core.io import read_tensors, write_tensors, writing
from vae_core.runs.weights import load_weights
from vae_core.vae import VAE, build_vae, decode_mean

N_KEPT = 1000  # test images, the first ones, whose posteriors are kept
DECODES = ("decoder.", "likelihood.")


@dataclass(frozen=True)
class Checkpoint:
    """A model after one of its epochs.

    Attributes
    ----------
    epoch : int
    codes : Codes
        Posteriors of the first test images, at most N_KEPT.
    decoder : VAE
        A model without its encoder: `decode` and `prior` work, `encode` does not.
    """

    epoch: int
    codes: Codes
    decoder: VAE

    def decode_mean(self, z: Float[Tensor, " n *latent"]) -> Float[Tensor, "n c H W"]:
        """The decoder's mean picture for each z, clipped to [0, 1]."""
        return decode_mean(self.decoder, z)


def spaced_epochs(n_epochs: int) -> tuple[int, ...]:
    """Epochs worth keeping, dense where much happens: 1, 2, 3, 5, 8, 13, ... and the last."""
    kept, following = [1], 2
    while following < n_epochs:
        kept.append(following)
        following += kept[-2]
    return tuple(sorted({*kept, n_epochs}))


def checkpoint_path(run: Path, epoch: int) -> Path:
    """Where a run keeps this epoch."""
    return run / "epochs" / f"{epoch:04d}.safetensors"


def kept_epochs(run: Path) -> list[int]:
    """The epochs that are there, in order."""
    stems = (path.stem for path in (run / "epochs").glob("*.safetensors"))
    return sorted(int(stem) for stem in stems if stem.isdecimal())


def drop_after(run: Path, epoch: int) -> None:
    """Forget the kept epochs beyond this one: they are trained anew."""
    for late in kept_epochs(run):
        if late > epoch:
            path = checkpoint_path(run, late)
            with writing(path):
                path.unlink()


def kept_tensors(vae: VAE, test: Split) -> dict[str, Tensor]:
    """The tensors that `write_checkpoint` takes, of a model as it is now."""
    codes = encode_dataset(vae, test.take(torch.arange(min(N_KEPT, len(test)))))
    weights = {n: value for n, value in vae.state_dict().items() if n.startswith(DECODES)}
    return weights | {"params": codes.params, "labels": codes.labels.short()}


def write_checkpoint(run: Path, epoch: int, tensors: dict[str, Tensor]) -> None:
    """Keep this epoch: whole, or not at all. Raises RunError when it cannot be written."""
    path = checkpoint_path(run, epoch)
    with writing(path):
        path.parent.mkdir(exist_ok=True)
    write_tensors(path, tensors, {"epoch": str(epoch)})


def read_checkpoint(
    run: Path, epoch: int, model: ModelConfig, image_shape: tuple[int, int, int], n_test: int
) -> Checkpoint:
    """A kept epoch, in float32 on the CPU.

    Raises
    ------
    RunError
        When it was not kept, or its file is damaged or of another model.
    """
    path = checkpoint_path(run, epoch)
    if not path.exists():
        kept = ", ".join(map(str, kept_epochs(run))) or "none"
        raise RunError(f"{path}: epoch {epoch} was not kept; kept are {kept}.")
    tensors, _ = read_tensors(path)
    codes = {name: tensors.pop(name) for name in [*tensors] if name in ("params", "labels")}
    decoder = build_vae(model, image_shape)
    del decoder.encoder
    load_weights(decoder, tensors, path)
    return Checkpoint(
        epoch,
        codes_of(codes, model, min(N_KEPT, n_test), path),
        decoder.requires_grad_(False),
    )


def codes_of(tensors: dict[str, Tensor], model: ModelConfig, n_images: int, path: Path) -> Codes:
    """Codes from what a file holds of them.

    Raises
    ------
    RunError
        When these are not the posteriors of so many images; names the file.
    """
    *sites, channels = model.latent_shape
    expected = (n_images, *sites, POSTERIORS[model.posterior].n_params(channels))
    got = {name: tuple(value.shape) for name, value in tensors.items()}
    if got != {"params": expected, "labels": expected[:1]}:
        raise RunError(
            f"{path}: expected params {expected} and labels {expected[:1]}; got "
            f"{', '.join(f'{name} {shape}' for name, shape in sorted(got.items())) or 'neither'}."
        )
    params, labels = tensors["params"].float(), tensors["labels"].long()
    return Codes(params, labels, model.posterior, model.latent_shape)

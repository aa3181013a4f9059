"""Checkpoints: posteriors and decoder of a model after one of its epochs.

epochs/0003.safetensors of a run holds the weights that decode, those of the decoder and of
the likelihood, and the posteriors of the first test images. The encoder, half of the model,
is left out: its outputs are there already.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float, Int
from torch import Tensor

from vae_core.codes import Codes, encode_dataset
from vae_core.config import POSTERIORS, PRIORS, ModelConfig, RunConfig
from vae_core.data.dataset import Split
from vae_core.errors import RunError, printable
from vae_core.io import Shapes, open_tensors, write_tensors, writing
from vae_core.limits import ModelSize
from vae_core.priors import KeptPrior, StandardPrior
from vae_core.runs.records import DataFacts
from vae_core.runs.weights import check_weights, load_weights
from vae_core.vae import VAE, build_vae, decode_mean

N_KEPT = 1000  # test images, the first ones, whose posteriors are kept
DECODES = ("decoder.", "decoder_labels.", "likelihood.")
CODES, PRIOR = ("params", "labels"), "prior."  # names of tensors in files of codes
MAX_MOMENT = 1e12  # of a posterior, far beyond what training leads to

FLOAT = 4  # bytes
N_TERMS = 2  # of every test image
ADAM = 3  # copies of the weights in the state that training resumes from


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

    def decode_mean(
        self, z: Float[Tensor, " n *latent"], labels: Int[Tensor, " n"] | None = None
    ) -> Float[Tensor, "n c H W"]:
        """The decoder's mean picture for each z, clipped to [0, 1]; of these labels if it asks."""
        return decode_mean(self.decoder.given(labels), z)


def expected_bytes(config: RunConfig, size: ModelSize, n_test: int) -> int:
    """At most about what a finished run takes: weights, best ones, state, codes, terms, epochs.

    A learned prior is a part of the weights, and travels with codes and epochs.
    """
    kept = size.n_decoding + min(N_KEPT, n_test) * size.n_codes
    n_numbers = (2 + ADAM) * size.n_parameters + n_test * (size.n_codes + N_TERMS)
    return FLOAT * (n_numbers + len(config.train.keep_epochs) * kept)


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
    folder = run / "epochs"
    stems = [path.stem for path in folder.glob("*.safetensors")] if not folder.is_symlink() else []
    return sorted(int(stem) for stem in stems if re.fullmatch("[0-9]{4,5}", stem))


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
    return weights | code_tensors(codes) | {"labels": codes.labels.short()}


def code_tensors(codes: Codes) -> dict[str, Tensor]:
    """What files hold of codes: posteriors, labels, and a learned prior."""
    prior = {} if codes.learned_prior is None else codes.learned_prior.tensors()
    named = {f"{PRIOR}{name}": value for name, value in prior.items()}
    return {"params": codes.params, "labels": codes.labels} | named


def is_of_codes(name: str) -> bool:
    """Whether a tensor of this name is of the codes in a file of more."""
    return name in CODES or name.startswith(PRIOR)


def write_checkpoint(run: Path, epoch: int, tensors: dict[str, Tensor]) -> None:
    """Keep this epoch: whole, or not at all. Raises RunError when it cannot be written."""
    path = checkpoint_path(run, epoch)
    with writing(path):
        path.parent.mkdir(exist_ok=True)
    write_tensors(path, tensors, {"epoch": str(epoch)})


def read_checkpoint(run: Path, epoch: int, model: ModelConfig, facts: DataFacts) -> Checkpoint:
    """A kept epoch, in float32 on the CPU.

    Raises
    ------
    RunError
        When it was not kept, or its file is damaged or of another model.
    """
    path = checkpoint_path(run, epoch)
    if epoch not in (kept := kept_epochs(run)):
        there = ", ".join(map(str, kept)) or "none"
        raise RunError(f"{path}: epoch {epoch} was not kept; kept are {there}.")
    decoder = build_vae(model, facts.image_shape)
    del decoder.encoder
    if decoder.is_conditional:
        del decoder.encoder_labels
    decoder.latent_prior = StandardPrior(model, facts.image_shape)
    expected = {name: tuple(value.shape) for name, value in decoder.state_dict().items()}
    with open_tensors(path) as file:
        shapes = dict(file.header.shapes)
        check_codes(
            {name: shapes.pop(name) for name in file.header.shapes if is_of_codes(name)},
            model,
            min(N_KEPT, facts.n_test),
            path,
        )
        check_weights(expected, shapes, path)
        tensors = file.tensors()
    of_codes = {name: tensors.pop(name) for name in list(tensors) if is_of_codes(name)}
    load_weights(decoder, tensors, path)
    codes = codes_of(of_codes, model, facts, path)
    if codes.learned_prior is not None:
        decoder.latent_prior = KeptPrior(model, facts.image_shape, codes.learned_prior)
    return Checkpoint(epoch, codes, decoder.requires_grad_(False))


def check_codes(shapes: Shapes, model: ModelConfig, n_images: int, path: Path) -> None:
    """Raise RunError when these are not the shapes of so many images' posteriors and labels.

    And of the prior, where it is learned.
    """
    *sites, channels = model.latent_shape
    expected = (n_images, *sites, POSTERIORS[model.posterior].n_params(channels))
    prior = {f"{PRIOR}{name}": shape for name, shape in PRIORS[model.prior].shapes(model).items()}
    if shapes != {"params": expected, "labels": expected[:1]} | prior:
        got = ", ".join(f"{printable(name, 60)} {shape}" for name, shape in sorted(shapes.items()))
        raise RunError(
            f"{path}: expected params {expected} and labels {expected[:1]}"
            f"{f' and {len(prior)} tensors of the prior' if prior else ''}; got "
            f"{printable(got) or 'neither'}."
        )


def codes_of(tensors: dict[str, Tensor], model: ModelConfig, facts: DataFacts, path: Path) -> Codes:
    """Codes from what a file holds of them.

    Raises
    ------
    RunError
        When a posterior is not finite, or a label is of no class; names the file.
    """
    params, labels = tensors["params"].float(), tensors["labels"].long()
    prior = PRIORS[model.prior].of_tensors(
        model,
        {
            name.removeprefix(PRIOR): value.float()
            for name, value in tensors.items()
            if name.startswith(PRIOR)
        },
    )
    codes = Codes(params, labels, model.posterior, model.latent_shape, learned_prior=prior)
    if not is_sound(codes):
        raise RunError(
            f"{path}: expected finite posteriors, and a finite prior; some are not. "
            "Copy the run anew."
        )
    n_classes = len(facts.class_names)
    if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < n_classes:
        raise RunError(
            f"{path}: expected labels 0 to {n_classes - 1}; got {int(labels.min())} to "
            f"{int(labels.max())}. Copy the run anew."
        )
    return codes


def is_sound(codes: Codes) -> bool:
    """Whether every posterior has finite parameters, mean and variance, none of them absurd.

    And p(z), where it is learned.
    """
    moments = [codes.params, codes.mean, codes.variance]
    if codes.learned_prior is not None:
        moments += [codes.learned_prior.mean, codes.learned_prior.variance]
    return all(bool((value.abs() <= MAX_MOMENT).all()) for value in moments)  # not: NaN


def read_codes(path: Path, model: ModelConfig, facts: DataFacts, n_images: int) -> Codes:
    """The posteriors and labels of a split of so many images. Raises RunError; names the file."""
    with open_tensors(path) as file:
        check_codes(file.header.shapes, model, n_images, path)
        return codes_of(file.tensors(), model, facts, path)

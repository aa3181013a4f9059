"""A run: the folder of one experiment, shared by jobs, pages and the command line.

config.json          what was asked for
data.json            what it was trained on: image shape, class names, sizes, fingerprint
history.jsonl        one line per finished epoch
changes.json         beta or the learning rate of later epochs, changed meanwhile; see changes.py
weights.safetensors  the model after the last finished epoch; contains the first two
resume.safetensors   weights, Adam's moments and generator states of one and the same epoch
best.safetensors     the model after the epoch with the lowest loss on the validation images, or
                     without them on the test split, where that is not the last one
epochs/0003.safetensors  the checkpoint of an epoch that was to be kept, see checkpoints.py
frames/00000300.safetensors  how it looked after so many updates, see frames.py
codes.safetensors    posterior parameters and labels of the test split   }
terms.safetensors    distortion and rate of every test image             } written last:
metrics.json         the final numbers                                   } a finished run
training-codes.safetensors  those of the training split, where they were asked for
pinned               empty; there while the run is to be kept when room is made

Every file is replaced in one step (a temporary file, then rename), so a killed process
leaves whole files. Nothing here can execute code on loading.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vae_core.codes import MAX_CODES, Codes, encode_dataset, n_codes
from vae_core.config import POSTERIORS, RunConfig, TrainConfig, pixels_in_words, shape_in_words
from vae_core.data.dataset import Dataset
from vae_core.errors import ConfigError, RunError, shown
from vae_core.evaluate import ImageTerms
from vae_core.io import clear_half_written, open_tensors, read_tensors, write_tensors
from vae_core.objective import effective_beta
from vae_core.runs.changes import (
    CHANGES,
    WANTED,
    Change,
    read_changes,
    settings_at,
    want_change,
    wanted_change,
)
from vae_core.runs.checkpoints import (
    Checkpoint,
    code_tensors,
    kept_epochs,
    read_checkpoint,
    read_codes,
)
from vae_core.runs.frames import Frame, frame_steps, read_frame
from vae_core.runs.overfitting import Overfitting, overfitting
from vae_core.runs.records import DataFacts, Metrics, read_history
from vae_core.runs.terms import TERMS, read_terms
from vae_core.runs.training import BEST, N_SAMPLES, Training
from vae_core.runs.weights import check_weights, load_weights, shapes_of
from vae_core.trainer import EpochRecord, EpochTerms, TrainState
from vae_core.vae import VAE, build_vae

__all__ = ["N_SAMPLES", "PIN", "TRAINED", "TRAINING_CODES", "Run", "check_images"]

PIN = "pinned"
TRAINING_CODES = "training-codes.safetensors"
TRAINED = (  # what training writes
    *("data.json", "history.jsonl", "weights.safetensors", "resume.safetensors"),
    *("codes.safetensors", TERMS, "metrics.json", BEST, CHANGES),
)
LEFT_OVER = 600.0  # seconds after which half a file of codes is that of a killed process


@dataclass(frozen=True)
class Run:
    """One experiment on disk. Methods read the files each time; pages cache."""

    path: Path
    config: RunConfig
    created: str

    @property
    def id(self) -> str:
        """The folder's name."""
        return self.path.name

    @property
    def title(self) -> str:
        """Its name for people, or what it is, and whether it has a mistake on purpose."""
        model, shape = self.config.model, shape_in_words(self.config.model.latent_shape)
        title = self.config.name or f"{self.config.data.name} {shape} {model.posterior}"
        return f"{title} (mistake)" if self.has_mistake else title

    @property
    def has_mistake(self) -> bool:
        """Whether it was trained with a mistake on purpose, which each page is to tell."""
        return self.config.train.mistake != "none"

    @property
    def is_finished(self) -> bool:
        """Whether training ran to its last epoch."""
        return (self.path / "metrics.json").exists()

    @property
    def has_model(self) -> bool:
        """Whether there are weights."""
        return (self.path / "weights.safetensors").exists()

    @property
    def is_pinned(self) -> bool:
        """Whether it is to be kept when room is made."""
        return (self.path / PIN).exists()

    def data(self) -> DataFacts:
        """Facts of the data set. Raises RunError when they cannot be read."""
        return DataFacts.read(self.path / "data.json")

    @property
    def pixels(self) -> str:
        """How the pixels of its images are read, in a word."""
        return pixels_in_words(self.config.data.binarisation, self.data().image_shape)

    @property
    def effective_beta(self) -> float | None:
        """What its loss weighs the rate by, in the ELBO's terms; None for a point mass.

        Raises RunError when the facts of its data cannot be read.
        """
        has_rate = POSTERIORS[self.config.model.posterior].has_rate
        return self.trained_beta(self.data()) if has_rate else None

    def metrics(self) -> Metrics:
        """The final numbers. Raises RunError when they cannot be read, or the rate is missing."""
        path = self.path / "metrics.json"
        metrics, family = Metrics.read(path), POSTERIORS[self.config.model.posterior]
        if metrics.has_rate != family.has_rate:
            raise RunError(
                f"{path}: expected {'a finite' if family.has_rate else 'no'} rate of a "
                f"{family.title} posterior. Copy the run anew."
            )
        return metrics

    def history(self) -> list[EpochTerms]:
        """One record per finished epoch. A line cut short by a killed process is left out."""
        path = self.path / "history.jsonl"
        return read_history(path) if os.path.lexists(path) else []

    def vae(self) -> VAE:
        """The model with its trained weights, on the CPU.

        Raises
        ------
        RunError
            When a file is missing or damaged, or the weights are not of this config's model.
        """
        vae, path = self._new_vae(), self.path / "weights.safetensors"
        with open_tensors(path) as file:
            check_weights(shapes_of(vae.config, vae.image_shape), file.header.shapes, path)
            load_weights(vae, file.tensors(), path)
        return vae.eval().requires_grad_(False)

    def codes(self) -> Codes:
        """Posteriors and labels of the test split."""
        facts = self.data()
        path = self.path / "codes.safetensors"
        return read_codes(path, self.config.model, facts, facts.n_test)

    def training_codes(self) -> Codes | None:
        """Posteriors and labels of the training split; None where they were not kept."""
        path, facts = self.path / TRAINING_CODES, self.data()
        if not os.path.lexists(path):
            return None
        return read_codes(path, self.config.model, facts, facts.n_train)

    def keep_training_codes(self, dataset: Dataset) -> Codes:
        """Encode the training split, and keep the codes with the run.

        Raises
        ------
        RunError
            When the run is not finished, or the images are not those it was trained on.
        ConfigError
            When they would be more numbers than are kept.
        """
        if not self.is_finished:
            raise RunError(f"{self.path}: not finished, so its codes change. Resume it first.")
        self.check_images(dataset)
        if (count := n_codes(self.config.model, len(dataset.train))) > MAX_CODES:
            raise ConfigError(
                f"the posteriors of {len(dataset.train):,} training images take {count:,} numbers, "
                f"more than the {MAX_CODES:,} that are kept. Choose a model with a smaller latent."
            )
        codes = encode_dataset(self.vae(), dataset.train)
        clear_half_written(self.path, (TRAINING_CODES,), LEFT_OVER)
        write_tensors(
            self.path / TRAINING_CODES, code_tensors(codes) | {"params": codes.params.float()}
        )
        return codes

    def terms(self) -> ImageTerms | None:
        """Both terms of every test image; None for a run of before they were kept.

        Raises RunError when their file is damaged, or they are not those of the metrics.
        """
        return read_terms(self.path, self.metrics())

    def kept_epochs(self) -> list[int]:
        """The epochs of which a checkpoint is there, in order."""
        return kept_epochs(self.path)

    def checkpoint(self, epoch: int) -> Checkpoint:
        """The model as it was after this epoch: what it decodes, and the first test images' codes.

        Raises
        ------
        RunError
            When the epoch was not kept, or its file is damaged or of another model.
        """
        return read_checkpoint(self.path, epoch, self.config.model, self.data())

    def frame_steps(self) -> list[int]:
        """The updates after which there is a frame, in order."""
        return frame_steps(self.path)

    def frame(self, step: int) -> Frame:
        """How the model looked after so many updates.

        Raises
        ------
        RunError
            When there is no such frame, or its file is damaged or of another model.
        """
        return read_frame(self.path, step, self.config.model, self.data())

    @property
    def was_changed(self) -> bool:
        """Whether its settings were changed while it was trained, or are to be."""
        return any(os.path.lexists(self.path / name) for name in (CHANGES, WANTED))

    def changes(self) -> list[Change]:
        """How beta or the learning rate was changed while it was trained, in order."""
        return read_changes(self.path)

    def change(self, beta: float, lr: float, is_under_way: bool) -> Change:
        """Ask for another beta or learning rate from the next epoch on.

        Parameters
        ----------
        beta, lr : float
        is_under_way : bool
            Whether a process is training an epoch, which then ends as it began.

        Returns
        -------
        Change
            What was asked for, and from which epoch on.

        Raises
        ------
        ConfigError
            When they are out of range, or do not fit the other settings.
        RunError
            When no epoch is left, it is a run of a sweep, or the folder cannot be written.
        """
        wanted = Change(len(self.history()) + 1 + is_under_way, beta, lr)
        if self.config.sweep:
            raise RunError(f"{self.title}: the runs of a sweep keep the settings they differ by.")
        if wanted.epoch > self.config.train.epochs:
            raise RunError(f"{self.title}: its last epoch is under way or done. Train another run.")
        settings_at(self.config.train, [wanted], wanted.epoch)  # refuses what does not fit
        want_change(self.path, wanted)
        return wanted

    def wanted_change(self) -> Change | None:
        """What was asked for, and has not taken effect yet."""
        return wanted_change(self.path)

    @property
    def last_settings(self) -> TrainConfig:
        """What its last epoch is trained with. Raises RunError where changes cannot be read."""
        return settings_at(self.config.train, self.changes(), self.config.train.epochs)

    def state(self) -> TrainState | None:
        """Where training stands; None before the first epoch is finished."""
        path = self.path / "resume.safetensors"
        if not os.path.lexists(path):
            return None
        tensors, metadata = read_tensors(path)
        epoch = metadata.get("epoch", "")
        if not (epoch.isdecimal() and 1 <= int(epoch[:9]) <= self.config.train.epochs):
            raise RunError(
                f"{path}: expected the state after an epoch from 1 to {self.config.train.epochs}; "
                f"got {shown(epoch)}."
            )
        try:
            return TrainState.from_tensors(tensors, int(epoch))
        except (KeyError, ValueError) as error:
            raise RunError(f"{path}: expected the state of a run; {error} is missing.") from error

    def check_images(self, dataset: Dataset) -> None:
        """Raise RunError unless these are the images the run was started with."""
        check_images(self.data().fingerprint, dataset, self.path)

    def train(self, dataset: Dataset) -> Iterator[EpochRecord]:
        """Train from where the run stands to its last epoch, saving after each.

        Stop asking, or kill the process, at any time: calling this again goes on from the
        last finished epoch and ends in the same weights.

        Raises
        ------
        TrainingError
            When the loss is no longer finite; the run keeps its last good epoch.
        RunError
            When the folder cannot be read or written, or the data have changed.
        """
        yield from Training(self, dataset).epochs()

    def overfitting(self) -> Overfitting | None:
        """What the history tells of overfitting; None where there is no history."""
        return overfitting(self.history(), self.trained_beta(self.data()))

    def best_weights(self) -> Path | None:
        """The model after the epoch that `overfitting` chooses, unless it is the last.

        A weights file, which can be imported as a run of its own. Without validation images the
        test split has chosen it, whose loss there is somewhat too low for new images.
        """
        path, found = self.path / BEST, self.overfitting()
        if found is None or not path.is_file() or path.is_symlink():
            return None
        with open_tensors(path) as file:
            return path if file.header.epoch == found.epoch else None

    def trained_beta(self, facts: DataFacts) -> float:
        """What its loss weighs the rate by, of a point mass, too."""
        model = self.config.model
        return effective_beta(self.last_settings, facts.image_shape, model.latent_shape)

    def save_codes(self, codes: Codes) -> None:
        """Write the posteriors and labels of the test split."""
        write_tensors(self.path / "codes.safetensors", code_tensors(codes))

    def _new_vae(self) -> VAE:
        return build_vae(self.config.model, self.data().image_shape)


def check_images(fingerprint: str | None, dataset: Dataset, where: Path | str) -> None:
    """Raise RunError unless these are the images with this fingerprint."""
    if fingerprint != dataset.fingerprint:
        raise RunError(
            f"{where}: these are not the images the run was started with (fingerprint "
            f"{fingerprint}, got {dataset.fingerprint}). Name the folder of those."
        )

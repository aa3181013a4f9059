"""The training of a run: from where it stands to its last epoch, saved after each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Tensor

from vae_core.codes import encode_dataset
from vae_core.data.dataset import Dataset
from vae_core.errors import RunError
from vae_core.evaluate import evaluate_images
from vae_core.io import (
    json_line,
    reading,
    write_bytes,
    write_json,
    write_tensors,
    writing,
)
from vae_core.runs.changes import settings_at, take_change
from vae_core.runs.checkpoints import drop_after, kept_tensors, write_checkpoint
from vae_core.runs.frames import FrameWriter, drop_frames_after
from vae_core.runs.overfitting import judging_loss
from vae_core.runs.records import DataFacts, Metrics
from vae_core.runs.terms import differences, write_terms
from vae_core.runs.weights import load_weights, write_weights
from vae_core.trainer import (
    EpochRecord,
    EpochTerms,
    Pause,
    TrainState,
    check_state,
    fit_with_pauses,
)
from vae_core.vae import VAE, build_vae

if TYPE_CHECKING:
    from vae_core.runs.run import Run

N_SAMPLES = 1  # draws per image in a run's history and metrics
BEST = "best.safetensors"


@dataclass(frozen=True)
class Training:
    """Trains a run on the images it was started with; see `Run.train`."""

    run: Run
    dataset: Dataset

    def epochs(self) -> Iterator[EpochRecord]:
        """The epochs that are left, then the files of a finished run."""
        run, dataset = self.run, self.dataset
        facts, state = DataFacts.of(dataset), run.state()
        if state:
            run.check_images(dataset)
        vae = build_vae(run.config.model, dataset.image_shape, run.config.train.seed)
        done = [r for r in run.history() if state and r.epoch <= state.epoch]
        if state:
            self._begin_at(state, vae, done)
        frames = FrameWriter(run.path, vae, dataset, run.config.train)
        drop_after(run.path, state.epoch if state else 0)
        drop_frames_after(run.path, frames.step_at(state.epoch) if state else 0)
        write_json(run.path / "data.json", facts.to_dict())
        lines = "".join(json_line(record.to_dict()) for record in done)
        write_bytes(run.path / "history.jsonl", lines.encode())
        yield from self._left(vae, state, done, frames)
        run.save_codes(encode_dataset(vae, dataset.test))
        metrics = self._summary(done, facts)
        terms = evaluate_images(vae, dataset.test, N_SAMPLES)
        if not differences(terms, metrics):  # as after going on where draws of z are others
            write_terms(run.path, terms)
        write_json(run.path / "metrics.json", metrics.to_dict())

    def _begin_at(self, state: TrainState, vae: VAE, done: list[EpochTerms]) -> None:
        """Give the model the weights of a state, once that is found to be this run's."""
        path = self.run.path / "resume.safetensors"
        load_weights(vae, state.model, path)
        try:
            check_state(state, vae, self.run.config.train)
        except ValueError as error:
            raise RunError(f"{path}: expected the state of this run; {error}.") from error
        if len(done) != state.epoch:
            raise RunError(
                f"{self.run.path / 'history.jsonl'}: expected the records of {state.epoch} "
                f"epochs; got {len(done)}."
            )
        # the process may have died between the state and its weights
        self._save_weights(state)

    def _left(
        self, vae: VAE, state: TrainState | None, done: list[EpochTerms], frames: FrameWriter
    ) -> Iterator[EpochRecord]:
        """The epochs that are left, saved one by one and added to those that are done.

        Where a setting changes, training goes on from the state of the epoch before as if it had
        been interrupted there, which changes no bit.
        """
        run, config, facts = self.run, self.run.config.train, self.run.data()
        take_change(run.path, config, len(done) + 1)
        goes_on = True
        while goes_on:
            goes_on = False
            settings = settings_at(config, run.changes(), len(done) + 1)
            for found in fit_with_pauses(vae, self.dataset, settings, state, frames.first):
                if isinstance(found, Pause):
                    frames.pause(found)
                    continue
                self._keep_best(done, found, facts)
                done.append(found)
                kept = found.epoch in config.keep_epochs
                self._save(found, kept_tensors(vae, self.dataset.test) if kept else None)
                frames.epoch(found.epoch)
                yield found
                if found.epoch < config.epochs and take_change(run.path, config, found.epoch + 1):
                    state, goes_on = found.state, True
                    break

    def _keep_best(self, done: list[EpochTerms], record: EpochTerms, facts: DataFacts) -> None:
        """Copy the weights of the epoch before, when it was the best so far and this is worse."""
        beta = self.run.trained_beta(facts)
        losses = [judging_loss(one, beta) for one in (*done, record)]
        if done and losses[-2] <= min(losses) and losses[-1] > losses[-2]:
            with reading(self.run.path / "weights.safetensors") as file:
                write_bytes(self.run.path / BEST, file.read())

    def _save(self, record: EpochRecord, kept: dict[str, Tensor] | None) -> None:
        # State last: records and kept epochs without it are dropped on resume, never the reverse.
        path = self.run.path
        with (
            writing(path / "history.jsonl"),
            (path / "history.jsonl").open("a", encoding="utf-8") as file,
        ):
            file.write(json_line(record.to_dict()))
        if kept:
            write_checkpoint(path, record.epoch, kept)
        epoch = {"epoch": str(record.epoch)}
        write_tensors(path / "resume.safetensors", record.state.to_tensors(), epoch)
        self._save_weights(record.state)

    def _save_weights(self, state: TrainState) -> None:
        run, path = self.run, self.run.path / "weights.safetensors"
        write_weights(path, state.model, run.config, run.data(), state.epoch)

    def _summary(self, history: list[EpochTerms], facts: DataFacts) -> Metrics:
        last, seconds = history[-1], max(1e-9, sum(r.seconds for r in history))
        return Metrics(
            self.run.id,
            self.run.config.data.name,
            self.run.config.data.binarisation,
            facts.n_test,
            N_SAMPLES,
            last.test_distortion,
            last.test_rate,
            seconds,
            facts.n_train * len(history) / seconds,
        )

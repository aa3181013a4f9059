"""The training loop: a generator that yields one record per epoch.

Progress, checkpoints and cancelling are the caller's: training stops when the caller takes no
more records.
"""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field, fields
from typing import Any

import torch
from torch import Tensor

from vae_core.augmentation import augmented
from vae_core.config import ModelConfig, TrainConfig
from vae_core.data.dataset import Dataset, Split
from vae_core.errors import ConfigError, TrainingError
from vae_core.evaluate import evaluate
from vae_core.label_input import check_labels
from vae_core.optimizer import adam, set_rates, update
from vae_core.schedules import batch_size_at, lr_factor
from vae_core.semi_supervised import UNKNOWN, KnownLabels, cross_entropy
from vae_core.training_loss import TrainingLoss
from vae_core.vae import VAE, build_vae

N_TRAIN_EVALUATED = 10_000


@dataclass(frozen=True)
class TrainState:
    """All that the next epoch depends on: with it, resumed = uninterrupted, bit for bit."""

    epoch: int
    model: dict[str, Tensor]
    optimizer: dict[str, Any]
    shuffle: Tensor  # generator states
    sampling: Tensor

    def to_tensors(self) -> dict[str, Tensor]:
        """A flat dictionary for safetensors; the epoch travels beside it."""
        tensors = {f"model.{name}": value for name, value in self.model.items()}
        for index, moments in self.optimizer["state"].items():
            tensors |= {f"optimizer.{index}.{name}": value for name, value in moments.items()}
        return tensors | {"rng.shuffle": self.shuffle, "rng.sampling": self.sampling}

    @classmethod
    def from_tensors(cls, tensors: dict[str, Tensor], epoch: int) -> TrainState:
        """Inverse of `to_tensors`. Raises KeyError when a generator state is missing."""
        model, moments = {}, dict[int, dict[str, Tensor]]()
        for key, value in tensors.items():
            kind, _, name = key.partition(".")
            if kind == "model":
                model[name] = value
            elif kind == "optimizer":
                index, _, moment = name.partition(".")
                moments.setdefault(int(index), {})[moment] = value
        return cls(
            epoch, model, {"state": moments}, tensors["rng.shuffle"], tensors["rng.sampling"]
        )


@dataclass(frozen=True)
class EpochTerms:
    """Results of one epoch. All terms in nats per image at beta = 1, one draw per image.

    All terms are measured with the same weights, those at the end of the epoch: on the whole test
    split, on the images held out for validation, and on the first images of the training split,
    as many as the test split has. None is a running mean. The rate of a point mass is infinite.

    Attributes
    ----------
    train_error, test_error, validation_error : float or None
        Standard error, over the images, of distortion + rate; of the distortion of a point mass.
        None in records written without, and of a single image.
    lr : float or None
        Adam's learning rate when the epoch ends; None in records written without.
    """

    epoch: int
    beta: float
    train_distortion: float
    train_rate: float
    test_distortion: float
    test_rate: float
    test_rate_per_dim: tuple[float, ...]
    seconds: float  # training alone, without the evaluation
    images_per_second: float
    validation_distortion: float | None = field(default=None, kw_only=True)
    validation_rate: float | None = field(default=None, kw_only=True)
    train_error: float | None = field(default=None, kw_only=True)
    test_error: float | None = field(default=None, kw_only=True)
    validation_error: float | None = field(default=None, kw_only=True)
    lr: float | None = field(default=None, kw_only=True)

    def to_dict(self) -> dict[str, Any]:
        """By name, as in one line of history.jsonl, without what was not measured."""
        values = {f.name: getattr(self, f.name) for f in fields(EpochTerms)}
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True)
class EpochRecord(EpochTerms):
    """Results of one epoch, and the state from which training goes on after it."""

    state: TrainState = field(repr=False, compare=False)


@dataclass(frozen=True)
class Pause:
    """Training stands still after some updates of an epoch, for a look at the model.

    Attributes
    ----------
    step : int
        Updates since the beginning of training.
    epoch : float
        Passes over the training images since then.
    seconds : float
        Of training in this epoch.
    """

    step: int
    epoch: float
    seconds: float


def fit(
    vae: VAE, dataset: Dataset, config: TrainConfig, state: TrainState | None = None
) -> Iterator[EpochRecord]:
    """Train in place with Adam, one record per epoch.

    Parameters
    ----------
    vae : VAE
        Changed in place.
    dataset : Dataset
    config : TrainConfig
    state : TrainState, optional
        Go on after this state's epoch, exactly as if never interrupted.

    Raises
    ------
    ConfigError
        When the device is not there.
    TrainingError
        When the loss is no longer finite; the model gets its last good weights back.
    """
    with closing(fit_with_pauses(vae, dataset, config, state)) as training:
        for found in training:
            if isinstance(found, EpochRecord):
                yield found


def fit_with_pauses(
    vae: VAE,
    dataset: Dataset,
    config: TrainConfig,
    state: TrainState | None = None,
    pauses: Collection[int] = (),
) -> Generator[EpochRecord | Pause, None, None]:
    """As `fit`, and stand still after some updates of the first epoch.

    The model is in evaluation mode while it stands still, and so does the epoch's clock. What the
    caller does with it then changes nothing as long as it leaves the weights alone.

    Parameters
    ----------
    vae, dataset, config, state
        As for `fit`.
    pauses : collection of int
        Updates of the first epoch, after which to stand still; 0 is before the first one.

    Raises
    ------
    ConfigError
        When the device is not there.
    TrainingError
        When the loss is no longer finite; the model gets its last good weights back.
    """
    check_labels(vae.config, dataset)
    device = choose_device(config)
    optimizer = adam(vae.to(device), config.lr)
    loss_of = TrainingLoss.of(config, vae, len(dataset.train))
    # Shuffling and noise have generators of their own: nothing else may draw from them.
    shuffle = torch.Generator().manual_seed(config.seed)
    sampling = torch.Generator(device).manual_seed(config.seed + 1)
    if state is not None:
        _restore(state, vae, optimizer, shuffle, sampling)
    else:
        vae.latent_prior.begin(dataset.train, torch.Generator().manual_seed(config.seed + 2))
    good = state or _snapshot(0, vae, optimizer, shuffle, sampling)
    train = dataset.train
    measured = train.take(torch.arange(n_train_evaluated(len(train), len(dataset.test))))
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(config.threads or threads)
        for epoch in range(good.epoch + 1, config.epochs + 1):
            if epoch == 1 and 0 in pauses:
                yield Pause(0, 0.0, 0.0)
            vae.train()
            seconds, start, step = 0.0, time.perf_counter(), 0
            batch_size = batch_size_at(config, epoch)
            for value in _updates(vae, train, config, loss_of, epoch, optimizer, shuffle, sampling):
                if value is None:  # an update of all weights is done
                    step += 1
                    if epoch == 1 and step in pauses:
                        seconds += time.perf_counter() - start
                        vae.eval()
                        yield Pause(step, step * batch_size / len(train), seconds)
                        vae.train()
                        start = time.perf_counter()
                elif not math.isfinite(value):
                    raise _diverged(epoch, f"the loss became {value}", config, good, vae)
            seconds += time.perf_counter() - start
            vae.eval()
            seen, unseen = evaluate(vae, measured), evaluate(vae, dataset.test)
            held_out = None if dataset.validation is None else evaluate(vae, dataset.validation)
            if not all(e is None or e.is_finite(vae.family) for e in (seen, unseen, held_out)):
                raise _diverged(epoch, "the last step broke the weights", config, good, vae)
            good = _snapshot(epoch, vae, optimizer, shuffle, sampling)
            yield EpochRecord(
                epoch,
                loss_of.objective.beta_at(epoch),
                seen.distortion,
                seen.rate,
                unseen.distortion,
                unseen.rate,
                unseen.rate_per_dim,
                seconds,
                len(train) / seconds,
                good,
                validation_distortion=None if held_out is None else held_out.distortion,
                validation_rate=None if held_out is None else held_out.rate,
                train_error=_known(seen.error),
                test_error=_known(unseen.error),
                validation_error=None if held_out is None else _known(held_out.error),
                lr=config.lr * lr_factor(config.lr_schedule, epoch / config.epochs),
            )
    finally:
        vae.eval()
        torch.set_num_threads(threads)


def _updates(
    vae: VAE,
    train: Split,
    config: TrainConfig,
    loss_of: TrainingLoss,
    epoch: int,
    optimizer: torch.optim.Optimizer,
    shuffle: torch.Generator,
    sampling: torch.Generator,
) -> Iterator[float | None]:
    """The loss before each update, made when the caller goes on; None after one of all weights."""
    like, encoder = next(vae.parameters()), vae.encoding
    rates = [group["lr"] for group in optimizer.param_groups]
    known = KnownLabels.of(vae.config, train.labels, config.seed)

    def images(index: Tensor) -> Tensor:
        x = train.batch(index, sampling, like.device).to(like.dtype)
        return augmented(x, config.augmentation, sampling, train.has_greys)

    def loss_at(index: Tensor, observed: bool = True) -> Tensor:
        loss = loss_of(vae, images(index), epoch, sampling, observed, known.labels[index])
        if not (vae.config.is_semi_supervised and config.alpha):
            return loss
        some = known.draw(len(index), shuffle)
        return loss + config.alpha * cross_entropy(vae, images(some), known.labels[some])

    batches = torch.randperm(len(train), generator=shuffle).split(batch_size_at(config, epoch))
    for k, index in enumerate(batches):
        share = (epoch - 1 + k / len(batches)) / config.epochs
        set_rates(optimizer, rates, lr_factor(config.lr_schedule, share))
        for _ in range(config.encoder_steps - 1):
            others = torch.randint(len(train), index.shape, generator=shuffle)
            loss = loss_at(others, False)
            yield loss.item()
            update(optimizer, loss, encoder)
        loss = loss_at(index)
        yield loss.item()
        update(optimizer, loss)
        yield None
    set_rates(optimizer, rates, 1.0)


def n_train_evaluated(n_train: int, n_test: int) -> int:
    """How many training images are measured after each epoch: the first of them."""
    return min(n_train, n_test, N_TRAIN_EVALUATED)


def _known(error: float) -> float | None:
    return error if math.isfinite(error) else None


def estimate_seconds(
    model: ModelConfig, train: TrainConfig, image_shape: tuple[int, int, int], n_images: int
) -> float:
    """Seconds that training would take here, from timing a few steps on random pixels."""
    vae = build_vae(model, image_shape).train()
    optimizer, loss_of = adam(vae, train.lr), TrainingLoss.of(train, vae, n_images)
    x = torch.rand(min(train.batch_size, n_images), *image_shape)
    label = UNKNOWN if model.is_semi_supervised else 0  # what takes longest
    labels, encoder, times = torch.full((len(x),), label), vae.encoding, []
    for _ in range(4):
        start = time.perf_counter()
        for _ in range(train.encoder_steps - 1):
            moved = augmented(x, train.augmentation)
            update(optimizer, loss_of(vae, moved, observed=False, labels=labels), encoder)
        update(optimizer, loss_of(vae, augmented(x, train.augmentation), labels=labels))
        times.append(time.perf_counter() - start)
    return min(times[1:]) * train.epochs * -(-n_images // len(x))


def choose_device(config: TrainConfig) -> torch.device:
    """Where to compute. Raises ConfigError when that is not on this machine."""
    if config.device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if config.device == "cuda" and not torch.cuda.is_available():
        raise ConfigError("device cuda is not available on this machine; choose cpu or auto.")
    return torch.device(config.device)


def _diverged(
    epoch: int, what: str, config: TrainConfig, good: TrainState, vae: VAE
) -> TrainingError:
    vae.load_state_dict(good.model)
    return TrainingError(
        f"Training stopped in epoch {epoch}: {what} (lr = {config.lr:g}, beta = {config.beta:g}, "
        f"batch size {config.batch_size}). The model keeps its weights of epoch {good.epoch}. "
        "Try a smaller learning rate."
    )


def _snapshot(
    epoch: int,
    vae: VAE,
    optimizer: torch.optim.Optimizer,
    shuffle: torch.Generator,
    sampling: torch.Generator,
) -> TrainState:
    model = {name: value.detach().clone() for name, value in vae.state_dict().items()}
    moments = {
        index: {name: value.clone() for name, value in state.items()}
        for index, state in optimizer.state_dict()["state"].items()
    }
    return TrainState(epoch, model, {"state": moments}, shuffle.get_state(), sampling.get_state())


def check_state(state: TrainState, vae: VAE, config: TrainConfig) -> None:
    """Raise ValueError, with what is wrong, when training of this model cannot go on from there."""
    device = choose_device(config)
    for name, kept, fresh in (
        ("shuffle", state.shuffle, torch.Generator()),
        ("sampling", state.sampling, torch.Generator(device)),
    ):
        expected = fresh.get_state()
        if (kept.dtype, kept.shape) != (expected.dtype, expected.shape):
            raise ValueError(f"rng.{name} is of another kind of device, or damaged")
    parameters = [p for group in adam(vae, config.lr).param_groups for p in group["params"]]
    for index, moments in state.optimizer["state"].items():
        shape = parameters[index].shape if 0 <= index < len(parameters) else None
        shapes = {name: value.shape for name, value in moments.items()}
        if shapes != {"step": torch.Size(), "exp_avg": shape, "exp_avg_sq": shape}:
            raise ValueError(f"optimizer.{index} does not belong to a parameter")


def _restore(
    state: TrainState,
    vae: VAE,
    optimizer: torch.optim.Optimizer,
    shuffle: torch.Generator,
    sampling: torch.Generator,
) -> None:
    vae.load_state_dict(state.model)
    # torch keeps references to the tensors it loads: hand it copies, so that the state stays
    moments = {k: {n: v.clone() for n, v in m.items()} for k, m in state.optimizer["state"].items()}
    optimizer.load_state_dict(optimizer.state_dict() | {"state": moments})
    shuffle.set_state(state.shuffle.cpu())
    sampling.set_state(state.sampling.cpu())

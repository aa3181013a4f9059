"""Frames: what a model in training makes of the same few test images, after some of its updates.

frames/00000300.safetensors of a run holds the posteriors of the first test images in half
precision, pictures as bytes, the KL of every latent dimension, and the terms of the ELBO.
The first epoch is cut finer, after 0, 10, 30, 100, ... updates; then each epoch has one. They are
taken from the model alone: training is the same with and without them.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from vae_core.codes import Codes
from vae_core.config import POSTERIORS, ModelConfig, TrainConfig
from vae_core.data.dataset import Dataset
from vae_core.errors import RunError
from vae_core.io import open_tensors, write_tensors, writing
from vae_core.label_input import in_turn
from vae_core.priors import LearnedPrior, rate, rate_per_dim
from vae_core.runs.checkpoints import check_codes, code_tensors, codes_of, is_of_codes
from vae_core.runs.records import DataFacts
from vae_core.schedules import steps_until
from vae_core.trainer import Pause
from vae_core.vae import VAE, decode_mean

MAX_FRAMES = 150
MAX_POINTS, MIN_POINTS = 500, 16  # test images whose posteriors a frame holds
ROOM = 40_000  # numbers that the posteriors of a frame take, where that leaves MIN_POINTS
N_IMAGES, N_SAMPLES = 10, 30  # pictures: reconstructions, and samples of the prior
FEW_IMAGES, FEW_SAMPLES = 6, 12  # where a picture is large
LARGE = 1100  # numbers of a picture, of which 28 x 28 has 784
OF_EPOCHS, OF_THE_FIRST = 0.025, 0.005  # shares of the time of training that frames may take
HALF = 6e4  # the largest number, about, in half precision
TERMS = ("distortion", "rate", "error")
PICTURES = ("images", "reconstructions", "samples")


@dataclass(frozen=True)
class Frame:
    """A model after some updates.

    Attributes
    ----------
    step : int
        Updates since the beginning of training.
    epoch : float
        Passes over the training images since then.
    distortion, rate : float
        Means over the images of `codes`, one draw each, nats per image. The rate of a point mass
        is infinite.
    error : float
        Standard error of their sum over these images; of the distortion of a point mass.
    kl : Tensor, (d,)
        Mean KL of every latent dimension, nats per image, in the order of z.flatten().
    codes : Codes
        Posteriors of the first test images, in half precision.
    images, reconstructions, samples : uint8 tensors, (k, c, H, W)
        Some test images, the decoder's mean picture at their posterior means, and those at k
        samples of the prior, the same noise in every frame.
    """

    step: int
    epoch: float
    distortion: float
    rate: float
    error: float
    kl: Float[Tensor, " d"]
    codes: Codes
    images: UInt8[Tensor, "k c H W"]
    reconstructions: UInt8[Tensor, "k c H W"]
    samples: UInt8[Tensor, "m c H W"]


def n_points(model: ModelConfig, n_test: int) -> int:
    """How many test images have their posteriors in a frame."""
    *sites, channels = model.latent_shape
    size: int = math.prod(sites) * POSTERIORS[model.posterior].n_params(channels)
    return min(n_test, max(MIN_POINTS, min(MAX_POINTS, ROOM // size)))


def n_pictures(image_shape: tuple[int, int, int], n_test: int) -> tuple[int, int]:
    """How many reconstructions and samples of the prior a frame holds."""
    is_large = math.prod(image_shape) > LARGE
    return min(n_test, FEW_IMAGES if is_large else N_IMAGES), (
        FEW_SAMPLES if is_large else N_SAMPLES
    )


def frames_bytes(model: ModelConfig, image_shape: tuple[int, int, int], n_epochs: int) -> int:
    """At most about what the frames of a run take on the disk."""
    *sites, channels = model.latent_shape
    d, n_params = math.prod(model.latent_shape), POSTERIORS[model.posterior].n_params(channels)
    codes: int = 2 * n_points(model, MAX_POINTS) * (math.prod(sites) * n_params + 1)
    n_images, n_samples = n_pictures(image_shape, MAX_POINTS)
    pictures = (2 * n_images + n_samples) * math.prod(image_shape)
    return min(MAX_FRAMES, n_epochs + len(first_steps(10**9))) * (codes + pictures + 4 * d + 1500)


def first_steps(n_steps: int) -> tuple[int, ...]:
    """Updates of the first epoch that have a frame: 0, 10, 30, 100, 300, ... before its end."""
    steps = (factor * 10**power for power in range(1, 5) for factor in (1, 3))
    return (0, *(step for step in steps if step < n_steps))


def frame_path(run: Path, step: int) -> Path:
    """Where a run keeps the frame after so many updates."""
    return run / "frames" / f"{step:08d}.safetensors"


def frame_steps(run: Path) -> list[int]:
    """Updates after which there are frames, in order."""
    folder = run / "frames"
    stems = [path.stem for path in folder.glob("*.safetensors")] if not folder.is_symlink() else []
    return sorted(int(stem) for stem in stems if re.fullmatch("[0-9]{8}", stem))


def drop_frames_after(run: Path, step: int) -> None:
    """Forget the frames of updates beyond this one, which are made anew. From 0 on, all."""
    for late in frame_steps(run):
        if late > step or not step:
            path = frame_path(run, late)
            with writing(path):
                path.unlink()


class FrameWriter:
    """Takes the frames of one run while it is trained, in at most 3 % of that time.

    The very first one does not count, for it does what the first steps would do anyway: it takes
    up memory and starts threads. Any other is left out where those before it took too long: a run
    that is trained in seconds has fewer frames than epochs.

    Parameters
    ----------
    run : Path
    vae : VAE
        In training.
    dataset : Dataset
    config : TrainConfig
    clock : callable
        Seconds.
    """

    def __init__(
        self,
        run: Path,
        vae: VAE,
        dataset: Dataset,
        config: TrainConfig,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.run, self.vae, self.clock, self.began = run, vae, clock, clock()
        self.config, self.n_epochs, self.n_train = config, config.epochs, len(dataset.train)
        self.n_steps = self.step_at(1)  # of the first epoch
        self.first = first_steps(self.n_steps)
        room = MAX_FRAMES - len(self.first)
        self.every = -(-self.n_epochs // room)  # epochs from one to the next
        self.points = dataset.test.take(torch.arange(n_points(vae.config, len(dataset.test))))
        n_images, self.n_samples = n_pictures(dataset.image_shape, len(self.points))
        self.chosen = _of_each_class(self.points.labels, n_images)
        self.spent = dict.fromkeys((OF_THE_FIRST, OF_EPOCHS), 0.0)

    def step_at(self, epoch: int) -> int:
        """Updates of all weights in so many epochs."""
        return steps_until(self.config, self.n_train, epoch)

    def pause(self, pause: Pause) -> bool:
        """Take a frame in the first epoch, where there is time for one; whether it was taken."""
        if not pause.step:
            self._take(pause.step, pause.epoch)
            self.began = self.clock()
            return True
        whole = pause.seconds / pause.step * self.n_steps * self.n_epochs
        return self._take_in_time(OF_THE_FIRST, whole, pause.step, pause.epoch)

    def epoch(self, epoch: int) -> bool:
        """Take a frame at the end of an epoch, where there is time; whether it was taken."""
        if epoch % self.every and epoch != self.n_epochs:
            return False
        step = self.step_at(epoch)
        return self._take_in_time(OF_EPOCHS, self.clock() - self.began, step, float(epoch))

    def _take_in_time(self, share: float, of: float, step: int, epoch: float) -> bool:
        """Take a frame unless those of its kind took more than a share of so many seconds."""
        before = self.clock()
        if self.spent[share] > share * of:
            return False
        self._take(step, epoch)
        self.spent[share] += self.clock() - before
        return True

    def _take(self, step: int, epoch: float) -> None:
        """Write the frame; a full disk does not stop training."""
        tensors, texts = self._look()
        path = frame_path(self.run, step)
        with suppress(RunError):
            with writing(path):
                path.parent.mkdir(exist_ok=True)
            write_tensors(path, tensors, texts | {"step": str(step), "epoch": repr(epoch)})

    @torch.inference_mode()
    def _look(self) -> tuple[dict[str, Tensor], dict[str, str]]:
        vae, like = self.vae, next(self.vae.parameters())
        generator = torch.Generator(like.device).manual_seed(0)  # of every frame alike
        x = self.points.batch(slice(None), device=like.device).to(like.dtype)
        labels = self.points.labels
        params = vae.given(labels).encode_params(x)
        q, p = vae.family.from_params(params), vae.prior()
        own, drawn = p.given(labels), q.rsample((), generator)
        distortion = -vae.given(labels).decode(drawn).log_prob(x)
        cost, scores = rate(q, own, drawn), distortion
        if vae.family.has_rate:
            scores = distortion + cost
        n = len(scores)
        terms = {
            "distortion": distortion.double().mean().item(),
            "rate": cost.double().mean().item(),
            "error": scores.double().std().item() / math.sqrt(n) if n > 1 else math.nan,
        }
        z = p.sample((self.n_samples,), generator)
        points = Codes(params, labels, vae.config.posterior, vae.latent_shape)
        learned = p.to(params) if isinstance(p, LearnedPrior) else None
        tensors = code_tensors(replace(points, learned_prior=learned)) | {
            "params": params.clamp(-HALF, HALF).half(),
            "labels": labels.short(),
            "kl": rate_per_dim(q, own, drawn).float().mean(0).flatten(),
            "images": _bytes(x[self.chosen]),
            "reconstructions": _bytes(
                decode_mean(vae.given(labels[self.chosen]), q.mean[self.chosen])
            ),
            "samples": _bytes(decode_mean(vae.given(in_turn(labels, len(z))), z)),
        }
        return tensors, {name: repr(value) for name, value in terms.items()}


def _of_each_class(labels: Tensor, count: int) -> Tensor:
    """Positions of the first image of every class, then of the first others, by class."""
    firsts = [int((labels == label).nonzero()[0, 0]) for label in labels.unique()][:count]
    others = [i for i in range(len(labels)) if i not in firsts]
    chosen = torch.tensor(firsts + others[: count - len(firsts)])
    return chosen[labels[chosen].argsort(stable=True)]


def _bytes(pictures: Tensor) -> Tensor:
    return (pictures.clamp(0.0, 1.0) * 255.0).round().byte()


def read_frame(run: Path, step: int, model: ModelConfig, facts: DataFacts) -> Frame:
    """The frame after so many updates. Raises RunError where there is none that is whole."""
    path = frame_path(run, step)
    n, size = n_points(model, facts.n_test), facts.image_shape
    n_images, n_samples = n_pictures(size, n)
    with open_tensors(path) as file:
        shapes = dict(file.header.shapes)
        codes = {name: shapes.pop(name) for name in file.header.shapes if is_of_codes(name)}
        check_codes(codes, model, n, path)
        counts = (n_images, n_images, n_samples)
        expected: dict[str, tuple[int, ...]] = {
            name: (count, *size) for name, count in zip(PICTURES, counts, strict=True)
        }
        are_bytes = all(file.header.dtypes.get(name) == "U8" for name in PICTURES)
        if shapes != expected | {"kl": (math.prod(model.latent_shape),)} or not are_bytes:
            raise RunError(f"{path}: expected the frame of this run; got one of another shape.")
        tensors, texts = file.tensors(), file.header.texts
    epoch, *terms = (_number(texts.get(name, "")) for name in ("epoch", *TERMS))
    distortion, rate, error = terms
    images, reconstructions, samples = (tensors[name] for name in PICTURES)
    return Frame(
        step=step,
        epoch=epoch,
        distortion=distortion,
        rate=rate,
        error=error,
        kl=tensors["kl"].float(),
        codes=codes_of(tensors, model, facts, path),
        images=images,
        reconstructions=reconstructions,
        samples=samples,
    )


def read_frames(run: Path, model: ModelConfig, facts: DataFacts) -> Iterator[Frame]:
    """All frames of a run that can be read, in order."""
    for step in frame_steps(run):
        with suppress(RunError):
            yield read_frame(run, step, model, facts)


def _number(text: str) -> float:
    """A number in the text of a file; nan where it is none."""
    try:
        return float(text)
    except ValueError:
        return math.nan

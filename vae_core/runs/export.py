"""Export of a finished run: a folder in half precision, with a model card."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from torch import Tensor

from vae_core.codes import encode_dataset
from vae_core.config import PRIORS, shape_in_words
from vae_core.data.dataset import Dataset
from vae_core.decimals import adding_up, fixed
from vae_core.errors import RunError
from vae_core.evaluate import evaluate, evaluate_images
from vae_core.io import read_tensors
from vae_core.likelihoods.bits import score_in_bits
from vae_core.runs.changes import in_words
from vae_core.runs.checkpoints import checkpoint_path
from vae_core.runs.entries import Contents
from vae_core.runs.run import N_SAMPLES, Run
from vae_core.runs.store import RunStore
from vae_core.runs.terms import in_half
from vae_core.runs.weights import read_header
from vae_core.settings import command_line


def export_run(run: Run, dataset: Dataset, folder: Path) -> Run:
    """Copy a finished run in half precision, with the numbers of what is shipped.

    Weights, codes and the terms of the test images are stored as float16, a term as float32
    where its mean would change. The codes, terms and metrics are computed anew with the rounded
    weights, so the card describes the very files beside it; kept epochs, which
    have no encoder, are rounded as they are. The resume state and the path of the data stay
    behind.

    Parameters
    ----------
    run : Run
        Finished.
    dataset : Dataset
        The one the run was trained on.
    folder : Path
        The new run's folder; must not exist.

    Raises
    ------
    RunError
        When the run is not finished, the data are others, or the folder exists.
    """
    if not run.is_finished:
        raise RunError(f"{run.path}: only a finished run can be exported; resume it first.")
    run.check_images(dataset)
    config = dataclasses.replace(run.config, data=dataclasses.replace(run.config.data, path=None))
    vae = run.vae()
    weights = {name: value.half() for name, value in vae.state_dict().items()}
    vae.load_state_dict(weights)  # what is not stored, such as a fixed sigma, is not rounded
    codes = encode_dataset(vae, dataset.test)
    rounded = dataclasses.replace(codes, params=codes.params.half())
    result = evaluate(vae, dataset.test, N_SAMPLES)
    metrics = dataclasses.replace(
        run.metrics(), run_id=folder.name, distortion=result.distortion, rate=result.rate
    )
    terms = in_half(evaluate_images(vae, dataset.test, N_SAMPLES))
    epoch = read_header(run.path / "weights.safetensors").epoch
    kept = {k: _half(read_tensors(checkpoint_path(run.path, k))[0]) for k in run.kept_epochs()}
    facts = dataclasses.replace(run.data(), test_fingerprint=dataset.test_fingerprint)
    contents = Contents(
        config, facts, weights, rounded, metrics, run.history(), kept, epoch, run.created,
        terms, tuple(run.changes()),
    )  # fmt: skip
    return RunStore(folder.parent).adopt(folder.name, contents, model_card)


def _half(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Real numbers as float16; labels as they are."""
    return {n: t.half() if t.is_floating_point() else t for n, t in tensors.items()}


def model_card(run: Run) -> str:
    """What the model is, how it scores and how it was made, in Markdown."""
    data, model = run.data(), run.config.model
    changed = f"{told}\n\n" if (told := in_words(run.changes())) else ""
    latent = shape_in_words(model.latent_shape)
    prior = f"{model.prior} prior, " if PRIORS[model.prior].is_learned else ""
    return (
        f"# {run.title}\n\n"
        f"{model.network} network, {model.posterior} posterior, {prior}latent {latent}, "
        f"{model.likelihood} likelihood, trained for {run.config.train.epochs} epochs on "
        f"{data.n_train} images of {run.config.data.name}.\n\n"
        f"{score_line(run)}\n"
        "Weights and codes are stored as float16; the numbers are those of these files.\n\n"
        f"{changed}```\n{command_line(run.config)}\n```\n"
    )


def score_line(run: Run) -> str:
    """How well it does, and on what."""
    metrics = run.metrics()
    terms = f"distortion {fixed(metrics.distortion)}, no finite rate"
    if metrics.has_rate:
        distortion, rate = map(fixed, adding_up((metrics.distortion, metrics.rate)))
        total = fixed(metrics.negative_elbo)
        terms = f"distortion {distortion} + rate {rate} = negative ELBO {total}"
    bits = score_in_bits(metrics.negative_elbo, run.config, run.data().image_shape)
    if bits is not None:
        terms += f", {fixed(bits, 3)} bits per dimension"
    return (
        f"Test split ({metrics.n_test} images, {run.pixels} pixels, "
        f"{metrics.n_samples} draw per image), nats per image: {terms}."
    )

"""What the unlabelled images are worth to a classifier: q(y|x) beside one trained without them.

A semi-supervised model (Kingma et al. 2014, M2) learns q(y|x) from few labels and all images. Its
supervised twin is the same network with the same first weights, trained on the labelled images
alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import torch
from jaxtyping import Bool
from torch import Tensor

from vae_core.analysis.estimates import Estimate, mean_estimate, paired_difference, share_estimate
from vae_core.augmentation import augmented
from vae_core.config import RunConfig
from vae_core.data.dataset import Dataset, Split
from vae_core.errors import ConfigError
from vae_core.evaluate import blocks
from vae_core.semi_supervised import KnownLabels, cross_entropy, unlabelled_terms
from vae_core.vae import VAE, build_vae

UPDATES = 1000  # of the supervised twin, at least
PASSES = 10  # over its labelled images, at least


@dataclass(frozen=True)
class ClassifierScore:
    """How often a classifier is right on test images, with the unlabelled images and without.

    Attributes
    ----------
    accuracy : Estimate
        Share of test images whose label is the most probable one under the model's q(y|x).
    alone : Estimate
        The same of its supervised twin.
    difference : Estimate
        The first less the second, over the same images.
    by_class : DataFrame
        A row for each label of the test images: label, accuracy, accuracy_error, alone,
        alone_error, n_images.
    n_labelled, n_images : int
        Training images with a label, and all of them.
    n_updates : int
        Of the supervised twin.
    """

    accuracy: Estimate
    alone: Estimate
    difference: Estimate
    by_class: pd.DataFrame
    n_labelled: int
    n_images: int
    n_updates: int


def is_right(vae: VAE, split: Split, seed: int = 0) -> Bool[Tensor, " n"]:
    """Whether q(y|x) holds each image's own label the most probable one.

    The seed is that of pixels that are drawn anew.
    """
    like = next(vae.parameters())
    generator, found = torch.Generator(like.device).manual_seed(seed), []
    with torch.inference_mode():
        for block in blocks(len(split)):
            x = split.batch(block, generator, like.device).to(like.dtype)
            found.append(vae.label_posterior(x).logits.argmax(-1).cpu() == split.labels[block])
    return torch.cat(found)


def unlabelled_bound(vae: VAE, split: Split, seed: int = 0) -> Estimate:
    """-U, mean over the images of a split: a bound on -log p(x) that no label is given to.

    Unlike the negative ELBO of a conditional model it compares with that of a model without
    labels.
    """
    like = next(vae.parameters())
    generator, found = torch.Generator(like.device).manual_seed(seed), []
    with torch.inference_mode():
        for block in blocks(len(split), 200):  # each image with every label
            x = split.batch(block, generator, like.device).to(like.dtype)
            found.append(unlabelled_terms(vae, x, generator).negative_elbo.double().cpu())
    return mean_estimate(torch.cat(found))


def n_twin_updates(n_labelled: int, batch_size: int) -> int:
    """Updates of a supervised twin that learns from so many images."""
    return max(UPDATES, PASSES * -(-n_labelled // batch_size))


def supervised_twin(config: RunConfig, dataset: Dataset) -> VAE:
    """A model of which the classifier alone is trained, on the labelled images alone.

    They are those that the run was trained with, as are first weights, batches, learning rate,
    augmentation and pixels drawn anew.

    Raises
    ------
    ConfigError
        When the run's model has no classifier.
    """
    if not config.model.is_semi_supervised:
        raise ConfigError(
            "expected a run with a classifier q(y|x), which is trained with labelled above 0; got "
            "one without."
        )
    train, split = config.train, dataset.train
    vae = build_vae(config.model, dataset.image_shape, train.seed)
    known = KnownLabels.of(config.model, split.labels, train.seed)
    draws = torch.Generator().manual_seed(train.seed)
    optimizer = torch.optim.Adam(vae.classifier.parameters(), lr=train.lr, fused=True)
    vae.train()
    for _ in range(n_twin_updates(len(known.among), train.batch_size)):
        some = known.draw(train.batch_size, draws)
        x = augmented(split.batch(some, draws), train.augmentation, draws, split.has_greys)
        optimizer.zero_grad()
        cross_entropy(vae, x, known.labels[some]).backward()
        optimizer.step()
    return vae.eval()


def classifier_score(vae: VAE, config: RunConfig, dataset: Dataset) -> ClassifierScore:
    """Accuracy of q(y|x) on the test images, beside that of its supervised twin, trained here.

    Parameters
    ----------
    vae : VAE
        The run's model.
    config : RunConfig
    dataset : Dataset
        That it was trained on.

    Raises
    ------
    DataError
        When the model has no classifier.
    """
    own = is_right(vae, dataset.test)
    other = is_right(supervised_twin(config, dataset), dataset.test)
    rows = [_row(label, own, other, dataset.test) for label in dataset.test.labels.unique()]
    return ClassifierScore(
        share_estimate(own),
        share_estimate(other),
        paired_difference(other.double(), own.double()),
        pd.DataFrame(rows),
        config.model.labelled,
        len(dataset.train),
        n_twin_updates(config.model.labelled, config.train.batch_size),
    )


def _row(
    label: Tensor, own: Bool[Tensor, " n"], other: Bool[Tensor, " n"], test: Split
) -> dict[str, float | int]:
    mine = test.labels == label
    found, alone = share_estimate(own[mine]), share_estimate(other[mine])
    return {
        "label": int(label),
        "accuracy": found.value,
        "accuracy_error": found.standard_error,
        "alone": alone.value,
        "alone_error": alone.standard_error,
        "n_images": int(mine.sum()),
    }

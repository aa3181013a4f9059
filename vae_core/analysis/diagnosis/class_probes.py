"""How well a simple classifier reads the class from the codes: linear probe, nearest neighbours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from vae_core.analysis.estimates import Estimate, share_estimate
from vae_core.codes import Codes
from vae_core.errors import ConfigError

MAX_IMAGES = 3000
FOLDS = 5
NEIGHBOURS = 5


@dataclass(frozen=True)
class ClassProbes:
    """Fraction of images whose class is read rightly from their codes.

    Attributes
    ----------
    linear : Estimate
        By logistic regression on all latent dimensions, each scaled to unit variance.
    nearest : Estimate
        By the majority of the NEIGHBOURS nearest codes.
    guess : float
        By always naming the most frequent class.
    n_images : int
    """

    linear: Estimate
    nearest: Estimate
    guess: float
    n_images: int


def class_probes(codes: Codes, what: str = "draw", seed: int = 0) -> ClassProbes:
    """Accuracy of two classifiers of codes, by FOLDS-fold cross-validation.

    Each image is classified by those that were fitted without it, so all images count as test
    images. The standard error is that of `share_estimate`.

    Parameters
    ----------
    codes : Codes
        At most MAX_IMAGES of them are taken, by chance. Feature maps are flattened.
    what : "draw" or "mean"
        One sample of z for each image, which is what the decoder is given, or the posterior mean.
        Means of a collapsed model differ by rounding alone, and a classifier reads even that.

    Raises
    ------
    ConfigError
        Where fewer than two classes have FOLDS images, or codes are not finite.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if len(codes) > MAX_IMAGES:
        generator = torch.Generator().manual_seed(seed)
        codes = codes.take(torch.randperm(len(codes), generator=generator)[:MAX_IMAGES])
    labels, counts = codes.labels.unique(return_counts=True)
    known = labels[counts >= FOLDS]
    if len(known) < 2:
        raise ConfigError(
            f"reading the class needs 2 classes with {FOLDS} images each; got {len(known)}."
        )
    codes = codes.take(torch.isin(codes.labels, known).nonzero().flatten())
    generator = torch.Generator().manual_seed(seed)
    chosen = codes.mean if what == "mean" else codes.posterior().sample((), generator)
    z, y = chosen.flatten(1).double().numpy(), codes.labels.numpy()
    if not np.isfinite(z).all():
        raise ConfigError("codes are not finite: the model's training has diverged.")
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)

    def accuracy(classifier: object) -> Estimate:
        guessed = cross_val_predict(classifier, z, y, cv=folds)
        return share_estimate(torch.from_numpy(guessed == y))

    with threadpool_limits(1):
        return ClassProbes(
            accuracy(make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))),
            accuracy(KNeighborsClassifier(NEIGHBOURS)),
            float(counts.max() / counts.sum()),
            len(y),
        )

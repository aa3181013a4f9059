"""What `evaluate` tells of a model that was given few labels: how often its q(y|x) is right."""

from __future__ import annotations

import sys
from typing import Any

from vae_core.analysis import classifier_score, unlabelled_bound
from vae_core.cli.report import ACCURACY
from vae_core.config import RunConfig
from vae_core.data.dataset import Dataset
from vae_core.vae import VAE

GIVEN = "unlabelled_bound is given no label: it bounds -log p(x), as that of a model without does."
ALONE = (
    "alone_accuracy is that of the same network, trained on the {n} labelled images alone "
    "({updates:,} updates)."
)


def scores(vae: VAE, config: RunConfig, dataset: Dataset) -> tuple[dict[str, Any], list[str]]:
    """Accuracy on the test images, beside the supervised twin's, and the bound without a label.

    With sentences on what they are of; nothing for a model without a classifier.
    """
    if not config.model.is_semi_supervised:
        return {}, []
    print(f"Training the supervised twin on {config.model.labelled} images ...", file=sys.stderr)
    found, bound = classifier_score(vae, config, dataset), unlabelled_bound(vae, dataset.test)
    named = {
        "unlabelled_bound": bound,
        f"test_{ACCURACY}": found.accuracy,
        f"alone_{ACCURACY}": found.alone,
        f"{ACCURACY}_gain": found.difference,
    }
    values: dict[str, Any] = {"n_labelled": found.n_labelled}
    for name, estimate in named.items():
        values |= {name: estimate.value, f"{name}_error": estimate.standard_error}
    return values, [GIVEN, ALONE.format(n=found.n_labelled, updates=found.n_updates)]

"""The classifier of a semi-supervised model, beside the same one without the unlabelled images."""

from __future__ import annotations

from vae_core.analysis import ClassifierScore, classifier_score
from vae_core.analysis.estimates import Estimate
from vae_core.errors import LessonError
from vae_core.lessons.quantities.loading import dataset_of, per_run, vae_of
from vae_core.lessons.quantities.registry import quantity
from vae_core.runs.run import Run


@per_run
def _score(run: Run) -> ClassifierScore:
    if not run.config.model.is_semi_supervised:
        raise LessonError(f"{run.title} has no classifier q(y|x).")
    return classifier_score(vae_of(run), run.config, dataset_of(run))


@quantity("share")
def class_named(run: Run) -> Estimate:
    """Share of the test images whose label is the most probable one under q(y|x)."""
    return _score(run).accuracy


@quantity("share")
def class_named_alone(run: Run) -> Estimate:
    """The same of the classifier that is trained on the labelled images alone."""
    return _score(run).alone

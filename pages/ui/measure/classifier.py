"""Diagnostics, Classifier: what images without a label are worth to q(y|x)."""

from __future__ import annotations

import streamlit as st

from pages.ui.drawing import charts, numbers
from pages.ui.library import cached, images
from pages.ui.library.background import run_in_background
from pages.ui.measure import diagnostics_text
from vae_core import Dataset, Run, analysis
from vae_core.analysis import ClassifierScore, Estimate
from vae_core.figures import accuracy_bars

BOUND = (
    r"-\log p(x)\;\le\;\sum_y q(y\mid x)\big(\text{distortion}(x,y)+\text{rate}(x,y)\big)"
    r"+\mathrm{KL}\big(q(y\mid x)\,\|\,p(y)\big)"
)


@cached.per_run("Training the same classifier on the labelled images alone …", max_entries=32)
def score(run: Run, data: Dataset) -> ClassifierScore:
    """Accuracy of the run's classifier and of its supervised twin."""
    return run_in_background(analysis.classifier_score, cached.vae(run), run.config, data)


@cached.per_run("Scoring every test image with every label …", max_entries=32)
def bound(run: Run, data: Dataset) -> Estimate:
    """The bound on -log p(x) that no label is given to."""
    return run_in_background(analysis.unlabelled_bound, cached.vae(run), data.test)


def show(run: Run) -> None:
    """What the labels and the other images give, class by class, and the bound without a label."""
    data = images.images_of(run)
    if data is None:
        images.offer_images_of(run, "How often q(y|x) is right is measured on the test images.")
        return
    found = score(run, data)
    st.markdown(sentence(found))
    chart, side = st.columns([3, 1], gap="large")
    with chart:
        charts.draw("accuracy-bars", accuracy_bars, found.by_class, run.data().class_names)
    with side:
        diagnostics_text.show_numbers(shares(found) | bound_number(bound(run, data)))
    with st.container(key="formulas"):
        st.latex(BOUND)


def sentence(found: ClassifierScore) -> str:
    """What the images without a label are worth."""
    rest = found.n_images - found.n_labelled
    if not rest:
        return f"All {found.n_images:,} training images have a label: none is left to learn from."
    if found.difference.is_zero:
        worth = "make no difference that these test images could tell"
    elif found.difference.value > 0.0:
        worth = f"are worth {_points(found.difference)}"
    else:
        worth = f"take {_points(found.difference)}"
    return (
        f"Of {found.n_images:,} training images {found.n_labelled:,} have a label. The {rest:,} "
        f"others {worth}."
    )


def _points(found: Estimate) -> str:
    value, error = 100 * abs(found.value), 100 * found.standard_error
    return f"{value:.1f} ± {error:.1f} percentage points of accuracy"


def shares(found: ClassifierScore) -> dict[str, str]:
    """Both accuracies."""
    return {
        "q(y|x) is right": numbers.percent(found.accuracy),
        "Trained on the labelled images alone": numbers.percent(found.alone),
    }


def bound_number(found: Estimate) -> dict[str, str]:
    """The bound of images whose label is not given."""
    return {"Bound on −log p(x), nats": numbers.estimate(found, 1)}


def conditions(run: Run) -> str:
    """What the numbers are of, and which y the other pages take."""
    alpha, few = run.config.train.alpha, run.config.model.labelled
    return (
        f"The {few:,} labelled images were chosen by the seed, equally many of each class; their "
        f"cross entropy weighs α = {alpha:g}. The grey bars are of a classifier with the same "
        "first weights, trained on them alone with the same batches, learning rate and "
        "augmentation. ±: one standard error over the test images, of the difference over the "
        "same images; other labelled images may differ by more. The bound has one sample of z for "
        "each image and label, and compares with that of a model without labels. **All other "
        "pages give each image its own label y,** as for any conditional model, and their numbers "
        "bound log p(x|y); the classifier is used in this view alone."
    )

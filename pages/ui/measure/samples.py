"""Diagnostics, Samples: decoded samples of the prior, and of which class the nearest codes are."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.ui.drawing import charts
from pages.ui.library import cached, images
from pages.ui.measure import diagnostics, diagnostics_text
from vae_core import Run
from vae_core.analysis import prior_classes
from vae_core.figures import prior_class_bars

CLASSES_NOTE = (
    f"Classes: of the test image whose mean is nearest to each of the {diagnostics.N_PICTURES} "
    "samples from the prior; ± one standard error of a binomial share (Wilson)."
)


@cached.per_run(max_entries=32)
def classes(run: Run) -> pd.DataFrame:
    """The classes of the prior draws that the page shows."""
    return prior_classes(cached.codes(run), diagnostics.N_PICTURES)


def show(run: Run) -> None:
    """The sheets, how far their pictures are from the training images, and the classes."""
    distances = diagnostics.distances(run)
    with st.container(key="samples"):
        st.html(diagnostics.samples(run).html(distances))
    diagnostics_text.show_numbers(
        diagnostics_text.sample_numbers(run, cached.codes(run), distances), across=True
    )
    if distances is None:
        images.offer_images_of(run, "The distance to training images needs the data set.")
    with st.container(key="class-counts"):
        st.markdown(
            f"Where do samples of the prior land? The class of the nearest code, for "
            f"{diagnostics.N_PICTURES} samples:"
        )
        charts.draw("prior-classes", prior_class_bars, classes(run), run.data().class_names)

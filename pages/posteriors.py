"""Posteriors: images, classes and the prior on one plane, to scale."""

from __future__ import annotations

import streamlit as st

from pages.ui.components import lens
from pages.ui.drawing import charts
from pages.ui.explore import posteriors, prior_parts
from pages.ui.library import cached, images
from pages.ui.session import chosen, first, problems

run = chosen.chosen()
codes = cached.codes(run)
is_line = codes.mean[0].numel() == 1
posteriors.follow_old_address(run)


@problems.fragment
def plane() -> None:
    """The plane first: its picture needs nothing of what is below it."""
    asked = posteriors.Asked.of(run, lens.show(run, "posteriors"))
    first.pause()
    if codes.family.has_rate:
        words = posteriors.advice(codes, "Bars" if is_line else "Ellipses")
        st.container(key="words--try").markdown(words)
    else:
        st.markdown(
            "**A point mass** is trained without a prior: nothing pulls the codes to N(0, I), and "
            f"the dotted {'marks' if is_line else 'rings'} are only a scale."
        )
    prior_parts.show(run)
    figures = posteriors.marginals(run, asked).figures
    places = ("across", "up")[: len(figures)]
    for column, figure, place in zip(st.columns(len(places)), figures, places, strict=True):
        with column:
            charts.show(figure, key=f"marginal-{place}")
    st.caption(posteriors.caption(run, asked))


plane()
if images.images_of(run) is None:
    images.offer_images_of(run, "The pictures of the test images need the data set.")

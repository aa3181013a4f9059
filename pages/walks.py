"""Walks: linear and spherical interpolation between two z, and arithmetic with class means."""

from __future__ import annotations

import streamlit as st

from pages.ui.drawing import charts
from pages.ui.explore import arithmetic, open_images, styles, walks
from pages.ui.library import cached, images
from pages.ui.session import chosen
from vae_core.analysis.diagnosis.collapse import is_collapsed
from vae_core.figures import walk_norms

run = chosen.chosen()
vae, codes = cached.vae(run), cached.codes(run)
data, class_names = images.images_of(run), run.data().class_names

st.markdown(walks.headline(codes, walks.middles(run)))
ends = walks.pick_ends(run, data)
strips = st.container(key="walk-strips")
paths = walks.between(vae, ends)
strips.html(walks.strips(run, paths, ends.label))
walks.offer_ends(ends)
walks.offer_gifs(run, vae.given(ends.label), ends)
shell, lengths = walks.lengths(run)
charts.draw(
    "norms", walk_norms, walks.norms_frame(paths), (shell.low, shell.high), shell.curve, lengths
)
st.caption(walks.conditions(run, ends, shell))

if run.config.model.is_conditional:
    with st.container(key="styles-of-z"):
        styles.show(run, data)
with st.container(key="arithmetic"):
    st.markdown("## Arithmetic with the means of classes")
    labels = codes.labels.unique().tolist()
    if is_collapsed(codes):
        st.info(arithmetic.ONE_PLACE, icon=":material/block:")
    elif len(labels) > 1:
        classes = arithmetic.pick_classes(labels, class_names)
        equation, verdict, neighbours = arithmetic.outcome(run, classes, data)
        st.html(equation)
        st.markdown(verdict)
        st.html(neighbours)
        open_images.offer(run, arithmetic.nearest(run, classes))
        st.caption(arithmetic.conditions(codes))
    else:
        st.info("Arithmetic needs at least two classes; this model's test images are all of one.")
if data is None:
    images.offer_images_of(run, "The original pictures need the data set.")

"""Walks: from one z to another, the straight way and round, and arithmetic with classes."""

from __future__ import annotations

import streamlit as st

from pages.ui import arithmetic, cached, charts, images, state, walk
from vae_core.figures import walk_norms

run = state.chosen()
vae, codes = cached.vae(run), cached.codes(run)
data, class_names = images.images_of(run), run.data()["class_names"]

st.markdown(walk.headline(vae))
ends = walk.pick_ends(run, data)
walks = walk.between(vae, ends)
st.html(walk.strips(run, walks))
walk.offer_gifs(run, vae, ends)
shell, lengths = walk.lengths(run)
charts.draw(
    "norms", walk_norms, walk.norms_frame(walks), (shell.low, shell.high), shell.curve, lengths
)
st.caption(walk.conditions(run, ends, shell))

st.markdown("##### Arithmetic with the means of classes")
labels = codes.labels.unique().tolist()
if len(labels) > 1:
    classes = arithmetic.pick_classes(labels, class_names)
    equation, verdict, neighbours = arithmetic.outcome(run, classes, data)
    st.html(equation)
    st.markdown(verdict)
    st.html(neighbours)
    st.caption(arithmetic.conditions(codes))
else:
    st.info("Arithmetic needs at least two classes; this model's test images are all of one.")
if data is None:
    images.offer_images_of(run, "The original pictures need the data set.")

"""Feature map: cells of a spatial latent, picked and moved, and their effect on the picture."""

from __future__ import annotations

import streamlit as st

from pages.ui.components import lens
from pages.ui.explore import feature_map
from pages.ui.library import cached, images
from pages.ui.session import chosen, first, links, problems

run = chosen.chosen()
links.need_map(run)

vae = cached.vae(run)
h, w, channels = vae.latent_shape
parts = "its own mean and variance" if vae.family.has_rate else "its own value"
if not vae.family.is_additive:
    parts = "its share of its cell, whose dimensions add up to 1"

st.markdown(
    f"## The latent is an array of {channels} × {h} × {w} dimensions, each with {parts}. "
    "**Try this:** move one cell, and see which pixels change."
)


@problems.fragment
def workbench() -> None:
    lens.show(run, "cells")
    first.pause()
    with (
        st.container(key="channel-table"),
        st.expander("Mean, standard deviation and scale factor of each channel"),
    ):
        feature_map.show_channels(run)


workbench()
if images.images_of(run) is None:
    images.offer_images_of(run, "The original picture needs the data set.")

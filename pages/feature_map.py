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
st.markdown(feature_map.headline(vae))


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

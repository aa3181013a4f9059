"""Latent sliders: change one latent dimension, see the decoded picture change."""

from __future__ import annotations

import streamlit as st

from pages.ui.components import lens
from pages.ui.drawing.strips import offer_traversal, span, traversals_html
from pages.ui.explore import sliders
from pages.ui.library import cached, images
from pages.ui.session import chosen, first, problems
from vae_core.analysis import latent_names

run = chosen.chosen()
vae = cached.vae(run)


@problems.fragment
def workbench() -> None:
    here = lens.show(run, "sliders")
    first.pause()
    names = latent_names(vae.latent_shape)
    z, order, ends = lens.code(run, here), cached.order(run), span(cached.codes(run))
    given = vae.given(lens.label(run, here))
    with st.container(key="traversals"):
        st.markdown("## Traversals: one latent dimension at a time, everything else as set above")
        st.html(traversals_html(given, z, order, names, ends))
        offer_traversal(run, given, z, order, names, ends)


st.markdown(sliders.headline(cached.codes(run)))
workbench()
if images.images_of(run) is None:
    images.offer_images_of(run, "The original picture needs the data set.")

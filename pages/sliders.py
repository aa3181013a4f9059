"""Latent sliders: change one number of z, see the decoded picture change."""

from __future__ import annotations

import streamlit as st

from pages.ui import cached, images, state
from pages.ui.latents import FROM_PRIOR, ORIGINS, Bench, show_pictures, start_from, strips_html
from vae_core.analysis import latent_names

run = state.chosen()
vae, codes, order = cached.vae(run), cached.codes(run), cached.order(run)
names = latent_names(vae.latent_shape)


@st.fragment
def workbench() -> None:
    hero, controls = st.columns([2, 3], gap="large")
    with controls:
        origin = st.segmented_control(
            "Start from", ORIGINS, default=ORIGINS[0], key="origin", bind="query-params",
            required=True,
        )  # fmt: skip
        with st.container(horizontal=True, vertical_alignment="bottom"):
            index = 0
            if origin == ORIGINS[0]:
                index = images.pick_image(codes, run.data()["class_names"])
            if origin == FROM_PRIOR and st.button("Draw again"):
                st.session_state["prior_draw"] = st.session_state.get("prior_draw", 0) + 1
            start = start_from(origin, vae, codes, index)
            bench = Bench(run.id, vae, start)
            st.button("Reset sliders", on_click=bench.place, args=(start,))
            st.button("Randomise", on_click=bench.randomise)
        bench.sliders(order, names)
    with hero:
        show_pictures(vae, start, bench.z)
    st.markdown("##### Traversals: one number at a time, everything else as set above")
    st.html(strips_html(vae, bench.z, order, names))


st.markdown(
    "##### Each slider is one number of z, the most informative first. "
    "**Try this:** move the first one slowly, then the last."
)
workbench()

"""Feature map: pick a cell of a spatial latent, move its numbers, see what it paints."""

from __future__ import annotations

import streamlit as st

from pages.ui import cached, charts, images, state
from pages.ui.latents import Bench, show_pictures
from vae_core.analysis import latent_names
from vae_core.figures import kl_cells

run = state.chosen()
if len(run.config.model.latent_shape) != 3:
    st.info(
        f"The latent of {run.title} is a vector: it has no cells. Choose a model whose latent is a "
        "feature map in the box above, such as MNIST feature map, or go to Latent sliders.",
        icon=":material/grid_on:",
    )
    st.stop()

vae, codes = cached.vae(run), cached.codes(run)
h, w, channels = vae.latent_shape
if vae.family.has_rate:
    parts, column, measure, unit = "its own mean and variance", "kl", "mean KL", "nats per image"
else:  # a point has no finite KL: show where the code moves instead
    parts, column = "its own place", "mean_variance"
    measure, unit = "variance of μ", "squared units of z"
if not vae.family.is_additive:
    parts = "its share of its cell, whose numbers add up to 1"
cells = cached.rates(run)[column].to_numpy().reshape(h, w, channels)

st.markdown(
    f"##### The latent is an array of {channels} × {h} × {w} numbers, each with {parts}. "
    "**Try this:** move one cell, and see how far its ink reaches."
)


@st.fragment
def workbench() -> None:
    hero, where = st.columns([2, 3], gap="large")
    with where:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            index = images.pick_image(codes, run.data()["class_names"])
            start = codes.mean[index]
            bench = Bench(run.id, vae, start)
            st.button("Reset cells", on_click=bench.place, args=(start,))
        with st.container(horizontal=True):
            row = charts.pick_one("Row", range(h), h // 2)
            col = charts.pick_one("Column", range(w), w // 2)
            channel = charts.pick_one("Channel", ["all", *range(channels)], "all")
        site = (row * w + col) * channels
        numbers = range(site, site + channels)
        moved = [j for j in numbers if channel in ("all", j - site)]
        bench.sliders(moved, latent_names(vae.latent_shape))
        shown = cells.sum(-1) if channel == "all" else cells[..., channel]
        of = "all channels" if channel == "all" else f"channel {channel}"
        title = f"{measure} of {of}, test split"
        charts.show(kl_cells(shown, title, (row, col), height=330, unit=unit), key="cells")
    with hero:
        show_pictures(vae, start, bench.z)


workbench()

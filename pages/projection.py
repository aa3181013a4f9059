"""Projection: all codes on one plane, by PCA, UMAP or t-SNE."""

from __future__ import annotations

import streamlit as st

from pages.ui.components import atlas
from pages.ui.explore import projection_picks, projection_progress, projection_quality
from pages.ui.library import cached, images
from pages.ui.session import chosen, problems
from vae_core.analysis.space.projection_methods import METHODS

WHAT = {"mean": "means", "draw": "samples of z"}

run = chosen.chosen()
codes = cached.codes(run)
d = codes.mean[0].numel()

if d <= 2:
    plane, line = "Two latent dimensions already are a plane", "One latent dimension is a line"
    words = plane if d == 2 else line
    st.markdown(f"## {words}: there is nothing to project.")
else:
    st.markdown(
        f"## {d} latent dimensions on a plane: PCA keeps as much of the variance as a plane "
        "can, UMAP and t-SNE keep neighbours together."
    )

with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
    method = "pca" if d <= 2 else st.segmented_control(
        "Method", list(METHODS), default="pca", key="method", bind="query-params", required=True,
        format_func=lambda name: METHODS[name].title, label_visibility="collapsed",
    )  # fmt: skip
    what = "mean" if not codes.family.has_density else st.segmented_control(
        "Of", list(WHAT), default="mean", key="what", bind="query-params", required=True,
        format_func=lambda name: WHAT[name], label_visibility="collapsed",
    )  # fmt: skip

if not cached.rates(run)["active"].any():
    st.info("No latent dimension is active: all means lie at one place, whatever the image.")
projection, shown = projection_progress.obtain(run, method, what)


@problems.fragment
def explore() -> None:
    left, right = st.columns([3, 2], gap="large")
    with left:
        pick = atlas.show(run, projection, what)
    with right:
        projection_picks.show(run, pick)
        if d > 2 and not METHODS[shown].has_unit:
            st.markdown(
                f"**{METHODS[shown].title}** has no units on its axes. Which images are "
                "neighbours is informative; how far clusters are apart, and how large they are, is "
                "not."
            )


explore()
if d > 2:
    projection_quality.show(run, shown, what)
pixels = run.pixels
codes_shown = "posterior means" if what == "mean" else "one sample of z for each image"
st.caption(
    f"Test split, {len(projection):,} images ({pixels} pixels), {codes_shown}. "
    "Zoom with + and −, two fingers, or the wheel once you have clicked, then drag to move. Keys: "
    "arrows go from image to image, Enter picks one."
)
if images.images_of(run) is None:
    images.offer_images_of(
        run, "Pictures are decoded from the means; the images need the data set."
    )

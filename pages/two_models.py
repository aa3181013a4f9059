"""Two models: two runs side by side, their posteriors, rates, pictures and numbers."""

from __future__ import annotations

import streamlit as st

from pages.ui.compare import two_models
from pages.ui.compare.two_models_text import images_title
from pages.ui.drawing import charts, escaping
from pages.ui.explore import walks
from pages.ui.library import images
from pages.ui.session import chosen, links, problems
from vae_core.comparison import same_images

VIEWS = (POSTERIORS, KL, PICTURES, WALK, NUMBERS) = (
    "Posteriors", "KL", "Reconstructions", "Walk", "Numbers",
)  # fmt: skip

run = chosen.chosen()
both = two_models.pick(run)
if both is None:
    st.info("There is no second model to put beside this one. Train one on the page New model.")
    links.to_pages("train")
    problems.end_page()
view = st.segmented_control(
    "View", VIEWS, default=POSTERIORS, key="comparison", bind="query-params", required=True,
    label_visibility="collapsed",
)  # fmt: skip

if view in (PICTURES, WALK) and not same_images(*both.runs):
    one, other = (escaping.message(images_title(side)) for side in both.runs)
    st.info(
        f"These models saw different images: {one}, and {other}. Choose two of the same images to "
        "compare their pictures.",
        icon=":material/image:",
    )
    two_models.offer_second(both)
elif view == POSTERIORS:
    st.markdown(
        "## Where both put their codes. **Try this:** choose a model with another posterior in "
        "the second box."
    )
    figures, alike = two_models.planes(both)
    for place, column in enumerate(st.columns(2, gap="medium")):
        with column:
            st.markdown(f"**{escaping.markdown(both.names[place])}**")
            charts.show(figures[place], key=f"plane-{place}")
    st.caption(two_models.plane_note(both, alike))
elif view == KL:
    st.markdown(
        "## How many latent dimensions are active, and what each costs. **Try this:** choose a "
        "larger latent in the second box."
    )
    two_models.show_bars(both)
    st.caption(two_models.kl_note(both))
elif view == PICTURES:
    st.markdown(
        "## The same test images through both. **Try this:** look for details that are missing."
    )
    st.html(two_models.reconstructions(both))
    st.caption(two_models.picture_note(both))
elif view == WALK:
    st.markdown(
        "## The same straight walk through both, mean to mean. **Try this:** find where the "
        "class changes."
    )
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        ends = walks.pick_images(run, images.images_of(run))
    st.html(two_models.walks(both, *ends))
    st.caption(two_models.picture_note(both))
else:
    st.markdown(
        "## What both are, and how they do. **Try this:** choose another likelihood in the "
        "second box."
    )
    two_models.show_table(both)
    st.caption(
        "Test splits, each run's own. Active: variance of μ over the images above 0.01 of the "
        "prior's. β weighs the rate in the loss; the negative ELBO here is without it."
    )
if view in (PICTURES, WALK) and same_images(*both.runs) and images.images_of(run) is None:
    images.offer_images_of(run, "The original pictures need the data set.")

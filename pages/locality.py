"""Locality: receptive field, sensitivity and effect of a cell, and correlation between cells."""

from __future__ import annotations

import streamlit as st

from pages.ui.drawing import charts
from pages.ui.explore import locality
from pages.ui.library import cached
from pages.ui.session import chosen, links
from vae_core.analysis import decoder_field, encoder_field
from vae_core.figures.locality import (
    PAINTS,
    SEES,
    PixelMap,
    all_cells,
    correlation_by_distance,
    picture,
    pixel_map,
)

ONE_CELL = "One cell"
SEES_UNIT, PAINTS_UNIT = "units of z per grey value", "grey values"
TRY = (
    "**Try this:** go from a corner to the middle: the receptive field moves, and so do the "
    "pixels that it changes."
)

run = chosen.chosen()
vae = cached.vae(run)
links.need_map(run)
h, w, channels = vae.latent_shape
field, reach = encoder_field(vae), decoder_field(vae)

st.markdown("## A cell keeps its place because convolutions are local.")
view = st.segmented_control(
    "View", [ONE_CELL, "What all cells see", "Pixels each cell changes", "By distance"],
    default=ONE_CELL, key="locality", bind="query-params", required=True,
    label_visibility="collapsed",
)  # fmt: skip
x, said = locality.inputs(run)
few = h * w * channels <= locality.MAX_NUMBERS
if view == ONE_CELL:
    st.container(key="words--try").markdown(TRY)
    with st.container(horizontal=True, gap="large", key="locality-controls"):
        cell = locality.pick(run)
        with st.container(key="locality-numbers", horizontal=True, gap="large"):
            if field:
                sides = field.inside(*cell, vae.image_shape[1:])
                st.metric(
                    "Sees, pixels", f"{sides[0]} × {sides[1]}",
                    locality.padding_note(field, sides), delta_color="off", delta_arrow="off",
                )  # fmt: skip
                if h * w > 1:
                    stride = f"{field.stride[0]} × {field.stride[1]}"
                    st.metric("Stride between cells, pixels", stride)
    window, painted = (f.window(*cell) if f else None for f in (field, reach))
    sees, paints = locality.sees(run, [cell])[0], locality.paints(run, [cell])[0]
    maps = {
        "first-image": picture(x[0].numpy(), window),
        "sees": PixelMap(sees, "the encoder: what it sees", SEES_UNIT, SEES, window),
        "paints": PixelMap(paints, "the decoder: what it changes", PAINTS_UNIT, PAINTS, painted),
    }
    columns = st.container(key="maps").columns(3)
    for column, (key, one) in zip(columns, maps.items(), strict=True):
        with column:
            charts.draw(key, pixel_map, one)
    st.latex(
        r"\left|\frac{\partial\mu_{\text{cell}}}{\partial x}\right|\qquad"
        r"\left|\hat x(z+\sigma_p e_{\text{cell}})-\hat x(z)\right|"
    )
elif view == "By distance":
    if (table := locality.correlation(run)).empty:
        st.info(locality.NO_PAIRS)
    else:
        charts.draw("correlation", correlation_by_distance, table)
    st.markdown(
        ("Given the image, cells are independent: the noise of q(z|x) is."
         if vae.family.has_density else "Points have no noise.")
        + " Over the data cells are correlated."
    )  # fmt: skip
elif not few:
    st.info(f"A map of {h} × {w} × {channels} dimensions is too large to show all at once.")
elif view == "What all cells see":
    charts.draw("all-see", all_cells, locality.of_all(run, locality.sees), SEES, SEES_UNIT)
else:
    charts.draw("all-paint", all_cells, locality.of_all(run, locality.paints), PAINTS, PAINTS_UNIT)
st.caption(
    f"Root mean squares over the cell's {channels} channels and {said}; the decoder's inputs are "
    "moved by one standard deviation of the prior, from the means of the same images. Dotted: "
    + ("what the layers allow. " if field else "nothing, for linear layers see and change all. ")
    + f"Correlations are over {len(cached.codes(run)):,} test images, of equal channels of two "
    "cells, active dimensions only."
)

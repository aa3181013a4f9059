"""Overview: encoder, posterior, z, decoder and ELBO of one image, on one screen."""

from __future__ import annotations

import streamlit as st

from pages.ui.components import lens
from pages.ui.drawing.given_label import given
from pages.ui.drawing.strips import NEIGHBOURS, neighbours_html
from pages.ui.explore import open_images, overview
from pages.ui.library import cached, images
from pages.ui.session import chosen, first, problems
from vae_core.analysis import nearest_codes
from vae_core.analysis.diagnosis.collapse import is_collapsed

run = chosen.chosen()
vae, codes = cached.vae(run), cached.codes(run)
data = images.images_of(run)
class_names = run.data().class_names
family = vae.family

st.markdown(overview.heading(codes))


@problems.fragment
def one_image() -> None:
    here = lens.show(
        run,
        "overview",
        first_draw=1,
        first=lambda: overview.first_state(run),
        words=overview.words(codes),
    )
    first.pause()
    z = lens.code(run, here)
    shown = "the images themselves" if data else "decoded"
    unit = "; KL in nats per image" if family.has_rate else ""
    with st.container(key="neighbours"):
        if is_collapsed(codes):
            st.info(overview.NO_NEIGHBOURS, icon=":material/block:")
        else:
            st.markdown(f"## Test images whose codes lie nearest to z, {shown}{unit}")
            st.html(neighbours_html(vae, codes, z, class_names, data))
            open_images.offer_here(run, nearest_codes(codes, z, NEIGHBOURS).index.tolist())
        if here.image is not None:
            open_images.doors(here.image, is_here=True)
    formulas()


def formulas() -> None:
    """How z is sampled, and what the bound is made of."""
    if family.has_rate:
        draw, bound = st.container(key="formulas").columns([2, 3])
        draw.latex(given(family.draw_tex, run))
        bound.latex(given(
            r"-\mathrm{ELBO}=\underbrace{-\mathbb E_q\log p(x\mid z)}"
            r"_{\substack{\text{reconstruction term}\\\text{(distortion)}}}"
            r"+\underbrace{\mathrm{KL}\big(q(z\mid x)\,\|\,p(z)\big)}"
            r"_{\substack{\text{KL term}\\\text{(rate)}}}", run
        ))  # fmt: skip
    else:
        st.container(key="formulas").latex(
            given(family.draw_tex + r"\qquad\quad \text{loss}(x)=-\log p(x\mid z)", run)
        )
        st.markdown(
            "**A point mass** has no σ: sampling z again gives the same z, and its KL is infinite. "
            "Only the noise of the pixels changes."
        )


one_image()
if data is None:
    images.offer_images_of(run, "The original picture, and so the distortion, needs the data set.")

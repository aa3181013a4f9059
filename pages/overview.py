"""What a VAE is, on one screen, with one image of the chosen model."""

from __future__ import annotations

import streamlit as st

from pages.ui import cached, charts, images, state
from pages.ui.hero import overview_html
from vae_core.analysis import follow

run = state.chosen()
vae, codes = cached.vae(run), cached.codes(run)
data = images.images_of(run)
class_names = run.data()["class_names"]

st.markdown(
    "##### An image goes in. The encoder answers with a *distribution* over codes, one code z "
    "is drawn from it, and the decoder paints what z means."
)


@st.fragment
def one_image() -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        index = images.pick_image(codes, class_names)
        if st.button("Draw z again", type="primary", icon=":material/casino:"):
            st.session_state["draw"] = st.session_state.get("draw", 0) + 1
    x = None if data is None else data.test.batch(slice(index, index + 1))
    passage = follow(vae, codes, index, st.session_state.get("draw", 0), x)
    original = None if x is None else x[0].numpy()
    title = f"{class_names[codes.labels[index]]}, test image {index}"
    st.html(overview_html(passage, original, codes, cached.order(run), title, charts.ink()))


one_image()
if data is None:
    images.offer_images_of(run, "The original picture, and so the distortion, needs the data set.")

family = vae.family
if family.has_rate:
    draw, bound = st.columns([2, 3])
    draw.latex(family.draw_tex)
    bound.latex(
        r"-\mathrm{ELBO}=\underbrace{-\mathbb E_q\log p(x\mid z)}_{\text{distortion}}"
        r"+\underbrace{\mathrm{KL}\big(q(z\mid x)\,\|\,p(z)\big)}_{\text{rate}}"
    )
    st.markdown(
        "**Try this:** press *Draw z again* a few times. The picture changes as far as the "
        "posterior is wide. KL belongs to the posterior, not to the draw, so it stays."
    )
else:
    st.latex(family.draw_tex + r"\qquad\quad \text{loss}(x)=-\log p(x\mid z)")
    st.markdown(
        "**A point mass** has no σ: drawing z again gives the same z, and its KL is infinite. Only "
        "the pixels' noise changes."
    )

"""Picked images beside the atlas: their classes, or one image's posterior."""

from __future__ import annotations

import pandas as pd
import streamlit as st
import torch

from pages.ui.components import atlas
from pages.ui.drawing import charts, escaping
from pages.ui.drawing.numbers import fixed
from pages.ui.explore import open_images
from pages.ui.library import cached, images
from vae_core import Codes, Run
from vae_core.analysis import decode_mean, latent_names
from vae_core.figures import class_counts, contact_sheet, data_uri, posterior_bars

MAX_SHOWN, COLUMNS = 60, 10
MAX_NUMBERS = 12

STYLE = """<style>
.picked{width:100%;max-width:560px;image-rendering:pixelated;border-radius:4px;display:block}
.pair{display:flex;gap:16px}.pair figure{margin:0;flex:0 1 150px}
.pair img{width:100%;image-rendering:pixelated;border-radius:4px;display:block}
.pair figcaption{font-size:.88rem}
</style>"""


def show(run: Run, pick: atlas.Pick) -> None:
    """What was picked, or what to try."""
    if pick.kind == "image":
        _one(run, pick.index[0])
    elif pick.kind == "lasso":
        _several(run, list(pick.index))
    else:
        st.markdown(
            "**Try this:** press *Lasso* and draw around a place where two classes meet. Then "
            "click one image inside."
        )


def _several(run: Run, index: list[int]) -> None:
    codes, names = cached.codes(run), run.data().class_names
    st.markdown(f"## {len(index):,} images picked, class by class")
    charts.draw("picked_classes", class_counts, codes.labels[index].tolist(), names)
    data, shown = images.images_of(run), torch.tensor(index[:MAX_SHOWN])
    pictures = atlas.pictures(cached.vae(run), codes, data, shown)
    sheet = data_uri(contact_sheet(pictures.numpy(), min(COLUMNS, len(shown))))
    st.html(f"{STYLE}<img alt='images picked' src='{sheet}' class='picked'>")
    first = f"The first {MAX_SHOWN} of them" if len(index) > MAX_SHOWN else "All of them"
    st.caption(f"{first}, {'the images themselves' if data else 'decoded from their means'}.")


def _one(run: Run, image: int) -> None:
    vae, codes, data = cached.vae(run), cached.codes(run), images.images_of(run)
    name = run.data().class_names[int(codes.labels[image])]
    st.markdown(f"## Class {escaping.markdown(name)}, test image {image}")
    figures = []
    if data:
        figures.append(_figure("x", data.test.batch(slice(image, image + 1))))
    one = codes.take(torch.tensor([image]))
    figures.append(_figure("decoded from μ", decode_mean(vae.given(one.labels), one.mean)))
    st.html(f"{STYLE}<div class='pair'>{''.join(figures)}</div>")
    with st.container(key="posterior-bars"):
        _posterior(run, codes, image)


def _posterior(run: Run, codes: Codes, image: int) -> None:
    """KL and bars of one image's posterior."""
    with st.container(key="picked-kl"):
        if codes.family.has_rate:
            st.markdown(
                f"KL(q(z|x) ‖ p) = **{fixed(float(codes.rate[image]))} nats**; the mean over the "
                f"test images is {fixed(float(codes.rate.mean()))}."
            )
        else:
            st.markdown("A point mass: no width, and no finite KL.")
    open_images.doors(image)
    table = posterior_table(codes, image, cached.order(run)[:MAX_NUMBERS])
    charts.draw("picked_posterior", posterior_bars, table, codes.family.has_rate)


def _figure(caption: str, picture: torch.Tensor) -> str:
    source = data_uri(contact_sheet(picture.numpy(), 1, scale=4))
    return (
        f"<figure><img alt='{caption}' src='{source}'><figcaption>{caption}</figcaption></figure>"
    )


def posterior_table(codes: Codes, image: int, order: list[int]) -> pd.DataFrame:
    """What `posterior_bars` draws: one image's posterior in these latent dimensions."""
    names, prior = latent_names(codes.latent_shape), codes.prior()
    columns = {
        "mean": codes.mean[image],
        "sigma": codes.variance[image].sqrt(),
        "prior_mean": prior.mean,
        "prior_sigma": prior.variance.sqrt(),
    }
    numbers = {name: values.flatten()[order].numpy() for name, values in columns.items()}
    return pd.DataFrame({"name": [names[j] for j in order]} | numbers)

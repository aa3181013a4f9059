"""The components of a learned prior as pictures: what z of each is decoded to, and its weight."""

from __future__ import annotations

import streamlit as st
from torch import Tensor

from pages.ui.drawing.escaping import html
from pages.ui.drawing.strips import STYLE
from pages.ui.library import cached
from vae_core import Run
from vae_core.config import PRIORS
from vae_core.figures import contact_sheet, data_uri
from vae_core.label_input import in_turn
from vae_core.vae import decode_mean

MAX_SHOWN = 24


def show(run: Run) -> None:
    """Pictures of the components, heaviest first; nothing where the prior has none."""
    if drawn := _html(run):
        with st.container(key="prior-parts"):
            st.markdown(f"##### {heading(run)}")
            st.html(drawn)


def heading(run: Run) -> str:
    """What the pictures are."""
    vae, wants_labels = cached.vae(run), PRIORS[run.config.model.prior].wants_labels
    count = min(MAX_SHOWN, run.config.model.prior_components)
    of = f"{count} of {run.config.model.prior_components}"
    if vae.latent_prior.pseudo_inputs is not None:
        return f"Pseudo-inputs of the prior, {of}: each is encoded to one component of p(z)"
    order = "by label" if wants_labels else "heaviest first"
    return f"Components of the prior, {of}, {order}: their means, decoded, and their weights"


@cached.per_run(max_entries=32)
def _html(run: Run) -> str:
    vae, learned = cached.vae(run), cached.codes(run).learned_prior
    if learned is None or learned.components is None or learned.weights is None:
        return ""
    weights = learned.weights
    order = weights.argsort(descending=True, stable=True)
    if learned.is_of_classes:
        order = order.sort().values
    order = order[:MAX_SHOWN]
    pictures = vae.latent_prior.pseudo_inputs
    if pictures is None:
        means = learned.components.mean
        given = vae.given(in_turn(cached.codes(run).labels, len(means)))
        pictures = decode_mean(given, means)
    names = run.data().class_names if learned.is_of_classes else ()
    figures = [
        _figure(pictures[k], names[k] if k < len(names) else f"component {k}", float(weights[k]))
        for k in order.tolist()
    ]
    return f"{STYLE}<div class='near'>{''.join(figures)}</div>"


def _figure(picture: Tensor, name: str, weight: float) -> str:
    source = data_uri(contact_sheet(picture.detach()[None].numpy(), 1, scale=3))
    title = html(name)
    return (
        f"<figure><img alt='{title} of the prior' src='{source}'><figcaption><b>{title}</b><br>"
        f"weight {weight:.1%}</figcaption></figure>"
    )

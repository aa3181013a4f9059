"""Class posteriors, the aggregate posterior and variances, below the parts of the rate."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st
import torch

from pages.ui.drawing import charts, escaping
from pages.ui.drawing.plane_frames import prior_frame
from pages.ui.library import cached
from pages.ui.library.background import run_in_background
from vae_core import Run
from vae_core.analysis import ClassSurgery, class_buildup, class_densities, class_surgery
from vae_core.figures import class_bars, class_layers, variance_bars

N_PLACES = 241


@cached.per_run("Adding up the posteriors of each class …")
def _surgery(run: Run, n_samples: int) -> ClassSurgery:
    return run_in_background(class_surgery, cached.codes(run), n_samples)


@cached.per_run("Adding one class after the other …")
def _buildup(run: Run, j: int, n_samples: int) -> pd.DataFrame:
    return run_in_background(class_buildup, cached.codes(run), j, n_samples)


@cached.per_run("Adding up the posteriors of each class …")
def _layers(run: Run, j: int) -> pd.DataFrame:
    """Each class's part of the density of dimension j, in long form."""
    codes, names = cached.codes(run), run.data().class_names
    mean, reach = codes.mean.flatten(1)[:, j], 3.0 * codes.variance.flatten(1)[:, j].sqrt()
    low = max(codes.family.low, float((mean - reach).min()))
    high = min(codes.family.high, float((mean + reach).max()))
    inside = 1e-3 * (high - low)  # the density of a proportion may be infinite at its ends
    places = torch.linspace(low + inside, high - inside, N_PLACES)
    parts = class_densities(codes, j, places).numpy()
    return pd.concat(
        pd.DataFrame({"z": places.numpy(), "density": part, "label": label, "name": names[label]})
        for label, part in zip(codes.labels.unique().tolist(), parts, strict=True)
    )


def numbers(parts: pd.Series[float], is_additive: bool) -> dict[str, str]:
    """The metrics beside the split of the rate, by their labels: see `elbo_surgery`."""
    shown = {"Mean KL, nats per image": f"{parts['mean_kl']:.2f}"}
    if is_additive:
        shown["Dimension-wise KL, nats"] = f"{parts['dimension_kl']:.2f}"
    if not parts["saturated"]:
        low, high = parts["mutual_information"], parts["mutual_information_upper"]
        shown["I(x; z) of the population, nats, between"] = f"{low:.2f} and {high:.2f}"
    return shown


def one_by_one(run: Run, n_samples: int) -> None:
    """KL of every class, and its mean over classes in parts."""
    surgery = _surgery(run, n_samples)
    known = surgery.table.dropna(subset=["class_kl"])
    names = [run.data().class_names[y] for y in known["label"]]
    if len(known):
        charts.draw("class_kl", class_bars, known, names)
    if math.isfinite(surgery.label_information):
        st.markdown(
            f"Mean over classes {surgery.mean_class_kl:.2f} = I(y; z) "
            f"{surgery.label_information:.2f} + KL(q(z) ‖ p) {surgery.marginal_kl:.2f} nats. A "
            "class need not look like the prior: only the aggregate posterior q(z)."
        )
    else:
        st.markdown(
            "Left out are classes whose images are told apart by their posteriors: too few to tell."
        )


def together(run: Run, n_samples: int) -> None:
    """Classes added one by one until they are the aggregate posterior."""
    codes, names = cached.codes(run), cached.rates(run)["name"].tolist()
    order = cached.order(run)
    labels = codes.labels.unique().tolist()
    chart, side = st.columns([3, 1], gap="large")
    with side:
        name = st.selectbox("Latent dimension", [names[j] for j in order], key="buildup_number")
        last = labels[-1]
        if len(labels) > 1:
            last = st.select_slider(
                "Classes up to", labels, last, key="buildup_classes",
                format_func=lambda y: escaping.markdown(run.data().class_names[y]),
            )  # fmt: skip
    j = names.index(name)
    layers, table = _layers(run, j), _buildup(run, j, n_samples)
    shown = layers[layers["label"] <= last].copy()
    row = table.set_index("label").loc[last]
    shown["density"] *= len(codes) / row["n_images"]
    with chart:
        prior = prior_frame(codes, j)
        charts.draw("buildup", class_layers, shown, prior, codes.family.prior_title, name)
    with side:
        st.metric(f"KL of {name} alone, nats", f"{row['number_kl']:.2f}")
        if math.isfinite(row["kl"]):
            st.metric("KL(q(z | these) ‖ p), nats", f"{row['kl']:.2f}")
        st.caption(f"{int(row['n_images']):,} images of {len(codes):,}.")
    st.markdown(
        "**Try this:** begin with one class, and add the others. On average a class alone is "
        "further from the prior than the aggregate posterior q(z)."
    )


def variances(run: Run) -> None:
    """Variance within posteriors, and between their means."""
    table, additive = (
        cached.rates(run).iloc[cached.order(run)],
        cached.codes(run).family.is_additive,
    )
    charts.draw("variance", variance_bars, table, 1.0 if additive else None)
    st.markdown(
        "Both bars together are the variance of q(z_j)"
        + (": where it matches the prior's they reach the line." if additive else ".")
    )

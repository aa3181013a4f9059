"""KL: the rate, dimension by dimension."""

from __future__ import annotations

import streamlit as st

from pages.ui import cached, charts, state
from vae_core.analysis import class_rates
from vae_core.figures import kl_bars, kl_by_class, kl_cells, kl_channels, kl_over_epochs

run = state.chosen()
codes, table, order = cached.codes(run), cached.rates(run), cached.order(run)
if run.config.model.posterior == "delta":
    st.info(
        f"{run.title} is a deterministic auto-encoder. Its posterior is a point, whose KL to any "
        "density is infinite: it has no finite rate. Choose a VAE in the box above.",
        icon=":material/all_inclusive:",
    )
    st.stop()

chart, numbers = st.columns([3, 1], gap="large")
with numbers:
    st.metric("Rate: mean KL, nats per image", f"{table['kl'].sum():.2f}")
    st.metric("Active: Var μ > 0.01", f"{table['active'].sum()} of {len(table)}")
    st.metric("Most informative number, nats", f"{table['kl'].max():.2f}")

views = ["Bars", "By class", "Over epochs"]
if len(run.config.model.latent_shape) == 3:
    views.insert(2, "By cell")
with chart:
    view = st.segmented_control(
        "View", views, default="Bars", key="view", bind="query-params", required=True
    )
    if view == "By cell":
        cells = table["kl"].to_numpy().reshape(run.config.model.latent_shape)
        charts.show(kl_cells(cells.sum(-1), "all channels", height=380), key="kl")
        charts.show(kl_channels(cells), key="channels")
    elif view == "By class":
        kl = class_rates(codes).flatten(1)[:, order].numpy()
        names = [run.data()["class_names"][y] for y in codes.labels.unique().tolist()]
        charts.show(kl_by_class(kl, table["name"].iloc[order].tolist(), names), key="kl")
    elif view == "Over epochs":
        history = charts.kl_history(run.history(), order, table["name"].tolist())
        charts.show(kl_over_epochs(history), key="kl")
    else:
        charts.show(kl_bars(table), key="kl")

st.latex(
    r"\mathrm{KL}\big(q(z\mid x)\,\|\,\mathcal N(0,I)\big)"
    r"=\sum_j \tfrac12\big(\mu_j^2+\sigma_j^2-\ln\sigma_j^2-1\big)"
)
st.caption(
    f"Means over {len(codes):,} test images ({run.config.data.binarisation} pixels). The bars add "
    "up to the rate. KL compares each μ and σ with the prior's 0 and 1, never μ with σ."
)

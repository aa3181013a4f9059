"""The frame around every page: navigation, the chosen model, one line about it."""

from __future__ import annotations

import streamlit as st

from pages.ui.components import take_home
from pages.ui.drawing import escaping
from pages.ui.session import chosen, keys, paths, problems, reconnection, summary
from vae_core.errors import VAECoreError

st.set_page_config("ELBO Room", page_icon=str(paths.ROOT / "assets" / "icon.png"), layout="wide")
st.html(paths.ROOT / "assets" / "frame.css")

page = st.navigation(
    {
        "": [
            st.Page("overview.py", title="Overview", default=True),
            st.Page("train.py", title="Train", url_path="train"),
            st.Page("runs.py", title="Runs", url_path="runs"),
        ],
        "Explore": [
            st.Page("posteriors.py", title="Posteriors", url_path="posteriors"),
            st.Page("projection.py", title="Projection", url_path="projection"),
            st.Page("sliders.py", title="Latent sliders", url_path="sliders"),
            st.Page("walks.py", title="Walks", url_path="walks"),
            st.Page("feature_map.py", title="Feature map", url_path="feature-map"),
            st.Page("locality.py", title="Locality", url_path="locality"),
        ],
        "Measure": [
            st.Page("kl.py", title="KL", url_path="kl"),
            st.Page("aggregate.py", title="Aggregate", url_path="aggregate"),
            st.Page("bounds.py", title="Bounds", url_path="bounds"),
            st.Page("diagnostics.py", title="Diagnostics", url_path="diagnostics"),
        ],
        "Compare": [
            st.Page("two_models.py", title="Two models", url_path="compare"),
            st.Page("rate_distortion.py", title="Rate and distortion", url_path="rate-distortion"),
            st.Page("time_machine.py", title="Time machine", url_path="time-machine"),
        ],
    },
    position="top",
)

if keys.PAGE.get() != page.url_path:
    keys.PAGE.set(page.url_path)
    keys.VISIT.set(keys.VISIT.get_or(0) + 1)

problems.say_refused()
reconnection.keep()
try:
    picker, line = st.columns([2, 5], vertical_alignment="center", gap="medium")
    with picker, st.container(horizontal=True, vertical_alignment="center"):
        run = chosen.pick_run()
        if run:
            take_home.offer(run)
    with line:
        st.caption(escaping.message(summary.summary(run)) if run else "")
    page.run()
except VAECoreError as error:
    problems.show(problems.explain(error))

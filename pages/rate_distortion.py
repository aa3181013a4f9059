"""Rate and distortion: all comparable runs on one plane."""

from __future__ import annotations

import streamlit as st

from pages.ui.compare import bytes_view
from pages.ui.compare import rate_distortion as comparing
from pages.ui.compare import rate_distortion_text as text
from pages.ui.drawing import charts, escaping
from pages.ui.session import chosen, first, links, problems
from pages.ui.session.doors import has_rate
from vae_core.analysis import swept
from vae_core.config import POSTERIORS
from vae_core.figures import rate_distortion, sweep_curve
from vae_core.likelihoods.bits import why_negative

HEADING = (
    "## Each model is a point: its rate (KL term) against its distortion (reconstruction term). "
)
TRY_SWEEP = "**Try this:** follow β from low to high. Which end has KL = 0, and is it the best?"
TRY_EPOCHS = "**Try this:** switch on *Over epochs*: does training save distortion or rate first?"
NATS = st.column_config.NumberColumn(format="%.2f")
BETA = st.column_config.NumberColumn(format="%.4g")

MODELS, BYTES = "Models", "Bytes"

run = chosen.chosen()
view = st.segmented_control(
    "View", [MODELS, BYTES], default=MODELS, key="tradeoff_view", bind="query-params",
    required=True, label_visibility="collapsed",
)  # fmt: skip
if view == BYTES:
    bytes_view.show(run)
    problems.end_page()
heading = st.empty()
heading.markdown(HEADING + TRY_SWEEP)  # as it mostly is: nothing moves when the rest is there
if not POSTERIORS[run.config.model.posterior].has_rate:
    st.info(
        f"{escaping.markdown(run.title)} is a deterministic auto-encoder: its rate is not finite, "
        "so it has no place here. The runs measured as it was are shown.",
        icon=":material/all_inclusive:",
    )
    links.offer_models(has_rate, run)
plane, side = st.columns([3, 2], gap="large")
with plane:
    group = comparing.pick_group(run)
    table = comparing.table("points", group.runs.values())
with side:
    runs = comparing.pick_sweep(group)
    setting = swept([one.config for one in runs])
    heading.markdown(HEADING + (TRY_SWEEP if setting == "beta" else TRY_EPOCHS))
with plane:
    ways = st.toggle("Over epochs", key="ways", bind="query-params")
    if table.empty:
        st.info("No run measured like this has a finite rate. Choose another group.")
    else:
        epochs = comparing.table("epochs", group.runs.values()) if ways else None
        chosen_point = comparing.drawn_at(run, group.runs.values())
        charts.draw("plane", rate_distortion, text.in_print(table), chosen_point, epochs)
with side:
    if setting is None:
        st.info(
            "No sweep was measured like this. Train one on the page New model: the same model with "
            "several values of β.",
            icon=":material/ssid_chart:",
        )
        links.to_pages("train", "time-machine")
    else:
        swept_table = comparing.table("sweep", runs)
        st.markdown(f"## {text.over(setting, swept_table)}")
        charts.draw("sweep", sweep_curve, swept_table, setting)
    first.pause()
    st.latex(
        r"-\mathrm{ELBO}=\underbrace{\text{distortion}}_{\text{reconstruction term}}"
        r"+\underbrace{\text{rate}}_{\text{KL term}}"
    )
    st.markdown(
        "Training with β looks for the lowest **distortion + β · rate**: where the curve has slope "
        "−β. Only β = 1 looks for the lowest negative ELBO, whose lines have slope −1."
    )
if not table.empty:
    shown = text.shown(text.in_print(table))
    nats = dict.fromkeys(map(str, shown.select_dtypes("float")), NATS) | {text.BETA: BETA}
    with st.container(key="rate-distortion-numbers"):
        st.dataframe(shown, hide_index=True, column_config=nats, placeholder="")
        st.caption(text.best_note(comparing.best(group.runs.values())))
seeds, negative = "", ""
if not table.empty:
    seeds = text.seeds_note(table)
    negative = why_negative(*table["distortion"], *table["negative_elbo"])
st.caption(
    f"Test means in nats per image, one sample of z each; {escaping.markdown(group.title, 200)}. "
    f"{text.ERROR}: the standard error of the negative ELBO. {seeds} Down and to the left is "
    f"better. {escaping.message(group.left_out)} {negative}"
)

"""Which run the reader looks at, shared by every page and kept in the address."""

from __future__ import annotations

import os
import secrets
from functools import cache
from pathlib import Path

import streamlit as st

from pages.ui import cached
from pages.ui.listing import Listing
from vae_core.comparison import by_value
from vae_core.config import LIKELIHOODS, POSTERIORS
from vae_core.errors import VAECoreError
from vae_core.objective import Reduction
from vae_core.runs.run import Run
from vae_core.runs.store import Entry, RunStore

ROOT = Path(__file__).resolve().parents[2]
BUNDLED = ROOT / "assets" / "models"
SWEEPS = ROOT / "assets" / "sweeps"
RUNS = Path(os.environ.get("ELBO_ROOM_RUNS", ROOT / "runs"))
DEFAULT_RUN = "mnist-2d"
GONE = ":material/delete:"
ORDER = (
    *("mnist-2d", "mnist-20d", "mnist-map", "mnist-conv-2d", "mnist-ae-2d", "mnist-full-2d"),
    *("mnist-dirichlet-3", "mnist-dirichlet-10", "mnist-gaussian-10d", "mnist-ones-2d"),
    *("mnist-collapsed", "digits-2d", "digits-map"),
)


def entries() -> list[Entry]:
    """Bundled models in their order, then the reader's own runs, newest first."""
    bundled = {entry.id: entry for entry in _shipped(BUNDLED)}
    return [bundled[name] for name in ORDER if name in bundled] + Listing(RUNS).list()


@cache
def _shipped(folder: Path) -> list[Entry]:
    """Runs that ship, which do not change while the server runs."""
    return RunStore(folder).list()


def openable() -> dict[str, Run]:
    """Runs with weights and codes, by the label that the picker and the address show."""
    runs = [e.run for e in entries() if e.run and e.run.is_finished]
    return {r.title if r.path.parent == BUNDLED else f"{r.title} · {r.id[-6:]}": r for r in runs}


def sweeps() -> dict[str, list[Run]]:
    """The finished runs of every sweep by its name, in the order of their values.

    Those that ship come first. They are not offered by the picker.
    """
    folders = sorted(path for path in SWEEPS.glob("*") if path.is_dir())
    own = Listing(RUNS).list()
    found: dict[str, list[Run]] = {}
    for entries in (*map(_shipped, folders), own):
        for entry in entries:
            run = entry.run
            if run and run.is_finished and run.config.sweep:
                name = f"{run.config.sweep}, yours" if entries is own else run.config.sweep
                found.setdefault(name, []).append(run)
    return {name: by_value(runs) for name, runs in found.items()}


def sweep_names() -> set[str]:
    """The names of the reader's own sweeps, finished or not."""
    return {e.run.config.sweep for e in Listing(RUNS).list() if e.run and e.run.config.sweep}


def visitor() -> str:
    """A name for this session, known to nobody else."""
    name: str = st.session_state.setdefault("visitor", secrets.token_hex(8))
    return name


def choose(run_id: str) -> None:
    """Make this the chosen run from the next script run on."""
    st.session_state["next_run"] = run_id


def pick_run() -> Run | None:
    """The picker in the frame; returns the chosen run."""
    runs = openable()
    if not runs:
        st.error(f"No model could be opened in {BUNDLED} or {RUNS}. Train one on the Train page.")
        return None
    wanted = st.session_state.pop("next_run", None)
    for label, run in runs.items():
        if run.id == wanted:
            st.session_state["run"] = label
    asked = st.session_state.get("run", st.query_params.get("run"))
    label = st.selectbox(
        "Model", list(runs), key="run", bind="query-params", label_visibility="collapsed"
    )
    if asked and asked not in runs:  # nothing of the address is repeated: it may say anything
        st.toast(f"The model asked for is not here any more: {label} is shown.", icon=GONE)
    st.session_state["chosen"] = runs[label]
    return runs[label]


def chosen() -> Run:
    """The run that `pick_run` returned. Stops the page when there is none."""
    run = st.session_state.get("chosen")
    if run is None:
        st.stop()
    assert isinstance(run, Run)
    return run


def explain(error: VAECoreError) -> str:
    """What went wrong, for people: the chosen run may have been deleted by somebody else."""
    run = st.session_state.get("chosen")
    if isinstance(run, Run) and not run.path.is_dir():
        return f"{run.title} has just been deleted. Choose another model in the box above."
    return str(error)


def need_density(run: Run, why: str) -> None:
    """Stop the page when the run's posteriors are points, with what that means here."""
    if POSTERIORS[run.config.model.posterior].has_density:
        return
    st.info(
        f"{run.title} is a deterministic auto-encoder: {why} Choose a VAE in the box above.",
        icon=":material/all_inclusive:",
    )
    st.stop()


def summary(run: Run) -> str:
    """What the chosen model is and how well it does, in one line."""
    model, metrics = run.config.model, run.metrics()
    shape = model.latent_shape
    latent = f"{shape[0]}-D" if len(shape) == 1 else f"{shape[2]} × {shape[0]} × {shape[1]}"
    distortion = f"distortion {metrics['test_distortion']:.1f}"
    score = (
        f"{distortion} nats per image, no finite rate"
        if metrics["test_rate"] is None
        else f"negative ELBO {metrics['test_negative_elbo']:.1f} = {distortion} + rate "
        f"{metrics['test_rate']:.1f} nats per image"
    )
    return (
        f"{POSTERIORS[model.posterior].title}, latent {latent}, "
        f"{_likelihood(run)}{_weight(run)}. Test {score} "
        f"({metrics['n_test']:,} {metrics['binarisation']} images, "
        f"{metrics['n_samples']} draw each)."
    )


def _likelihood(run: Run) -> str:
    """The likelihood's name, with its sigma where it has one."""
    model = run.config.model
    title: str = LIKELIHOODS[model.likelihood].title
    if model.likelihood != "gaussian":
        return title
    sigma = cached.vae(run).likelihood.sigma
    return f"{title} with {f'σ = {sigma:.3g}' if sigma else 'σ'} ({model.sigma})"


def _weight(run: Run) -> str:
    """What the loss weighs the rate by, when it is not the ELBO's."""
    model, train = run.config.model, run.config.train
    reduction = Reduction.of(train.reduction, tuple(run.data()["image_shape"]), model.latent_shape)
    beta = train.beta * reduction.implied_beta
    if beta == 1.0 or not POSTERIORS[model.posterior].has_rate:
        return ""
    how = "" if train.reduction == "sum/sum" else f" ({train.reduction})"
    return f", trained with β = {beta:.3g}{how}"

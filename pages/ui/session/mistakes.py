"""The red line about a run that was trained with a mistake on purpose."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.ui.drawing import escaping, numbers
from pages.ui.library import cached
from vae_core.analysis import Estimate, drawn_loss, reported_loss
from vae_core.mistakes import NOISES
from vae_core.runs.run import Run

ICON = ":material/bug_report:"
WORDS = {
    "seed-noise": "it draws z = μ + log(σ/2) ε in place of μ + σ ε",
    "exp-logvar": "it draws z = μ + exp(log σ²) ε: the variance in place of σ",
    "sign-slip": "its KL is Σ [log σ + (μ² + σ² − 1)/2]: log σ has the wrong sign",
    "mean-kl": "its KL is the mean over the latent dimensions, not the sum",
}


def warn(run: Run) -> None:
    """A red line where the run has a mistake; nothing for others."""
    if run.has_mistake:
        st.error(sentence(run), icon=ICON)


def sentence(run: Run) -> str:
    """The mistake, and once the run is finished what its code reports beside what is true."""
    said = f"Trained with a mistake on purpose: {WORDS[run.config.train.mistake]}."
    if not run.is_finished:
        return said
    true = Estimate(run.metrics().negative_elbo, cached.score_error(run))
    reported, drawn = _losses(run)
    said += f" Its code reports {numbers.estimate(reported, 1)} nats per test image."
    if run.config.train.mistake in NOISES:
        said += f" With the noise that it really draws, these are {numbers.estimate(drawn, 1)}."
    return (
        f"{said} The numbers shown are those of the right code, with the σ that the encoder gives: "
        f"negative ELBO {numbers.estimate(true, 1)}."
    )


@cached.per_run()
def _losses(run: Run) -> tuple[Estimate, Estimate]:
    """What its code reports, and the negative ELBO of the z that this code draws."""
    data, mistake = cached.dataset(run.config.data), run.config.train.mistake
    reported, drawn = (f(cached.vae(run), data.test, mistake) for f in (reported_loss, drawn_loss))
    return reported, drawn


def warn_of(runs: Sequence[Run]) -> None:
    """A red line that names those of several runs that have a mistake; nothing where none has."""
    wrong = dict.fromkeys(escaping.markdown(run.title) for run in runs if run.has_mistake)
    if wrong:
        st.error(f"{', '.join(wrong)}: trained with a mistake on purpose.", icon=ICON)

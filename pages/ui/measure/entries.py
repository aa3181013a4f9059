"""KL of a codebook: which entries are used, and what naming them costs under each prior."""

from __future__ import annotations

import math

import streamlit as st

from pages.ui.components import bell
from pages.ui.drawing import charts, numbers
from pages.ui.library import cached, entry_counts
from pages.ui.library.background import run_in_background
from pages.ui.measure import diagnostics_text, mixture
from pages.ui.session import first
from vae_core import Codes, Run
from vae_core.analysis.estimates import Estimate
from vae_core.analysis.rate.cell_model import MAX_EPOCHS, CellFit, CellModel
from vae_core.analysis.rate.entry_use import (
    CodePrior,
    EntryUse,
    code_priors,
    code_rate,
    decoded_codes,
    fitted_and_measured,
)
from vae_core.figures import code_rate_bars, contact_sheet, data_uri, entry_bars
from vae_core.label_input import in_turn
from vae_core.vae import decode_mean

SIDE = 6  # pictures on a side of a sheet
PICTURES = """<style>
.codes{display:grid;grid-template-columns:repeat(auto-fit,minmax(200px,1fr));gap:16px 28px}
.codes figure{margin:0;max-width:340px}
.codes img{width:100%;display:block;image-rendering:pixelated;border-radius:4px}
.codes figcaption{line-height:1.35;margin-bottom:6px}
</style>"""


@cached.per_run("Counting entries …", max_entries=32)
def priors(run: Run, split: str) -> list[CodePrior]:
    """Those that a count is enough for."""
    return code_priors(fitted_and_measured(mixture.codes(run, split))[0])


@cached.per_run(max_entries=8)
def fit_of(run: Run, split: str) -> CellFit:
    """The autoregressive prior, as far as any reader has fitted it."""
    return CellFit(fitted_and_measured(mixture.codes(run, split))[0])


def prior_of(run: Run, split: str, title: str) -> CodePrior:
    """The prior of that title; the autoregressive one as far as it is fitted."""
    fit = fit_of(run, split)
    known = [*priors(run, split), fit.model]
    return next(one for one in known if one.title == title)


@cached.per_run(max_entries=64)
def rate(run: Run, split: str, title: str) -> Estimate:
    """What a prior that is fitted charges images that it was not fitted to."""
    measured = fitted_and_measured(mixture.codes(run, split))[1]
    return code_rate(prior_of(run, split, title), measured)


@cached.per_run("Decoding samples …", max_entries=32)
def sheet(run: Run, split: str, title: str) -> str:
    """Decoded samples of a prior that is fitted, as a picture."""
    codes, prior = cached.codes(run), prior_of(run, split, title)
    vae = cached.vae(run).given(in_turn(codes.labels, SIDE * SIDE))
    pictures = decoded_codes(codes, prior, lambda z: decode_mean(vae, z), SIDE * SIDE)
    return data_uri(contact_sheet(pictures.numpy(), SIDE))


def fit_in_steps(run: Run, split: str) -> None:
    """Fit the autoregressive prior an epoch at a time: switching it off stops it."""
    fit = fit_of(run, split)
    if fit.is_done:
        return
    bar = st.progress(0.0)
    while not fit.is_done:
        words = f"Autoregressive prior: epoch {fit.epoch + 1}, at most {MAX_EPOCHS} …"
        bar.progress(fit.epoch / MAX_EPOCHS, f"{words} Switch it off to stop.")
        run_in_background(fit.step)
    bar.empty()


def headline(run: Run, found: EntryUse) -> str:
    """What an entry costs, and what to try."""
    n_sites, count = found.counts.shape
    each = math.log(count)
    where = "Each of the cells" if n_sites > 1 else "The code"
    total = f", {n_sites * each:.2f} nats for all {n_sites}" if n_sites > 1 else ""
    return (
        f"## {where} names one of {count} entries, which costs ln {count} = {each:.2f} nats under "
        f"the uniform prior{total}, whatever the image. **Try this:** see what other priors of the "
        "code charge."
    )


def show(run: Run) -> None:
    """The whole page for a model with a codebook."""
    bell.leave()
    codes, found = cached.codes(run), entry_counts.use(run)
    st.markdown(headline(run, found))
    chart, side = st.columns([3, 1], gap="large")
    with chart:
        charts.draw("entries", entry_bars, found.shares.numpy())
    with side, st.container(key="kl-numbers"):
        diagnostics_text.show_numbers(
            {
                "Entries used": f"{found.n_used} of {found.n_entries}",
                "Perplexity": numbers.estimate(entry_counts.perplexity(run), 1),
                "Rate, uniform prior, nats per image": numbers.fixed(float(codes.rate[0]), 2),
            }
        )
    st.caption(
        f"Over {len(codes):,} test images. Perplexity: exp of the entropy of the shares. So many "
        "entries, used equally often, would be as varied."
    )
    first.pause()
    with st.container(key="code-priors"):
        _priors(run, codes)


def _priors(run: Run, codes: Codes) -> None:
    """Rates and samples under the priors of the code."""
    st.markdown("## What the code costs, and what it looks like, under other priors")
    split = mixture.of(run).split
    titles = [one.title for one in priors(run, split)]
    if st.toggle(
        "Fit an autoregressive prior: each cell given those before it",
        key="cell_model", bind="query-params",
    ):  # fmt: skip
        fit_in_steps(run, split)
        titles.append(CellModel.title)
    rates = {title: rate(run, split, title) for title in titles}
    bars = {name: (one.value, one.standard_error) for name, one in rates.items()}
    charts.draw("code-rates", code_rate_bars, bars)
    st.markdown(verdict(rates, run))
    st.html(
        PICTURES
        + "<div class='codes'>"
        + "".join(
            f"<figure><figcaption><b>Samples, {title}</b></figcaption>"
            f"<img alt='samples, {title}' src='{sheet(run, split, title)}'></figure>"
            for title in titles
        )
        + "</div>"
    )
    st.latex(
        r"\text{rate}=-\log p(k_1\dots k_S),\qquad"
        r"\text{uniform: } S\ln K,\qquad"
        r"\text{autoregressive: }-\sum_{s}\log p(k_s\mid k_1\dots k_{s-1})"
    )
    st.caption(conditions(codes, split, len(mixture.codes(run, split))))


def verdict(rates: dict[str, Estimate], run: Run) -> str:
    """What the best of these priors saves."""
    best = min(rates, key=lambda name: rates[name].value)
    saved = rates["uniform"] - rates[best]
    if best == "uniform" or saved.is_zero:
        return "None of them charges less than the uniform prior: the entries are used alike."
    total = run.metrics().distortion + rates[best].value
    return (
        f"**{best.capitalize()}** charges least: {numbers.estimate(saved)} nats less than the "
        "uniform prior, for the same codes and the same pictures. With it the negative ELBO would "
        "be about "
        f"{total:.1f} in place of {run.metrics().negative_elbo:.1f} nats per image."
    )


def conditions(codes: Codes, split: str, n: int) -> str:
    """What the rates are of."""
    return (
        f"Fitted after training to four fifths of {n:,} {split.lower()}, taken at random, and "
        "measured on the rest; ±: one standard error over these. Encoder, decoder and codebook "
        f"stay as they are. Pictures: the decoder's means of {SIDE * SIDE} samples of each prior."
    )

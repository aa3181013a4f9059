"""Class posteriors, the aggregate posterior and variances, below the parts of the rate."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd
import streamlit as st
import torch

from pages.ui.drawing import charts, escaping, numbers
from pages.ui.drawing.plane_frames import prior_frame
from pages.ui.library import cached
from pages.ui.library.background import run_in_background
from pages.ui.measure import mixture
from vae_core import Run
from vae_core.analysis import (
    Bracket,
    ClassSurgery,
    Estimate,
    RateParts,
    class_buildup,
    class_densities,
    class_surgery,
)
from vae_core.analysis.diagnosis.collapse import NO_KL
from vae_core.codes import RATE_SAMPLES
from vae_core.config import PRIORS
from vae_core.figures import class_bars, class_layers, variance_bars

N_PLACES = 241
NOTHING_TO_SPLIT = (
    f"**Nothing to split.** The mean KL is below {NO_KL} nats per image: the posterior is the "
    "prior whatever the image, and z carries no information about it."
)
ALL_ALIKE = "Every class has the same posterior, the prior: there is nothing to split by class."


@cached.per_run("Adding up the posteriors of each class …")
def _surgery(run: Run, split: str, n_samples: int) -> ClassSurgery:
    whole = mixture.parts(run, mixture.Mixture(split, n_samples))
    return run_in_background(class_surgery, mixture.codes(run, split), n_samples, whole=whole)


@cached.per_run("Adding one class after the other …")
def _buildup(run: Run, split: str, j: int, n_samples: int) -> pd.DataFrame:
    return run_in_background(class_buildup, mixture.codes(run, split), j, n_samples)


@cached.per_run("Adding up the posteriors of each class …")
def _layers(run: Run, split: str, j: int) -> pd.DataFrame:
    """Each class's part of the density of dimension j, in long form."""
    codes, names = mixture.codes(run, split), run.data().class_names
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


def metrics(parts: RateParts) -> list[tuple[str, str, str]]:
    """The metrics beside the split of the rate: label, value, and its standard error.

    A number that finitely many images leave open is shown by both ends of its bracket.
    """
    brackets = {"I(x; z)": parts.mutual_information, "KL(q(z) ‖ p)": parts.marginal_kl}
    if parts.total_correlation is not None and parts.dimension_kl is not None:
        brackets["Total correlation"] = parts.total_correlation
        brackets["Dimension-wise KL"] = parts.dimension_kl
    mean = numbers.fixed(parts.mean_kl.value)
    shown = [("Mean KL, nats per image", mean, f"{numbers.error(parts.mean_kl)} over images")]
    return shown + [
        (f"{label}, nats", numbers.bracket(found), numbers.ends(found))
        for label, found in brackets.items()
    ]


def saturated(parts: RateParts) -> str:
    """Why a mean KL cannot be split, and what is known of it all the same."""
    return (
        f"**Saturated at ln N = {parts.ceiling:.2f} nats.** The posteriors of the "
        f"{parts.n_images:,} images hardly overlap, so I(x; z) and the total correlation cannot be "
        f"estimated from them: the lower estimate is capped at ln N. I(x; z) is between "
        f"{numbers.bracket(parts.mutual_information).replace(' to ', ' and ')} nats. The KL of "
        "each single dimension is still known."
    )


def conditions(run: Run, of: mixture.Mixture) -> str:
    """What the numbers are of, and what their two ends mean."""
    prior, exact = PRIORS[run.config.model.prior], "exact for these images"
    if prior.is_learned:
        exact = f"by {RATE_SAMPLES} samples of z for each of these images"
    if prior.wants_labels:
        exact += ", against p(z), the mixture over the labels, and not against p(z|y)"
    return (
        f"{of.describe(run)}; the mean KL is {exact}. Of all images there could "
        "be, q(z) is not known: the low end of I(x; z), and the high end of each KL, keeps "
        "each draw's own image in the mixture; the other end leaves it out. No end is beyond "
        "what the mean KL and the single dimensions allow. ± is one standard error of each end."
    )


def is_nothing_to_split(parts: RateParts) -> bool:
    """Whether the mean KL is too small for its parts to mean anything."""
    return parts.mean_kl.value < NO_KL


def one_by_one(run: Run, chosen: mixture.Mixture) -> None:
    """KL of every class, and its mean over classes in parts."""
    surgery = _surgery(run, chosen.split, chosen.n_samples)
    names = [run.data().class_names[y] for y in surgery.table["label"]]
    if surgery.table["class_kl"].notna().any():
        charts.draw("class_kl", class_bars, surgery.table, names)
    with st.container(key="words--classes"):
        st.markdown(of_classes(surgery, names))


def of_classes(surgery: ClassSurgery, names: Sequence[str]) -> str:
    """What the bars of the classes add up to, or which of them cannot be drawn."""
    if math.isnan(surgery.label_information.high.value):
        unknown = surgery.table["class_kl"].isna()
        out = [name for name, is_out in zip(names, unknown, strict=True) if is_out]
        which = f"Class{'es' if len(out) > 1 else ''} {escaping.markdown(', '.join(out))}"
        return (
            f"{'All classes' if len(out) == len(names) else which} "
            f"{'are' if len(out) > 1 else 'is'} left out: the posteriors hardly overlap, so these "
            "images are too few for an estimate."
        )
    information, marginal = surgery.label_information, surgery.marginal_kl
    errors = numbers.ends(information)
    sure = f" (standard error of I(y; z) {errors})" if errors else ""  # one class: exactly 0
    return (
        f"Mean over classes {numbers.bracket(surgery.mean_class_kl)} = I(y; z) "
        f"{numbers.bracket(information)} + KL(q(z) ‖ p) {numbers.bracket(marginal)} nats"
        f"{sure}. The low ends leave each draw's own image out of the mixture, the high ends keep "
        "it in; whiskers show the same for each class. A class need not look like the prior: only "
        "the aggregate posterior q(z)."
    )


def together(run: Run, chosen: mixture.Mixture) -> None:
    """Classes added one by one until they are the aggregate posterior."""
    codes, names = mixture.codes(run, chosen.split), cached.rates(run)["name"].tolist()
    order = cached.order(run)
    labels = codes.labels.unique().tolist()
    chart, side = st.columns([3, 1], gap="large")
    with side:
        name = st.selectbox(
            "Latent dimension", [names[j] for j in order], key="buildup_number", bind="query-params"
        )
        last = labels[-1]
        if len(labels) > 1:
            last = st.select_slider(
                "Classes up to", labels, last, key="buildup_classes", bind="query-params",
                format_func=lambda y: escaping.markdown(run.data().class_names[y]),
            )  # fmt: skip
    j = names.index(name)
    layers = _layers(run, chosen.split, j)
    table = _buildup(run, chosen.split, j, chosen.n_samples)
    shown = layers[layers["label"] <= last].copy()
    row = table.set_index("label").loc[last]
    shown["density"] *= len(codes) / row["n_images"]
    with chart:
        prior = prior_frame(codes, j)
        charts.draw("buildup", class_layers, shown, prior, codes.prior_title, name)
    with side, st.container(key="buildup-numbers"):
        of_rows = {f"KL of {name} alone, nats": "dim_kl", "KL(q(z | these) ‖ p), nats": "kl"}
        if len(names) == 1:  # the same quantity
            del of_rows[f"KL of {name} alone, nats"]
        for label, column in of_rows.items():
            if math.isfinite(row[column]):
                found = _bracket(row, column)
                st.metric(
                    label,
                    numbers.bracket(found),
                    numbers.error(found.high),
                    delta_color="off",
                    delta_arrow="off",
                )
        st.caption(f"{int(row['n_images']):,} images of {len(codes):,}.")
    st.container(key="words--try").markdown(
        "**Try this:** begin with one class, and add the others. On average a class alone is "
        "further from the prior than the aggregate posterior q(z)."
    )


def _bracket(row: pd.Series[float], column: str) -> Bracket:
    high = Estimate(row[column], row[f"{column}_error"])
    return Bracket(Estimate(row[f"{column}_lower"], row[f"{column}_error"]), high).in_order()


def variances(run: Run) -> None:
    """Variance within posteriors, and between their means."""
    table, additive = (
        cached.rates(run).iloc[cached.order(run)],
        cached.codes(run).is_additive,
    )
    charts.draw("variance", variance_bars, table, 1.0 if additive else None)
    st.container(key="words--variance").markdown(
        "Both bars together are the variance of q(z_j)"
        + (": where it matches the prior's they reach the line." if additive else ".")
    )

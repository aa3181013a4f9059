"""Texts of the Diagnostics page: heading, metrics and table of each view."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import streamlit as st

from pages.ui.drawing import charts, numbers
from pages.ui.measure import diagnostics
from pages.ui.session.doors import has_standard_prior
from vae_core import Codes, Run
from vae_core.analysis import Bracket, CodesInShell, Collapse, Estimate, LabelGap, RateParts
from vae_core.analysis.diagnosis.collapse import NO_KL, is_collapsed
from vae_core.config import LIKELIHOODS, POSTERIORS

LABEL_GAP = (
    r"\text{label gap}=\frac{I(z_{(1)};y)-I(z_{(2)};y)}{H(y)},\qquad "
    r"I(z_j;y)=\mathbb E\,\ln\frac{q(z_j\mid y)}{q(z_j)}"
)
NO_LABELS = (
    f"**Nothing to draw.** All KLs together are below {NO_KL} nats per image: no dimension tells "
    "anything of the image, and so nothing of its class."
)
VERDICT, UNITS, LABELS = "Verdict", "Active units", "Label gap"
SAMPLES, SHELL, WORST, TRAINING = "Samples", "Shell", "Worst images", "Training"
SIGMA, LAW, CLASSIFIER = "Decoder sigma", "Collapse law", "Classifier"
HEADINGS = {
    VERDICT: "Four questions, each with an answer of its own. **Try this:** open the collapsed "
    "model.",
    UNITS: "A dimension is active when its mean moves from image to image. **Try this:** open the "
    "feature map, then the collapsed model.",
    LABELS: "Does one latent dimension alone tell the class of an image? **Try this:** compare a "
    "2-D model with the 20-D one.",
    SAMPLES: "Good reconstructions need not mean good samples. **Try this:** compare a 2-D model "
    "with the 20-D one.",
    SHELL: "How far from the origin are samples of N(0, I), and how far are codes? With more "
    "dimensions d the shell of the samples moves out, to about √d, and gets no wider. **Try "
    "this:** open the feature map.",
    SIGMA: "What would the reconstruction term be with another sigma of the Gaussian decoder? "
    "**Try this:** move sigma, and look for the lowest point.",
    LAW: "A dimension is used only while the images vary along it by more than βσ². **Try this:** "
    "compare “Digits, linear” with “Digits, MLP”.",
    CLASSIFIER: "What are images without a label worth to a classifier? **Try this:** look for the "
    "class that gains most.",
    WORST: "Which test images does the model explain worst? **Try this:** order them by rate: the "
    "images whose codes cost most need not be those with the worst pictures.",
    TRAINING: "Are test images explained as well as training images, and was an earlier epoch "
    "better? **Try this:** compare the auto-encoder with the 2-D model.",
}
TRY = " **Try this:**"
OTHERS = ("mnist-2d", "mnist-map")
NAMED = {  # the models that a heading asks the reader to open
    VERDICT: ("mnist-collapsed",),
    UNITS: ("mnist-map", "mnist-collapsed"),
    LABELS: ("mnist-2d", "mnist-20d"),
    SAMPLES: ("mnist-2d", "mnist-20d"),
    SHELL: ("mnist-map",),
    TRAINING: ("mnist-ae-2d", "mnist-2d"),
}
WORST_POINTS = "Which test images does the auto-encoder reconstruct worst?"


def heading(view: str, is_collapsed: bool, has_rate: bool = True, run_id: str = "") -> str:
    """The question of a view, and what to try, which is not to open the model that is open."""
    if view == WORST and not has_rate:
        return WORST_POINTS
    said = HEADINGS[view]
    if is_collapsed:
        said = said.replace("the collapsed model", "a model that is not collapsed")
    elif set(NAMED.get(view, ())) == {run_id}:
        return said[: said.index(TRY)]
    return said.replace("the feature map, then ", "") if run_id == "mnist-map" else said


def to_try(view: str, is_collapsed: bool) -> tuple[str, ...]:
    """The models that the heading of a view names, by their folders."""
    named = NAMED.get(view, ())
    return OTHERS if is_collapsed and "mnist-collapsed" in named else named


def fits(run: Run, view: str) -> bool:
    """Whether a run has this view, as far as its settings tell."""
    family, classes = POSTERIORS[run.config.model.posterior], run.config.data.classes
    if view == LABELS:
        return bool(family.has_density) and (classes is None or len(classes) > 1)
    if view == CLASSIFIER:
        return run.config.model.is_semi_supervised
    if view == SIGMA:
        return run.config.model.likelihood == "gaussian" and run.config.model.sigma != "per-image"
    if view == SHELL:
        is_normal = family.has_rate and family.is_rotation_invariant
        return bool(is_normal and has_standard_prior(run))
    return True


def not_for(run: Run, codes: Codes, view: str) -> str | None:
    """One sentence why a model has no such view, or None."""
    family = codes.family
    if view == LABELS and not family.has_density:
        return (
            f"The label gap compares densities of single dimensions, and a {family.title} has "
            "none. Open a VAE."
        )
    if view == CLASSIFIER and not fits(run, view):
        return (
            "This model has no classifier q(y|x). Train one on the page New model, with labels "
            "conditional and the number of labelled images."
        )
    if view == SIGMA and not fits(run, view):
        named = LIKELIHOODS[run.config.model.likelihood].title
        own = (
            "has a sigma for every image"
            if run.config.model.likelihood == "gaussian"
            else (f"is {named}, which has no sigma")
        )
        return f"The decoder of this model {own}. Open one whose Gaussian pixels share one sigma."
    if view == LABELS and len(codes.labels.unique()) < 2:
        return "This model was trained on images of one class only, so there is no label to tell."
    if view == SHELL and not codes.is_standard:
        return (
            "The shell is that of N(0, I), and this model's prior is learned. Open a model with "
            "the standard prior."
        )
    if view == SHELL and not (family.has_rate and family.is_rotation_invariant):
        return (
            f"The shell is that of N(0, I), and this model's {family.title} is not trained against "
            "it. Open a model with a Gaussian posterior."
        )
    return None


def show_figure(view: str, codes: Codes, figure: tuple[Any, ...]) -> None:
    """What a function draws of its arguments, unless that would be the noise of an estimate."""
    if view == LABELS and is_collapsed(codes):
        st.info(NO_LABELS, icon=":material/block:")
    else:
        charts.draw("diagnostics", *figure)


def collapse_numbers(found: Collapse, parts: RateParts | None) -> dict[str, str]:
    """The few numbers beside the verdict; `parts` as on the page Aggregate."""
    used = len(found.table) - int(found.table["unused"].sum())
    shown = {"Dimensions used": f"{used} of {len(found.table)}"}
    if parts is not None:
        shown["Mean KL, nats per image"] = numbers.estimate(found.mean_kl)
        information = parts.mutual_information
        ends = numbers.ends(information)
        shown["I(x; z), nats"] = f"{numbers.bracket(information)} {ends}".rstrip()
    shown["Spread of reconstructions, RMS per pixel"] = numbers.estimate(found.spread, 3)
    return shown


def unit_numbers(table: pd.DataFrame) -> dict[str, str]:
    """How many dimensions are active."""
    active = int(table["active"].sum())
    shown = {"Active": f"{active} of {len(table)}", "Inactive": f"{len(table) - active}"}
    if active < len(table) and table["kl"].map(math.isfinite).all():
        shown["KL of the inactive together, nats"] = numbers.fixed(
            table["kl"][~table["active"]].sum(), 3
        )
    return shown


def label_numbers(gap: LabelGap) -> dict[str, str]:
    """The gap and what it is made of."""
    most = gap.table.iloc[0]
    low, high = (
        Estimate(most[end], most["standard_error"]) for end in ("information_lower", "information")
    )
    information = Bracket(low, high).in_order()
    return {
        "Label gap": f"{numbers.bracket(gap.gap, 3)} {numbers.ends(gap.gap, 3)}".rstrip(),
        "Most that one dimension tells, nats": (
            f"{numbers.bracket(information)} {numbers.ends(information)}".rstrip()
        ),
        "Entropy of the class H(y), nats": f"{gap.entropy:.2f}",
    }


def probe_numbers(run: Run) -> dict[str, str]:
    """How well all dimensions together tell the class."""
    found = diagnostics.class_probes(run)
    return {
        "Class read by a linear probe": numbers.percent(found.linear),
        "Class read from the 5 nearest codes": numbers.percent(found.nearest),
    }


def sample_numbers(run: Run, codes: Codes, distances: dict[str, Estimate] | None) -> dict[str, str]:
    """Holes of the prior, and how far real pictures are from each other."""
    shown = {}
    if codes.family.has_density:
        found = diagnostics.holes(run)
        shown["Prior samples in a hole, at most"] = numbers.percent(found.prior)
        if math.isfinite(found.gaussian.value):
            shown["Gaussian samples in a hole, at most"] = numbers.percent(found.gaussian)
            shown["Mixture samples in a hole, at most"] = numbers.percent(
                diagnostics.mixture_holes(run)
            )
    if distances is not None:
        real = distances[diagnostics.REAL]
        shown["Test images: nearest training image"] = numbers.estimate(real, 3)
    return shown


def shell_numbers(found: CodesInShell) -> dict[str, str]:
    """How much lies within the prior's shell."""
    low, high = found.interval
    return {
        "95% of N(0, I): norms": f"{low:.2f} to {high:.2f}",
        "Samples of q(z|x) within": _share(found.inside_draws, len(found.norms)),
        "Means within": _share(found.inside_means, len(found.norms)),
    }


def _share(share: float, n: int) -> str:
    """A share of n images with its standard error."""
    return numbers.percent(Estimate(share, math.sqrt(share * (1.0 - share) / n)))


def show_numbers(
    shown: dict[str, str], across: bool = False, key: str = "diagnostics-numbers"
) -> None:
    """One metric each, below each other or side by side."""
    row = st.container(horizontal=across, gap="large" if across else "small", key=key)
    for label, value in shown.items():
        number, sign, error = value.partition(" ± ")
        under = f"±\N{NO-BREAK SPACE}{error}" if sign else None
        row.metric(
            label,
            number,
            under,
            delta_color="off",
            delta_arrow="off",
            width="content" if across else "stretch",
        )


def in_use(table: pd.DataFrame) -> pd.DataFrame:
    """The table with one column in words for what is active and what is unused."""
    unused = table["active"].map({True: "unused: the picture stays", False: "unused: inactive"})
    return table.drop(columns=["active", "unused"]).assign(
        use=unused.where(table["unused"], "used")
    )


def show_table(table: pd.DataFrame) -> None:
    """Every latent dimension in one table; without KLs that are infinite."""
    finite = table["kl"].map(math.isfinite).all()
    rounded = numbers.rounded(in_use(table), 4)
    st.dataframe(
        rounded if finite else rounded.drop(columns="kl"),
        hide_index=True,
        column_config={
            "name": "dimension",
            "kl": st.column_config.NumberColumn("KL, nats per image", format="%.4f"),
            "mean_variance": st.column_config.NumberColumn("Var μ, of the prior's", format="%.4f"),
            "picture_change": st.column_config.NumberColumn(
                "change of the picture, RMS per pixel", format="%.4f"
            ),
            "picture_change_error": st.column_config.NumberColumn("± over images", format="%.4f"),
        },
    )

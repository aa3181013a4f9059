"""Two runs beside each other: the picker of the second, figures and tables of both."""

from __future__ import annotations

import math
from dataclasses import dataclass

import plotly.graph_objects as go
import streamlit as st
from torch import Tensor

from pages.ui.compare import two_models_text as text
from pages.ui.drawing import charts, escaping, plane_frames
from pages.ui.drawing.latent_figure import gaussian_shares, latent_figure
from pages.ui.drawing.strips import rows_html
from pages.ui.library import cached, images, listing
from pages.ui.library.background import run_in_background
from pages.ui.session import keys, links, mistakes, problems, summary
from vae_core import Dataset, Run
from vae_core.analysis import class_posteriors, decode_mean, examples, interpolate
from vae_core.analysis.space.plane import LatentPlane
from vae_core.comparison import Side, comparable, same_images
from vae_core.evaluate import ImageTerms, evaluate_images
from vae_core.figures import kl_pair, same_scale
from vae_core.figures.two_models import MAX_BARS
from vae_core.runs.run import N_SAMPLES

OTHER = keys.Key[str]("other")
MAX_POINTS = 1000
COUNT = 10
STEPS = 11


@dataclass(frozen=True)
class Pair:
    """The chosen run and a second one, with the names by which the pickers offer them."""

    left: Run
    right: Run
    names: tuple[str, str]

    @property
    def runs(self) -> tuple[Run, Run]:
        """Both, in order."""
        return self.left, self.right


def pick(run: Run) -> Pair | None:
    """The picker of the second run; None when there is no other."""
    runs = listing.openable()
    (own,) = (label for label, other in runs.items() if other.path == run.path)
    others = [label for label in runs if label != own]
    if not others:
        return None
    ranks = same_images if run.has_mistake else comparable  # with a mistake, none is
    alike = [label for label in others if ranks(run, runs[label])]
    alike = alike or [label for label in others if same_images(run, runs[label])]
    picker, line = st.columns([1, 3], vertical_alignment="center", gap="medium")
    with picker:
        label = st.selectbox(
            "Second model", others, others.index((alike or others)[0]), key=OTHER.name,
            bind="query-params",
        )  # fmt: skip
    with line, st.container(key="other-summary"):
        st.caption(escaping.message(summary.summary(runs[label])))
        mistakes.warn(runs[label])
    return Pair(run, runs[label], (own, label))


def offer_second(pair: Pair) -> None:
    """Buttons for second models that saw the same images as the first."""
    alike = [
        label
        for label, run in listing.openable().items()
        if run.path != pair.left.path and same_images(pair.left, run)
    ]
    with st.container(horizontal=True):
        for label in alike[: links.MAX_OFFERED]:
            st.button(
                f"Compare with {escaping.markdown(label)}", icon=links.MODEL, key=f"second-{label}",
                on_click=problems.callback(OTHER.set), args=(label,),
            )  # fmt: skip


def planes(pair: Pair) -> tuple[list[go.Figure], bool]:
    """The posterior plane of each run, and whether both are to the same scale."""
    return _planes(*pair.runs)


@cached.per_run(max_entries=32)
def _planes(left: Run, right: Run) -> tuple[list[go.Figure], bool]:
    figures, priors = [], []
    for run in (left, right):
        codes, class_names = cached.codes(run), run.data().class_names
        order = cached.order(run)
        axes = (0, 1) if len(order) == 2 else (order[0], order[min(1, len(order) - 1)])
        layout = LatentPlane.of(codes, axes)
        figures.append(
            latent_figure(
                layout,
                codes,
                plane_frames.points(layout, codes.first(MAX_POINTS), class_names),
                plane_frames.class_ellipses(layout, class_posteriors(codes), class_names),
                height=500,
            )
        )
        priors.append((codes.prior_title, codes.is_triangle, layout.is_line))
    if alike := priors[0] == priors[1]:
        same_scale(figures[0], figures[1], is_line=priors[0][-1])
    return [charts.plain(figure) for figure in figures], alike


def show_bars(pair: Pair) -> None:
    """The KL of both, each sorted."""
    left, right = map(cached.rates, pair.runs)
    charts.draw("kl-pair", kl_pair, left, right, pair.names)


@cached.per_run(max_entries=64)
def _kept_terms(run: Run) -> ImageTerms | None:
    return run.terms()


@cached.per_run("Scoring every test image …", max_entries=64)
def _new_terms(run: Run, data: Dataset) -> ImageTerms:
    return run_in_background(evaluate_images, cached.vae(run), data.test, N_SAMPLES)


def _terms(run: Run) -> ImageTerms | None:
    """Terms of every test image: kept with the run, or computed where the images are at hand."""
    if (kept := _kept_terms(run)) is not None:
        return kept
    data = images.images_of(run)
    return _new_terms(run, data) if data else None


def sides(pair: Pair) -> tuple[Side, Side]:
    """Both runs with all that their table needs."""
    left, right = (Side(run, cached.vae(run), cached.codes(run), _terms(run)) for run in pair.runs)
    return left, right


def show_table(pair: Pair) -> None:
    """The numbers of both, and what their errors are."""
    left, right = sides(pair)
    st.container(key="numbers--table").dataframe(
        text.compare_table(left, right),
        key="numbers",
        hide_index=True,
        height="content",
        column_config={
            "quantity": "",
            "left": escaping.markdown(pair.names[0]),
            "right": escaping.markdown(pair.names[1]),
            "difference": "difference (right − left)",
        },
    )
    if reason := text.why_not(*pair.runs):
        st.info(escaping.message(reason), icon=":material/compare_arrows:")
    first, second = (escaping.markdown(name) for name in pair.names)
    st.caption(text.errors_note((left, right), (first, second)))


def plane_note(pair: Pair, alike: bool) -> str:
    """What the planes are of."""
    shown = " and ".join(
        f"{min(MAX_POINTS, len(cached.codes(run))):,} of {len(cached.codes(run)):,}"
        for run in pair.runs
    )
    scale = (
        "Both planes are to the same scale."
        if alike
        else "Each is to its own scale, for the priors are of different kinds, or one is on a line."
    )
    lines = {math.prod(run.config.model.latent_shape) == 1 for run in pair.runs}
    shares = "; ".join(map(gaussian_shares, sorted(lines)))
    return (
        f"Posterior means of the first test images, {shown}; ellipses match the mean and "
        f"covariance of each q(z|y), at 1σ and 2σ ({shares}). Across and up: the two most "
        f"informative latent dimensions. {scale}"
    )


def kl_note(pair: Pair) -> str:
    """What the bars are of."""
    said = "Means over each run's own test images, each run's latent dimensions sorted by their KL."
    if any(len(cached.order(run)) > MAX_BARS for run in pair.runs):
        said += f" The first {MAX_BARS} of each."
    for run, name in zip(pair.runs, pair.names, strict=True):
        codes = cached.codes(run)
        if codes.family.has_rate and not codes.is_additive:
            said += f" {escaping.markdown(name)}: {codes.bars_note}"
    return said


def picture_note(pair: Pair) -> str:
    """What the pictures are."""
    note = "A reconstruction is decode(mean): the decoder's mean picture at the posterior's mean."
    return f"{note} {escaping.message(text.images_title(pair.left))}."


def reconstructions(pair: Pair) -> str:
    """The same test images decoded from both runs' means, the originals on top if they are here."""
    chosen = examples(cached.codes(pair.left), COUNT).index
    data = images.images_of(pair.left)
    rows = [("test images", data.test.batch(chosen))] if data else []
    for run, name in zip(pair.runs, pair.names, strict=True):
        vae, some = cached.vae(run), cached.codes(run).take(chosen)
        pictures = decode_mean(vae.given(some.labels), some.mean)
        rows.append((f"{name}: decode(mean)", pictures))
    return rows_html(rows)


def walks(pair: Pair, start: int, end: int) -> str:
    """The same straight walk decoded by both, between the means of two test images."""
    rows: list[tuple[str, Tensor]] = []
    for run, name in zip(pair.runs, pair.names, strict=True):
        codes = cached.codes(run)
        z = interpolate(codes.mean[start], codes.mean[end], STEPS, "linear")
        rows.append((name, decode_mean(cached.vae(run).given(codes.labels[start]), z)))
    return rows_html(rows, ["start", "½ of the way", "end"])

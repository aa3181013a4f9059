"""Worst images: those with the highest ELBO terms, beside their reconstructions; a histogram."""

from __future__ import annotations

import math

import streamlit as st
import torch

from pages.ui.drawing import charts
from pages.ui.drawing.escaping import html
from pages.ui.drawing.numbers import estimate, fixed, sum_and_parts
from pages.ui.explore import open_images
from pages.ui.library import cached, images
from vae_core import Dataset, Run
from vae_core.analysis import Spread, decode_mean, draw_deviation, term_of, worst_images
from vae_core.figures import contact_sheet, data_uri, image_scores
from vae_core.likelihoods.bits import why_negative

COUNT = 24  # pictures
N_DRAWS = 50  # of z, for the error of an image's distortion
TITLES = {"negative_elbo": "Negative ELBO", "distortion": "Distortion", "rate": "Rate"}
WHY_IMAGES = "To score every test image takes the images themselves."

STYLE = """<style>
.worst{display:grid;grid-template-columns:repeat(auto-fill,minmax(168px,1fr));gap:14px 18px}
.worst figure{margin:0;max-width:260px}
.worst img{width:100%;display:block;image-rendering:pixelated;border-radius:4px}
.worst figcaption{font-size:.86rem;line-height:1.35;margin-top:3px}
</style>"""


def show(run: Run) -> None:
    """The control, the pictures and the histogram; an offer of the images where these are not."""
    data = images.images_of(run)
    if data is None:
        images.offer_images_of(run, WHY_IMAGES)
        return
    by = _pick_term(run)
    spread = Spread.of(term_of(cached.image_terms(run, data), by))
    pictures, side = st.columns([3, 2], gap="large")
    with pictures:
        st.html(_pictures(run, data, by))
        worst = worst_images(cached.codes(run), cached.image_terms(run, data), by, COUNT)
        open_images.offer(run, worst["index"].tolist())
    with side:
        nats = term_of(cached.image_terms(run, data), by).numpy()
        mean, median = ((each.value, each.standard_error) for each in (spread.mean, spread.median))
        charts.draw("scores", image_scores, nats, by, TITLES[by], mean, median)
        for label, value in numbers(spread, by).items():
            st.metric(label, value)
        if why := why_negative(float(nats.min())):
            st.caption(why)


def _pick_term(run: Run) -> str:
    """By what the images are ordered: for a model without a rate there is one way."""
    if not cached.vae(run).family.has_rate:
        return "distortion"
    title = st.segmented_control(
        "Highest first, by", list(TITLES.values()), default=TITLES["negative_elbo"], key="worst",
        bind="query-params", required=True,
    )  # fmt: skip
    return next(by for by in TITLES if TITLES[by] == title)


def numbers(spread: Spread, by: str) -> dict[str, str]:
    """The term over all test images."""
    return {
        f"{TITLES[by]}: mean ± standard error, nats per image": estimate(spread.mean),
        "Median ± standard error, nats": estimate(spread.median),
        "Standard deviation over images, nats": fixed(spread.deviation, 2),
    }


@cached.per_run("Decoding the worst images …", max_entries=64)
def _pictures(run: Run, data: Dataset, by: str) -> str:
    """Each image beside its reconstruction, above its numbers."""
    vae, codes, terms = cached.vae(run), cached.codes(run), cached.image_terms(run, data)
    table = worst_images(codes, terms, by, COUNT)
    index = torch.tensor(table["index"].to_numpy())
    some = codes.take(index)
    both = torch.stack([data.test.batch(index), decode_mean(vae.given(some.labels), some.mean)], 1)
    error = draw_deviation(vae, data.test, index, N_DRAWS) / math.sqrt(terms.n_samples)
    rows = [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]
    figures = [
        f"<figure><img alt='test image {row['index']} and its reconstruction' "
        f"src='{data_uri(contact_sheet(pair.numpy(), 2, scale=3))}'><figcaption>"
        f"{'<br>'.join(card(row, far, html(data.class_names[row['label']])))}</figcaption>"
        "</figure>"
        for row, pair, far in zip(rows, both, error.tolist(), strict=True)
    ]
    return f"{STYLE}<div class='worst'>{''.join(figures)}</div>"


def card(row: dict[str, float], error: float, name: str) -> list[str]:
    """The lines below one image.

    Parameters
    ----------
    row : of `worst_images`
    error : float
        Standard error of the distortion over draws of z.
    name : str
        The class, escaped.
    """
    noise = f"\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}{error:.1f}" if error >= 0.05 else ""
    lines = [f"<b>{name}</b>, image {int(row['index'])}"]
    if math.isfinite(row["rate"]):
        total, distortion, rate = sum_and_parts(row["distortion"], row["rate"], digits=1)
        lines += [f"negative ELBO {total}{noise}", f"distortion {distortion} + rate {rate}"]
    else:
        lines.append(f"distortion {fixed(row['distortion'], 1)}")
    if not math.isnan(row["deviations"]):
        where = "above" if row["deviations"] >= 0 else "below"
        lines.append(f"{abs(row['deviations']):.1f} SD {where} the mean")
    return lines


def conditions(n_samples: int, has_density: bool) -> str:
    """What the numbers of the images are of."""
    shown = f"The {COUNT} highest, each beside its reconstruction"
    unit = "nats per image. SD: standard deviation of the term over the test images."
    if not has_density:
        return f"{shown}. Distortion is the reconstruction term, in {unit}"
    draws = "one sample" if n_samples == 1 else f"{n_samples} samples"
    return (
        f"{shown}, decoded from the mean of q(z|x). Distortion is the reconstruction term, rate "
        f"the KL term, in {unit} Each image has {draws} of z, those of the score in the line "
        f"above; ± is the standard error of its distortion, from {N_DRAWS} other samples. Of so "
        "many images, some are among the first because their sample was an unlucky one."
    )

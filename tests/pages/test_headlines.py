"""Headlines and advice are written from the numbers of the model they stand over."""

from __future__ import annotations

import pytest

from pages.ui.explore import overview, posteriors, sliders, walks
from pages.ui.measure import kl
from pages.ui.train import form_text
from tests.pages.app import MODELS, open_page
from vae_core.analysis import Estimate, rate_table
from vae_core.analysis.space.plane import LatentPlane
from vae_core.runs.records import Metrics

RUNS = {run.id: run for run in MODELS}
SCORE = Metrics("a", "digits", "grey", 1234, 1, distortion=20.25, rate=3.5)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("mnist-ae-2d", "maps an image x to one *point*, the latent vector z, and the decoder"),
        ("mnist-2d", "maps an image x to a distribution q(z|x). We sample z from it"),
        ("mnist-collapsed", "maps every image x to one distribution: q(z|x) is the prior. We"),
    ],
)
def test_overview_begins_with_what_is_true_of_the_model(name: str, said: str) -> None:
    assert said in overview.heading(RUNS[name].codes())


def test_over_an_auto_encoder_overview_tells_of_no_kl() -> None:
    for name in ("mnist-ae-2d", "mnist-2d"):
        told = " ".join(m.value for m in open_page("overview.py", RUNS[name]).markdown)
        assert overview.heading(RUNS[name].codes()) in told
        assert ("KL in nats per image" in told) == (name == "mnist-2d")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("mnist-2d", "its σ is 0.03 of the prior's (median over images and active dimensions), so "
         "a new z lies close"),
        ("digits-2d", "its σ is 0.23 of the prior's (median over images and active dimensions). "),
        ("mnist-collapsed", "its σ is 1.00 of the prior's (median over images), so a new z may lie "
         "anywhere under the prior"),
    ],
)  # fmt: skip
def test_what_sampling_again_shows_is_told_from_the_width_of_the_posteriors(
    name: str, said: str
) -> None:
    assert said in overview.about_sampling(RUNS[name].codes())


@pytest.mark.parametrize(
    ("name", "seen", "moved"),
    [
        ("mnist-ae-2d", "one point μ, without a width", "Drag z away from μ"),
        (
            "mnist-2d",
            "its middle is μ, its width σ. Dotted: the prior p(z)",
            "How far from μ is it",
        ),
        ("mnist-dirichlet-3", "its width σ. Grey dots: the prior p(z)", "plus the KL of the cloud"),
        ("mnist-collapsed", "It is the prior, whatever x is", "Does it change at all?"),
    ],
)
def test_the_start_tells_what_is_true_of_the_model(name: str, seen: str, moved: str) -> None:
    _, second, third = overview.steps(RUNS[name].codes())
    assert seen in " ".join(second)
    assert moved in " ".join(third)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("mnist-2d", "One class need not look like the prior. Every image pays for its own"),
        ("mnist-ones-2d", "All images are of one class: their mixture is the aggregate posterior"),
        ("mnist-collapsed", "q(z|x) is the prior for every image, and so is q(z|y)"),
    ],
)
def test_what_to_try_with_classes_is_true_of_the_model(name: str, said: str) -> None:
    told = posteriors.advice(RUNS[name].codes(), "Ellipses")
    assert said in told
    assert ("choose one class" in told) == (name == "mnist-2d")


@pytest.mark.parametrize("flag", ["lr", "beta", "tc-weight", "batch-size", "epochs"])
def test_the_form_says_what_a_setting_is_without_abbreviations(flag: str) -> None:
    known = "weight of the KL; ELBO"
    label, told = form_text.label(flag), form_text.help_of(flag, known)
    assert label[0].isupper() or label[0] == "β"
    assert told[0].isupper()
    assert told.endswith(".")
    assert "Lr" not in label


def test_ellipses_say_what_they_hold_beside_what_a_gaussian_does() -> None:
    found = (Estimate(0.523, 0.007), Estimate(0.894, 0.004))
    said = posteriors.coverage_note(found, LatentPlane((2,), (0, 1)))
    assert said == (
        "The ellipses of q(z|y) at 1σ and 2σ hold 52.3% ± 0.7% and 89.4% ± 0.4% of its samples, "
        "39% and 86% of a Gaussian in a plane."
    )
    line = posteriors.coverage_note(found, LatentPlane((1,), (0, 0)))
    assert line.startswith("The bars of q(z|y) at 1σ and 2σ hold")
    assert line.endswith("68% and 95% of a Gaussian on a line.")
    triangle = posteriors.coverage_note(found, LatentPlane((3,), (0, 1), is_triangle=True))
    assert triangle == "The 1σ ellipse of q(z|y) holds 52.3% ± 0.7% of its samples."


def test_only_the_aggregate_posterior_need_match_the_prior() -> None:
    """Every image pays for its own distance, and no class need be the prior."""
    app = open_page("posteriors.py", "Digits 2-D")
    (said,) = (m.value for m in app.markdown if "Every image pays" in m.value)
    assert "Every image pays for its own distance (KL)" in said
    assert "what should match the prior is the mixture of all classes, q(z)" in said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("mnist-collapsed", "The codes of all images lie at one place"),
        ("mnist-ae-2d", "trained without a prior"),
        ("mnist-dirichlet-3", "stays on the simplex"),
    ],
)
def test_the_heading_of_walks_is_true_of_models_without_a_shell(name: str, said: str) -> None:
    assert said in walks.headline(RUNS[name].codes(), Estimate(0.5, 0.0))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("mnist-2d", "Each latent dimension costs its KL from posterior to prior. It carries "
         "at most that much information about the image. **Try this:** open “By class”"),
        ("mnist-map", "21 of 64 carry almost none. **Try this:**"),
        ("mnist-collapsed", "no dimension costs anything"),
    ],
)  # fmt: skip
def test_the_heading_of_kl_is_written_from_the_dimensions_of_the_model(
    name: str, said: str
) -> None:
    codes = RUNS[name].codes()
    assert said in kl.headline(codes, rate_table(codes))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("mnist-2d", "sorted by their KL, largest first. **Try this:** move the first one slowly"),
        ("mnist-ae-2d", "sorted by the variance of their means, largest first."),
        ("mnist-collapsed", "every KL is 0, and no order means anything. **Try this:** move any"),
    ],
)
def test_the_heading_of_the_sliders_sorts_no_zeros(name: str, said: str) -> None:
    assert said in sliders.headline(RUNS[name].codes())

"""Quantities: identities between them, and the numbers that the lessons were planned with."""

from __future__ import annotations

import math

import pytest
import torch

from vae_core import RunStore
from vae_core.analysis import Bracket, Estimate, cell_order
from vae_core.errors import ConfigError, DataError, LessonError, VAECoreError
from vae_core.lessons import open_model
from vae_core.lessons.calls import Number, parse_call


def of(call: str, run: str = "mnist-2d") -> Number:
    """A quantity of a model that ships."""
    return parse_call(call).value(open_model(run), open_model)


def number(call: str, run: str = "mnist-2d") -> float:
    value = of(call, run)
    return value.value if isinstance(value, Estimate) else value


KNOWN_EXACTLY = [  # the last digit that is given is right
    ("mu(0, 0)", -2.19), ("mu(0, 1)", 0.70), ("sigma(0, 0)", 0.053), ("sigma(0, 1)", 0.037),
    ("logvar(0, 0)", -5.89), ("logvar(0, 1)", -6.60), ('coding_sd("seed", 0, 0)', 3.64),
    ('coding_sd("seed", 0, 1)', 3.99), ("distance_of_means(0, 1)", 3.13),
    ("code_sd(0)", 1.07), ("code_sd(1)", 1.01), ("code_sd(0) of mnist-ae-2d", 5.9),
    ("code_sd(1) of mnist-ae-2d", 6.4), ("class_share(7)", 0.103),
    ("kl_normal(1, 1)", 0.500), ("kl_normal(0.5, 0.5)", 0.443), ("kl_normal(0, 0.5)", 0.318),
    ("kl_normal(0, 0.1)", 1.81), ("kl_normal(2, 1)", 2.00), ("kl_normal(0, 1)", 0.0),
    ("kl_normal_slip(0, 0.1)", -2.80), ("kl_normal_slip(0, 0.01)", -5.11),
    ("kl_normal_slip(0, 0.000001)", -14.3), ("kl_normal(0, 0.01)", 4.11),
    ("kl_normal(0, 0.000001)", 13.3), ("count_close(0.01)", 120.0), ("kl_close(0.01)", 3.34),
    ("kl_far(0.01)", 3.56), ("rate()", 7.11), ("rate_of_means()", 1.09),
    ("rate_of_widths()", 6.02), ("rate() of mnist-20d", 25.30),
    ("rate_per_dimension() of mnist-20d", 1.265), ("rate_if_log_sigma() of mnist-20d", 14.60),
    ("rate_if_log_sigma()", 3.63), ('implied_beta("mean/mean") of mnist-20d', 39.2),
    ("kl_slip()", -6.93), ("implied_sigma2() of mnist-collapsed", 392.0),
    ("implied_beta() of mnist-collapsed", 784.0), ("active_units() of mnist-collapsed", 0.0),
    ("distortion() of mnist-collapsed", 501.6), ("sweep_distortion(0.1)", 150.06),
    ("sweep_rate(0.1)", 10.34), ("sweep_negative_elbo(0.5)", 157.32), ("sweep_rate(1)", 5.48),
    ("sweep_negative_elbo(1)", 156.46), ("sweep_negative_elbo(2)", 158.00),
    ("sweep_negative_elbo(4)", 160.04), ("sweep_negative_elbo(8)", 167.19),
    ("sweep_negative_elbo(16)", 191.49), ("sweep_negative_elbo(32)", 206.01),
    ("sweep_best_beta()", 1.0), ("sweep_slope(4, 8)", -7.7), ("sweep_slope(8, 16)", -14.5),
    ("rate_min()", 4.91), ("cheapest_image()", 916.0), ("class_of(916)", 4.0),
    ("rate_max()", 13.26), ("mean_sigma(0)", 0.033), ("mean_sigma(1)", 0.036),
    ("variance_between(0)", 1.138), ("variance_of_z(0)", 1.139), ("variance_of_z(1)", 1.021),
    ("class_rate(1)", 6.75), ("class_rate(1) of mnist-ones-2d", 4.56),
    ('class_rate_gap(1, "mnist-ones-2d")', 2.19), ("class_surprise(1)", 2.18),
    ("head_size() of mnist-map", 128.0), ("dimensions() of mnist-map", 64.0),
    ("rate() of mnist-map", 35.67), ("image_rate(0) of mnist-map", 32.30),
    ("rate_per_cell() of mnist-map", 2.23), ("full_entries(64)", 4096.0),
    ("full_distinct(64)", 2080.0), ("full_outputs(64)", 2144.0),
    ("full_cell_outputs() of mnist-map", 224.0), ("map_variances(256, 16, 8)", 2048.0),
    ("neighbour_correlation() of mnist-map", 0.150), ("mean_abs_rho() of mnist-full-2d", 0.34),
    ("correlation_rate() of mnist-full-2d", 0.10), ("rho(57) of mnist-full-2d", 0.832),
    ("correlation_cost(57) of mnist-full-2d", 0.59), ("correlation(1)", -0.48),
    ("correlation(4)", 0.53), ('correlation("all")', 0.09),
    ("share_corner(0.9) of mnist-dirichlet-3", 0.035), ("corner_under_prior(0.9, 3)", 0.03),
    ("corner_under_prior(0.5, 10)", 0.020), ("share_corner(0.5) of mnist-dirichlet-10", 0.022),
    ("negative_elbo() of mnist-dirichlet-3", 142.0), ("stick_rate(0) of mnist-dirichlet-3", 3.29),
    ("stick_rate(1) of mnist-dirichlet-3", 3.09), ("rate() of mnist-dirichlet-3", 6.39),
    ("marginal_rates() of mnist-dirichlet-3", 9.73), ("mse() of mnist-gaussian-10d", 0.0140),
    ("best_sigma() of mnist-gaussian-10d", 0.118),
    ("distortion_at(1) of mnist-gaussian-10d", 725.9),
    ("decoder_sigma() of mnist-gaussian-10d", 0.1153),
    ("distortion_at(0.2) of mnist-gaussian-10d", -404.6),
    ("distortion_at(0.05) of mnist-gaussian-10d", 560.4),
    ("gaussian_constant() of mnist-gaussian-10d", 720.4),
    ("beta_of_sigma(1) of mnist-gaussian-10d", 71.6),
]  # fmt: skip


@pytest.mark.parametrize(("call", "known"), KNOWN_EXACTLY, ids=[call for call, _ in KNOWN_EXACTLY])
def test_an_exact_quantity_is_the_one_the_lesson_was_planned_with(call, known):
    digits = len(str(known).partition(".")[2])
    assert number(call) == pytest.approx(known, abs=0.51 * 10**-digits)


@pytest.mark.parametrize(
    ("call", "known"),
    [
        ('mistake_reported("none")', 24.7), ('mistake_reported("seed-noise")', 22.9),
        ('mistake_drawn("seed-noise")', 25.9), ('mistake_sigma("seed-noise")', 1.83),
        ('mistake_reported("exp-logvar")', 23.2), ('mistake_drawn("exp-logvar")', 25.0),
        ('mistake_reported("mean-kl")', 23.2), ('mistake_drawn("mean-kl")', 24.8),
        ('mistake_reported("sign-slip")', -8.7), ('mistake_right("sign-slip")', 51.3),
        ('mistake_sigma("sign-slip")', 0.0),
    ],
)  # fmt: skip
def test_a_model_with_a_mistake_is_the_one_the_lesson_was_planned_with(call, known):
    """But for the noise of training, which is half a nat."""
    assert number(call) == pytest.approx(known, abs=0.6)


@pytest.mark.parametrize(
    ("call", "known"),
    [
        ("sd_of_draws(0, 0, 1000)", 0.053),
        ("sd_of_draws(0, 1, 1000)", 0.037),
        ("prior_hits(7, 200)", 18.0),
        ("prior_hits(7, 200) of mnist-ae-2d", 2.0),
        ("prior_hits(3, 200) of mnist-ae-2d", 35.0),
        ('class_kl(1, "high")', 2.58),
        ('class_kl(1, "high") of mnist-ones-2d', 0.24),
        ('marginal_kl("high")', 0.35),
        ('mutual_information("low")', 6.75),
        ('total_correlation("high")', 0.31),
        ('non_gaussian(5, "high")', 1.37),
        ('non_gaussian("all", "high")', 0.33),
        ('buildup_kl(0, "high")', 3.06),
        ('buildup_kl(4, "high")', 0.96),
        ('paired_difference("mnist-2d") of mnist-full-2d', 0.02),
    ],
)
def test_a_sampled_quantity_is_within_its_noise(call, known):
    found = of(call)
    assert isinstance(found, Estimate)
    assert abs(found.value - known) < 3.0 * math.hypot(found.standard_error, 0.01)


@pytest.mark.parametrize(
    ("call", "known", "error"),
    [
        ('distortion_with("seed", 0, 1000)', 854, 60),
        ('distortion_with("right", 0, 1000)', 79.8, 0.3),
        ('mean_distortion_with("seed", 1000)', 1157, 120),
        ('mean_distortion_with("right", 1000)', 131.1, 0.4),
        ("score_image(0) of mnist-gaussian-10d", -806.3, 0.2),
        ("score_image(1) of mnist-gaussian-10d", -424.4, 0.2),
        ("score_reconstruction(0) of mnist-gaussian-10d", -973.1, 0.1),
        ("score_reconstruction(0)", 91.0, 0.1),
        ("score_image(0)", 78.9, 0.1),
        ("score_floor(0)", 41.0, 0.1),
        ("distortion_shuffled(0) of mnist-map", 372.6, 0.2),
        ("score_image(0) of mnist-map", 51.6, 0.1),
        ("exact_nll(0)", 85.34, 0.02),
        ("elbo_gap(0)", 2.27, 0.05),
        ("image_bound(0, 1000, 1.3)", 85.48, 0.5),
        ("true_sd(0, 0)", 0.085, 0.001),
        ("true_rho(0)", -0.75, 0.01),
        ("pixel_variance(0) of mnist-collapsed", 5.38, 0.01),
        ("directions_used(1) of mnist-collapsed", 12, 0.1),
    ],
)
def test_with_the_images_too(mnist_folder, call, known, error):
    assert number(call) == pytest.approx(known, abs=error)


def test_parts_add_up():
    assert number("rate_of_means()") + number("rate_of_widths()") == pytest.approx(number("rate()"))
    sticks = sum(number(f"stick_rate({k})", "mnist-dirichlet-3") for k in (0, 1))
    assert sticks == pytest.approx(number("rate()", "mnist-dirichlet-3"), abs=1e-3)
    parts = number('mutual_information("low")') + number('marginal_kl("high")')
    assert parts == pytest.approx(number("rate()"), abs=1e-4)
    classes = number('label_information("high")') + number('marginal_kl("high")')
    assert classes == pytest.approx(number('mean_class_kl("high")'))
    assert number("kl_flipped()") == -number("rate()")
    shares = [number(f"share_axes({k}, {k + 30})", "mnist-full-2d") for k in range(0, 180, 30)]
    assert sum(shares) == pytest.approx(1.0)
    cost = [number(f"correlation_cost({i})", "mnist-full-2d") for i in range(3)]
    full = open_model("mnist-full-2d").codes().first(3)
    torch.testing.assert_close(
        torch.tensor(cost), (full.rate - full.kl.sum(1)).float(), atol=1e-3, rtol=0
    )


def test_a_bracket_holds_both_of_its_ends():
    for name in ("class_kl(1", "marginal_kl(", "non_gaussian(5", "mutual_information("):
        comma = ", " if name[-1].isdigit() else ""
        whole = of(f"{name})")
        assert isinstance(whole, Bracket)
        assert whole.low == of(f'{name}{comma}"low")')
        assert whole.high == of(f'{name}{comma}"high")')
        assert whole.low.value <= whole.high.value


def test_the_best_sigma_is_the_best():
    best = number("best_sigma()", "mnist-gaussian-10d")
    least = number(f"distortion_at({best:.6f})", "mnist-gaussian-10d")
    for factor in (0.98, 1.02):
        other = number(f"distortion_at({best * factor:.6f})", "mnist-gaussian-10d")
        assert other > least
    own = number("decoder_sigma()", "mnist-gaussian-10d")
    assert number(f"distortion_at({own:.10f})", "mnist-gaussian-10d") == pytest.approx(
        number("distortion()", "mnist-gaussian-10d"), abs=1e-3
    )


def test_kl_of_one_gaussian_matches_torch():
    for mu, sigma in ((0.3, 0.2), (-2.0, 1.5)):
        q, p = torch.distributions.Normal(mu, sigma), torch.distributions.Normal(0.0, 1.0)
        expected = float(torch.distributions.kl_divergence(q, p))
        assert number(f"kl_normal({mu}, {sigma})") == pytest.approx(expected, rel=1e-5)


def test_a_shuffled_map_has_the_same_kl_and_no_cell_in_its_place():
    order = cell_order(16, 0)
    assert sorted(order.tolist()) == list(range(16))
    assert not (order == torch.arange(16)).any()
    with pytest.raises(ConfigError, match="two cells"):
        cell_order(1)
    for image in (0, 7):
        assert number(f"image_rate_shuffled({image})", "digits-map") == pytest.approx(
            number(f"image_rate({image})", "digits-map"), rel=1e-5
        )


def test_the_share_of_a_corner_under_the_prior_is_that_of_draws():
    prior = torch.distributions.Dirichlet(torch.ones(4))
    torch.manual_seed(0)
    share = (prior.sample((20_000,)).max(1).values > 0.6).double().mean()
    assert number("corner_under_prior(0.6, 4)") == pytest.approx(float(share), abs=0.01)


@pytest.mark.parametrize(
    ("call", "run", "said"),
    [
        ("mu(360, 0)", "digits-2d", "expected a test image from 0 to 359; got 360"),
        ("mu(0.5, 0)", "digits-2d", "expected an image by a whole number"),
        ("mu(-1, 0)", "digits-2d", "expected an image by a whole number"),
        ("mu(0, 2)", "digits-2d", "expected a latent dimension from 0 to 1; got 2"),
        ('mu("a", 0)', "digits-2d", "expected an image by a whole number"),
        ("class_kl(11)", "digits-2d", "has no test image of class 11"),
        ('class_kl(1, "middle")', "digits-2d", 'expected "low" or "high"'),
        ('coding_sd("wrong", 0, 0)', "digits-2d", "expected a coding of right, seed, exp-logvar"),
        ("kl_normal(0, 0)", "digits-2d", "expected sigma above 0"),
        ('mistake_right("typo")', "digits-2d", "expected a mistake of none, seed-noise"),
        ("image_amortisation_gap(9, 2)", "digits-2d", "expected a test image from 0 to 1; got 9"),
        ("amortisation_gap(2)", "digits-map", "expected a Gaussian posterior of one or two"),
        ("logvar(0, 0)", "mnist-dirichlet-3", "Dirichlet posterior gives no log-variances"),
        ("kl_slip()", "mnist-full-2d", "expected a diagonal Gaussian"),
        ("rho(0)", "digits-2d", "expected a full covariance of two dimensions"),
        ("cells()", "digits-2d", "it has no cells"),
        ("stick_rate(0)", "digits-2d", "there is no stick to break"),
        ("stick_rate(2)", "mnist-dirichlet-3", "expected a part from 0 to 1; got 2"),
        ("share_corner(0.9)", "digits-2d", "no proportions"),
        ("corner_under_prior(0.4, 3)", "digits-2d", "from 0.5 to 1; got 0.4"),
        ("best_sigma()", "digits-2d", "has no sigma"),
        ('implied_beta("sum")', "digits-2d", "expected sum or mean over pixels"),
        ("mutual_information()", "mnist-20d", "cannot resolve its mutual information"),
        ("class_kl(1)", "mnist-ae-2d", "has no density"),
        ("sweep_rate(3)", "digits-2d", "the sweep has beta 0.1, 0.5, 1, 2, 4, 8, 16, 32; got 3"),
        ('paired_difference("mnist-2d")', "digits-2d", "saw different images"),
        ('paired_difference("../runs")', "digits-2d", "there is no model '../runs' here"),
        ("distortion_shuffled(0)", "digits-2d", "whose cells can be shuffled; got a vector"),
        ("exact_nll(0)", "digits-map", "free latent dimensions"),
        ("image_negative_elbo(0)", "digits-map", "expected a Gaussian of one or two dimensions"),
    ],
)
def test_what_a_model_does_not_have_is_one_sentence(call, run, said):
    with pytest.raises(VAECoreError) as error:
        of(call, run)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_run_without_terms_or_classes_together(own_run):
    (own_run.path / "terms.safetensors").unlink()
    run = RunStore(own_run.path.parent).load(own_run.id)
    with pytest.raises(LessonError, match="no terms of single images"):
        parse_call("negative_elbo()").value(run, open_model)


def test_images_that_are_not_here_are_a_data_error(bare_machine):
    with pytest.raises(DataError, match="MNIST is not on this machine"):
        of("score_image(5)", "mnist-ones-2d")

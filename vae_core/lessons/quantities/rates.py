"""The KL term (rate), the reconstruction term (distortion), and the weight between them."""

from __future__ import annotations

import math

from vae_core.analysis.estimates import Estimate, mean_estimate
from vae_core.analysis.rate.rates import active_units as active
from vae_core.analysis.rate.rates import rate_rest as rest_of
from vae_core.analysis.rate.rates import stick_rates, total_rate
from vae_core.errors import LessonError
from vae_core.lessons.quantities.loading import (
    codes_of,
    of_class,
    place,
    terms_of,
    vae_of,
    whole,
)
from vae_core.lessons.quantities.registry import quantity
from vae_core.objective import Reduction
from vae_core.runs.run import Run


@quantity("nats per image")
def rate(run: Run) -> float:
    """Mean over the test images of KL(q(z|x) || p(z))."""
    return total_rate(codes_of(run))


@quantity("nats per image")
def distortion(run: Run) -> float:
    """Mean over the test images of −log p(x|z), one draw of z each: the run's own metrics."""
    return run.metrics().distortion


@quantity("nats per image")
def negative_elbo(run: Run) -> Estimate:
    """distortion + rate over the test images, with its standard error over them."""
    return Estimate(
        run.metrics().negative_elbo, mean_estimate(terms_of(run).negative_elbo).standard_error
    )


@quantity("nats")
def image_rate(run: Run, image: float) -> float:
    """KL(q(z|x) || p(z)) of one test image."""
    return float(codes_of(run).rate[place(run, image)])


@quantity("nats per image")
def class_rate(run: Run, label: float) -> float:
    """Mean rate over the test images of one class."""
    return total_rate(of_class(run, label))


@quantity("nats per image")
def class_distortion(run: Run, label: float) -> Estimate:
    """Mean distortion over the test images of one class, one draw of z each, with its error."""
    return mean_estimate(terms_of(run).distortion[of_class(run, label).index])


@quantity("nats")
def rate_min(run: Run) -> float:
    """The smallest rate of a test image."""
    return float(codes_of(run).rate.min())


@quantity("nats")
def rate_max(run: Run) -> float:
    """The largest rate of a test image."""
    return float(codes_of(run).rate.max())


@quantity("index")
def cheapest_image(run: Run) -> float:
    """The index of the test image with the smallest rate."""
    return float(codes_of(run).rate.argmin())


@quantity("nats per image")
def rate_per_dimension(run: Run) -> float:
    """The rate averaged over latent dimensions in place of summed: rate / d."""
    return total_rate(codes_of(run)) / codes_of(run).mean[0].numel()


@quantity("nats per image")
def rate_per_cell(run: Run) -> float:
    """The rate divided by the number of cells h w (arXiv 2004.06271, Eq. 3)."""
    return total_rate(codes_of(run)) / math.prod(codes_of(run).latent_shape[:-1])


@quantity("nats per image")
def correlation_rate(run: Run) -> float:
    """What the correlations given x cost: the rate less the KLs of the marginals."""
    return rest_of(codes_of(run))


@quantity("nats per image")
def marginal_rates(run: Run) -> float:
    """Sum over latent dimensions of the mean KL of each one's marginal to its prior."""
    return float(codes_of(run).kl.double().flatten(1).sum(1).mean())


@quantity("nats per image")
def stick_rate(run: Run, part: float) -> float:
    """Part k of the rate of a Dirichlet by stick-breaking; all parts add up to the rate."""
    if codes_of(run).family.is_additive:
        raise LessonError(f"{run.title} has no proportions: there is no stick to break.")
    parts = stick_rates(codes_of(run))["kl"]
    if (k := whole(part, "a part")) >= len(parts):
        raise LessonError(f"expected a part from 0 to {len(parts) - 1}; got {k}.")
    return float(parts[k])


@quantity("count")
def active_units(run: Run) -> float:
    """Latent dimensions whose mean varies: Var_x mu_j > 0.01 (Burda et al. 2016)."""
    return float(active(codes_of(run)).sum())


@quantity("factor")
def implied_beta(run: Run, reduction: str = "") -> float:
    """Weight of the summed KL beside the summed distortion that a loss amounts to.

    Of a reduction over pixels / over latents, such as "mean/sum"; of the run's own without one.
    """
    name = reduction or run.config.train.reduction
    if name not in ("sum/sum", "mean/sum", "mean/mean", "sum/mean", "sum/cell"):
        raise LessonError(f"expected sum or mean over pixels / over latents; got {name}.")
    return Reduction.of(name, run.data().image_shape, codes_of(run).latent_shape).implied_beta


@quantity("squared grey values")
def implied_sigma2(run: Run) -> float:
    """sigma² of the Gaussian decoder whose ELBO the run's loss is: beta times its own."""
    sigma = vae_of(run).likelihood.sigma
    if sigma is None:
        raise LessonError(f"the decoder of {run.title} has no sigma.")
    beta = run.effective_beta
    return sigma**2 * (1.0 if beta is None else beta)

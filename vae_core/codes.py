"""Codes: the approximate posteriors of all images of a split, the input of every analysis."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.distributions import constraints

from vae_core.config import POSTERIORS, ModelConfig
from vae_core.data.dataset import Split
from vae_core.evaluate import blocks
from vae_core.posteriors import LatentDistribution, Posterior, kl_per_dim
from vae_core.priors import LearnedPrior, closed_rate, log_ratio, rate_per_dim
from vae_core.vae import VAE

RATE_SAMPLES = 16  # of z for each image, where the rate has no closed form
MAX_CODES = 1 << 26  # numbers that the posteriors of a split may take: 256 MiB


@dataclass(frozen=True)
class Codes:
    """Posterior parameters and labels of n images.

    Attributes
    ----------
    params : Tensor, (n, *sites, P)
        Output of the encoder, in the family's own parametrisation.
    labels : Tensor, (n,)
    posterior_name : str
        Key of POSTERIORS.
    latent_shape : (*sites, C)
    index : Tensor, (n,)
        Position of each image in its split, kept through any selection; 0 ... n-1 at first.
    learned_prior : LearnedPrior or None
        p(z) of a model that has learned it; None where it is the family's own.
    """

    params: Float[Tensor, "n *sites P"]
    labels: Int[Tensor, " n"]
    posterior_name: str
    latent_shape: tuple[int, ...]
    index: Int[Tensor, " n"] = field(default_factory=lambda: torch.arange(0))
    learned_prior: LearnedPrior | None = None

    def __post_init__(self) -> None:
        if len(self.index) != len(self.labels):
            object.__setattr__(self, "index", torch.arange(len(self.labels)))

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def family(self) -> type[Posterior]:
        """The family's class."""
        family: type[Posterior] = POSTERIORS[self.posterior_name]
        return family

    @property
    def is_triangle(self) -> bool:
        """Whether z is three proportions, which lie on a triangle."""
        return self.latent_shape == (3,) and self.family.support is constraints.simplex

    @property
    def prior_title(self) -> str:
        """What p(z_j) of one dimension is called."""
        return (self.learned_prior or self.family).prior_title

    @property
    def rest_title(self) -> str | None:
        """What the KL beyond the marginals is called; None when there is none."""
        return (self.learned_prior or self.family).rest_title

    @property
    def bars_note(self) -> str:
        """What bars of the marginals' KLs add up to."""
        return (self.learned_prior or self.family).bars_note

    @property
    def rate_tex(self) -> str:
        """The KL, in LaTeX."""
        return (self.learned_prior or self.family).rate_tex

    @property
    def has_sticks(self) -> bool:
        """Whether the rate has parts that add up by stick-breaking: of a Dirichlet."""
        return not self.family.is_additive and self.is_standard

    @cached_property
    def reach(self) -> tuple[float, float]:
        """Range of z that is displayed: four standard deviations of a learned prior at least."""
        low, high = self.family.low, self.family.high
        if self.learned_prior is None or low >= 0.0:
            return low, high
        mean, wide = self.learned_prior.mean, 4.0 * self.learned_prior.variance.sqrt()
        return min(low, float((mean - wide).min())), max(high, float((mean + wide).max()))

    def posterior(self) -> Posterior:
        """q(z|x) of all images at once: batch_shape (n,)."""
        return self.family.from_params(self.params)

    def prior(self) -> LatentDistribution:
        """p(z): batch_shape ()."""
        if self.learned_prior is not None:
            return self.learned_prior
        return self.family.prior(self.latent_shape, self.params)

    @property
    def is_standard(self) -> bool:
        """Whether p(z) is the family's own, and not learned."""
        return self.learned_prior is None

    @property
    def is_additive(self) -> bool:
        """Whether the latent dimensions are independent under p(z), so that their KLs add up."""
        return self.family.is_additive and self.is_standard

    @property
    def is_rotation_invariant(self) -> bool:
        """Whether no rotation around the origin changes p(z), which is then N(0, I)."""
        return self.family.is_rotation_invariant and self.is_standard

    def without_labels(self) -> Codes:
        """The same, each image charged against p(z) and not against the prior of its label."""
        if self.learned_prior is None:
            return self
        return replace(self, learned_prior=self.learned_prior.without_labels())

    def take(self, index: Int[Tensor, " m"]) -> Codes:
        """The codes of these images, in this order."""
        return replace(
            self, params=self.params[index], labels=self.labels[index], index=self.index[index]
        )

    def of_class(self, *labels: int) -> Codes:
        """The codes of the images of these classes, in their order."""
        wanted = torch.tensor(labels, dtype=self.labels.dtype)
        return self.take(torch.nonzero(torch.isin(self.labels, wanted))[:, 0])

    def double(self) -> Codes:
        """The same in float64."""
        params = self.params.double()
        prior = self.learned_prior.to(params) if self.learned_prior is not None else None
        return replace(self, params=params, learned_prior=prior)

    def first(self, count: int) -> Codes:
        """The first codes, at most so many."""
        return self.take(torch.arange(min(count, len(self))))

    @cached_property
    def mean(self) -> Float[Tensor, " n *latent"]:
        """Posterior means, (n, *latent)."""
        return self._of_posteriors(lambda q: q.mean)

    @cached_property
    def variance(self) -> Float[Tensor, " n *latent"]:
        """Posterior variances, (n, *latent); zero for a point mass."""
        return self._of_posteriors(lambda q: q.variance)

    @cached_property
    def kl(self) -> Float[Tensor, " n *latent"]:
        """KL of every dimension's marginal and its prior, nats per image."""
        if self.learned_prior is None:
            own = self.family.prior(self.latent_shape, self.params)
            return self._of_posteriors(lambda q: kl_per_dim(q, own))
        parts = [
            rate_per_dim(q, p, z).reshape(len(z[0]), *self.latent_shape)
            for q, p, z in self._against_prior()
        ]
        return torch.cat(parts)

    @cached_property
    def rate(self) -> Float[Tensor, " n"]:
        """KL(q(z|x) || p(z)) of every image, in nats; infinite for a point mass.

        Under a prior for each class, against that of its own. By RATE_SAMPLES samples of z, always
        the same, where the pair has no closed form.
        """
        return self._rate_and_error[0]

    @property
    def rate_error(self) -> float:
        """Standard error of the mean rate by those samples of z alone; 0 in closed form."""
        errors = self._rate_and_error[1].double()
        return float(errors.square().sum().sqrt()) / max(1, len(self))

    @cached_property
    def _rate_and_error(self) -> tuple[Float[Tensor, " n"], Float[Tensor, " n"]]:
        rates, errors = [], []
        for q, p, z in self._against_prior():
            closed = closed_rate(q, p)
            ratios = log_ratio(q, p, z) if closed is None else closed[None]
            rates.append(ratios.mean(0))
            spread = ratios.std(0) if closed is None else torch.zeros_like(rates[-1])
            errors.append(spread / math.sqrt(len(ratios)))
        return torch.cat(rates), torch.cat(errors)

    def _against_prior(self) -> Iterator[tuple[Posterior, LatentDistribution, Tensor]]:
        """q, the prior it is charged against, and samples of it, a block of images at a time."""
        generator = torch.Generator().manual_seed(0)
        for block in blocks(max(1, len(self))):  # one, of no image, when there is none
            q = self.family.from_params(self.params[block])
            z = q.mean[None]  # not asked for: the family's own prior has a closed form
            if self.learned_prior is not None:
                z = q.sample((RATE_SAMPLES,), generator)
            yield q, self.prior().given(self.labels[block]), z

    @cached_property
    def mean_covariance(self) -> Float[Tensor, "d d"]:
        """Mean over the images of Cov(z|x), over flattened z: sites are independent given x."""
        channels = self.latent_shape[-1]
        total = self._of_posteriors(lambda q: len(q.mean) * q.mean_covariance()[None].double())
        per_site = (total.sum(0) / len(self)).reshape(-1, channels, channels)
        covariance: Tensor = torch.block_diag(*per_site)
        return covariance

    def _of_posteriors(self, answer: Callable[[Posterior], Tensor]) -> Tensor:
        """A function of q(z|x), a block of images at a time: covariances are large."""
        some = blocks(max(1, len(self)))  # one, of no image, when there is none
        return torch.cat([answer(self.family.from_params(self.params[block])) for block in some])


def encode_dataset(vae: VAE, split: Split) -> Codes:
    """Encode every image of a split, in order.

    Dynamic binarisation is resolved by one draw with a fixed seed.

    Raises
    ------
    DataError
        When the images are not of the shape the model was built for.
    """
    like = next(vae.parameters())
    generator = torch.Generator(like.device).manual_seed(0)
    with torch.no_grad():
        params = [
            vae.given(split.labels[block])
            .encode_params(split.batch(block, generator, like.device).to(like.dtype))
            .cpu()
            for block in blocks(len(split))
        ]
        prior = vae.prior()
    codes = Codes(torch.cat(params), split.labels, vae.config.posterior, vae.latent_shape)
    if not isinstance(prior, LearnedPrior):
        return codes
    return replace(codes, learned_prior=prior.to(codes.params))


def n_codes(config: ModelConfig, n_images: int) -> int:
    """Numbers that the posteriors of so many images take."""
    *sites, channels = config.latent_shape
    n_params: int = POSTERIORS[config.posterior].n_params(channels)
    return n_images * math.prod(sites) * n_params

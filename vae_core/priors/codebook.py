"""The codebook: K vectors, learned, each as probable as the other at every site."""

from __future__ import annotations

import math
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.distributions import Normal, register_kl

from vae_core.config import POSTERIORS, PRIORS, ModelConfig
from vae_core.errors import ConfigError
from vae_core.posteriors import Posterior
from vae_core.posteriors.codebook import CodebookEntry
from vae_core.priors.base import Encode, LearnedPrior, Prior, Shapes
from vae_core.priors.mixture import MixtureMarginals

DECAY = 0.99  # of the moving averages of counts and sums
LEAST_USE, ANEW = 0.02, 0.1  # of the mean use: below it an entry begins anew, and then has it
WIDTH = 0.05  # of the Gaussians that draw an entry as a density, of the entries' own spread


class Codebook(LearnedPrior):
    """p(z): one of K entries at every site, uniformly and independently. event_shape `latent`.

    Parameters
    ----------
    entries : Tensor, (K, C)
    counts : Tensor, (K,)
        How often each was the nearest to what the encoder gave, a moving average over training.
    latent_shape : (*sites, C)
    """

    prior_title = "the codebook, smoothed"
    rest_title = None
    bars_note = (
        "Each cell costs ln K nats, K being the entries of the codebook: the same for every image. "
        "A bar is the share of one of the cell's channels, so that all add up to the rate."
    )
    rate_tex = CodebookEntry.rate_tex

    def __init__(self, entries: Tensor, counts: Tensor, latent_shape: tuple[int, ...]) -> None:
        self.entries, self.counts = entries, counts
        self._set_shape(torch.empty(latent_shape, device="meta"), len(latent_shape))

    def tensors(self) -> dict[str, Tensor]:
        """The entries, and how often each is used."""
        return {"entries": self.entries.detach(), "counts": self.counts.detach()}

    def to(self, like: Tensor) -> Codebook:
        """The same on the device and in the precision of `like`, without gradient."""
        entries, counts = (value.detach().to(like) for value in (self.entries, self.counts))
        return Codebook(entries, counts, tuple(self.event_shape))

    @property
    def n_sites(self) -> int:
        """Cells of a feature map; 1 of a vector."""
        return math.prod(self.event_shape[:-1])

    @property
    def log_size(self) -> float:
        """ln K: nats that naming an entry takes, while all are as probable."""
        return math.log(len(self.entries))

    def indices(self, z: Float[Tensor, ...]) -> Int[Tensor, ...]:
        """Which entry is nearest at each site of latents (*batch, *latent): (*batch, *sites)."""
        flat = z.reshape(-1, z.shape[-1])
        return nearest(flat, self.entries).reshape(z.shape[:-1])

    def log_prob(self, value: Float[Tensor, ...]) -> Float[Tensor, ...]:
        """- sites ln K, of the entries that are nearest: (*batch,)."""
        batch = value.shape[: value.ndim - len(self.event_shape)]
        return value.new_full(batch, -self.n_sites * self.log_size)

    def sample(self, sample_shape: Any = (), generator: torch.Generator | None = None) -> Tensor:
        """An entry for every site."""
        shape = (*torch.Size(sample_shape), *self.event_shape[:-1])
        device = self.entries.device
        of = torch.randint(len(self.entries), shape, generator=generator, device=device)
        return self.entries.detach()[of]

    @property
    def mean(self) -> Tensor:
        """Of the entries, at every site."""
        return self.entries.mean(0).expand(self.event_shape)

    @property
    def variance(self) -> Tensor:
        """Of the entries, at every site."""
        return self.entries.var(0, correction=0).expand(self.event_shape)

    def marginals(self) -> CodebookMarginals:
        """Each entry as a narrow Gaussian, in every dimension."""
        return CodebookMarginals(self)


class CodebookMarginals(MixtureMarginals):
    """Densities of every dimension by itself: of each entry a narrow Gaussian, to be drawn."""

    def __init__(self, of: Codebook) -> None:
        count, sites = len(of.entries), of.event_shape[:-1]
        loc = of.entries.reshape(count, *[1] * len(sites), -1).expand(count, *of.event_shape)
        width = WIDTH * of.entries.std(0, correction=0).clamp(min=1e-6)
        weights = of.entries.new_full((count,), -of.log_size)
        super().__init__(Normal(loc, width.expand_as(loc), validate_args=False), weights)
        self.nats = of.log_size / of.event_shape[-1]


@register_kl(CodebookEntry, Codebook)
def _kl_entry(q: CodebookEntry, p: Codebook) -> Tensor:
    return q.entry.new_full(q.batch_shape, p.n_sites * p.log_size)


@register_kl(CodebookEntry, CodebookMarginals)
def _kl_share(q: CodebookEntry, p: CodebookMarginals) -> Tensor:
    return q.entry.new_full(q.batch_shape, p.nats)


def nearest(points: Float[Tensor, "m C"], entries: Float[Tensor, "K C"]) -> Int[Tensor, " m"]:
    """Index of the entry nearest to each point."""
    squares = entries.square().sum(1) - 2.0 * points @ entries.T
    return squares.argmin(1)


@PRIORS.register("codebook")
class CodebookPrior(Prior):
    """p(z) = 1/K for each of K entries e_k, at every site (van den Oord et al. 2017).

    An entry is the mean of the points that the encoder gave nearest to it, a moving average. One
    that is hardly used begins anew at the point of a batch that is worst served, and the next at
    the one worst served then: all do in the first batch.
    """

    title = "codebook"
    tex = r"p(z=e_k)=\tfrac1K"
    entries: Tensor
    counts: Tensor
    sums: Tensor

    def __init__(self, config: ModelConfig, image_shape: tuple[int, int, int]) -> None:
        super().__init__(config, image_shape)
        count, channels = config.prior_components, config.latent_shape[-1]
        self.latent_shape = config.latent_shape
        self.register_buffer("entries", torch.randn(count, channels))
        self.register_buffer("counts", torch.zeros(count))
        self.register_buffer("sums", torch.zeros(count, channels))

    @classmethod
    def check(cls, config: ModelConfig) -> None:
        """Raise ConfigError for another posterior than an entry of it."""
        family: type[Posterior] = POSTERIORS[config.posterior]
        if not family.has_entries:
            raise ConfigError(
                f"prior: a codebook has z among its entries, and a {family.title} has it anywhere; "
                "choose posterior codebook, or another prior."
            )

    def forward(self, encode: Encode, like: Tensor) -> Codebook:
        """The codebook as it is now."""
        return Codebook(self.entries, self.counts, self.latent_shape)

    def posterior_params(self, output: Float[Tensor, "n *sites C"]) -> Float[Tensor, "n *sites C"]:
        """The nearest entry, with the gradient of the encoder's point."""
        flat = output.detach().reshape(-1, output.shape[-1])
        entry = self.entries[nearest(flat, self.entries)].reshape(output.shape)
        if not output.requires_grad:
            return entry
        return output + (entry - output).detach()

    def posterior(
        self, family: type[Posterior], output: Float[Tensor, "n *sites C"]
    ) -> CodebookEntry:
        """The nearest entry, which knows the encoder's point besides."""
        return CodebookEntry(self.posterior_params(output), output.ndim - 1, output)

    @torch.no_grad()
    def observe(self, q: Posterior) -> None:
        """Move the entries to the points of a batch that are nearest to each."""
        assert isinstance(q, CodebookEntry)
        assert q.encoded is not None
        points = q.encoded.detach().reshape(-1, self.entries.shape[1])
        of = nearest(points, self.entries)
        used = torch.zeros_like(self.counts).index_add_(0, of, torch.ones_like(points[:, 0]))
        summed = torch.zeros_like(self.sums).index_add_(0, of, points)
        self.counts.mul_(DECAY).add_(used, alpha=1.0 - DECAY)
        self.sums.mul_(DECAY).add_(summed, alpha=1.0 - DECAY)
        is_dead = self.counts < LEAST_USE * len(points) / len(self.entries)
        self.entries.copy_(self.sums / self.counts.clamp(min=1e-9)[:, None])
        dead = is_dead.nonzero()[:, 0]
        if not len(dead):
            return
        alive = self.entries[~is_dead]
        away = points.new_full((len(points),), math.inf)
        if len(alive):
            away = torch.cdist(points, alive).amin(1)
        share = ANEW * len(points) / len(self.entries)
        for k in dead.tolist():  # the point worst served by all entries so far
            point = points[away.argmax()]
            away = away.minimum((points - point).norm(dim=1))
            self.entries[k], self.counts[k], self.sums[k] = point, share, share * point

    @classmethod
    def shapes(cls, config: ModelConfig) -> Shapes:
        """Entries, and how often each is used."""
        count = config.prior_components
        return {"entries": (count, config.latent_shape[-1]), "counts": (count,)}

    @classmethod
    def of_tensors(cls, config: ModelConfig, tensors: dict[str, Tensor]) -> Codebook:
        """The codebook of these entries."""
        return Codebook(tensors["entries"], tensors["counts"], config.latent_shape)

"""Which entries of a codebook the images use, and what naming them costs.

Under the uniform prior a site costs ln K whatever the image. A prior that is fitted to the codes
after training charges rare entries more and common ones less: its mean is what a file of such codes
would take (Shannon), and the model itself stays as it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from vae_core.analysis.estimates import Estimate, mean_estimate
from vae_core.codes import Codes
from vae_core.errors import ConfigError
from vae_core.priors import Codebook

PSEUDO_COUNT = 0.5  # of every entry, so that one that was never seen has a probability (Jeffreys)
MEASURED = 5  # of so many images one measures the priors that the others were fitted to


@runtime_checkable
class CodePrior(Protocol):
    """A distribution over which entry stands at each site."""

    @property
    def title(self) -> str:
        """What it is called."""

    def log_prob(self, indices: Int[Tensor, "n S"]) -> Float[Tensor, " n"]:
        """log p of the entries of every image, in nats."""

    def sample(self, n: int, generator: torch.Generator) -> Int[Tensor, "n S"]:
        """Entries at all sites."""


def codebook_of(codes: Codes) -> Codebook:
    """The codebook of the codes' model.

    Raises
    ------
    ConfigError
        When it has none.
    """
    if not isinstance(codes.learned_prior, Codebook):
        raise ConfigError(f"expected the codes of a codebook; got {codes.family.title}.")
    return codes.learned_prior


def entry_indices(codes: Codes) -> Int[Tensor, "n S"]:
    """The entry at every site of every image, sites in the order of z: 0 to K - 1."""
    return codebook_of(codes).indices(codes.params).reshape(len(codes), -1)


@dataclass(frozen=True)
class EntryUse:
    """How often each of K entries stands at each of S sites, over n images.

    Attributes
    ----------
    counts : Tensor, (S, K)
    """

    counts: Int[Tensor, "S K"]

    @property
    def n_entries(self) -> int:
        """K."""
        return self.counts.shape[1]

    @property
    def shares(self) -> Float[Tensor, " K"]:
        """Of all sites of all images, those that have an entry: they add up to 1."""
        total = self.counts.sum(0).double()
        return total / total.sum()

    @property
    def n_used(self) -> int:
        """Entries that stand anywhere in any image."""
        return int((self.counts.sum(0) > 0).sum())

    @property
    def perplexity(self) -> float:
        """exp of the entropy of the shares: so many entries, equally used, would be as varied."""
        return math.exp(entropy(self.shares))

    @property
    def site_entropy(self) -> Float[Tensor, " S"]:
        """Entropy of the entry at each site, in nats: 0 where it is always the same."""
        shares = self.counts.double() / self.counts.sum(1, keepdim=True)
        by_site: Tensor = torch.special.entr(shares).sum(1)
        return by_site


def entropy(shares: Float[Tensor, " K"]) -> float:
    """In nats, of probabilities that add up to 1."""
    return float(torch.special.entr(shares).sum())


def entry_use(codes: Codes) -> EntryUse:
    """Counts of the entries over all images of the codes. Raises like `codebook_of`."""
    indices, count = entry_indices(codes), len(codebook_of(codes).entries)
    return EntryUse(
        torch.stack([torch.bincount(one, minlength=count) for one in indices.unbind(1)])
    )


def perplexity_estimate(codes: Codes) -> Estimate:
    """`EntryUse.perplexity` with its standard error over the images. Raises like `codebook_of`."""
    use = entry_use(codes)
    per_image = mean_estimate(-use.shares.log()[entry_indices(codes)].mean(1))
    return Estimate(use.perplexity, use.perplexity * per_image.standard_error)


@dataclass(frozen=True)
class UniformCode:
    """Each of K entries with the same probability at each of S sites: the prior of training."""

    n_entries: int
    n_sites: int
    title: str = "uniform"

    def log_prob(self, indices: Int[Tensor, "n S"]) -> Float[Tensor, " n"]:
        """- S ln K."""
        return torch.full((len(indices),), -self.n_sites * math.log(self.n_entries)).double()

    def sample(self, n: int, generator: torch.Generator) -> Int[Tensor, "n S"]:
        """Any entry anywhere."""
        return torch.randint(self.n_entries, (n, self.n_sites), generator=generator)


class HistogramCode:
    """Sites independent of each other, each entry as often as it was counted.

    Parameters
    ----------
    use : EntryUse
    by_site : bool
        Whether every site has a histogram of its own, or all have one together.
    """

    def __init__(self, use: EntryUse, by_site: bool = False) -> None:
        counts = use.counts.double()
        if not by_site:
            counts = counts.sum(0, keepdim=True).expand_as(counts)
        self.log_shares = (counts + PSEUDO_COUNT).log()
        self.log_shares = self.log_shares - self.log_shares.logsumexp(1, keepdim=True)
        self.title = "histogram of each cell" if by_site else "histogram of all cells"

    def log_prob(self, indices: Int[Tensor, "n S"]) -> Float[Tensor, " n"]:
        """Sum over the sites."""
        return self.log_shares.gather(1, indices.T).sum(0)

    def sample(self, n: int, generator: torch.Generator) -> Int[Tensor, "n S"]:
        """Every site by itself."""
        return torch.multinomial(
            self.log_shares.exp(), n, replacement=True, generator=generator
        ).T.contiguous()


def fitted_and_measured(codes: Codes, seed: int = 0) -> tuple[Codes, Codes]:
    """The images that a prior is fitted to, and those that measure it, at random."""
    order = torch.randperm(len(codes), generator=torch.Generator().manual_seed(seed))
    n_measured = max(1, len(codes) // MEASURED)
    return codes.take(order[n_measured:].sort()[0]), codes.take(order[:n_measured].sort()[0])


def code_priors(codes: Codes) -> list[CodePrior]:
    """The priors that a count is enough for, of the images that fit: see `fitted_and_measured`."""
    use = entry_use(codes)
    found: list[CodePrior] = [UniformCode(use.n_entries, len(use.counts)), HistogramCode(use)]
    return [*found, HistogramCode(use, by_site=True)] if len(use.counts) > 1 else found


def code_rate(prior: CodePrior, measured: Codes) -> Estimate:
    """Mean -log p(code) of images that the prior was not fitted to, nats per image."""
    return mean_estimate(-prior.log_prob(entry_indices(measured)))


def decoded_codes(
    codes: Codes, prior: CodePrior, decode: Callable[[Tensor], Tensor], n: int, seed: int = 0
) -> Float[Tensor, "n c H W"]:
    """Pictures of samples: entries by a prior of the code, then what the decoder makes of them."""
    indices = prior.sample(n, torch.Generator().manual_seed(seed))
    entries = codebook_of(codes).entries
    return decode(entries[indices].reshape(n, *codes.latent_shape))

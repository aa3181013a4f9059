"""Base classes of distributions over latents and of approximate posteriors; KL of marginals."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any, ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.distributions import Distribution, constraints, kl_divergence


class LatentDistribution(Distribution, ABC):
    """A distribution over latents, event_shape (*sites, C): what p(z) and q(z|x) have in common.

    `mean` and `variance` are those of every dimension, in the shape of the batch and a latent.

    Attributes
    ----------
    is_rotation_invariant : whether, as p(z), no rotation around the origin changes it
    """

    is_rotation_invariant: ClassVar[bool] = False
    arg_constraints: ClassVar[dict[str, Any]] = {}

    def _set_shape(self, like: Tensor, event_ndim: int) -> None:
        """Take the shape of `like`, the last `event_ndim` axes of which are the event's."""
        batch_ndim = like.ndim - event_ndim
        super().__init__(like.shape[:batch_ndim], like.shape[batch_ndim:], validate_args=False)

    @abstractmethod
    def sample(self, sample_shape: Any = (), generator: torch.Generator | None = None) -> Tensor:
        """Samples without gradient, (*sample_shape, *batch, *sites, C)."""

    @abstractmethod
    def marginals(self) -> Distribution:
        """Every dimension z_j by itself: batch_shape (*batch, *sites, C), event_shape ()."""

    def given(self, labels: Int[Tensor, " n"] | None) -> LatentDistribution:
        """p(z|y) for the label of each image, where it depends on that: batch_shape (n,)."""
        return self


class Posterior(LatentDistribution, ABC):
    """A distribution over latents: batch_shape (n,), event_shape (*sites, C).

    The class attributes are the words and formulas that pages show of a family.

    Attributes
    ----------
    title : what the family is called
    prior_title : what its prior over one site is called
    draw_tex, rate_tex : how z is drawn, and the KL, in LaTeX
    rate_line : the KL as a line of PyTorch, `kl = ...`, of what `draw_lines` define
    has_rate : whether KL(q || prior) is finite
    has_density : whether q has a density, so that draws can be weighted
    is_additive : whether dimensions are independent under the prior. Then the KLs of the
        marginals and that of the dependence between them add up to the whole.
    rest_title : what the KL beyond the marginals is called; None when there is none
    bars_note : what bars of the marginals' KLs add up to
    has_entries : whether z is one of the entries of a codebook, which the prior then is
    low, high : range of z that is displayed, per dimension
    support : of every site: `real_vector`, or `simplex`, where its channels sum to 1
    is_rotation_invariant : whether no rotation around the origin changes the prior
    is_correlated : whether dimensions of a site may be correlated given x, as a Gaussian's
    """

    title: ClassVar[str]
    prior_title: ClassVar[str] = "N(0, 1)"
    draw_tex: ClassVar[str]
    rate_tex: ClassVar[str]
    rate_line: ClassVar[str] = ""
    has_rate: ClassVar[bool] = True
    has_density: ClassVar[bool] = True
    has_entries: ClassVar[bool] = False
    is_additive: ClassVar[bool] = True
    rest_title: ClassVar[str | None] = None
    bars_note: ClassVar[str] = "The bars add up to the rate."
    low: ClassVar[float] = -4.0
    high: ClassVar[float] = 4.0
    support: ClassVar[constraints.Constraint] = constraints.real_vector
    is_correlated: ClassVar[bool] = False

    @staticmethod
    @abstractmethod
    def n_params(channels: int) -> int:
        """Parameters per site of the family over `channels` channels.

        Raises
        ------
        ConfigError
            When the family cannot be had over so many, or so few.
        """

    @property
    def penalty(self) -> Float[Tensor, " n"] | None:
        """What training adds to the loss of each image beside both terms; None: nothing."""
        return None

    @staticmethod
    def starts_at_zero(channels: int) -> slice:
        """Which of these parameters are zero in an untrained encoder, whatever the image."""
        return slice(0, 0)

    @classmethod
    def draw_lines(cls, channels: int) -> tuple[str, ...]:
        """How `params` become z, in PyTorch: for people to read and to run.

        Each entry is one step, `names = ...`, with lines of help around it where it needs them.
        Names are `torch`, `td` (torch.distributions), `F` (torch.nn.functional), and `params`,
        (n, *sites, P). Empty for a family that has no such lines: pages then show none.
        """
        return ()

    @classmethod
    @abstractmethod
    def from_params(cls, params: Float[Tensor, " n *sites P"]) -> Posterior:
        """q(z|x) for a batch, from the encoder's output."""

    @classmethod
    @abstractmethod
    def prior(cls, latent_shape: tuple[int, ...], like: Tensor) -> Posterior:
        """The matching p(z): batch_shape (), on the device and in the precision of `like`."""

    @abstractmethod
    def marginals(self) -> Distribution:
        """q(z_j|x) for every dimension z_j: batch_shape (n, *sites, C), event_shape ()."""

    @abstractmethod
    def rsample(self, sample_shape: Any = (), generator: torch.Generator | None = None) -> Tensor:
        """Differentiable draws, (*sample_shape, n, *sites, C).

        Unlike torch's own, takes a generator: training resumes exactly only when its noise
        is not shared with whatever else draws random numbers in the process.
        """

    def sample(self, sample_shape: Any = (), generator: torch.Generator | None = None) -> Tensor:
        """Draws without gradient, (*sample_shape, n, *sites, C)."""
        with torch.no_grad():
            return self.rsample(sample_shape, generator).detach()

    @abstractmethod
    def scaled(self, factor: float) -> Posterior:
        """A proposal with about `factor` times the standard deviations."""

    def nodes(self) -> tuple[Tensor, Tensor] | None:
        """Places and weights for expectations under q without noise; None where there are none.

        z (m, n, *latent), and weights (m, n) that add up to 1: enough of them for what bends
        sharply at many places, as log p(x|z) of a ReLU network does. Both are differentiable in
        the parameters. Families have them for one or two free dimensions.
        """
        return None

    @classmethod
    def params_of(
        cls, mean: Float[Tensor, " n *latent"], variance: Float[Tensor, " n *latent"]
    ) -> Float[Tensor, " n *sites P"] | None:
        """Parameters of a q with these moments, or near them: where a search for the best begins.

        None in families that are not asked for them.
        """
        return None

    def log_prob_pairs(self, z: Float[Tensor, " m *latent"]) -> Float[Tensor, "m n"]:
        """log q(z_i|x_k) for every z and every image of the batch.

        Families whose log-density is linear in something do it as a product of matrices; here
        it is `log_prob`, which takes room for m x n latents.
        """
        return self.log_prob(z[:, None])

    def marginal_log_prob_pairs(self, z_j: Float[Tensor, " m"], j: int) -> Float[Tensor, "m n"]:
        """log q(z_j|x_k) of dimension j of z.flatten() at m values, for every image of the batch.

        Families whose marginals are linear in something do it as a product of matrices.
        """
        marginals: Any = self.marginals()
        parts = {
            name: getattr(marginals, name).flatten(1)[:, j] for name in marginals.arg_constraints
        }
        log_prob: Tensor = type(marginals)(**parts, validate_args=False).log_prob(z_j[:, None])
        return log_prob

    @staticmethod
    def n_coordinates(latent_shape: tuple[int, ...]) -> int:
        """How many coordinates z has; see `conditional`."""
        return math.prod(latent_shape)

    def conditional(self, j: int, before: Float[Tensor, "n {j}"]) -> Distribution:
        """Coordinate j given those before it, batch_shape (n,): a distribution with `cdf`.

        z is a function of its coordinates, `from_coordinates`, and under the prior they are
        independent. Here they are the dimensions of z.flatten(), independent given x, too.
        """
        marginals: Any = self.marginals()
        parts = (
            getattr(marginals, name).flatten(-len(self.event_shape))[..., j]
            for name in marginals.arg_constraints
        )
        of_one: Distribution = type(marginals)(*parts, validate_args=False)
        return of_one

    @staticmethod
    def from_coordinates(
        u: Float[Tensor, "n d"], latent_shape: tuple[int, ...]
    ) -> Float[Tensor, " n *latent"]:
        """z of its coordinates."""
        return u.reshape(len(u), *latent_shape)

    def kl_parts(self, p: Posterior) -> Float[Tensor, " n *parts"]:
        """KL(q || p) in parts that add up, for families whose marginals' KLs do not.

        (n, *sites, C - k), where k dimensions of a site follow from the others; nats per image.
        """
        return kl_per_dim(self, p)

    def mean_covariance(self) -> Float[Tensor, "*sites C C"]:
        """Mean over the batch of the covariance of each site."""
        return torch.diag_embed(self.variance.mean(0))

    @classmethod
    def move(
        cls, z: Float[Tensor, "*latent"], index: int, values: Float[Tensor, " n"]
    ) -> Float[Tensor, " n *latent"]:
        """z with dimension `index` of z.flatten() at each value, the others within the support."""
        moved = z.flatten().repeat(len(values), 1)
        moved[:, index] = values
        return moved.reshape(len(values), *z.shape)

    @classmethod
    def onto_support(cls, z: Float[Tensor, "*latent"]) -> Float[Tensor, "*latent"]:
        """z, or a nearby point of the support where z lies outside."""
        return z

    @property
    def _event_axes(self) -> tuple[int, ...]:
        return tuple(range(-len(self.event_shape), 0))


def kl_per_dim(q: Posterior, p: Posterior) -> Float[Tensor, " n *latent"]:
    """KL between the marginals of q and p for every latent dimension.

    For a diagonal Gaussian these add up to KL(q || p).

    Parameters
    ----------
    q : Posterior
        Of a batch, event_shape `latent`.
    p : Posterior
        The matching prior, batch_shape ().

    Returns
    -------
    Tensor, (n, *latent)
        Nats per image; infinity for a point mass.
    """
    return kl_divergence(q.marginals(), p.marginals())

"""A normalising flow as a prior: RealNVP (Dinh et al. 2017)."""

from __future__ import annotations

import copy
import math
from functools import cached_property
from typing import Any, ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.distributions import Distribution

from vae_core.config import PRIORS, ModelConfig
from vae_core.errors import ConfigError
from vae_core.priors.base import Encode, LearnedPrior, Prior, Shapes

WIDTH = 64  # of the hidden layers of a coupling
MAX_LOG_SCALE = 2.0  # of one dimension in one coupling
SAMPLES = 20_000  # that tell the moments and the marginals
BINS = 128  # of a marginal


class Coupling(nn.Module):
    """Half of the dimensions are scaled and shifted by functions of the other half.

    z_a = u_a, z_b = u_b exp(s(u_a)) + t(u_a). Whatever s and t are, it is inverted by computing
    them once more, and the logarithm of its determinant is the sum of s. It begins as the identity.
    """

    def __init__(self, size: int, first: int) -> None:
        super().__init__()
        moved = torch.arange(size, device="cpu") % 2 == first
        self.kept: list[int] = torch.nonzero(~moved)[:, 0].tolist()
        self.moved: list[int] = torch.nonzero(moved)[:, 0].tolist()
        self.net = nn.Sequential(
            nn.Linear(len(self.kept), WIDTH),
            nn.Tanh(),
            nn.Linear(WIDTH, WIDTH),
            nn.Tanh(),
            nn.Linear(WIDTH, 2 * len(self.moved)),
        )
        for values in self.net[-1].parameters():
            nn.init.zeros_(values)

    def _scale_shift(self, kept: Tensor) -> tuple[Tensor, Tensor]:
        scale, shift = self.net(kept).chunk(2, dim=-1)
        return MAX_LOG_SCALE * torch.tanh(scale / MAX_LOG_SCALE), shift

    def forward(self, u: Float[Tensor, "m d"]) -> Float[Tensor, "m d"]:
        """u to z."""
        scale, shift = self._scale_shift(u[:, self.kept])
        return self._put(u, u[:, self.moved] * scale.exp() + shift)

    def inverse(self, z: Float[Tensor, "m d"]) -> tuple[Float[Tensor, "m d"], Float[Tensor, " m"]]:
        """z to u, and log |det du/dz|."""
        scale, shift = self._scale_shift(z[:, self.kept])
        return self._put(z, (z[:, self.moved] - shift) * (-scale).exp()), -scale.sum(1)

    def _put(self, whole: Tensor, moved: Tensor) -> Tensor:
        return whole.index_copy(1, torch.tensor(self.moved, device=whole.device), moved)


@PRIORS.register("flow")
class FlowPrior(Prior):
    """z = f(u), u ~ N(0, I), f being K couplings: log p(z) = log N(f^-1(z)) + log |det df^-1/dz|.

    The couplings turn by turn move the even and the odd dimensions of z.flatten().
    """

    title = "normalising flow"
    tex = (
        r"p(z)=\mathcal N\big(f^{-1}(z);0,I\big)\,"
        r"\Big|\det\frac{\partial f^{-1}}{\partial z}\Big|"
    )

    def __init__(self, config: ModelConfig, image_shape: tuple[int, int, int]) -> None:
        super().__init__(config, image_shape)
        size = math.prod(config.latent_shape)
        self.latent_shape = config.latent_shape
        self.couplings = nn.ModuleList(
            Coupling(size, (k + 1) % 2) for k in range(config.prior_components)
        )

    @classmethod
    def check(cls, config: ModelConfig) -> None:
        """Raise ConfigError for a single dimension, too."""
        super().check(config)
        if math.prod(config.latent_shape) < 2:
            raise ConfigError(
                "prior: a normalising flow moves some latent dimensions by the others, so it "
                "takes at least two; choose a larger latent, or prior mixture."
            )

    def forward(self, encode: Encode, like: Tensor) -> Flow:
        """The flow as its weights are now."""
        return Flow(self)

    @classmethod
    def shapes(cls, config: ModelConfig) -> Shapes:
        """Those of the couplings' weights."""
        with torch.device("meta"):
            empty = cls(config, (1, 1, 1))
        return {name: tuple(value.shape) for name, value in empty.state_dict().items()}

    @classmethod
    def of_tensors(cls, config: ModelConfig, tensors: dict[str, Tensor]) -> Flow:
        """The flow with these weights."""
        with torch.device("meta"):
            made = cls(config, (1, 1, 1))
        made.load_state_dict(tensors, assign=True)
        return Flow(made.requires_grad_(False))


class Flow(LearnedPrior):
    """p(z) of a flow: batch_shape (), event_shape `latent`."""

    def __init__(self, part: FlowPrior) -> None:
        self.part = part
        self.like = next(part.parameters())
        like = torch.empty(part.latent_shape, device="meta")
        self._set_shape(like, like.ndim)

    def tensors(self) -> dict[str, Tensor]:
        """The weights of the couplings."""
        return {name: value.detach() for name, value in self.part.state_dict().items()}

    def to(self, like: Tensor) -> Flow:
        """A copy on the device and in the precision of `like`, without gradient."""
        return Flow(copy.deepcopy(self.part).to(like).requires_grad_(False))

    @property
    def couplings(self) -> list[Coupling]:
        """The first is applied to u first."""
        return [one for one in self.part.couplings if isinstance(one, Coupling)]

    def from_normal(self, u: Float[Tensor, "m d"]) -> Float[Tensor, "m d"]:
        """f(u), flattened."""
        for coupling in self.couplings:
            u = coupling(u)
        return u

    def to_normal(
        self, z: Float[Tensor, "m d"]
    ) -> tuple[Float[Tensor, "m d"], Float[Tensor, " m"]]:
        """f^-1(z), flattened, and the logarithm of its determinant."""
        total = torch.zeros_like(z[:, 0])
        for coupling in reversed(self.couplings):
            z, log_det = coupling.inverse(z)
            total = total + log_det
        return z, total

    def log_prob(self, value: Float[Tensor, ...]) -> Float[Tensor, ...]:
        """log p(z) of latents (*batch, *latent)."""
        ndim = len(self.event_shape)
        batch = value.shape[:-ndim]
        u, log_det = self.to_normal(value.reshape(math.prod(batch), self.event_shape.numel()))
        normal = -0.5 * (u.square() + math.log(2.0 * math.pi)).sum(1)
        return (normal + log_det).reshape(batch)

    def sample(self, sample_shape: Any = (), generator: torch.Generator | None = None) -> Tensor:
        """f of samples of N(0, I)."""
        shape, like = torch.Size(sample_shape), self.like
        size = (shape.numel(), self.event_shape.numel())
        with torch.no_grad():
            u = torch.randn(size, generator=generator, dtype=like.dtype, device=like.device)
            return self.from_normal(u).reshape(*shape, *self.event_shape)

    @cached_property
    def _known(self) -> Float[Tensor, " m *latent"]:
        """Samples, the same each time."""
        return self.sample((SAMPLES,), torch.Generator(self.like.device).manual_seed(0))

    @property
    def mean(self) -> Tensor:
        """Of many samples."""
        return self._known.mean(0)

    @property
    def variance(self) -> Tensor:
        """Of many samples."""
        return self._known.var(0)

    def marginals(self) -> SampledMarginals:
        """Histograms of many samples: a flow knows no density of one dimension by itself."""
        return SampledMarginals(self._known)


class SampledMarginals(Distribution):
    """Densities of every dimension by itself, from samples: batch_shape `latent`.

    A histogram of BINS bins within four standard deviations, linear between their middles; a
    hundredth of the mass is a Gaussian of twice that width, so that no place has no density.
    """

    arg_constraints: ClassVar[dict[str, Any]] = {}

    def __init__(self, samples: Float[Tensor, " m *latent"]) -> None:
        super().__init__(samples.shape[1:], validate_args=False)
        self.samples = samples
        self._mean, self._std = samples.mean(0), samples.std(0).clamp(min=1e-6)

    @property
    def mean(self) -> Tensor:
        """Of every dimension."""
        return self._mean

    @property
    def variance(self) -> Tensor:
        """Of every dimension."""
        return self._std.square()

    @cached_property
    def _heights(self) -> Float[Tensor, "d bins"]:
        """Densities in units of the standard deviation at the middles of the bins."""
        places = self._places(self.samples).flatten(1)
        inside = ((places > -0.5) & (places < BINS - 0.5)).to(places.dtype)
        index = places.round().long().clamp(0, BINS - 1)
        counts = torch.zeros(places.shape[1], BINS, dtype=places.dtype, device=places.device)
        counts.scatter_add_(1, index.T, inside.T.contiguous())
        return counts / len(places) * BINS / 8.0

    def _places(self, value: Tensor) -> Tensor:
        """Where values lie among the bins, whose middles are 0, 1, ..."""
        return ((value - self._mean) / self._std + 4.0) * BINS / 8.0 - 0.5

    def log_prob(self, value: Float[Tensor, ...]) -> Float[Tensor, ...]:
        """log p(z_j) of every dimension of latents (*batch, *latent)."""
        flat = value.reshape(-1, self.batch_shape.numel())
        places = self._places(value).reshape(flat.shape)
        below = places.floor().clamp(0, BINS - 2)
        share = (places - below).clamp(0.0, 1.0)
        index = below.long().T
        low, high = (self._heights.gather(1, index + k).T for k in (0, 1))
        inside = ((places > -0.5) & (places < BINS - 0.5)).to(flat.dtype)
        height = inside * (low + share * (high - low))
        standard = ((value - self._mean) / self._std).reshape(flat.shape)
        wide = -0.125 * standard.square() - math.log(2.0 * math.sqrt(2.0 * math.pi))
        both = torch.logaddexp((0.99 * height).log(), wide + math.log(0.01))
        return (both - self._std.reshape(-1).log()).reshape(value.shape)

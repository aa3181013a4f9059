"""The Dirichlet posterior: latents that are proportions, on a simplex."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch import distributions as td
from torch.autograd.function import once_differentiable
from torch.nn.functional import logsigmoid, softplus

from vae_core.config import POSTERIORS
from vae_core.errors import ConfigError
from vae_core.posteriors.base import Posterior

ALPHA_MIN = 0.05  # below it, draws underflow in float32
NODES = 40  # steps along a share's logit
NODE_WIDTH = 1.5  # at most, of steps near the middle
NODE_REACH, NODE_TAIL = 6.0, 20.0  # standard deviations, and nats of a tail, that they reach


@POSTERIORS.register("dirichlet")
class Dirichlet(Posterior):
    """q(z|x) = Dirichlet(alpha(x)) at every site: C proportions that add up to 1.

    The prior is Dirichlet(1, ..., 1), uniform on the simplex. KL in closed form; draws have
    no eps to shift, their gradient is implicit: dz/dalpha = -(dF/dalpha) / (dF/dz), F being
    the cumulative distribution (Figurnov et al. 2018).

    Each dimension alone is Beta(alpha_j, alpha_0 - alpha_j). The KLs of these marginals do not
    add up to that of the whole, for the dimensions share one sum; see `stick_breaking_kl` for
    parts that do.
    """

    title = "Dirichlet"
    prior_title = "Beta(1, C − 1)"
    draw_tex = r"z\sim\mathrm{Dirichlet}\big(\alpha(x)\big),\quad z_j\ge 0,\ \sum_j z_j=1"
    rate_tex = (
        r"\mathrm{KL}=\ln\frac{\Gamma(\alpha_0)}{\Gamma(C)}-\sum_j\ln\Gamma(\alpha_j)"
        r"+\sum_j(\alpha_j-1)\big(\psi(\alpha_j)-\psi(\alpha_0)\big),\quad \alpha_0=\sum_j\alpha_j"
    )
    rate_line = "kl = td.kl_divergence(td.Dirichlet(alpha), td.Dirichlet(alpha * 0 + 1)).sum()"
    is_additive = False
    bars_note = (
        "Each bar is the KL of one dimension's Beta marginal. The dimensions share one sum, so "
        "these KLs do not add up to the rate."
    )
    low, high = 0.0, 1.0
    support = td.constraints.simplex

    def __init__(self, concentration: Tensor, event_ndim: int) -> None:
        self.concentration = concentration
        self._set_shape(concentration, event_ndim)

    @staticmethod
    def n_params(channels: int) -> int:
        """One concentration per channel: C."""
        if channels < 2:
            raise ConfigError(
                "posterior: a Dirichlet needs at least 2 channels, for one proportion is "
                f"always 1; got {channels}. Choose a larger latent."
            )
        return channels

    @classmethod
    def draw_lines(cls, channels: int) -> tuple[str, ...]:
        """No noise that could be held: torch's own draw."""
        return f"alpha = {ALPHA_MIN} + F.softplus(params)", "z = td.Dirichlet(alpha).rsample()"

    @classmethod
    def from_params(cls, params: Float[Tensor, " n *sites P"]) -> Dirichlet:
        """alpha = softplus(params), no smaller than ALPHA_MIN."""
        return cls(ALPHA_MIN + softplus(params), params.ndim - 1)

    @classmethod
    def prior(cls, latent_shape: tuple[int, ...], like: Tensor) -> Dirichlet:
        """Dirichlet(1, ..., 1): every mixture as likely as any other."""
        ones = torch.ones(latent_shape, dtype=like.dtype, device=like.device)
        return cls(ones, len(latent_shape))

    @property
    def per_site(self) -> td.Dirichlet:
        """torch's Dirichlet, batch_shape (n, *sites)."""
        return td.Dirichlet(self.concentration, validate_args=False)

    @property
    def mean(self) -> Tensor:
        """alpha / alpha_0."""
        return self.concentration / self.concentration.sum(-1, keepdim=True)

    @property
    def variance(self) -> Tensor:
        """m (1 - m) / (alpha_0 + 1)."""
        m, total = self.mean, self.concentration.sum(-1, keepdim=True)
        return m * (1.0 - m) / (total + 1.0)

    def mean_covariance(self) -> Float[Tensor, "*sites C C"]:
        """Mean over the batch of (diag(m) - m m^T) / (alpha_0 + 1)."""
        m, total = self.mean, self.concentration.sum(-1, keepdim=True)
        weighted = m / (total + 1.0)
        outer = torch.einsum("n...i,n...j->...ij", weighted, m) / len(m)
        return torch.diag_embed(weighted.mean(0)) - outer

    def marginals(self) -> td.Beta:
        """Beta(alpha_j, alpha_0 - alpha_j)."""
        total = self.concentration.sum(-1, keepdim=True)
        return td.Beta(self.concentration, total - self.concentration, validate_args=False)

    def log_prob(self, value: Tensor) -> Tensor:
        """log q(z|x), a density with respect to any C - 1 of the dimensions of a site."""
        log_prob: Tensor = self.per_site.log_prob(value)
        return log_prob.sum(self._event_axes[1:]) if len(self.event_shape) > 1 else log_prob

    def log_prob_pairs(self, z: Float[Tensor, " m *latent"]) -> Float[Tensor, "m n"]:
        """As a product of matrices: const_k + log z (alpha_k - 1)."""
        alpha = self.concentration
        constant = alpha.sum(-1).lgamma() - alpha.lgamma().sum(-1)  # (n, *sites)
        constant = constant.flatten(1).sum(1) if constant.ndim > 1 else constant
        return torch.addmm(constant, z.flatten(1).log(), (alpha.flatten(1) - 1.0).T)

    def marginal_log_prob_pairs(self, z_j: Float[Tensor, " m"], j: int) -> Float[Tensor, "m n"]:
        """As a product of matrices: a Beta is a Dirichlet of two dimensions."""
        total = self.concentration.sum(-1, keepdim=True)
        alpha, beta = (a.flatten(1)[:, j] for a in (self.concentration, total - self.concentration))
        two = Dirichlet(torch.stack([alpha, beta], -1), 1)
        return two.log_prob_pairs(torch.stack([z_j, 1.0 - z_j], -1))

    def kl_parts(self, p: Posterior) -> Float[Tensor, " n *parts"]:
        """By breaking a stick, see `stick_breaking_kl`: (n, *sites, C - 1)."""
        assert isinstance(p, Dirichlet)
        return stick_breaking_kl(self, p)

    @staticmethod
    def n_coordinates(latent_shape: tuple[int, ...]) -> int:
        """One less than dimensions, at every site."""
        return math.prod(latent_shape[:-1]) * (latent_shape[-1] - 1)

    def conditional(self, j: int, before: Float[Tensor, "n {j}"]) -> Stick:
        """Coordinate j is what its dimension takes of the rest of the stick: a Beta."""
        sticks = _sticks(self)
        alpha, beta = (
            a.flatten(-len(self.event_shape))[..., j]
            for a in (sticks.concentration1, sticks.concentration0)
        )
        return Stick(alpha, beta, validate_args=False)

    @staticmethod
    def from_coordinates(
        u: Float[Tensor, "n d"], latent_shape: tuple[int, ...]
    ) -> Float[Tensor, " n *latent"]:
        """Break the stick of every site."""
        u = u.reshape(len(u), *latent_shape[:-1], latent_shape[-1] - 1)
        rest = torch.cat([torch.ones_like(u[..., :1]), (1.0 - u).cumprod(-1)], -1)
        return rest * torch.cat([u, torch.ones_like(u[..., :1])], -1)

    @classmethod
    def onto_support(cls, z: Float[Tensor, "*latent"]) -> Float[Tensor, "*latent"]:
        """Dimensions below 0 become 0, and the others are scaled to add up to 1 again."""
        z = z.clamp(min=0.0)
        return z / z.sum(-1, keepdim=True)

    def rsample(self, sample_shape: Any = (), generator: torch.Generator | None = None) -> Tensor:
        """Draws with implicit gradients."""
        alpha = self.concentration.expand(*sample_shape, *self.concentration.shape)
        z: Tensor = _ImplicitDirichlet.apply(alpha, generator)
        return z

    def nodes(self) -> tuple[Tensor, Tensor] | None:
        """Logits of the shares that each dimension takes of what is left, see `_sticks`.

        A share v is Beta(a, b), the density of whose logit is v^a (1 - v)^b / B(a, b): one smooth
        peak, with tails that fall by a and b nats a unit. Steps grow with the distance.
        """
        if len(self.event_shape) > 1 or self.event_shape[0] > 3:
            return None
        sticks = _sticks(self)
        parts = [_logit_nodes(sticks.concentration1[..., j], sticks.concentration0[..., j])
                 for j in range(self.event_shape[0] - 1)]  # fmt: skip
        u, log_w = parts[0]
        if len(parts) == 1:
            return torch.stack([u.sigmoid(), (-u).sigmoid()], -1), log_w.softmax(0)
        u, log_w = u[:, None], log_w[:, None]
        v, log_v = parts[1][0][None], parts[1][1][None]
        left = (-u).sigmoid()
        z = torch.stack(torch.broadcast_tensors(u.sigmoid(), left * v.sigmoid(),
                                                left * (-v).sigmoid()), -1)  # fmt: skip
        return z.flatten(0, 1), (log_w + log_v).flatten(0, 1).softmax(0)

    @classmethod
    def params_of(
        cls, mean: Float[Tensor, " n *latent"], variance: Float[Tensor, " n *latent"]
    ) -> Float[Tensor, " n *sites P"]:
        """alpha_0 from the sum of the variances, sum_j m_j (1 - m_j) / (alpha_0 + 1)."""
        spread = (mean * (1.0 - mean)).sum(-1) / variance.sum(-1).clamp(min=1e-12)
        alpha = mean * (spread - 1.0).clamp(min=mean.shape[-1])[..., None]
        excess = (alpha - ALPHA_MIN).clamp(min=0.01)
        return excess + torch.log(-torch.expm1(-excess))  # the inverse of softplus

    def scaled(self, factor: float) -> Dirichlet:
        """alpha / factor^2: the same mean, about factor^2 times the variance."""
        alpha = (self.concentration / factor**2).clamp(min=ALPHA_MIN)
        return Dirichlet(alpha, len(self.event_shape))

    @classmethod
    def move(
        cls, z: Float[Tensor, "*latent"], index: int, values: Float[Tensor, " n"]
    ) -> Float[Tensor, " n *latent"]:
        """Dimension `index` at each value; the others of its site share the rest in proportion."""
        moved = z.reshape(-1, z.shape[-1]).repeat(len(values), 1, 1)  # (n, sites, C)
        site, channel = divmod(index, z.shape[-1])
        others = moved[:, site].clone()
        others[:, channel] = 0.0
        total = others.sum(-1, keepdim=True)
        even = torch.ones_like(others)
        even[:, channel] = 0.0
        share = torch.where(total > 0, others / total, even / even.sum(-1, keepdim=True))
        moved[:, site] = share * (1.0 - values[:, None])
        moved[:, site, channel] = values
        return moved.reshape(len(values), *z.shape)


def _of_torch(name: str) -> Callable[..., Tensor]:
    """A private function of torch, which its own Dirichlet uses.

    What it offers instead, `torch.distributions.Dirichlet.rsample`, takes no generator, and
    training that shares torch's global one cannot be resumed bit for bit.

    Raises
    ------
    ConfigError
        When this torch does not have it.
    """
    function: Callable[..., Tensor] | None = getattr(torch, name, None)
    if function is None:
        raise ConfigError(
            f"posterior: a Dirichlet is drawn with torch.{name}, which torch {torch.__version__} "
            "does not have. Install the torch of requirements.txt, or choose another posterior."
        )
    return function


class _ImplicitDirichlet(torch.autograd.Function):
    """torch's own draw and gradient, with a generator."""

    @staticmethod
    def forward(ctx: Any, alpha: Tensor, generator: torch.Generator | None) -> Tensor:
        z: Tensor = _of_torch("_sample_dirichlet")(alpha, generator)
        ctx.save_for_backward(z, alpha)
        return z

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        z, alpha = ctx.saved_tensors
        total = alpha.sum(-1, keepdim=True).expand_as(alpha)
        along = _of_torch("_dirichlet_grad")(z, alpha, total)
        return along * (grad - (z * grad).sum(-1, keepdim=True)), None


@td.register_kl(Dirichlet, Dirichlet)
def _kl_dirichlet(q: Dirichlet, p: Dirichlet) -> Tensor:
    per_site = td.kl_divergence(q.per_site, p.per_site)  # (n, *sites)
    axes = q._event_axes[1:]
    return per_site.sum(axes) if axes else per_site


def stick_breaking_kl(q: Dirichlet, p: Dirichlet) -> Float[Tensor, " n *parts"]:
    """KL(q || p) in C - 1 parts per site that add up, (n, *sites, C - 1), nats per image.

    Break a stick of length 1: the first dimension takes v_1 of it, the second v_2 of the rest,
    and so on. Under a Dirichlet these v_j are independent Betas, so their KLs add up
    exactly. Each part depends on the order of the dimensions, which figures must state.
    """
    return td.kl_divergence(_sticks(q), _sticks(p))


class Stick(td.Beta):
    """A Beta that knows its cumulative distribution, which torch's does not."""

    def cdf(self, value: Tensor) -> Tensor:
        """The regularised incomplete beta function."""
        from scipy.special import betainc

        return self._by_scipy(betainc, value)

    def icdf(self, value: Tensor) -> Tensor:
        """Its inverse."""
        from scipy.special import betaincinv

        return self._by_scipy(betaincinv, value)

    def _by_scipy(self, function: Callable[..., Any], value: Tensor) -> Tensor:
        alpha, beta = (a.double().numpy() for a in (self.concentration1, self.concentration0))
        return torch.as_tensor(function(alpha, beta, value.double().numpy()), dtype=value.dtype)


def _logit_nodes(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Logits of a Beta(a, b), and the logarithms of their weights but for a constant, (m, n)."""
    with torch.no_grad():
        middle = a.log() - b.log()
        width = (1.0 / a + 1.0 / b).sqrt().clamp(max=NODE_WIDTH)
        below, above = ((NODE_REACH + NODE_TAIL / (c * width)).asinh() for c in (a, b))
        share = torch.arange(NODES + 1, dtype=a.dtype, device=a.device)[:, None] / NODES
        w = share * above - (1.0 - share) * below
        u = middle + width * w.sinh()
        log_step = w.cosh().log()
    return u, a * logsigmoid(u) + b * logsigmoid(-u) + log_step


def _sticks(d: Dirichlet) -> td.Beta:
    """v_j ~ Beta(alpha_j, alpha_j+1 + ... + alpha_C), independent of each other."""
    alpha = d.concentration
    after = alpha.flip(-1).cumsum(-1).flip(-1) - alpha
    return td.Beta(alpha[..., :-1], after[..., :-1], validate_args=False)

"""The loss of one batch as a TrainConfig asks for it: the ELBO's, or an importance-weighted bound.

    L_k = E log 1/k sum_i w_i,   w_i = p(x, z_i) / q(z_i|x),   z_1 ... z_k ~ q(z|x)

L_1 is the ELBO; L_k never falls with k, and comes to log p(x) (Burda et al. 2016).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from vae_core.config import TrainConfig
from vae_core.mistakes import mistaken_terms
from vae_core.objective import Objective, elbo_terms
from vae_core.semi_supervised import semi_supervised_loss
from vae_core.vae import VAE


@dataclass(frozen=True)
class TrainingLoss:
    """What training minimises, as a function of model, batch and epoch.

    objective : what is made of distortion and rate while `importance` is 1.
    importance : k; above 1 the loss is -L_k, without distortion and rate of its own.
    gradient : how that of L_k is estimated, see `importance_weighted_loss`.
    mistake : that of `mistaken_terms`, made on purpose.
    """

    objective: Objective
    importance: int = 1
    gradient: str = "standard"
    mistake: str = "none"

    @classmethod
    def of(cls, config: TrainConfig, vae: VAE, n_images: int) -> TrainingLoss:
        """The loss of a TrainConfig, with this model and so many training images."""
        objective = Objective.of(config, vae, n_images)
        return cls(objective, config.importance, config.gradient, config.mistake)

    def __call__(
        self,
        vae: VAE,
        x: Float[Tensor, "n c H W"],
        epoch: int = 1,
        generator: torch.Generator | None = None,
        observed: bool = True,
        labels: Int[Tensor, " n"] | None = None,
    ) -> Float[Tensor, ""]:
        """Scalar loss of a batch, with the labels that some models and priors ask for.

        Where it is `observed`, the likelihood's statistics are brought up to date.
        """
        if self.importance > 1:
            return importance_weighted_loss(
                vae, x, self.importance, self.gradient, generator, labels
            )
        if vae.config.is_semi_supervised:
            assert labels is not None
            return semi_supervised_loss(
                vae, x, labels.to(x.device), self.objective, epoch, generator
            )
        if self.mistake == "none":
            terms = elbo_terms(vae, x, generator=generator, labels=labels)
        else:
            terms = mistaken_terms(vae.given(labels), x, self.mistake, generator)
        if observed:
            vae.likelihood.observe(x, terms.pixels)
            vae.latent_prior.observe(terms.posterior)
        return self.objective(terms, epoch)


def importance_weighted_loss(
    vae: VAE,
    x: Float[Tensor, "n c H W"],
    n_importance: int,
    gradient: str = "standard",
    generator: torch.Generator | None = None,
    labels: Int[Tensor, " n"] | None = None,
) -> Float[Tensor, ""]:
    """-L_k, mean over the batch, in nats per image; its value is that of `analysis.iwae_bound`.

    Parameters
    ----------
    vae : VAE
        Of a family with a density.
    x : Tensor, (n, c, H, W)
    n_importance : int
        k, draws per image, all decoded at once.
    gradient : "standard" or "dreg"
        Both have the same value and, in expectation, the same gradient. The standard one is the
        derivative of the draws' bound: with w'_i = w_i / sum w, sum_i w'_i d log w_i. The more
        draws, the more of what the encoder gets of it is noise (Rainforth et al. 2018). The
        doubly reparameterised one ("dreg", Tucker et al. 2019, Eq. 8) has
        sum_i w'_i^2 (d log w_i / d z_i) (d z_i / d phi) for the encoder's weights phi, without
        the derivative of log q by its own parameters, and is free of this. The decoder's is the
        same in both.
    generator : torch.Generator, optional
    labels : Tensor, (n,), optional
        As for `elbo_terms`.
    """
    vae = vae.given(labels)
    params = vae.encode_params(x)
    q, p = vae.family.from_params(params), vae.prior().given(labels)
    z = q.rsample((n_importance,), generator)  # (k, n, *latent)
    if gradient == "dreg":  # the density's own parameters are constants
        q = vae.family.from_params(params.detach())
    log_w = vae.decode(z).log_prob(x) + p.log_prob(z) - q.log_prob(z)  # (k, n)
    if gradient == "dreg" and z.requires_grad:
        # backward comes to z with one factor w', from logsumexp; here it meets the second
        weights = log_w.detach().softmax(0).reshape(*log_w.shape, *(1,) * len(vae.latent_shape))
        z.register_hook(lambda grad: weights * grad)
    return math.log(n_importance) - log_w.logsumexp(0).mean()

"""Training a conditional model when few images have a label (Kingma et al. 2014, model M2).

Beside q(z|x, y) and p(x|z, y) there is a classifier q(y|x). With a label an image has the bound of
a conditional model, -L(x, y) = distortion + rate. Without one it has the mean of these over the
labels that the classifier holds possible (their Eq. 7), with a price for being sure of them:

    -U(x) = sum_y q(y|x) (distortion(x, y) + rate(x, y)) + KL(q(y|x) || p(y)),   p(y) = 1 / K

-U bounds -log p(x), and -L bounds -log p(x|y); the constant -log p(y) is left out of the loss of
labelled images. The classifier learns from labels by their cross entropy, times alpha (Eq. 9).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from vae_core.config import ModelConfig
from vae_core.objective import ElboTerms, Objective, elbo_terms
from vae_core.priors import rate
from vae_core.vae import VAE

UNKNOWN = -1  # in place of a label


def known_labels(labels: Int[Tensor, " n"], count: int, seed: int) -> Int[Tensor, " n"]:
    """The labels of `count` images, UNKNOWN for the others; all of them for 0.

    Every class has as many as the next, or one less; all of its images where it has no more. Which
    they are is chosen by the seed: with a larger count, the same ones and others.
    """
    if not count:
        return labels
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
    turn = torch.empty_like(labels)  # of each image, within its class
    for label in labels.unique():
        mine = order[labels[order] == label]
        turn[mine] = torch.arange(len(mine))
    kept = (turn * (int(labels.max()) + 1) + labels).argsort()[:count]
    known = torch.full_like(labels, UNKNOWN)
    known[kept] = labels[kept]
    return known


@dataclass(frozen=True)
class KnownLabels:
    """The labels that training is given.

    labels : (n,), of the training images; UNKNOWN for those without.
    among : (m,), images with a label, from which the classifier learns; none for other models.
    """

    labels: Int[Tensor, " n"]
    among: Int[Tensor, " m"]

    @classmethod
    def of(cls, config: ModelConfig, labels: Int[Tensor, " n"], seed: int) -> KnownLabels:
        """Those of a model's config, with the seed of its training."""
        known = known_labels(labels, config.labelled, seed)
        return cls(known, (known != UNKNOWN).nonzero()[:, 0])

    def draw(self, count: int, generator: torch.Generator) -> Int[Tensor, " m"]:
        """At most so many images with a label: all of them, or some by chance."""
        if len(self.among) <= count:
            return self.among
        return self.among[torch.randint(len(self.among), (count,), generator=generator)]


def unlabelled_terms(
    vae: VAE, x: Float[Tensor, "n c H W"], generator: torch.Generator | None = None
) -> ElboTerms:
    """Terms of images whose label is not known, which add up to -U(x) at beta = 1, (n,) each.

    Their `posterior`, `z` and `pixels` are of every label, as those of `VAE.encode_every`.
    """
    count = vae.config.label_count
    q, p = vae.encode_every(x), vae.prior()  # (K n,)
    z = q.rsample((), generator)
    each = torch.arange(count, device=x.device).repeat_interleave(len(x))
    pixels = vae.given(each).decode(z)
    of_label = (count, len(x))
    distortion = -pixels.log_prob(x.repeat(count, 1, 1, 1)).unflatten(0, of_label)
    of_z = rate(q, p, z).unflatten(0, of_label)
    classes = vae.label_posterior(x)
    weights = classes.probs.T  # (K, n)
    of_y = math.log(count) - classes.entropy()  # KL(q(y|x) || p(y))
    mean = (weights * distortion).sum(0), (weights * of_z).sum(0) + of_y
    return ElboTerms(*mean, q, p, z, pixels)


def semi_supervised_loss(
    vae: VAE,
    x: Float[Tensor, "n c H W"],
    labels: Int[Tensor, " n"],
    objective: Objective,
    epoch: int,
    generator: torch.Generator | None = None,
) -> Float[Tensor, ""]:
    """Mean over a batch of -L of images with a label and -U of those without."""
    known = labels != UNKNOWN
    parts = []
    if known.any():
        terms = elbo_terms(vae, x[known], generator=generator, labels=labels[known])
        parts.append(known.sum() / len(x) * objective(terms, epoch))
    if not known.all():
        terms = unlabelled_terms(vae, x[~known], generator)
        parts.append((~known).sum() / len(x) * objective(terms, epoch))
    return torch.stack(parts).sum()


def cross_entropy(
    vae: VAE, x: Float[Tensor, "n c H W"], labels: Int[Tensor, " n"]
) -> Float[Tensor, ""]:
    """Mean of -log q(y|x) over images with a label, in nats."""
    return F.cross_entropy(vae.label_posterior(x).logits, labels.to(x.device))

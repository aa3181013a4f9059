"""Adam over the parts of a model, each at its own learning rate."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from vae_core.vae import VAE

LIKELIHOOD_LR = 10.0  # learning rate of the likelihood's parameters, times the network's


def adam(vae: VAE, lr: float) -> torch.optim.Adam:
    """Adam; a learned sigma and some priors take larger steps than the weights: they go farther."""
    groups: list[dict[str, Any]] = [
        {"params": [*vae.encoding, *vae.decoding]},
        {"params": [*vae.likelihood.parameters()], "lr": LIKELIHOOD_LR * lr},
        {"params": [*vae.latent_prior.parameters()], "lr": vae.latent_prior.lr_factor * lr},
    ]
    return torch.optim.Adam([g for g in groups if g["params"]], lr=lr, fused=True)


def set_rates(optimizer: torch.optim.Optimizer, rates: list[float], factor: float) -> None:
    """Learning rates times a factor, each group its own."""
    for group, rate in zip(optimizer.param_groups, rates, strict=True):
        group["lr"] = factor * rate


def update(
    optimizer: torch.optim.Optimizer, loss: Tensor, only: list[nn.Parameter] | None = None
) -> None:
    """One step of Adam, on all weights or these alone: it passes over those without gradient."""
    optimizer.zero_grad()
    loss.backward(inputs=only)
    optimizer.step()

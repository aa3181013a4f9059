"""The computation of one loss as lines of PyTorch: what the page shows node by node, and a cell.

Every entry is one node: the names that its last assignment defines. Together, after the prelude and
with an image, they run: they compute what `VAE`, `elbo_terms` and the loss of one image compute,
from a batch of one.
"""

from __future__ import annotations

import re
from dataclasses import fields
from typing import Any

from torch import nn

from vae_core.config import TrainConfig
from vae_core.networks import ChannelsFirst, ChannelsLast, Crop, Pad
from vae_core.objective import Reduction
from vae_core.vae import VAE

BEYOND = {"free_bits", "tc_weight", "importance", "mistake"}  # of the loss, but not of its lines
IMPORTS = """from pathlib import Path

import torch
from torch import distributions as td, nn
from torch.nn import functional as F
"""
APPLY = """

class Apply(nn.Module):  # a function as a layer
    def __init__(self, function):
        super().__init__()
        self.forward = function

"""
WEIGHTS = """
# The trained weights: weights.safetensors of the run, in its .zip (Take home). Without it the
# weights are random, and so is what comes out.
WEIGHTS = Path("weights.safetensors")
if WEIGHTS.exists():
    from safetensors.torch import load_file

    model = nn.ModuleDict({"encoder": encoder, "decoder": decoder})
    model.load_state_dict(load_file(WEIGHTS), strict=False)
"""


def computation(vae: VAE, train: TrainConfig) -> dict[str, Any] | None:
    """The lines of a model, and what they need.

    Parameters
    ----------
    vae : VAE
    train : TrainConfig
        For beta and the reduction. What is of a batch or of several draws is not in the loss here.

    Returns
    -------
    dict or None
        lines: of x, of the posterior up to z, of the likelihood, the KL where there is one, and the
        loss; weights: of distortion and KL in the loss; beyond: settings of the training that it
        does not have; prelude: imports, networks and their weights, None where a layer cannot be
        written as code. None for a posterior, likelihood or prior without lines.
    """
    draw, pixels = vae.family.draw_lines(vae.latent_shape[-1]), vae.likelihood.lines()
    if not draw or not pixels or vae.latent_prior.is_learned or vae.is_conditional:
        return None
    head = _head(vae.encoder)
    hidden = (f"h = encoder[:{head}](x)",) if head else ()
    params = f"encoder[{head}:](h)" if head else "encoder(x)"
    if head == len(vae.encoder) - 1:
        params = "encoder[-1](h)"
    rate = (vae.family.rate_line,) if vae.family.has_rate else ()
    lines = [
        f"x = image.reshape{(1, *vae.image_shape)}",
        *hidden,
        *(_put("params", params, line) for line in draw),
        *(_put("output", "decoder(z)", line) for line in pixels),
        *rate,
        f"loss = {_loss(vae, train)}",
    ]
    reduction = Reduction.of(train.reduction, vae.image_shape, vae.latent_shape)
    weights = [reduction.distortion, train.beta * reduction.rate if rate else 0.0]
    return {
        "lines": lines,
        "weights": weights,
        "beyond": _beyond(train),
        "prelude": _prelude(vae),
    }


def _beyond(train: TrainConfig) -> list[str]:
    """Settings with which training minimised something else, or more."""
    names = [field.name for field in fields(train) if field.name in BEYOND]
    return [name for name in names if getattr(train, name) != getattr(TrainConfig(), name)]


def _head(encoder: nn.Sequential) -> int:
    """Where the last affine layer stands, after an activation; 0 when there is none before it."""
    kinds = [isinstance(layer, nn.Linear | nn.Conv2d) for layer in encoder]
    last = len(kinds) - 1 - kinds[::-1].index(True) if True in kinds else 0
    return last if any(kinds[:last]) else 0


def _put(name: str, code: str, line: str) -> str:
    return re.sub(rf"\b{name}\b", code, line)


def _loss(vae: VAE, train: TrainConfig) -> str:
    """The loss of one image: the weighted sum that is minimised."""
    reduction = Reduction.of(train.reduction, vae.image_shape, vae.latent_shape)
    distortion = _divided("distortion", reduction.distortion)
    if not vae.family.has_rate:
        return distortion
    weight = "" if train.beta == 1.0 else f"{train.beta:.9g} * "
    return f"{distortion} + {weight}{_divided('kl', reduction.rate)}"


def _divided(name: str, factor: float) -> str:
    return name if factor == 1.0 else f"{name} / {round(1.0 / factor)}"


def _prelude(vae: VAE) -> str | None:
    """Imports, networks, weights."""
    encoder, decoder = network_code(vae.encoder), network_code(vae.decoder)
    if encoder is None or decoder is None:
        return None
    apply = APPLY if "Apply(" in encoder + decoder else ""
    return f"{IMPORTS}{apply}\nencoder = {encoder}\ndecoder = {decoder}\n{WEIGHTS}"


def network_code(network: nn.Sequential) -> str | None:
    """A network as code that makes it, with fresh weights; None when a layer has no such code."""
    layers = [_layer_code(layer) for layer in network]
    if None in layers:
        return None
    return "nn.Sequential(\n" + "".join(f"    {layer},\n" for layer in layers) + ")"


def _layer_code(layer: nn.Module) -> str | None:
    match layer:
        case Pad():
            return f"nn.ZeroPad2d({layer.amounts})"
        case Crop():
            (height, width), top, left = layer.image, layer.top, layer.left
            return f"Apply(lambda x: x[..., {top}:{top + height}, {left}:{left + width}])"
        case ChannelsLast():
            return "Apply(lambda x: x.movedim(1, -1))"
        case ChannelsFirst():
            return "Apply(lambda x: x.movedim(-1, 1))"
    is_torchs = type(layer).__module__.startswith("torch.nn.modules")
    return f"nn.{layer!r}" if is_torchs and not any(True for _ in layer.children()) else None

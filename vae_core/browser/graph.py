"""The computation graph of a model as plain data, so that a browser can run it without torch.

A step is `{"op": name, ...}` and names its tensors, which `payload.model_file` puts beside it.
Images are (channels, rows, columns); latents are channels last, as everywhere here.
assets/components/model/engine.js reads it. Networks too large for a page are left out of it.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from vae_core.analysis.space.receptive_fields import Field, decoder_field
from vae_core.config import POSTERIORS
from vae_core.limits import layer_multiply_adds
from vae_core.networks import ChannelsFirst, ChannelsLast, Crop, Pad
from vae_core.priors import Codebook, Flow, LearnedPrior, Mixture
from vae_core.vae import VAE

Step = dict[str, Any]

MAX_MULTIPLY_ADDS = 8_000_000  # of one picture: about 12 ms in a page


def graph(vae: VAE, limit: int = MAX_MULTIPLY_ADDS) -> dict[str, Any]:
    """The model as plain data.

    Parameters
    ----------
    limit : int
        Networks that take more multiply-adds for one image are left out.

    Returns
    -------
    dict
        image_shape, latent_shape, posterior; likelihood (name, and for a Gaussian sigma and
        log_sigma); encoder and decoder: a list of steps each, None when the network is too
        large or has a layer that is not known as a step; labels: of a conditional model, for
        encoder and decoder that are here, which bias it changes (the names of tensors `bias` and
        `rows`), else None; decoder_field: which pixels a cell
        reaches (start, size and stride; rows, then columns), None where every cell reaches
        the whole image; multiply_adds: of either network; prior: kind, and the names of tensors
        that it takes, None for the family's own.
    """
    pixels = {"name": vae.config.likelihood, **vae.likelihood.page_facts()}
    costs = {
        "encoder": multiply_adds(vae.encoder, vae.image_shape),
        "decoder": multiply_adds(vae.decoder, vae.latent_shape),
    }
    return {
        "image_shape": list(vae.image_shape),
        "latent_shape": list(vae.latent_shape),
        "posterior": vae.config.posterior,
        "likelihood": pixels,
        "encoder": _steps("encoder", vae.encoder) if costs["encoder"] <= limit else None,
        "decoder": _steps("decoder", vae.decoder) if costs["decoder"] <= limit else None,
        "labels": _labels(vae),
        "decoder_field": _window(decoder_field(vae)),
        "prior": _prior(vae),
        "multiply_adds": costs,
    }


def _labels(vae: VAE) -> dict[str, dict[str, str]] | None:
    """Where a conditional model's labels enter."""
    if not vae.is_conditional:
        return None
    places = {"encoder": vae.encoder_labels.at, "decoder": vae.decoder_labels.at}
    return {
        part: {"bias": f"{part}.{at}.bias", "rows": f"{part}_labels.weight"}
        for part, at in places.items()
    }


def _prior(vae: VAE) -> dict[str, Any] | None:
    """A learned prior as plain data; its tensors are those of `prior_tensors`."""
    match vae.prior():
        case Mixture() as p:
            family = next(name for name, one in POSTERIORS.items() if one is p.family)
            return {"kind": "mixture", "family": family, "is_of_classes": p.is_of_classes}
        case Codebook():
            return {"kind": "codebook"}
        case Flow() as p:
            return {"kind": "flow", "couplings": [
                {"moved": int(coupling.moved[0] % 2),
                 "layers": [f"prior.couplings.{k}.net.{layer}" for layer in (0, 2, 4)]}
                for k, coupling in enumerate(p.couplings)
            ]}  # fmt: skip
    return None


def prior_tensors(vae: VAE) -> dict[str, Tensor]:
    """What a learned prior is made of, and the mean of a flow; none for the family's own."""
    p = vae.prior()
    if not isinstance(p, LearnedPrior):
        return {}
    tensors = {f"prior.{name}": value for name, value in p.tensors().items()}
    return tensors | ({"prior.mean": p.mean.flatten()} if isinstance(p, Flow) else {})


def _window(field: Field | None) -> dict[str, list[int]] | None:
    """A receptive field as plain data."""
    if field is None:
        return None
    return {"start": [*field.start], "size": [*field.size], "stride": [*field.stride]}


def multiply_adds(network: nn.Sequential, shape: tuple[int, ...]) -> int:
    """Products of a weight and an activation, for one input of this shape: the cost of a run."""
    count = 0
    x = next(network.parameters()).new_zeros(1, *shape)
    with torch.no_grad():
        for layer in network:
            y = layer(x)
            count += layer_multiply_adds(layer, x, y)
            x = y
    return count


def _steps(where: str, network: nn.Sequential) -> list[Step] | None:
    """One step per layer, its tensors named as in the model's state."""
    steps = [_step(layer, f"{where}.{k}") for k, layer in enumerate(network)]
    return None if None in steps else [step for step in steps if step]


def _step(layer: nn.Module, name: str) -> Step | None:
    """A layer as a dictionary; None for a layer that is not known here."""
    tensors = {"weight": f"{name}.weight", "bias": f"{name}.bias"}
    match layer:
        case nn.Linear(bias=nn.Parameter()):
            return {"op": "linear", **tensors}
        case nn.Conv2d() | nn.ConvTranspose2d() if _is_plain(layer):
            op = "conv" if isinstance(layer, nn.Conv2d) else "conv_transpose"
            return {
                "op": op, **tensors, "kernel": layer.kernel_size[0], "stride": layer.stride[0],
                "padding": layer.padding[0],
            }  # fmt: skip
        case nn.ReLU():
            return {"op": "relu"}
        case nn.ELU(alpha=1.0):
            return {"op": "elu"}
        case nn.Tanh():
            return {"op": "tanh"}
        case nn.GLU(dim=1):
            return {"op": "gated"}
        case nn.Flatten(start_dim=1, end_dim=-1):
            return {"op": "flatten"}
        case nn.Unflatten(dim=1):
            return {"op": "unflatten", "shape": list(layer.unflattened_size)}
        case Pad():
            left, right, top, bottom = layer.amounts
            return {"op": "pad", "left": left, "right": right, "top": top, "bottom": bottom}
        case Crop():
            height, width = layer.image
            return {
                "op": "crop", "top": layer.top, "left": layer.left, "height": height,
                "width": width,
            }  # fmt: skip
        case ChannelsLast():
            return {"op": "channels_last"}
        case ChannelsFirst():
            return {"op": "channels_first"}
    return None


def _is_plain(layer: nn.Conv2d | nn.ConvTranspose2d) -> bool:
    """Whether a convolution is square in all respects, not dilated or grouped, and has a bias."""
    sides = (layer.kernel_size, layer.stride, layer.padding)
    return (
        all(len(set(side)) == 1 for side in sides)
        and not isinstance(layer.padding, str)
        and set(layer.dilation) == {1}
        and set(layer.output_padding) == {0}
        and layer.groups == 1
        and layer.bias is not None
    )

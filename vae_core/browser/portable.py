"""A portable model: weights and codes in as few bytes as the precision of its pictures allows."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace

import torch

from vae_core.browser.graph import graph
from vae_core.browser.payload import codes_file, model_file
from vae_core.codes import Codes
from vae_core.vae import VAE, decode_mean

MAX_NUMBERS = 400_000  # of the posteriors that go along: 800 kB in float16
ERROR = 1e-3  # of a pixel, from 0 to 1: the tolerance of rounding
N_COMPARED = 256


@dataclass(frozen=True)
class Portable:
    """What a page needs to run a model by itself.

    Attributes
    ----------
    model, codes : bytes
        As `graph.model_file` and `graph.codes_file` write them.
    kept : Codes
        The first of the test split, as they are in `codes`.
    is_rounded : bool
        Whether the weights in `model` differ from the trained ones, by their rounding.
    """

    model: bytes
    codes: bytes
    kept: Codes
    is_rounded: bool


def portable(vae: VAE, codes: Codes) -> Portable:
    """Model and first codes, in float16 where that keeps every pixel to a thousandth.

    Weights and codes are rounded one after the other; each is kept in float32 where half of
    the error that is allowed is not enough for it. Only the networks' weights are rounded: the
    sigma of a likelihood goes along as it is, for a score multiplies its error by the pixels.

    Parameters
    ----------
    vae : VAE
        One for which `why_too_large` is None.
    codes : Codes
        Of its test split.
    """
    width = codes.params[0].numel()
    kept = codes.take(torch.arange(min(len(codes), max(1, MAX_NUMBERS // width))))
    few = kept.take(torch.arange(min(len(kept), N_COMPARED)))
    rounded = _in_half(vae)
    if _differ(decode_mean(rounded, few.mean), decode_mean(vae, few.mean)):
        rounded = vae
    if not _differ(decode_mean(vae, _rounded(few).mean), decode_mean(vae, few.mean)):
        kept = _rounded(kept)
    pairs = zip(rounded.parameters(), vae.parameters(), strict=True)
    is_rounded = not all(torch.equal(one, other) for one, other in pairs)
    return Portable(model_file(rounded), codes_file(kept), kept, is_rounded)


def why_too_large(vae: VAE) -> str | None:
    """One sentence why a page cannot run the model by itself; None when it can."""
    known = graph(vae)
    left_out = [part for part in ("encoder", "decoder") if known[part] is None]
    if not left_out:
        return None
    cost = max(known["multiply_adds"].values()) / 1e6
    return (
        f"Its {' and '.join(left_out)} must be run by a server: up to {cost:.1f} million "
        "multiply-adds a picture, or a layer that pages do not know."
    )


def _in_half(vae: VAE) -> VAE:
    """The same model, the weights of its networks rounded to float16."""
    rounded = copy.deepcopy(vae)
    for network in (rounded.encoder, rounded.decoder):
        network.load_state_dict({name: w.half() for name, w in network.state_dict().items()})
    return rounded


def _rounded(codes: Codes) -> Codes:
    params = codes.params.half().float()
    return replace(codes, params=params)


def _differ(a: torch.Tensor, b: torch.Tensor) -> bool:
    """Whether a pixel differs visibly, or rounding has overflown."""
    return not bool(((a - b).abs() <= ERROR / 2).all())

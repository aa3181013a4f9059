"""Spread of the decoded picture over samples of q(z|x): what sampling again shows of an image."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from vae_core.codes import Codes
from vae_core.vae import VAE, decode_mean

N_IMAGES = 50  # of which one is found
N_SAMPLES = 16  # of z for each of them
TOP = 0.95  # quantile of the spread over these images


def sample_change(
    vae: VAE, codes: Codes, n_samples: int = N_SAMPLES, seed: int = 0
) -> Float[Tensor, " n"]:
    """Standard deviation of the decoded mean over samples z of q(z|x), RMS over the pixels.

    On the pixels' scale from 0 to 1. Exactly 0 for a point mass, whose samples are one.

    Parameters
    ----------
    vae : VAE
    codes : Codes
        Of n images.
    n_samples : int
        Of z for each image, two or more; the variance over them is unbiased. The noise is the
        same for all images, so that few samples are enough to compare them.
    seed : int

    Returns
    -------
    Tensor, (n,)
    """
    alone = [codes.take(index) for index in torch.arange(len(codes)).split(1)]
    z = torch.cat([one.posterior().sample((n_samples,), _noise(seed)) for one in alone], 1)
    given = vae.given(codes.labels.repeat(n_samples))
    pictures = decode_mean(given, z.flatten(0, 1)).unflatten(0, (n_samples, len(codes)))
    change: Tensor = pictures.var(0).flatten(1).mean(1).sqrt()
    return change


def _noise(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def varied_image(vae: VAE, codes: Codes) -> int:
    """Of the first test images, the first one whose picture varies as few others' do.

    The first of all for a point mass, and where no picture varies.
    """
    change = sample_change(vae, codes.first(N_IMAGES))
    return int((change >= change.quantile(TOP)).nonzero()[0])

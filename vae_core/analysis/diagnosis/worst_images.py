"""Images by their ELBO terms, the worst first, and the distribution of a term over all images."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor

from vae_core.analysis.estimates import Estimate, mean_estimate, median_estimate
from vae_core.codes import Codes
from vae_core.data.dataset import Split
from vae_core.errors import ConfigError
from vae_core.evaluate import ImageTerms
from vae_core.objective import elbo_terms
from vae_core.vae import VAE

TERMS = ("negative_elbo", "distortion", "rate")


@dataclass(frozen=True)
class Spread:
    """The distribution of one term over the images of a split, in nats per image.

    Attributes
    ----------
    mean, median : Estimate
        With their standard errors over images: deviation / sqrt(n), and by order statistics.
    deviation : float
        Standard deviation over images; nan for one.
    """

    mean: Estimate
    median: Estimate
    deviation: float

    @classmethod
    def of(cls, nats: Float[Tensor, " n"]) -> Spread:
        """That of these values."""
        deviation = float(nats.std()) if len(nats) > 1 else math.nan
        return cls(mean_estimate(nats), median_estimate(nats), deviation)


def term_of(terms: ImageTerms, by: str) -> Float[Tensor, " n"]:
    """One of TERMS, for every image.

    Raises
    ------
    ConfigError
        For another name, or when the term is infinite, as the rate of a point mass.
    """
    if by not in TERMS:
        raise ConfigError(f"expected a term of {', '.join(TERMS)}; got {by}.")
    nats: Tensor = getattr(terms, by)
    if not bool(nats.isfinite().all()):
        raise ConfigError(f"expected a finite {by}; order images of this model by distortion.")
    return nats


def worst_images(codes: Codes, terms: ImageTerms, by: str, count: int) -> pd.DataFrame:
    """The images whose term is highest, the highest first; images with the same keep their order.

    Parameters
    ----------
    codes : Codes
        Of the split that was evaluated.
    terms : ImageTerms
        Of every image of that split.
    by : str
        One of TERMS.
    count : int
        Rows, at most.

    Returns
    -------
    DataFrame
        Columns index (position in the split), label; distortion, rate, negative_elbo in nats per
        image; deviations: how many standard deviations over the images the term lies above the
        mean, nan where all images have the same.

    Raises
    ------
    ConfigError
        As `term_of`.
    """
    index = codes.index
    nats = term_of(terms, by)[index]
    spread = Spread.of(nats)
    order = nats.argsort(descending=True, stable=True)[:count]
    chosen = index[order]
    above = (nats[order] - spread.mean.value) / (spread.deviation or math.nan)
    return pd.DataFrame(
        {
            "index": chosen.numpy(),
            "label": codes.labels[order].numpy(),
            **{name: getattr(terms, name)[chosen].numpy() for name in TERMS},
            "deviations": above.numpy(),
        }
    )


def draw_deviation(
    vae: VAE, split: Split, index: Tensor, n_samples: int = 50, seed: int = 0
) -> Float[Tensor, " n"]:
    """Standard deviation of an image's distortion over draws of z, in nats.

    It is the error of a distortion of one draw; that of the mean of k draws is 1 / sqrt(k) of
    it. Zero for a point mass.

    Parameters
    ----------
    index : Tensor, (n,)
        Few images of the split: all are decoded `n_samples` times at once.
    """
    like = next(vae.parameters())
    generator = torch.Generator(like.device).manual_seed(seed)
    x = split.batch(index, generator, like.device).to(like.dtype)
    with torch.no_grad():
        pixels = elbo_terms(vae, x, n_samples, generator, split.labels[index]).pixels
        found: Tensor = pixels.log_prob(x).double().std(0).cpu()
    return found

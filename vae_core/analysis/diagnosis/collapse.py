"""Posterior collapse: which latent dimensions a model leaves unused, with the evidence.

A dimension can be unused in two independent ways: the encoder's output for it does not depend on
the image (its KL is 0), or the decoder's output does not depend on it. Both are measured.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import torch

from vae_core.analysis.diagnosis.picture_change import reach, squared_changes
from vae_core.analysis.estimates import Estimate, mean_estimate, root_estimate
from vae_core.analysis.rate.rates import (
    active_units,
    channel_order,
    latent_names,
    total_rate,
)
from vae_core.codes import Codes
from vae_core.vae import VAE, decode_mean

NO_KL = 0.01  # nats: a mean KL below it counts as none
GREY_LEVEL = 1.0 / 255.0  # the smallest change of the picture that a screen shows
MAX_DIMS = 64  # dimensions whose effect on the picture is measured
MAX_PICTURES = 200  # reconstructions, to see whether they differ

HEALTHY, PARTLY, COLLAPSED, NO_RATE = "healthy", "partly collapsed", "collapsed", "no rate"


def is_collapsed(codes: Codes) -> bool:
    """Whether the posterior is the prior whatever the image, as far as the mean KL tells."""
    return codes.family.has_rate and total_rate(codes) < NO_KL


@dataclass(frozen=True)
class Collapse:
    """Which latent dimensions a model uses, and the numbers behind it.

    Attributes
    ----------
    verdict : str
        HEALTHY, PARTLY (some dimensions are unused), COLLAPSED or NO_RATE (a point mass).
    table : DataFrame
        One row per latent dimension, the most informative first: name, kl (nats per image),
        mean_variance (Var_x mu_j, of the prior's), active, picture_change (RMS per pixel, on
        a scale from 0 to 1; nan where not measured) with its standard error over images in
        picture_change_error, and unused.
    mean_kl : Estimate
        Nats per image, with its standard error over images; infinite for a point mass.
    spread : Estimate
        RMS per pixel of the reconstructions about their mean picture: 0 when every image
        comes back as the same one. With its standard error over MAX_PICTURES images.
    reach : (float, float)
        The values each dimension was set to.
    n_images : int
        Images whose posterior means were changed so.
    """

    verdict: str
    table: pd.DataFrame
    mean_kl: Estimate
    spread: Estimate
    reach: tuple[float, float]
    n_images: int

    @property
    def n_unused(self) -> int:
        """How many dimensions are unused."""
        return int(self.table["unused"].sum())

    @property
    def n_measured(self) -> int:
        """In how many dimensions the effect on the picture was measured."""
        return int(self.table["picture_change"].notna().sum())


def collapse(vae: VAE, codes: Codes, n_images: int = 16) -> Collapse:
    """Whether a model uses its latent dimensions, with the evidence.

    Parameters
    ----------
    vae : VAE
    codes : Codes
        Of a split, at least one image.
    n_images : int
        Images in whose means each dimension is moved, evenly spread over the split.
    """
    order = channel_order(codes)
    some = torch.linspace(0, len(codes) - 1, min(n_images, len(codes))).long()
    table = _table(codes).iloc[order].reset_index(drop=True)
    squares = squared_changes(vae.given(codes.labels[some]), codes.mean[some], order[:MAX_DIMS])
    changes = [root_estimate(squares[:, k]) for k in range(squares.shape[1])]
    table["picture_change"] = pd.Series([change.value for change in changes])
    table["picture_change_error"] = pd.Series([change.standard_error for change in changes])
    table["unused"] = ~table["active"] | (table["picture_change"] < GREY_LEVEL)
    verdict = _verdict(codes, table)
    many = torch.linspace(0, len(codes) - 1, min(MAX_PICTURES, len(codes))).long()
    pictures = decode_mean(vae.given(codes.labels[many]), codes.mean[many])
    spread = root_estimate((pictures - pictures.mean(0)).square().flatten(1).mean(1))
    return Collapse(
        verdict,
        table,
        mean_estimate(codes.rate),
        spread,
        reach(codes.family),
        len(some),
    )


def _table(codes: Codes) -> pd.DataFrame:
    variance = codes.mean.var(0, correction=0) / codes.prior().variance
    return pd.DataFrame(
        {
            "name": latent_names(codes.latent_shape),
            "kl": codes.kl.mean(0).double().flatten().numpy(),
            "mean_variance": variance.double().flatten().numpy(),
            "active": active_units(codes).flatten().numpy(),
        }
    )


def _verdict(codes: Codes, table: pd.DataFrame) -> str:
    if not codes.family.has_rate:
        return NO_RATE
    if total_rate(codes) < NO_KL:
        return COLLAPSED
    return PARTLY if table["unused"].any() else HEALTHY

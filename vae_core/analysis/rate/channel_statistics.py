"""Statistics of a latent's channels over images and cells: mean, standard deviation, scale factor.

A second model that is trained on the codes, such as a diffusion model, wants them on one scale.
"""

from __future__ import annotations

import pandas as pd
import torch

from vae_core.codes import Codes

ALL = "all"


def channel_statistics(codes: Codes) -> pd.DataFrame:
    """Mean and spread of every channel of z, and the factor that makes its spread 1.

    Over images x and cells s of a channel c, with z drawn from q(z) = E_x q(z|x),

        Var z_c = E[sigma_cs(x)^2] + Var[mu_cs(x)],

    within the posteriors plus between their means (law of total variance). Latent diffusion
    multiplies z by one factor 1 / std for all channels together, the row `all`, before its noise
    of variance 1 is added, so that signal and noise are on one scale: 0.18215 for the
    auto-encoder of Stable Diffusion (Rombach et al. 2022, section 4.3.2 and appendix G). A factor
    for each channel evens out their scales as well. Where z is the posterior mean, the factor is
    `mu_scale`.

    Returns
    -------
    DataFrame
        One row for each channel, c0, c1, ..., and `all` of them together, whose mean is that of
        all dimensions. Columns channel; mean (of z and of mu alike); std, scale = 1 / std of draws
        of q(z); mu_std, mu_scale = 1 / mu_std of the posterior means. Of the population, without
        Bessel's correction; in units of z. A factor is infinite where nothing varies. The channels
        of a vector are its dimensions.
    """
    channels = codes.latent_shape[-1]
    mu = codes.mean.double().reshape(-1, channels)  # (n * cells, C)
    within = codes.variance.double().reshape(-1, channels).mean(0)
    mean, between = mu.mean(0), mu.var(0, correction=0)
    # together: as many values in each channel, so that means of channels are means of all
    mean = torch.cat([mean, mean.mean()[None]])
    within = torch.cat([within, within.mean()[None]])
    between = torch.cat([between, mu.var(correction=0)[None]])
    std, mu_std = (within + between).sqrt(), between.sqrt()
    return pd.DataFrame(
        {
            "channel": [*(f"c{c}" for c in range(channels)), ALL],
            "mean": mean.numpy(),
            "std": std.numpy(),
            "scale": std.reciprocal().numpy(),
            "mu_std": mu_std.numpy(),
            "mu_scale": mu_std.reciprocal().numpy(),
        }
    )

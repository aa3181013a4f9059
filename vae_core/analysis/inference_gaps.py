"""The two gaps between log p(x) and the encoder's ELBO.

    log p(x) = ELBO + KL(q(z|x) || p(z|x))

The KL to the true posterior splits in two (Cremer et al. 2018): the *approximation gap*, which the
best q of the family leaves, and the *amortisation gap*, from there to the encoder's q.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor

from vae_core.analysis.best_posterior import (
    best_posterior,
    encoder_gaussian,
    gaussian_elbo,
    has_best_posterior,
)
from vae_core.analysis.evidence import AT_ONCE, DRAWS, log_evidence
from vae_core.analysis.quadrature import quadrature
from vae_core.evaluate import blocks
from vae_core.vae import VAE

IMAGES = 50  # between two reports of progress


def inference_gaps(
    vae: VAE,
    x: Float[Tensor, "n c H W"],
    seed: int = 0,
    progress: Callable[[float], None] = lambda share: None,
) -> pd.DataFrame:
    """What lies between each image's log p(x) and the encoder's ELBO.

    Parameters
    ----------
    vae : VAE
    x : Tensor, (n, c, H, W)
    progress : callable
        Told the share that is done, now and then; what it raises ends the work.

    Returns
    -------
    DataFrame
        One row per image, in nats: log_evidence, best_elbo of q*, elbo of the encoder's q;
        approximation_gap = log_evidence - best_elbo, amortisation_gap = best_elbo - elbo; began,
        "encoder" or "mode": where the search for q* that won began; n_modes of p(z|x); error of
        log_evidence. Three columns are missing where q* cannot be searched for (see
        `best_posterior`), and then `gap` is the whole of log_evidence - elbo.

    Raises
    ------
    ConfigError
        For a point mass.
    """
    parts = []
    for some in blocks(len(x), IMAGES):
        parts.append(_gaps(vae, x[some], seed))
        progress(some.stop / len(x))
    return pd.concat(parts, ignore_index=True)


def _gaps(vae: VAE, x: Tensor, seed: int) -> pd.DataFrame:
    if not has_best_posterior(vae):
        evidence = log_evidence(vae, x, seed)
        elbo = _sampled_elbo(vae, x, seed)
        columns = {"log_evidence": evidence.value, "elbo": elbo, "gap": evidence.value - elbo}
        return _frame(columns | {"error": evidence.standard_error})
    found = quadrature(vae, x)
    best = best_posterior(vae, x, found.mode())
    elbo = gaussian_elbo(vae, x, *encoder_gaussian(vae, x))
    table = _frame(
        {
            "log_evidence": found.log_evidence,
            "best_elbo": best.elbo,
            "elbo": elbo,
            "approximation_gap": found.log_evidence - best.elbo,
            "amortisation_gap": best.elbo - elbo,
            "n_modes": found.n_modes,
            "error": found.error,
        }
    )
    table["began"] = ["mode" if chosen else "encoder" for chosen in best.from_mode.tolist()]
    return table


def _frame(columns: dict[str, Tensor]) -> pd.DataFrame:
    return pd.DataFrame({name: values.numpy() for name, values in columns.items()})


def _sampled_elbo(vae: VAE, x: Tensor, seed: int) -> Tensor:
    """ELBO of the encoder's q: closed-form rate, reconstruction term by DRAWS draws."""
    generator = torch.Generator().manual_seed(seed)
    parts = []
    with torch.no_grad():
        for some in blocks(len(x), max(1, AT_ONCE // DRAWS)):
            q = vae.encode(x[some])
            z = q.sample((DRAWS,), generator)
            fit = vae.decode(z).log_prob(x[some]).double().mean(0)
            parts.append(fit - torch.distributions.kl_divergence(q, vae.prior()).double())
    return torch.cat(parts)

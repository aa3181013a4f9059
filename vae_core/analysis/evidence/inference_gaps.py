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

from vae_core.analysis.evidence.ascent import ascended
from vae_core.analysis.evidence.best_posterior import (
    best_posterior,
    encoder_gaussian,
    gaussian_elbo,
    has_best_posterior,
)
from vae_core.analysis.evidence.image_elbo import ImageElbo, image_elbo
from vae_core.analysis.evidence.log_evidence import Evidence, has_quadrature, sampled_evidence
from vae_core.analysis.evidence.quadrature import Quadrature, quadrature
from vae_core.errors import ConfigError
from vae_core.evaluate import blocks
from vae_core.vae import VAE

IMAGES = 50  # between two reports of progress
NEAR = 6.0  # nats below the mode, where what belongs to it is taken to end
GAP = 4.0  # sides of a cell, between cells of two modes


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
        "encoder" or "mode": where the search for q* that won began. error of log_evidence, and
        best_elbo_error and elbo_error, 0 where no draws are taken. n_modes of p(z|x), where
        log p(x) is by quadrature. Beyond, log p(x) is a lower end, and so is the approximation
        gap; a search that stops short moves nats from the amortisation gap to it.

    Raises
    ------
    ConfigError
        For a point mass.
    """
    if not vae.family.has_density:
        raise ConfigError(f"a {vae.family.title} has no density: it has no gaps to log p(x).")
    parts = []
    for some in blocks(len(x), IMAGES):
        parts.append(_gaps(vae.take(some), x[some], seed))
        progress(some.stop / len(x))
    return pd.concat(parts, ignore_index=True)


def _gaps(vae: VAE, x: Tensor, seed: int) -> pd.DataFrame:
    generator = torch.Generator().manual_seed(seed)
    found = quadrature(vae, x) if has_quadrature(vae) else None
    if found is not None and has_best_posterior(vae):
        best = best_posterior(vae, x, found.mode())
        elbo = _sure(gaussian_elbo(vae, x, *encoder_gaussian(vae, x)))
        best_elbo, from_mode = _sure(best.elbo), best.from_mode
    else:
        with torch.no_grad():
            params = vae.encode_params(x)
        ends = [ascended(vae, x, begin, generator) for begin in _begins(vae, params, found)]
        elbo = image_elbo(vae, x, params, generator)
        best_elbo, from_mode = _best(vae, x, elbo, ends, generator)
    if found is None:
        evidence = sampled_evidence(vae, x, ends[0], generator)
    else:
        evidence = Evidence(found.log_evidence, found.error)
    columns = {
        "log_evidence": evidence.value,
        "best_elbo": best_elbo.value,
        "elbo": elbo.value,
        "approximation_gap": evidence.value - best_elbo.value,
        "amortisation_gap": best_elbo.value - elbo.value,
        "error": evidence.standard_error,
        "best_elbo_error": best_elbo.standard_error,
        "elbo_error": elbo.standard_error,
    }
    table = pd.DataFrame({name: values.numpy() for name, values in columns.items()})
    table["began"] = ["mode" if chosen else "encoder" for chosen in from_mode.tolist()]
    if found is not None:
        table["n_modes"] = found.n_modes.numpy()
    return table


def _begins(vae: VAE, params: Tensor, found: Quadrature | None) -> list[Tensor]:
    """Parameters where searches begin: the encoder's, and those of a q at the mode of p(z|x)."""
    at_mode = None if found is None else vae.family.params_of(*moments_at_mode(found))
    return [params] if at_mode is None else [params, at_mode.to(params.dtype)]


def _best(
    vae: VAE, x: Tensor, elbo: ImageElbo, ends: list[Tensor], generator: torch.Generator
) -> tuple[ImageElbo, Tensor]:
    """The best ELBO of where searches ended, and whether that one began at the mode."""
    best, from_mode = elbo, torch.zeros(len(x), dtype=torch.bool)
    for params, is_mode in zip(ends, (False, True), strict=False):
        end = image_elbo(vae, x, params, generator)
        wins = end.value > best.value  # the best is never worse than the encoder's own
        best = ImageElbo(*(torch.where(wins, a, b) for a, b in zip(end, best, strict=True)))
        from_mode = torch.where(wins, torch.full_like(wins, is_mode), from_mode)
    return best, from_mode


def moments_at_mode(found: Quadrature) -> tuple[Tensor, Tensor]:
    """Mean and variance of p(z|x) around its mode, without other modes, (n, *latent)."""
    moments = []
    for k in range(len(found.log_evidence)):
        mine = found.image == k
        log_joint, log_volume = found.log_joint[mine], found.log_volume[mine]
        z = found.z[mine].double()
        away = (z - z[log_joint.argmax()]).flatten(1).norm(dim=1)
        is_near = log_joint > log_joint.max() - NEAR
        far, order = away[is_near].sort()
        # cells of one mode follow each other closely; a wide step leads to another one
        step = GAP * float((0.5 * log_volume[is_near]).exp().max())
        wide = torch.nonzero(far.diff() > step)
        end = int(wide[0]) + 1 if len(wide) else len(far)
        own = torch.nonzero(is_near)[:, 0][order[:end]]
        weights = (log_joint + log_volume)[own].softmax(0)
        mean = torch.tensordot(weights, z[own], 1)
        moments.append((mean, torch.tensordot(weights, (z[own] - mean).square(), 1)))
    means, variances = zip(*moments, strict=True)
    return torch.stack(means), torch.stack(variances)


def _sure(elbo: Tensor) -> ImageElbo:
    """Without noise."""
    return ImageElbo(elbo, torch.zeros_like(elbo))

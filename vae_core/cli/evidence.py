"""What `evaluate` measures beside the ELBO: bounds on log p(x), log p(x) itself, and the gaps."""

from __future__ import annotations

import argparse
import sys
from typing import Any

import torch

from vae_core.analysis import inference_gaps, random_images, summarise_bound
from vae_core.analysis.estimates import mean_estimate, median_estimate
from vae_core.analysis.evidence.bounds import FEW
from vae_core.analysis.evidence.pareto import HEAVY
from vae_core.data.dataset import Split
from vae_core.errors import ConfigError, shown
from vae_core.io import finite
from vae_core.vae import VAE

GAPS = ("approximation_gap", "amortisation_gap")


def check_images(count: int | None, n_test: int) -> None:
    """Raise ConfigError unless log p(x) of so many test images can be asked for."""
    if count is not None and not 1 <= count <= n_test:
        raise ConfigError(f"--evidence must be from 1 to {n_test} images; got {shown(count)}.")


def bound(vae: VAE, split: Split, args: argparse.Namespace) -> dict[str, Any]:
    """The bound on log p(x) that `evaluate --importance K --widen F` asks for, with its errors."""
    print(f"Weighing {args.importance} draws for each of {len(split)} images ...", file=sys.stderr)
    found = summarise_bound(vae, split, args.importance, args.widen, n_samples=args.samples)
    values = {
        "n_importance": args.importance,
        "widen": args.widen,
        "test_negative_elbo_error": found.elbo_error,
        "test_negative_bound": found.negative_bound,
        "test_negative_bound_error": found.bound_error,
        "elbo_to_bound": found.gap,
        "elbo_to_bound_error": found.gap_error,
        "median_ess": found.ess_median,
        "median_ess_error": found.ess_median_error,
        f"n_ess_below_{FEW}": found.n_few,
        f"n_pareto_k_above_{HEAVY}": found.n_heavy,
    }
    # left out is what so few images or draws cannot tell
    return {name: value for name, value in finite(values).items() if value is not None}


def evidence(vae: VAE, split: Split, count: int, seed: int = 0) -> dict[str, Any]:
    """Means over a random sample of images, each followed by its standard error over them.

    Tells progress on stderr. See `inference_gaps`. Raises ConfigError for a point mass.
    """
    images = split.take(random_images(len(split))[:count])
    like = next(vae.parameters())
    x = images.batch(slice(0, count), torch.Generator().manual_seed(seed)).to(like.dtype)
    given = vae.given(images.labels)
    table = inference_gaps(given, x, seed, lambda share: print(f"{share:.0%}", file=sys.stderr))
    values: dict[str, Any] = {"n_evidence": count}
    for name in ("log_evidence", "elbo", *GAPS):
        found = mean_estimate(torch.tensor(table[name].to_numpy()))
        values |= {f"mean_{name}": found.value, f"mean_{name}_error": found.standard_error}
    middle = median_estimate(torch.tensor(table["amortisation_gap"].to_numpy()))
    values["median_amortisation_gap"] = middle.value
    values["median_amortisation_gap_error"] = middle.standard_error
    if "n_modes" in table:
        values["n_of_several_modes"] = int((table["n_modes"] > 1).sum())
    values["mean_evidence_error"] = float(table["error"].mean())  # of each image's log p(x)
    return values

"""What training on the importance-weighted bound does to q and to the bound, on digits 2-D.

    python -m tests.benchmarks.importance [--runs FOLDER] [--epochs 100] [--seeds 3] [--only CASE]

Trains what FOLDER does not have yet, and prints a row for each K and gradient: means over seeds of
what the first 100 test images say, and their standard errors over seeds. sigma is the geometric
mean of the encoder's over images and dimensions, beside that of the best diagonal q of each image.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch

from vae_core import (
    DataConfig,
    ModelConfig,
    Run,
    RunConfig,
    RunStore,
    TrainConfig,
    load_dataset,
)
from vae_core.analysis import active_units, iwae_bound
from vae_core.analysis.evidence.best_posterior import (
    best_posterior,
    encoder_gaussian,
    gaussian_elbo,
)
from vae_core.analysis.evidence.quadrature import quadrature

CASES = ((1, "standard"), (5, "standard"), (5, "dreg"), (50, "standard"), (50, "dreg"))
IMAGES, DRAWS = 100, 50
MODEL = ModelConfig(hidden=(256, 128), latent_shape=(2,))
COLUMNS = ("−ELBO", "−L_50", "−log p(x)", "approximation", "amortisation", "σ", "σ of q*", "active")


def trained(store: RunStore, config: RunConfig) -> Run:
    """The run of a config, as it is there or trained now."""
    run = store.find(config)
    if run is None or not run.is_finished:
        run = run or store.create(config)
        for _ in run.train(load_dataset(config.data)):
            pass
    return run


def measured(run: Run) -> list[float]:
    """One number for each of COLUMNS."""
    vae, codes = run.vae(), run.codes()
    x = load_dataset(run.config.data).test.batch(slice(0, IMAGES))
    with torch.no_grad():
        bound = iwae_bound(vae, x, DRAWS, generator=torch.Generator().manual_seed(0)).bound
        found, own = quadrature(vae, x), encoder_gaussian(vae, x)
        best, elbo = best_posterior(vae, x, found.mode()), gaussian_elbo(vae, x, *own)
    gaps = found.log_evidence - best.elbo, best.elbo - elbo
    sigmas = [
        tril.diagonal(dim1=-2, dim2=-1).log().mean().exp() for tril in (own[1], best.scale_tril)
    ]
    means = [values.mean() for values in (-elbo, -bound, -found.log_evidence, *gaps)]
    return [float(value) for value in (*means, *sigmas, active_units(codes).sum())]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path)
    parser.add_argument("--only", nargs="*", help="these cases alone, such as 50-dreg")
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = RunStore(options.runs or folder)
        print(f"| K, gradient | {' | '.join(COLUMNS)} |\n|{'---|' * (len(COLUMNS) + 1)}")
        for k, gradient in CASES:
            if options.only and f"{k}-{gradient}" not in options.only:
                continue
            rows = []
            for seed in range(options.seeds):
                train = TrainConfig(
                    options.epochs, importance=k, gradient=gradient, seed=seed, threads=1
                )
                rows.append(measured(trained(store, RunConfig(DataConfig("digits"), MODEL, train))))
                print(k, gradient, seed, np.round(rows[-1], 3), file=sys.stderr)
            mean, spread = np.mean(rows, 0), np.std(rows, 0, ddof=1) / len(rows) ** 0.5
            cells = [f"{m:.2f} ± {s:.2f}" for m, s in zip(mean, spread, strict=True)]
            print(f"| {k}, {gradient} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()

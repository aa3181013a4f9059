"""How many latent dimensions a linear Gaussian VAE uses: predicted, and trained.

    python -m tests.benchmarks.waterline [--epochs 30] [--dataset mnist]

Probabilistic PCA uses a direction if and only if the data vary along it by more than sigma^2.
Prints, for several sigma^2, the number of eigenvalues of the pixels' covariance above it, the
directions along which a trained linear VAE's means vary (by more than 0.01; numbers near the
water line may share a direction, so active ones are counted too), and its KL beside pPCA's.
"""

from __future__ import annotations

import argparse
import math

import torch

from vae_core import (
    DataConfig,
    ModelConfig,
    TrainConfig,
    build_vae,
    encode_dataset,
    fit,
    load_dataset,
)
from vae_core.analysis import active_units, data_spectrum, directions_used, total_rate
from vae_core.analysis.rate.rates import ACTIVE_VARIANCE

LATENT = 32


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--dataset", default="mnist")
    args = parser.parse_args()
    data = load_dataset(DataConfig(name=args.dataset), download=False)
    spectrum = data_spectrum(data.train)
    print("largest eigenvalues", ", ".join(f"{v:.3f}" for v in spectrum[:6].tolist()))
    print(" sigma^2  predicted  trained  active  KL of pPCA  KL trained")
    for variance in (0.5, 1.0, 2.0, 5.2):
        sigma = math.sqrt(variance)
        model = ModelConfig(
            hidden=(), latent_shape=(LATENT,), likelihood="gaussian", sigma_value=sigma
        )
        vae = build_vae(model, data.image_shape)
        for lr in (1e-3, 1e-4):  # the small steps quiet what the large ones leave moving
            for _ in fit(vae, data, TrainConfig(epochs=args.epochs // 2, lr=lr)):
                pass
        codes = encode_dataset(vae, data.test)
        used = directions_used(spectrum, sigma)
        rate = 0.5 * float((spectrum[:used] / variance).log().sum())
        directions = int((torch.linalg.eigvalsh(codes.mean.T.cov()) > ACTIVE_VARIANCE).sum())
        print(
            f"{variance:>8.1f}{used:>11}{directions:>9}{int(active_units(codes).sum()):>8}{rate:>12.2f}"
            f"{total_rate(codes):>12.2f}"
        )


if __name__ == "__main__":
    main()

"""How long codes and their KL take over many images, against the obvious way.

    python -m tests.benchmarks.codes [--images 70000] [--latent 20] [--pairs 3]

Codes: ours encodes blocks of one tensor; the obvious way goes through a DataLoader with 128
images a batch. KL per number: ours is one expression over all images, for each family; the
obvious way asks torch image by image, timed on a part of them and scaled up. Each pair is timed
in turn on random pictures; prints medians and the ratio within each pair.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from torch.distributions import kl_divergence
from torch.utils.data import DataLoader, TensorDataset

from tests.core.posteriors.families import WITH_RATE, random_params
from vae_core import ModelConfig, Split, build_vae, encode_dataset
from vae_core.analysis import Codes
from vae_core.vae import VAE

SHARE = 200  # of the images that the obvious KL is timed on


def compare(
    name: str, ours: Callable[[], Any], obvious: Callable[[], Any], scale: float, pairs: int
) -> None:
    """Time both in turn and print what came out."""
    fast, slow = [], []
    for _ in range(pairs):
        for task, times in ((ours, fast), (obvious, slow)):
            start = time.perf_counter()
            task()
            times.append(time.perf_counter() - start)
    ratio = statistics.median(scale * b / a for a, b in zip(fast, slow, strict=True))
    print(f"{name}: {statistics.median(fast):.3f} s; the obvious way {ratio:.1f} times that")


def loaded(vae: VAE, split: Split) -> torch.Tensor:
    """Posterior parameters by way of a DataLoader."""
    loader = DataLoader(TensorDataset(split.images), batch_size=128)
    with torch.no_grad():
        return torch.cat([vae.encode_params(x) for (x,) in loader])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=70_000)
    parser.add_argument("--latent", type=int, default=20)
    parser.add_argument("--pairs", type=int, default=3)
    options = parser.parse_args()
    n, latent = options.images, (options.latent,)
    pixels = torch.randint(256, (n, 1, 28, 28), dtype=torch.uint8, generator=torch.manual_seed(0))
    split = Split(pixels, torch.zeros(n, dtype=torch.long))
    vae = build_vae(ModelConfig(latent_shape=latent), (1, 28, 28))
    torch.testing.assert_close(encode_dataset(vae, split.take(torch.arange(500))).params,
                               loaded(vae, split.take(torch.arange(500))))  # fmt: skip
    compare(
        f"codes of {n:,} images", lambda: encode_dataset(vae, split), lambda: loaded(vae, split),
        1.0, options.pairs,
    )  # fmt: skip
    for family in WITH_RATE:
        params = random_params(family, latent, n, dtype=torch.float32)
        some = params[::SHARE]

        def whole(params: torch.Tensor = params, family: str = family) -> torch.Tensor:
            return Codes(params, split.labels, family, latent).kl

        def one_by_one(some: torch.Tensor = some, family: str = family) -> torch.Tensor:
            codes = Codes(some, split.labels[::SHARE], family, latent)
            p = codes.prior().marginals()
            each = (codes.family.from_params(one[None]).marginals() for one in some)
            return torch.cat([kl_divergence(q, p) for q in each])

        torch.testing.assert_close(whole()[::SHARE], one_by_one(), rtol=1e-3, atol=1e-3)
        name = f"KL per number, {family}, {n:,} x {options.latent}"
        compare(name, whole, one_by_one, n / len(some), options.pairs)


if __name__ == "__main__":
    main()

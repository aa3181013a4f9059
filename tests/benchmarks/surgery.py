"""How long log q(z) takes over all images, against the obvious way.

    python -m tests.benchmarks.surgery [--images 10000] [--draws 10000] [--latent 20] [--pairs 3]

Ours is products of matrices in blocks. The obvious way asks torch's Normal for the density of
one draw under all posteriors, draw by draw; it is timed on a part of the draws, in turn with
ours, and its time is scaled up. Prints medians and the ratio within each pair.
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
from collections.abc import Callable

import torch
from torch.distributions import Normal

from vae_core.analysis import Codes, aggregate_posterior

SHARE = 20  # of the draws that the obvious way is timed on


def seconds(task: Callable[[], torch.Tensor]) -> tuple[float, torch.Tensor]:
    start = time.perf_counter()
    result = task()
    return time.perf_counter() - start, result


def obvious(codes: Codes, z: torch.Tensor) -> torch.Tensor:
    mean, logvar = codes.params.chunk(2, -1)
    q = Normal(mean, (0.5 * logvar).exp(), validate_args=False)
    whole = [q.log_prob(one).sum(-1).logsumexp(0) for one in z]
    return torch.stack(whole) - math.log(len(codes))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--draws", type=int, default=10_000)
    parser.add_argument("--latent", type=int, default=20)
    parser.add_argument("--pairs", type=int, default=3)
    options = parser.parse_args()
    generator = torch.Generator().manual_seed(0)
    mean = torch.randn(options.images, options.latent, generator=generator)
    params = torch.cat([0.95 * mean, torch.full_like(mean, 2.0 * math.log(0.3))], -1)
    labels = torch.zeros(options.images, dtype=torch.long)
    codes = Codes(params, labels, "diagonal", (options.latent,))
    q = aggregate_posterior(codes)
    z, _ = q.sample(options.draws, generator)
    some = z[::SHARE]
    ours, theirs = [], []
    for _ in range(options.pairs):
        spent, fast = seconds(lambda: q.log_prob(z))
        ours.append(spent)
        spent, slow = seconds(lambda: obvious(codes, some))
        theirs.append(spent * len(z) / len(some))
        torch.testing.assert_close(fast[::SHARE], slow, rtol=1e-4, atol=2e-3)
    ratio = statistics.median(b / a for a, b in zip(ours, theirs, strict=True))
    size = f"{options.draws:,} draws x {options.images:,} images, d = {options.latent}"
    print(f"{size}: {statistics.median(ours):.2f} s; the obvious way {ratio:.1f} times that")


if __name__ == "__main__":
    main()

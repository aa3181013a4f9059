"""Training speed against a plain hand-written torch loop with the same settings.

    python -m tests.benchmarks.training [--epochs 60] [--images 6400]

Both train the same 784-400-20 network on the same images with batches of 128 and fused
Adam, in turn in one process. Epochs are short, so that a change in the machine's speed meets
both: the median over many pairs of neighbouring epochs is what to quote.
Prints images per second of the training steps alone, and the ratio pair by pair.
Uses MNIST when it is on this machine, else random pixels of the same size.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vae_core import (
    DataConfig,
    DataError,
    Dataset,
    ModelConfig,
    Split,
    TrainConfig,
    build_vae,
    fit,
    load_dataset,
)

WIDTH, LATENT, BATCH = 400, 20, 128


def images() -> Dataset:
    try:
        return load_dataset(DataConfig(name="mnist"), download=False)
    except DataError:
        generator = torch.Generator().manual_seed(0)
        pixels = torch.randint(256, (60_000, 1, 28, 28), generator=generator, dtype=torch.uint8)
        split = Split(pixels, torch.zeros(60_000, dtype=torch.long))
        return Dataset("random", split, split.take(torch.arange(10_000)), ("0",))


def plain_loop(pixels: Tensor) -> Iterator[float]:
    """Seconds per epoch of what one would write without this library."""
    torch.manual_seed(0)
    encoder = nn.Sequential(nn.Linear(784, WIDTH), nn.ReLU(), nn.Linear(WIDTH, 2 * LATENT))
    decoder = nn.Sequential(nn.Linear(LATENT, WIDTH), nn.ReLU(), nn.Linear(WIDTH, 784))
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], 1e-3, fused=True)
    flat = pixels.reshape(len(pixels), -1)
    while True:
        start = time.perf_counter()
        for index in torch.randperm(len(flat)).split(BATCH):
            x = flat[index].float() / 255
            mu, logvar = encoder(x).chunk(2, dim=1)
            z = mu + (0.5 * logvar).exp() * torch.randn_like(mu)
            distortion = F.binary_cross_entropy_with_logits(decoder(z), x, reduction="sum")
            rate = 0.5 * (mu.pow(2) + logvar.exp() - logvar - 1).sum()
            loss = (distortion + rate) / len(x)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        yield time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=60, help="counted epochs of each")
    parser.add_argument("--images", type=int, default=6400, help="training images per epoch")
    args = parser.parse_args()
    epochs, n = args.epochs, args.images
    whole = images()
    train, test = whole.train.take(torch.arange(n)), whole.test.take(torch.arange(100))
    data = replace(whole, train=train, test=test)
    vae = build_vae(ModelConfig(hidden=(WIDTH,), latent_shape=(LATENT,)), data.image_shape)
    ours = fit(vae, data, TrainConfig(epochs=epochs + 1, batch_size=BATCH))
    plain = plain_loop(data.train.pixels)
    pairs = [(next(ours).seconds, next(plain)) for _ in range(epochs + 1)][1:]  # 1: warm-up
    print(f"{data.name}, {n} images, {epochs} epochs each, {torch.get_num_threads()} threads")
    print(f"{'':<22}{'median images/s':>16}{'slowest':>10}{'fastest':>10}")
    for name, seconds in zip(("vae_core.fit", "plain loop"), zip(*pairs, strict=True), strict=True):
        rates = sorted(n / s for s in seconds)
        print(f"{name:<22}{statistics.median(rates):>16.0f}{rates[0]:>10.0f}{rates[-1]:>10.0f}")
    ratios = sorted(b / a for a, b in pairs)
    middle = statistics.median(ratios)
    print(f"speed, fit / plain: median {middle:.3f}, {ratios[0]:.3f} to {ratios[-1]:.3f}")


if __name__ == "__main__":
    main()

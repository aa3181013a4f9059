"""The gap between log p(x) and the ELBO of every bundled model, in its two parts.

    python -m tests.benchmarks.gaps [--images 40] [--few 8] [--only RUN ...]

A row for each model with a density over z: means over the first test images in nats, each with its
standard error over them. Models of more than two free dimensions have --few images, whose log p(x)
is sampled: its own mean error is the last column. Needs MNIST.
"""

from __future__ import annotations

import argparse

import torch

from vae_core import RunStore, load_dataset
from vae_core.analysis import has_quadrature, inference_gaps
from vae_core.analysis.estimates import mean_estimate
from vae_core.lessons.models import MODELS

COLUMNS = ("−log p(x)", "−ELBO", "approximation gap", "amortisation gap")


def row(name: str, images: int, few: int) -> str | None:
    """The cells of a model; None for a point mass."""
    run = RunStore(MODELS).load(name)
    vae = run.vae()
    if not vae.family.has_density:
        return None
    count = images if has_quadrature(vae) else few
    x = load_dataset(run.config.data).test.batch(slice(0, count))
    table = inference_gaps(vae, x)
    shown = [-table["log_evidence"], -table["elbo"], table["approximation_gap"],
             table["amortisation_gap"]]  # fmt: skip
    means = [mean_estimate(torch.tensor(values.to_numpy())) for values in shown]
    cells = [f"{found.value:.2f} ± {found.standard_error:.2f}" for found in means]
    last = f"{table['amortisation_gap'].median():.2f} | {table['error'].mean():.3f}"
    return f"| {run.title} | {count} | {' | '.join(cells)} | {last} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=40)
    parser.add_argument("--few", type=int, default=8)
    parser.add_argument("--only", nargs="*")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(f"| model | images | {' | '.join(COLUMNS)} | its median | error of log p(x) |")
    print(f"|{'---|' * (len(COLUMNS) + 4)}")
    for entry in RunStore(MODELS).list():
        if options.only and entry.id not in options.only:
            continue
        cells = row(entry.id, options.images, options.few)
        if cells:
            print(cells, flush=True)


if __name__ == "__main__":
    main()

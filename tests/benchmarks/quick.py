"""CPU seconds until MNIST, 20-D has a test negative ELBO of 105, beside those of the defaults.

    python -m tests.benchmarks.quick [--epochs 18] [--seed 0]
    python -m tests.benchmarks.quick --alone --try "--lr 3e-3 --lr-schedule one-cycle --epochs 6"

All train the same 784-400-20 network, an epoch of each in turn in one process and one thread, so
that a change in the machine's speed meets them all. The seconds are of training and of the look at
the test images after each epoch. Without `--try` the preset "MNIST, 20-D, quick" of the form is
measured. A schedule that falls has its best score at its end, so its epochs are part of the
settings; the defaults train on until they are there, for at most `--epochs`.
"""

from __future__ import annotations

import argparse
import shlex
import time
from collections.abc import Iterator
from dataclasses import replace

import torch

from pages.ui.train.form import PRESETS
from vae_core import Dataset, RunConfig, build_vae, fit, load_dataset
from vae_core.cli.arguments import config_from_args
from vae_core.cli.arguments import parser as command_parser

GOAL = 105.0
DEFAULTS = PRESETS["MNIST, 20-D"]


def trained(config: RunConfig, data: Dataset) -> Iterator[tuple[float, float]]:
    """CPU seconds of each epoch, and the test negative ELBO after it."""
    torch.manual_seed(config.train.seed)
    training = fit(build_vae(config.model, data.image_shape), data, config.train)
    while True:
        start = time.process_time()
        record = next(training, None)
        if record is None:
            return
        yield time.process_time() - start, record.test_distortion + record.test_rate


def main() -> None:
    args = _arguments()
    torch.set_num_threads(1)
    data = load_dataset(DEFAULTS.data)
    configs = {"defaults": replace(DEFAULTS, train=replace(DEFAULTS.train, epochs=args.epochs))}
    tried = {words: _config(words) for words in args.tried}
    configs = ({} if args.alone else configs) | (tried or {"quick": PRESETS["MNIST, 20-D, quick"]})
    for name, config in configs.items():
        configs[name] = replace(config, train=replace(config.train, seed=args.seed, threads=1))
    going = {name: trained(config, data) for name, config in configs.items()}
    spent = dict.fromkeys(configs, 0.0)
    reached: dict[str, float] = {}
    for epoch in range(1, 1 + max(config.train.epochs for config in configs.values())):
        for name in list(going):
            found = next(going[name], None)
            if found is None:
                del going[name]
                continue
            spent[name] += found[0]
            if found[1] <= GOAL:
                reached.setdefault(name, spent[name])
            print(f"{epoch:>3} {spent[name]:7.1f} s {found[1]:8.2f}  {name}", flush=True)
    for name in configs:
        when = f"{reached[name]:.1f} s" if name in reached else "not reached"
        share = f", {reached[name] / reached['defaults']:.2f} of the defaults'" if (
            {name, "defaults"} <= reached.keys()
        ) else ""  # fmt: skip
        print(f"{GOAL:g} nats: {when}{share}  {name}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=18, help="of the defaults, at most")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--alone", action="store_true", help="without the defaults beside them")
    parser.add_argument("--try", dest="tried", action="append", default=[], metavar="FLAGS")
    return parser.parse_args()


def _config(words: str) -> RunConfig:
    """The config of `train --dataset mnist` with these flags."""
    flags = ["train", "--dataset", "mnist", *shlex.split(words)]
    return config_from_args(command_parser().parse_args(flags))


if __name__ == "__main__":
    main()

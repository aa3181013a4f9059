"""Tables that `export` writes: the codes of the test images, with terms and bounds."""

from __future__ import annotations

import argparse
import sys

import pandas as pd

from vae_core.analysis import codes_table, csv_bytes, image_bounds, parquet_bytes
from vae_core.analysis.evidence.importance import check_proposal
from vae_core.data import reload_dataset
from vae_core.errors import DataError, RunError
from vae_core.evaluate import evaluate_images
from vae_core.runs.run import Run

TABLES = {".csv": csv_bytes, ".parquet": parquet_bytes}  # by the ending of a file's name


def table(run: Run, args: argparse.Namespace) -> pd.DataFrame:
    """The codes of the test images, with the terms and bounds that can be had.

    Where the images are not here, the terms are those kept with the run; where none are, that is
    said.

    Raises
    ------
    ConfigError
        When a point mass is asked for a bound, or the draws are out of range.
    DataError or RunError
        When the images are not here, or others, though their folder was named or a bound asked for.
    """
    codes, vae = run.codes(), run.vae()
    if args.bound is not None:
        check_proposal(vae, args.bound, args.widen)
    try:
        dataset = reload_dataset(run.config.data, args.data_dir, download=False)
        run.check_images(dataset)
    except (DataError, RunError) as error:
        if args.data_dir or args.bound is not None:
            raise
        if (kept := run.terms()) is None:
            print(f"Without the images no distortion and negative ELBO: {error}", file=sys.stderr)
        return codes_table(codes, kept)
    terms = evaluate_images(vae, dataset.test, run.metrics().n_samples)
    if args.bound is None:
        return codes_table(codes, terms)
    n = len(dataset.test)
    print(f"Weighing {args.bound} draws for each of {n} images ...", file=sys.stderr)
    bounds = image_bounds(vae, dataset.test, (args.bound,), args.widen)
    return codes_table(codes, terms, bounds)

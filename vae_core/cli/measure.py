"""The command `measure`: what the codes of a run tell, each number with its error or bracket."""

from __future__ import annotations

import argparse
import json
import math
from typing import Any

from vae_core.analysis import (
    Bracket,
    Estimate,
    active_units,
    class_surgery,
    holes,
    label_gap,
    rate_parts,
)
from vae_core.analysis.rate.cell_model import fit_cell_model
from vae_core.analysis.rate.entry_use import (
    code_priors,
    code_rate,
    entry_use,
    fitted_and_measured,
    perplexity_estimate,
)
from vae_core.codes import Codes, encode_dataset
from vae_core.data import reload_dataset
from vae_core.decimals import fixed
from vae_core.errors import ConfigError, RunError, shown
from vae_core.io import finite
from vae_core.objective import MAX_SAMPLES
from vae_core.runs.run import Run

TEST, TRAIN = "test", "train"


def add_flags(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.add_argument("--draws", type=int, default=2000, metavar="N", help="draws of z")
    parser.add_argument("--seed", type=int, default=0, help="of the draws")
    parser.add_argument(
        "--split", choices=(TEST, TRAIN), default=TEST,
        help="whose posteriors make q(z); more images narrow the brackets",
    )  # fmt: skip
    parser.add_argument(
        "--keep", action="store_true",
        help="keep the codes of the training images with the run, for the pages and the next time",
    )  # fmt: skip


def codes_of(run: Run, args: argparse.Namespace) -> Codes:
    """The posteriors asked for: those kept with the run, or the training images encoded now."""
    if args.split == TEST:
        return run.codes()
    if not args.keep and (kept := run.training_codes()):
        return kept
    dataset = reload_dataset(run.config.data, args.data_dir)
    if args.keep:
        return run.keep_training_codes(dataset)
    run.check_images(dataset)
    return encode_dataset(run.vae(), dataset.train)


def measurements(codes: Codes, n_samples: int, seed: int) -> dict[str, Estimate | Bracket]:
    """What the pages Aggregate, KL and Diagnostics tell of the codes, in nats unless it is a share.

    A bracket is [low, high]; see `rate_parts`, `class_surgery`, `holes` and `label_gap`. What a
    model does not have is left out, and nan is what too few images tell.

    Raises
    ------
    ConfigError
        For a point mass.
    """
    parts = rate_parts(codes, n_samples, seed)
    found: dict[str, Estimate | Bracket] = {
        "mean_kl": parts.mean_kl,
        "mutual_information": parts.mutual_information,
        "marginal_kl": parts.marginal_kl,
    }
    if parts.total_correlation is not None and parts.dimension_kl is not None:
        found["total_correlation"] = parts.total_correlation
        found["dimension_kl"] = parts.dimension_kl
    if len(codes.labels.unique()) > 1:
        classes = class_surgery(codes, n_samples, seed, parts)
        found["mean_class_kl"] = classes.mean_class_kl
        found["label_information"] = classes.label_information
        found["label_gap"] = label_gap(codes, n_samples, seed).gap
    found["prior_holes_at_most"] = holes(codes, n_samples, seed).prior
    return found


def code_measurements(codes: Codes, seed: int) -> dict[str, Estimate | Bracket]:
    """What the page KL tells of a codebook: its use, and rates under priors of the code.

    In nats per image, but for counts. Priors are fitted to four fifths of the images, by this seed,
    and measured on the rest. Raises ConfigError for codes of another family.
    """
    use = entry_use(codes)
    fit, measured = fitted_and_measured(codes, seed)
    priors = [*code_priors(fit), fit_cell_model(fit, seed)]
    rates = {"rate_" + one.title.replace(" ", "_"): code_rate(one, measured) for one in priors}
    return {
        "entries": Estimate(float(use.n_entries), 0.0),
        "entries_used": Estimate(float(use.n_used), 0.0),
        "perplexity": perplexity_estimate(codes),
        **rates,
    }


def run_command(run: Run, args: argparse.Namespace) -> int:
    """Print the measurements: a line each, or one JSON object."""
    if not 2 <= args.draws <= MAX_SAMPLES:
        raise ConfigError(f"--draws must be from 2 to {MAX_SAMPLES}; got {shown(args.draws)}.")
    if not run.is_finished and args.split == TEST:
        raise RunError(f"{run.path}: not finished, so it has no codes yet. Resume it first.")
    if args.keep and args.split == TEST:
        raise ConfigError("--keep keeps codes of training images; add --split train.")
    codes = codes_of(run, args)
    if codes.family.has_entries:
        found = code_measurements(codes, args.seed)
    else:
        found = measurements(codes, args.draws, args.seed)
    active = active_units(codes)
    head = {
        "run_id": run.id,
        "split": args.split,
        "n_images": len(codes),
        "n_samples": args.draws,
        "active_units": int(active.sum()),
        "latent_dimensions": active.numel(),
    }
    if args.json:
        print(json.dumps(head | finite(_flat(found))))
        return 0
    for name, value in head.items():
        print(f"{name:>20}  {value}")
    for name, measured in found.items():
        print(f"{name:>20}  {_in_words(measured)}")
    return 0


def _flat(found: dict[str, Estimate | Bracket]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, measured in found.items():
        if isinstance(measured, Estimate):
            ends = {"": measured}
        else:
            ends = {"_low": measured.low, "_high": measured.high}
        for end, estimate in ends.items():
            flat[f"{name}{end}"] = estimate.value
            flat[f"{name}{end}_error"] = estimate.standard_error
    return flat


def _in_words(measured: Estimate | Bracket) -> str:
    if isinstance(measured, Bracket):
        return f"{_in_words(measured.low)}  to  {_in_words(measured.high)}"
    if math.isnan(measured.value):
        return "saturated"
    return f"{fixed(measured.value, 3)} ± {fixed(measured.standard_error, 3)}"

"""The command `reproduce`: published numbers beside ours, measured now."""

from __future__ import annotations

import argparse
import json
import math
import sys
from pathlib import Path
from typing import Any

from tqdm import tqdm

from vae_core.decimals import fixed
from vae_core.errors import DataError, printable
from vae_core.jobs.worker import Stopped
from vae_core.runs.store import RunStore
from vae_core.shelf import (
    TABLE,
    Result,
    Row,
    find_rows,
    read_results,
    read_rows,
    reproduce,
    write_results,
)
from vae_core.trainer import EpochRecord

PASS, MISS, SKIPPED = "as published", "differs", "no images here"


def add_flags(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.add_argument(
        "names", metavar="NAME", nargs="*", help="rows, or the begin of their names; default: all"
    )
    parser.add_argument("--quick", action="store_true", help="only rows that train no model")
    parser.add_argument("--list", action="store_true", help="list the rows; measure nothing")
    parser.add_argument(
        "--keep", metavar="FILE", nargs="?", const=str(TABLE),
        help="write what is measured into a table of results; default: the one that ships",
    )  # fmt: skip


def run_command(args: argparse.Namespace, store: RunStore) -> int:
    """Measure the rows; 1 when one differs that has no explanation."""
    rows = find_rows(args.names, args.quick)
    if args.list:
        values = [{"name": row.name, "title": row.title, "quick": row.is_quick} for row in rows]
        print(json.dumps({"rows": values}) if args.json else "\n".join(map(_listed, rows)))
        return 0
    told: list[dict[str, Any]] = []
    kept = read_results(Path(args.keep)) if args.keep and Path(args.keep).exists() else {}
    for row in rows:
        try:
            result = _measured(row, store)
        except DataError as error:
            told.append({"name": row.name, "verdict": SKIPPED, "why": str(error)})
            _say(f"{row.name}: {SKIPPED}", args)
            continue
        except (KeyboardInterrupt, Stopped):
            print(f"Interrupted at {row.name}. The same command goes on.", file=sys.stderr)
            return 130
        kept[row.name] = result
        told.append(result.to_dict() | _published(row) | {"verdict": verdict(row, result)})
        _say(line(row, result), args)
        if args.keep:
            order = [one.name for one in read_rows()]
            write_results({name: kept[name] for name in order if name in kept}, Path(args.keep))
    unexplained = [one["name"] for one in told if one["verdict"] == MISS and not one.get("miss")]
    if args.json:
        print(json.dumps({"rows": told}))
    else:
        print(summary([one["verdict"] for one in told]))
    return int(bool(unexplained))


def _measured(row: Row, store: RunStore) -> Result:
    with tqdm(unit="epoch", desc=printable(row.name), disable=None, leave=False) as bar:

        def report(record: EpochRecord) -> None:
            bar.update(1)

        return reproduce(row, store, report)


def _published(row: Row) -> dict[str, Any]:
    return {
        **{"title": row.title, "source": row.source, "place": row.place, "setting": row.setting},
        **{"published": row.published, "within": row.within, "unit": row.unit, "miss": row.miss},
    }


def verdict(row: Row, result: Result) -> str:
    """Whether ours is the published number."""
    return PASS if row.holds(result.value) else MISS


def line(row: Row, result: Result) -> str:
    """One row, for people."""
    digits = row.digits
    error = result.standard_error
    about = f" ± {fixed(error, digits)}" if math.isfinite(error) else ""
    unit = f" {row.unit}" if row.unit else ""
    return (
        f"{row.name}: published {fixed(row.published, digits)}, ours "
        f"{fixed(result.value, digits)}{about}{unit}, accepted within {row.within:g}: "
        f"{verdict(row, result)}, {result.seconds:.1f} s"
    )


def summary(verdicts: list[str]) -> str:
    """How many came out."""
    counts = [f"{n} {word}" for word in (PASS, MISS, SKIPPED) if (n := verdicts.count(word))]
    return f"{len(verdicts)} rows: {', '.join(counts)}."


def _listed(row: Row) -> str:
    return f"{row.name}{'' if row.is_quick else '  (trains, or takes long)'}: {row.title}"


def _say(text: str, args: argparse.Namespace) -> None:
    print(text, file=sys.stderr if args.json else sys.stdout, flush=True)

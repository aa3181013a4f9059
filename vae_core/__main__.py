"""Command line: train | sweep | resume | list | show | evaluate | project | export | import.

The same functions as the pages. Exit codes: 0 done, 2 bad arguments or data (one line on
stderr), 130 interrupted with the run resumable.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from tqdm import tqdm

from vae_core.analysis import project, summarise_bound, sweep
from vae_core.analysis.projection_methods import METHODS
from vae_core.analysis.projections import WHAT, write_projection
from vae_core.config import RunConfig
from vae_core.data import Dataset, load_dataset, reload_dataset
from vae_core.errors import ConfigError, RunError, VAECoreError
from vae_core.evaluate import evaluate
from vae_core.runs.archive import write_archive
from vae_core.runs.export import export_run
from vae_core.runs.model_file import import_model, read_model_file
from vae_core.runs.records import Metrics
from vae_core.runs.run import Run
from vae_core.runs.store import RunStore
from vae_core.settings import PARTS, choices, command_line, flag_of, scalar_of, sizes, text_of
from vae_core.vae import build_vae

DEFAULT_RUNS = "runs"


class _Parser(argparse.ArgumentParser):
    """Reports a mistake in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}\n")


def add_config_flags(parser: argparse.ArgumentParser) -> None:
    """Add `--name`, `--sweep` and one flag for every field of the three configs."""
    parser.add_argument("--name", help="a name for people")
    parser.add_argument("--sweep", metavar="NAME", help="the sweep it belongs to")
    for part, kind in PARTS.items():
        group = parser.add_argument_group(part)
        for field in dataclasses.fields(kind):
            options: dict[str, Any] = {"help": _help(field), "dest": f"{part}.{field.name}"}
            scalar = scalar_of(kind, field)
            if scalar is tuple:
                options |= {"type": _sizes, "nargs": "*", "metavar": "N"}
            elif flag_of(field) in choices():
                options |= {"choices": choices()[flag_of(field)]}
            else:
                options |= {"type": scalar, "metavar": scalar.__name__.upper()}
            group.add_argument(f"--{flag_of(field)}", default=argparse.SUPPRESS, **options)


def _sizes(text: str) -> list[int]:
    """`settings.sizes` for argparse."""
    try:
        return sizes(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected whole numbers; got {text!r}") from None


def _help(field: dataclasses.Field[Any]) -> str:
    default = "" if field.default in (None, ()) else f" (default: {text_of(field.default)})"
    return f"{field.metadata['help']}{default}"


def config_from_args(args: argparse.Namespace) -> RunConfig:
    """The RunConfig that parsed flags ask for.

    Raises
    ------
    ConfigError
        For values out of range.
    """
    parts: dict[str, dict[str, Any]] = {part: {} for part in PARTS}
    for key, value in vars(args).items():
        part, _, name = key.partition(".")
        if name:
            flat = isinstance(value, list)
            parts[part][name] = tuple(n for sizes in value for n in sizes) if flat else value
    if "classes" in parts["data"] and not parts["data"]["classes"]:
        raise ConfigError("classes must name at least one label; got none.")
    configs = {part: kind(**parts[part]) for part, kind in PARTS.items()}
    return RunConfig(**configs, name=args.name, sweep=args.sweep)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m vae_core", description="Train and inspect VAEs.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(
        name: str, help: str, run: bool = True, data: bool = False, several: bool = False
    ) -> _Parser:
        sub: _Parser = commands.add_parser(name, help=help, description=help)
        if run:
            nargs: dict[str, Any] = {"nargs": "+"} if several else {}
            sub.add_argument("run", metavar="RUN", help="a run's id, or its folder", **nargs)
        if data:
            sub.add_argument("--data-dir", metavar="DIR", help="folder with the data set's files")
        sub.add_argument("--runs", default=DEFAULT_RUNS, metavar="DIR", help="folder of runs")
        sub.add_argument("--json", action="store_true", help="print one JSON object, last")
        return sub

    add_config_flags(command("train", "train a new model", run=False))
    sub = command("sweep", "train one run for each value of a setting", run=False)
    sub.add_argument("--over", required=True, metavar="FLAG", help="the setting, such as beta")
    sub.add_argument("--values", required=True, nargs="+", metavar="V", help="its values")
    add_config_flags(sub)
    command("resume", "go on with interrupted runs, one after another", data=True, several=True)
    command("list", "list the runs of a folder", run=False)
    command("show", "show a run's settings, curve and numbers")
    sub = command("evaluate", "measure the test split anew", data=True)
    sub.add_argument("--samples", type=int, default=1, metavar="N", help="draws per image")
    sub.add_argument(
        "--importance", type=int, metavar="K", help="also the bound with K weighed draws per image"
    )
    sub.add_argument(
        "--widen", type=float, default=1.0, metavar="F", help="weigh draws from F times the width"
    )
    sub = command("project", "lay the codes of the test split on a plane")
    sub.add_argument("--method", choices=METHODS, default="pca", help="pca, umap or t-sne")
    sub.add_argument("--of", choices=WHAT, default="mean", help="posterior means, or draws")
    sub.add_argument("--seed", type=int, default=0, help="of draws, UMAP and t-SNE")
    sub.add_argument("--to", required=True, metavar="FILE", help="the new .safetensors file")
    sub = command("export", "write a run as a small folder to ship, or as one .zip", data=True)
    sub.add_argument(
        "--to",
        required=True,
        metavar="PATH",
        help="the new folder, or FILE.zip for the run as it is",
    )
    sub = command("import", "make a run of a .safetensors file", run=False, data=True)
    sub.add_argument("file", metavar="FILE", help="weights that this project wrote")
    sub.add_argument("--name", help="a name for people")
    return parser


def _open(name: str, args: argparse.Namespace) -> Run:
    """A run by id, or by the path of its folder."""
    path = Path(name)
    if len(path.parts) > 1 or os.path.isdir(path):  # unlike Path.is_dir: False for odd names
        path = path.resolve()
        return RunStore(path.parent).load(path.name)
    return RunStore(args.runs).load(name)


def _train(run: Run, dataset: Dataset, args: argparse.Namespace, again: str = "") -> int:
    """Train a run to its end: 0, or 130 when interrupted, having said how to go on."""
    epochs = run.config.train.epochs
    done = len(run.history())
    try:
        with tqdm(total=epochs, initial=done, unit="epoch", desc=run.id, disable=None) as bar:
            for record in run.train(dataset):
                done = record.epoch
                bar.update()
                bar.set_postfix_str(f"test {record.test_distortion:.1f} + {record.test_rate:.1f}")
                if not args.json:
                    tqdm.write(
                        f"epoch {record.epoch}/{epochs}  test distortion "
                        f"{record.test_distortion:.2f}  rate {record.test_rate:.2f}  nats/image  "
                        f"{record.images_per_second:.0f} images/s"
                    )
    except KeyboardInterrupt:
        root = str(run.path.parent)
        where = "" if root == DEFAULT_RUNS else f" --runs {shlex.quote(root)}"
        again = again or f"Go on with: python -m vae_core resume {run.id}{where}"
        print(f"Interrupted after epoch {done} of {epochs}. {again}", file=sys.stderr)
        return 130
    return 0


def _new(args: argparse.Namespace) -> int:
    config = config_from_args(args)
    dataset = load_dataset(config.data)
    build_vae(config.model, dataset.image_shape)  # refuse what does not fit, leave no run
    run = RunStore(args.runs).create(config)
    return _train(run, dataset, args) or _report(run.metrics().to_dict(), args)


def _resume(args: argparse.Namespace) -> int:
    runs = [_open(name, args) for name in args.run]
    for run in runs:
        if run.is_finished:
            raise RunError(f"{run.path}: already finished; there is nothing to resume.")
    for run in runs:
        if code := _train(run, reload_dataset(run.config.data, args.data_dir), args):
            return code
    return _report_all(runs, args) if len(runs) > 1 else _report(runs[0].metrics().to_dict(), args)


def _sweep(args: argparse.Namespace) -> int:
    """The runs of a sweep, one after another; those that are there already are gone on with."""
    configs = sweep(config_from_args(args), args.over, args.values)
    datasets = {config.data: load_dataset(config.data) for config in configs}
    for config in configs:  # refuse what does not fit before anything is trained
        build_vae(config.model, datasets[config.data].image_shape)
    store, runs = RunStore(args.runs), list[Run]()
    for config in configs:
        run = store.find(config) or store.create(config)
        runs.append(run)
        if run.is_finished:
            continue
        where = f"{run.title}, run {len(runs)} of {len(configs)}"
        if not args.json:
            print(where)
        if code := _train(
            run, datasets[config.data], args, f"({where}.) The same command goes on."
        ):
            return code
    return _report_all(runs, args)


def _report_all(runs: Sequence[Run], args: argparse.Namespace) -> int:
    if args.json:
        print(
            json.dumps({"runs": [{"name": run.title, **run.metrics().to_dict()} for run in runs]})
        )
        return 0
    width = max(len(run.title) for run in runs)
    print(f"{'':{width}}  distortion    rate  negative ELBO, nats per test image")
    for run in runs:
        metrics = run.metrics()
        terms = (metrics.distortion, metrics.rate, metrics.negative_elbo)
        cells = (f"{nats:.2f}" if math.isfinite(nats) else "-" for nats in terms)
        print("{:{}}  {:>10}  {:>6}  {:>8}".format(run.title, width, *cells))
    return 0


def _report(values: dict[str, Any], args: argparse.Namespace) -> int:
    if args.json:
        print(json.dumps(values))
    else:
        for name, value in values.items():
            text = f"{value:.2f}" if isinstance(value, float) else value
            print(f"{name:>20}  {'no finite rate' if value is None else text}")
    return 0


def _list(args: argparse.Namespace) -> int:
    entries = RunStore(args.runs).list()
    if args.json:
        rows = [{"run_id": e.id, "status": e.status, "problem": e.problem} for e in entries]
        print(json.dumps({"runs": rows}))
        return 0
    for entry in entries:
        print(f"{entry.status:<10}  {entry.id}  {entry.problem or ''}".rstrip())
    if not entries:
        print(f"No runs in {args.runs}. Train one with: python -m vae_core train")
    return 0


def _show(args: argparse.Namespace) -> int:
    run = _open(args.run, args)
    history = run.history()
    metrics = (
        run.metrics().to_dict() if run.is_finished else {"run_id": run.id, "epochs": len(history)}
    )
    if args.json:
        print(json.dumps({"config": run.config.to_dict(), "metrics": metrics, "history": history}))
        return 0
    print(command_line(run.config))
    return _report(metrics, args)


def _evaluate(args: argparse.Namespace) -> int:
    run = _open(args.run, args)
    vae = run.vae()
    dataset = reload_dataset(run.config.data, args.data_dir)
    run.check_images(dataset)
    result = evaluate(vae, dataset.test, args.samples)
    weighed = {}
    if args.importance is not None:
        work = f"{args.importance} draws for each of {result.n_images} images"
        print(f"Weighing {work} ...", file=sys.stderr)
        bound = summarise_bound(vae, dataset.test, args.importance, args.widen)
        weighed = {
            "n_importance": args.importance,
            "widen": args.widen,
            "test_negative_bound": bound.negative_bound,
            "effective_samples": bound.ess,
        }
    return _report(Metrics.of(run.id, run.config.data, result).to_dict() | weighed, args)


def _project(args: argparse.Namespace) -> int:
    run, said = _open(args.run, args), -1

    def report(share: float) -> None:
        nonlocal said
        if int(100 * share) > said:
            said = int(100 * share)
            print(f"{said} %", file=sys.stderr, flush=True)

    found = project(run.codes(), args.method, args.of, args.seed, progress=report)
    write_projection(Path(args.to), found)
    return _report({"run_id": run.id, "n_images": len(found), "file": args.to}, args)


def _import(args: argparse.Namespace) -> int:
    file = read_model_file(Path(args.file))
    dataset = reload_dataset(file.config.data, args.data_dir)
    return _report(
        import_model(file, RunStore(args.runs), dataset, args.name).metrics().to_dict(), args
    )


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    args = _parser().parse_args(argv)
    try:
        if args.command == "train":
            return _new(args)
        if args.command == "sweep":
            return _sweep(args)
        if args.command == "resume":
            return _resume(args)
        if args.command == "list":
            return _list(args)
        if args.command == "show":
            return _show(args)
        if args.command == "evaluate":
            return _evaluate(args)
        if args.command == "project":
            return _project(args)
        if args.command == "import":
            return _import(args)
        run = _open(args.run, args)
        if args.to.lower().endswith(".zip"):
            write_archive(run, Path(args.to))
            return _report(run.metrics().to_dict(), args)
        exported = export_run(run, reload_dataset(run.config.data, args.data_dir), Path(args.to))
        return _report(exported.metrics().to_dict(), args)
    except VAECoreError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Interrupted; nothing was started.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())

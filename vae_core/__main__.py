"""Command line: train, sweep, resume, list, show, evaluate, measure, lesson, data, export ...

The same functions as the pages. Exit codes: 0 done, 1 a lesson's claim does not hold, 2 bad
arguments or data (one line on stderr), 130 interrupted with the run resumable.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import os
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from tqdm import tqdm

from vae_core.analysis import (
    project,
    sweep,
)
from vae_core.analysis.evidence.importance import check_draws
from vae_core.analysis.space.projections import write_projection
from vae_core.cli import (
    codes,
    compress,
    data,
    evidence,
    interrupt,
    labels,
    lesson,
    measure,
    report,
    reproduce,
    seeds,
    show,
)
from vae_core.cli.arguments import DEFAULT_RUNS, add_config_flags, config_from_args, parser
from vae_core.comparison import score_error
from vae_core.config import RunConfig
from vae_core.data import Dataset, load_dataset, reload_dataset
from vae_core.decimals import adding_up, fixed
from vae_core.errors import (
    ConfigError,
    RunError,
    TrainingError,
    VAECoreError,
    printable,
    shown,
)
from vae_core.evaluate import evaluate
from vae_core.io import finite, write_bytes
from vae_core.jobs.training import train
from vae_core.jobs.worker import Stopped
from vae_core.limits import Limits
from vae_core.runs.archive import write_archive
from vae_core.runs.export import export_run
from vae_core.runs.model_file import import_model, read_model_file
from vae_core.runs.records import Metrics
from vae_core.runs.run import Run
from vae_core.runs.store import RunStore
from vae_core.trainer import choose_device

__all__ = ["add_config_flags", "config_from_args", "main"]


def _limits() -> Limits:
    """Those that the environment sets, as for the pages."""
    return Limits.from_environment(os.environ)


def _store(args: argparse.Namespace) -> RunStore:
    return RunStore(args.runs, _limits())


def _open(name: str, args: argparse.Namespace) -> Run:
    """A run by id, or by the path of its folder."""
    path = Path(name)
    if len(path.parts) > 1 or os.path.isdir(path):  # unlike Path.is_dir: False for odd names
        path = Path(os.path.abspath(path))
        return RunStore(path.parent, _limits()).load(path.name)
    return _store(args).load(name)


def _new_file(args: argparse.Namespace) -> Path:
    """Where `--to` may be written. Raises RunError when something is there already."""
    path = Path(args.to)
    if not path.name or os.path.isdir(path):
        raise RunError(f"--to: expected the name of a new file; got {shown(args.to)}.")
    if os.path.lexists(path):
        if not args.force:
            raise RunError(f"{path}: exists already. Choose another name, or add --force.")
        if path.is_symlink() or not os.path.isfile(path):
            raise RunError(f"{path}: is no file; nothing is put in its place. Choose another name.")
    return path


def _train(run: Run, dataset: Dataset, args: argparse.Namespace, again: str = "") -> int:
    """Train a run to its end: 0, or 130 when interrupted, having said how to go on."""
    epochs = run.config.train.epochs
    done = len(run.history())
    try:
        with (
            tqdm(total=epochs, initial=done, unit="epoch", desc=run.id, disable=None) as bar,
            ExitStack() as stack,
        ):
            for record in stack.enter_context(closing(train(run, dataset))):
                done = record.epoch
                bar.update()
                bar.set_postfix_str(
                    f"test {fixed(record.test_distortion, 1)} + {fixed(record.test_rate, 1)}"
                )
                if not args.json:
                    tqdm.write(
                        f"epoch {record.epoch}/{epochs}  test distortion "
                        f"{fixed(record.test_distortion)}  "
                        f"rate {fixed(record.test_rate)}  nats/image  "
                        f"{record.images_per_second:.0f} images/s"
                    )
    except (KeyboardInterrupt, Stopped):
        root = str(run.path.parent)
        where = "" if root == DEFAULT_RUNS else f" --runs {shlex.quote(root)}"
        again = again or f"Go on with: python -m vae_core resume {run.id}{where}"
        print(f"Interrupted after epoch {done} of {epochs}. {again}", file=sys.stderr)
        return 130
    return 0


def _new(args: argparse.Namespace) -> int:
    config = config_from_args(args)
    dataset = load_dataset(config.data)
    _check(config, dataset)
    run = _store(args).create(config)
    with _leaving_no_empty_run(run):
        return _train(run, dataset, args) or _report_run(run, args)


def _check(config: RunConfig, dataset: Dataset) -> None:
    """Refuse, before there is a run, what does not fit the images, this machine or its limits."""
    choose_device(config.train)
    _limits().check_config(config, dataset.image_shape, len(dataset.test))


@contextmanager
def _leaving_no_empty_run(run: Run) -> Iterator[None]:
    """Delete a new run when it is refused before its training begins."""
    try:
        yield
    except VAECoreError as error:
        if not (run.has_model or isinstance(error, TrainingError)):
            RunStore(run.path.parent).delete(run.id)
        raise


def _resume(args: argparse.Namespace) -> int:
    runs = [_open(name, args) for name in args.run]
    for run in runs:
        if run.is_finished:
            raise RunError(f"{run.path}: already finished; there is nothing to resume.")
    for run in runs:
        if code := _train(run, reload_dataset(run.config.data, args.data_dir), args):
            return code
    return _report_all(runs, args) if len(runs) > 1 else _report_run(runs[0], args)


def _sweep(args: argparse.Namespace) -> int:
    """The runs of a sweep, one after another; those that are there already are gone on with."""
    configs = sweep(config_from_args(args), args.over, args.values, args.seeds)
    datasets = {config.data: load_dataset(config.data) for config in configs}
    for config in configs:  # refuse what does not fit before anything is trained
        _check(config, datasets[config.data])
    store, runs = _store(args), list[Run]()
    for config in configs:
        found = store.find(config, datasets[config.data].fingerprint)
        run = found or store.create(config)
        runs.append(run)
        if run.is_finished:
            continue
        where = f"{run.title}, run {len(runs)} of {len(configs)}"
        if not args.json:
            print(where)
        again = f"({where}.) The same command goes on."
        with nullcontext() if found else _leaving_no_empty_run(run):
            if code := _train(run, datasets[config.data], args, again):
                return code
    if args.seeds > 1 and args.json:
        print(json.dumps({"runs": _scores(runs), "values": seeds.values(runs)}))
        return 0
    _report_all(runs, args)
    if args.seeds > 1:
        print("\n".join(seeds.lines(runs)))
    return 0


def _scores(runs: Sequence[Run]) -> list[dict[str, Any]]:
    return [{"name": run.title, **report.numbers(run)} for run in runs]


def _report_all(runs: Sequence[Run], args: argparse.Namespace) -> int:
    if args.json:
        print(json.dumps({"runs": _scores(runs)}))
        return 0
    width = max(len(run.title) for run in runs)
    print(f"{'':{width}}  distortion    rate  negative ELBO ± over images, nats per test image")
    for run in runs:
        metrics = run.metrics()
        parts = adding_up((metrics.distortion, metrics.rate))
        cells = (
            fixed(nats) if math.isfinite(nats) else "-" for nats in (*parts, metrics.negative_elbo)
        )
        error = score_error(run)
        sure = f" ± {fixed(error)}" if metrics.has_rate and math.isfinite(error) else ""
        print("{:{}}  {:>10}  {:>6}  {:>8}{}".format(run.title, width, *cells, sure))
    return 0


def _report(values: dict[str, Any], args: argparse.Namespace) -> int:
    print(json.dumps(values) if args.json else report.lines(values))
    return 0


def _report_run(
    run: Run,
    args: argparse.Namespace,
    metrics: Metrics | None = None,
    error: float | None = None,
    **more: float,
) -> int:
    """A run's final metrics, or others of its model, with what more was measured."""
    _report(report.numbers(run, metrics, error) | more, args)
    for sentence in () if args.json else report.notes(run, metrics):
        print(sentence)
    return 0


def _list(args: argparse.Namespace) -> int:
    entries = _store(args).list()
    if args.json:
        rows = [{"run_id": e.id, "status": e.status, "problem": e.problem} for e in entries]
        print(json.dumps({"runs": rows}))
        return 0
    for entry in entries:
        problem = printable(entry.problem or "", 400)
        print(f"{entry.status:<10}  {printable(entry.id)}  {problem}".rstrip())
    if not entries:
        print(f"No runs in {printable(args.runs)}. Train one with: python -m vae_core train")
    return 0


def _show(args: argparse.Namespace) -> int:
    return show.run_command(_open(args.run, args), args)


def _evaluate(args: argparse.Namespace) -> int:
    check_draws(args.samples, 1 if args.importance is None else args.importance, args.widen)
    run = _open(args.run, args)
    vae = run.vae()
    dataset = reload_dataset(run.config.data, args.data_dir)
    run.check_images(dataset)
    evidence.check_images(args.evidence, len(dataset.test))
    result = evaluate(vae, dataset.test, args.samples)
    weighed: dict[str, Any] = {}
    if args.importance is not None:
        weighed = evidence.bound(vae, dataset.test, args)
    if args.evidence is not None:
        weighed |= finite(evidence.evidence(vae, dataset.test, args.evidence))
        weighed = {name: value for name, value in weighed.items() if value is not None}
    metrics = Metrics.of(run.id, run.config.data, result)
    more, notes = labels.scores(vae, run.config, dataset)
    code = _report_run(run, args, metrics, result.error, **weighed, **more)
    for sentence in () if args.json else notes:
        print(sentence)
    return code


def _measure(args: argparse.Namespace) -> int:
    return measure.run_command(_open(args.run, args), args)


def _lesson(args: argparse.Namespace) -> int:
    return lesson.run_command(args)


def _reproduce(args: argparse.Namespace) -> int:
    return reproduce.run_command(args, _store(args))


def _data(args: argparse.Namespace) -> int:
    return data.run_command(args)


def _project(args: argparse.Namespace) -> int:
    file, run, said = _new_file(args), _open(args.run, args), -1

    def report(share: float) -> None:
        nonlocal said
        if int(100 * share) > said:
            said = int(100 * share)
            print(f"{said} %", file=sys.stderr, flush=True)

    found = project(run.codes(), args.method, args.of, args.seed, progress=report)
    write_projection(file, found)
    return _report({"run_id": run.id, "n_images": len(found), "file": str(file)}, args)


def _compress(args: argparse.Namespace) -> int:
    return compress.run_compress(_open(args.run, args), _new_file(args), args)


def _decompress(args: argparse.Namespace) -> int:
    return compress.run_decompress(_new_file(args), _store(args), args)


def _import(args: argparse.Namespace) -> int:
    file = read_model_file(Path(args.file))
    dataset = reload_dataset(file.config.data, args.data_dir)
    run = import_model(file, _store(args), dataset, args.name, _limits())
    return _report_run(run, args)


def _export(args: argparse.Namespace) -> int:
    run = _open(args.run, args)
    to_bytes = codes.TABLES.get(Path(args.to).suffix.lower())
    if args.bound is not None and to_bytes is None:
        raise ConfigError(
            f"--bound is a column of a table; got --to {shown(args.to)}. Give a name that ends in "
            ".csv or .parquet."
        )
    if to_bytes is not None:
        file = _new_file(args)
        table = codes.table(run, args)
        write_bytes(file, to_bytes(table))
        return _report({"run_id": run.id, "n_images": len(table), "file": str(file)}, args)
    if args.to.lower().endswith(".zip"):
        write_archive(run, _new_file(args), replace=args.force)
        return _report_run(run, args)
    exported = export_run(run, reload_dataset(run.config.data, args.data_dir), Path(args.to))
    return _report_run(exported, args)


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "train": _new,
    "sweep": _sweep,
    "resume": _resume,
    "list": _list,
    "show": _show,
    "evaluate": _evaluate,
    "measure": _measure,
    "lesson": _lesson,
    "reproduce": _reproduce,
    "data": _data,
    "project": _project,
    "export": _export,
    "import": _import,
    "compress": _compress,
    "decompress": _decompress,
}


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    interrupt.hand_over()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name may hold what the system cannot write
            stream.reconfigure(errors="backslashreplace")
    try:
        args = parser().parse_args(argv)
        return COMMANDS[args.command](args)
    except VAECoreError as error:
        kind = next(c.__name__ for c in type(error).__mro__ if c.__module__ == "vae_core.errors")
        print(f"{kind}: {printable(str(error), 1000)}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # `list | head`: nobody reads on
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        print(f"OSError: {printable(str(error), 1000)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Interrupted; nothing was started.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())

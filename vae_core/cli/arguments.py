"""Arguments of the command line: every command, and one flag for every field of the configs."""

from __future__ import annotations

import argparse
import dataclasses
from typing import Any, NoReturn

from vae_core.analysis.space.projection_methods import METHODS
from vae_core.analysis.space.projections import WHAT
from vae_core.cli import compress, data, lesson, measure, reproduce
from vae_core.config import RunConfig
from vae_core.errors import ConfigError, printable
from vae_core.settings import PARTS, choices, flag_of, scalar_of, sizes, text_of

DEFAULT_RUNS = "runs"


class _Parser(argparse.ArgumentParser):
    """Reports a mistake in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {printable(message, 600)}\n")


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
            elif more := field.metadata["more"]:
                known = ",".join((*choices()[flag_of(field)], more))
                options |= {"metavar": f"{{{known}}}"}
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


def parser() -> argparse.ArgumentParser:
    """The commands and their arguments. A mistake in them ends the process with one line."""
    whole = _Parser(prog="python -m vae_core", description="Train and inspect VAEs.")
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(
        name: str, help: str, run: bool = True, images: bool = False, several: bool = False
    ) -> _Parser:
        sub: _Parser = commands.add_parser(name, help=help, description=help)
        if run:
            nargs: dict[str, Any] = {"nargs": "+"} if several else {}
            sub.add_argument("run", metavar="RUN", help="a run's id, or its folder", **nargs)
        if images:
            sub.add_argument("--data-dir", metavar="DIR", help="folder with the data set's files")
        sub.add_argument("--runs", default=DEFAULT_RUNS, metavar="DIR", help="folder of runs")
        sub.add_argument("--json", action="store_true", help="print one JSON object, last")
        return sub

    add_config_flags(command("train", "train a new model", run=False))
    sub = command("sweep", "train one run for each value of a setting", run=False)
    sub.add_argument("--over", required=True, metavar="FLAG", help="the setting, such as beta")
    sub.add_argument("--values", required=True, nargs="+", metavar="V", help="its values")
    sub.add_argument("--seeds", type=int, default=1, metavar="N", help="runs of each value")
    add_config_flags(sub)
    command("resume", "go on with interrupted runs, one after another", images=True, several=True)
    command("list", "list the runs of a folder", run=False)
    command("show", "show a run's settings, curve and numbers")
    sub = command("evaluate", "measure the test split anew", images=True)
    sub.add_argument("--samples", type=int, default=1, metavar="N", help="draws per image")
    sub.add_argument(
        "--importance", type=int, metavar="K", help="also the bound with K weighed draws per image"
    )
    sub.add_argument(
        "--evidence", type=int, nargs="?", const=100, metavar="N",
        help="also log p(x) of N test images (default: 100), and the gaps to the ELBO",
    )  # fmt: skip
    _add_widen(sub)
    measure.add_flags(
        command("measure", "split the rate, and say how sure each number is", images=True)
    )
    lesson.add_flags(command("lesson", "print a lesson with a model's numbers", run=False))
    reproduce.add_flags(
        command("reproduce", "measure published numbers anew, beside what was published", run=False)
    )
    data.add_flags(command("data", "add, list and remove data sets of your own", run=False))
    sub = command("project", "lay the codes of the test split on a plane")
    sub.add_argument("--method", choices=METHODS, default="pca", help="pca, umap or t-sne")
    sub.add_argument("--of", choices=WHAT, default="mean", help="posterior means, or draws")
    sub.add_argument("--seed", type=int, default=0, help="of draws, UMAP and t-SNE")
    sub.add_argument("--to", required=True, metavar="FILE", help="the new .safetensors file")
    _add_force(sub)
    sub = command(
        "export", "write a run as a small folder to ship, as one .zip, or its codes", images=True
    )
    sub.add_argument(
        "--to",
        required=True,
        metavar="PATH",
        help="the new folder; FILE.zip for the run as it is; FILE.csv or .parquet for a table of "
        "its codes and ELBO terms, a test image a row",
    )
    sub.add_argument(
        "--bound", type=int, metavar="K",
        help="with a table: also every image's bound with K weighed draws",
    )  # fmt: skip
    _add_widen(sub)
    _add_force(sub)
    sub = command("compress", "pack the test images into about their negative ELBO", images=True)
    compress.add_flags(sub)
    _add_force(sub)
    sub = command("decompress", "unpack what compress wrote, bit for bit", run=False)
    compress.add_reverse_flags(sub)
    _add_force(sub)
    sub = command("import", "make a run of a .safetensors file", run=False, images=True)
    sub.add_argument("file", metavar="FILE", help="weights that this project wrote")
    sub.add_argument("--name", help="a name for people")
    return whole


def _add_widen(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--widen", type=float, default=1.0, metavar="F", help="draw from q with its sigma times F"
    )


def _add_force(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--force", action="store_true", help="replace a file that is there")

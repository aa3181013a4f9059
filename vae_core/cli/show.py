"""The command `show`: a run's settings, its numbers, and how it was trained."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import Any

from vae_core.analysis import channel_statistics
from vae_core.cli import report
from vae_core.io import finite
from vae_core.runs.changes import in_words
from vae_core.runs.run import Run
from vae_core.settings import command_line


def run_command(run: Run, args: argparse.Namespace) -> int:
    """The command `show`."""
    records = run.history()
    unfinished = {"run_id": run.id, "epochs": len(records)}
    is_map = len(run.config.model.latent_shape) == 3
    channels = channel_statistics(run.codes()) if run.is_finished and is_map else None
    if args.json:
        values: dict[str, Any] = {
            "config": run.config.to_dict(),
            "metrics": report.numbers(run) if run.is_finished else unfinished,
            "history": [finite(record.to_dict()) for record in records],
        }
        if changes := run.changes():
            values["changes"] = [asdict(one) for one in changes]
        if run.is_finished:
            values["effective_beta"] = run.effective_beta
        if channels is not None:
            values["channels"] = [finite(row) for row in report.rows(channels)]
        print(json.dumps(values | report.training(run, records)))
        return 0
    print(command_line(run.config))
    if changed := in_words(run.changes()):
        print(changed)
    if run.is_finished:
        beta = run.effective_beta
        print(report.lines(report.numbers(run) | ({} if beta is None else {report.BETA: beta})))
        for sentence in report.notes(run):
            print(sentence)
    else:
        print(report.lines(unfinished))
    if channels is not None:
        print(report.channel_lines(channels))
    for sentence in report.training_lines(run, records):
        print(sentence)
    return 0

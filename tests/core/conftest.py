"""The command line in this process."""

from __future__ import annotations

import json

import pytest

from vae_core.__main__ import main


@pytest.fixture
def cli(capsys):
    """Run a command: (exit code, stdout, stderr)."""

    def run(*words: object) -> tuple[int, str, str]:
        try:
            code = main([str(word) for word in words])
        except SystemExit as stop:  # argparse's way out
            code = stop.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def answer(cli):
    """Run a command with --json: the object it prints last."""

    def run(*words: object) -> dict:
        code, out, err = cli(*words, "--json")
        assert (code, err) == (0, "")
        return json.loads(out.splitlines()[-1])

    return run


@pytest.fixture
def refusal(cli):
    """Run a command that must fail: its one line on stderr."""

    def run(*words: object) -> str:
        code, out, err = cli(*words)
        assert (code, out) == (2, "")
        assert err.count("\n") == 1, err
        assert err.endswith("\n")
        return err

    return run

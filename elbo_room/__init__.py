"""The console script `elbo-room`: the app, or with a command the command line of `vae_core`.

It lies beside the app: above it in a checkout, in the same folder where the package is installed.
Nothing heavy is imported here, so that the server is not waited for twice.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
RUNS = "ELBO_ROOM_RUNS"  # as in pages/ui/session/paths.py


def app() -> Path:
    """The file that Streamlit runs."""
    return next(path for path in (HERE / "app.py", HERE.parent / "app.py") if path.is_file())


def main(argv: list[str] | None = None) -> int:
    """`elbo-room` starts the app, `elbo-room --server.port 8600` with Streamlit's settings.

    With a command, as `elbo-room train --help`, it is `python -m vae_core`. The app keeps its runs
    where the command line does: in the folder `runs` of the folder it is started in.
    """
    words = sys.argv[1:] if argv is None else argv
    if words and (words[0] in ("-h", "--help") or not words[0].startswith("-")):
        from vae_core.__main__ import main as command_line

        return command_line(words)
    os.environ.setdefault(RUNS, str(Path("runs").resolve()))
    command = [sys.executable, "-m", "streamlit", "run", str(app()), *words]
    if os.name == "posix":
        os.execv(sys.executable, command)  # so that a signal to this process ends the server
    return subprocess.call(command)

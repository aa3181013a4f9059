"""A zygote: a process that has imported what servers and commands need, and forks into them.

A server imports for seconds before it listens, of which a copy of the zygote is spared most. There
is one for all workers of a test run. The first test that asks starts it, it ends with the process
that began the tests, and it does nothing but wait, so that it has no thread that a fork would lose.
Shapes are not checked in it, as they are not in a server.
"""

from __future__ import annotations

import fcntl
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile

ROOT = Path(__file__).resolve().parents[1]
HOME = "ELBO_ROOM_TESTS"  # the folder of the test run, where the zygote listens
# What takes long to import, and asks nothing of the environment meanwhile.
HEAVY = (
    *("torch", "torch._dynamo", "pandas", "uvicorn"),
    *("plotly.graph_objects", "streamlit.components.v1"),
    *("streamlit.web.bootstrap", "streamlit.web.cli", "vae_core.cli", "vae_core.lessons"),
)
PATIENCE = 120  # seconds for its imports


class Process:
    """A module run by a copy of the zygote: as much of subprocess.Popen as tests use.

    Parameters
    ----------
    words : what follows `python -m`
    cwd : folder it runs in
    env : its environment
    log : file for all that it writes; without one, `communicate` tells it
    """

    returncode: int | None = None

    def __init__(
        self, *words: object, cwd: Path, env: Mapping[str, str], log: Path | None = None
    ) -> None:
        with ExitStack() as opened:
            line = opened.enter_context(_connected(Path(os.environ[HOME]) / "zygote"))
            if log:
                files = [opened.enter_context(log.open("wb"))] * 2
            else:
                files = self._written = [TemporaryFile(), TemporaryFile()]  # noqa: SIM115
            socket.send_fds(line, [b"."], [file.fileno() for file in files])
            line.sendall(json.dumps([[*map(str, words)], str(cwd), dict(env)]).encode() + b"\n")
            self._said = line.makefile("r")
        self.pid = int(self._said.readline())

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, once it has ended. Raises subprocess.TimeoutExpired."""
        if self.returncode is None:
            if not select.select([self._said], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("a copy of the zygote", timeout or 0.0)
            with self._said:
                self.returncode = os.waitstatus_to_exitcode(int(self._said.readline()))
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """What it has written to both streams, once it has ended."""
        self.wait(timeout)
        texts = []
        for file in self._written:
            with file:
                file.seek(0)
                texts.append(file.read().decode())
        return texts[0], texts[1]

    def poll(self) -> int | None:
        """Its exit code, or None while it runs."""
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def is_near() -> bool:
    """Whether tests run that may have one: macOS's own libraries do not bear a fork."""
    return sys.platform == "linux" and HOME in os.environ


def _connected(address: Path) -> socket.socket:
    """A connection to the zygote, which is started unless another worker has done so."""
    with address.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not address.exists():
            owner = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
            with address.with_suffix(".log").open("w") as log:
                subprocess.run(
                    [sys.executable, "-m", "tests.zygote", str(address), str(owner)],
                    cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=True,
                )  # fmt: skip
            deadline = time.monotonic() + PATIENCE
            while not address.exists():
                assert time.monotonic() < deadline, address.with_suffix(".log").read_text()
                time.sleep(0.05)
    line = socket.socket(socket.AF_UNIX)
    line.connect(str(address))
    return line


def main(address: str, owner: str) -> None:
    """Import, then fork for everybody who asks. Returns in copies, as what was asked for."""
    if os.fork():
        os._exit(0)  # who starts it does not wait for it
    os.setsid()  # ctrl-C is for the tests
    for module in HEAVY:
        importlib.import_module(module)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how those end who watch
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address + ".new")
        listener.listen()
        os.rename(address + ".new", address)
        while Path(f"/proc/{owner}").exists():
            if select.select([listener], [], [], 1.0)[0]:
                line, _ = listener.accept()
                if os.fork() == 0:
                    break
                line.close()
        else:
            return
    _become(line)


def _become(line: socket.socket) -> None:
    """Fork once more; the parent tells who the child is and how it ends, the child lives on."""
    _, files, _, _ = socket.recv_fds(line, 1, 2)
    with line.makefile("r") as asked:
        words, cwd, env = json.loads(asked.readline())
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if child := os.fork():
        for file in files:
            os.close(file)
        line.sendall(f"{child}\n".encode())
        _, status = os.waitpid(child, 0)
        line.sendall(f"{status}\n".encode())
        os._exit(0)
    line.close()
    for file, standard in zip(files, (1, 2), strict=True):
        os.dup2(file, standard)
        os.close(file)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.path.insert(0, cwd)
    sys.argv = words
    runpy.run_module(words[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

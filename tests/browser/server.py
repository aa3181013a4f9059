"""`streamlit run app.py` in a process of its own, with runs of its own; and the browser."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests import zygote
from tests.samples import ROOT

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
]  # fmt: skip


@dataclass(frozen=True)
class Server:
    """A running server: where it is, where it keeps runs, and its process."""

    url: str
    runs: Path
    process: zygote.Process | subprocess.Popen[bytes]
    seen: set[int] = field(default_factory=set)

    def children(self) -> list[int]:
        """Ids of all processes that it started and that live, theirs included."""
        parent = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                state, ppid = stat.read_text().rpartition(")")[2].split()[:2]
            except OSError:  # ended while we looked
                continue
            if state != "Z":
                parent[int(stat.parent.name)] = int(ppid)
        found = [self.process.pid]
        for pid in found:
            found += [child for child, p in parent.items() if p == pid]
        self.seen.update(found[1:])
        return found[1:]

    def left(self) -> list[int]:
        """Of the children seen, those that outlived the server."""
        return [pid for pid in self.seen if Path(f"/proc/{pid}").exists()]

    def interrupt(self) -> float:
        """Press ctrl-C; seconds until it has ended."""
        start = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)
        return time.monotonic() - start


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def serve(
    folder: Path,
    *options: str,
    runs: Path | None = None,
    data: str | None = None,
    base: str = "",
    port: int | None = None,
    is_copy: bool = True,
) -> Iterator[Server]:
    """A server with no data set but the digits and those in `data`; ended on the way out.

    Its runs are in its folder, or in one that it shares with others. What it says is in log.txt.
    `options` are Streamlit's own, and `base` is the path below which they tell it to be. On a
    `port` it takes the place of another, which has ended. A copy of the zygote begins seconds
    sooner; a server by `python -m streamlit` is for tests of how processes begin and end.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port, runs = port or free_port(), runs or folder / "runs"
    env = os.environ | {"ELBO_ROOM_RUNS": str(runs), "XDG_CACHE_HOME": str(folder / "cache")}
    env.pop("ELBO_ROOM_DATA", None)
    if data:
        env["ELBO_ROOM_DATA"] = data
    words = ("streamlit", "run", "app.py", "--server.port", str(port))
    words += ("--server.address", "127.0.0.1", *options)
    log = folder / "log.txt"
    process: zygote.Process | subprocess.Popen[bytes]
    if is_copy and zygote.is_near():
        process = zygote.Process(*words, cwd=ROOT, env=env, log=log)
    else:
        with log.open("wb") as said:
            process = subprocess.Popen(
                [sys.executable, "-m", *words],
                cwd=ROOT, env=env, stdout=said, stderr=said, stdin=subprocess.DEVNULL,
            )  # fmt: skip
    server = Server(f"http://127.0.0.1:{port}/{base}", runs, process)
    try:
        wait_for(server.url + "_stcore/health", process)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pid in server.left():  # a test has failed: leave no training behind
            os.kill(pid, signal.SIGKILL)


def wait_for(address: str, process: zygote.Process | subprocess.Popen[bytes]) -> None:
    """Until the process answers there."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError(f"no server at {address}; exit code {process.poll()}")

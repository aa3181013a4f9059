"""A projection as a job: UMAP and t-SNE in a process of their own, kept in a file."""

from __future__ import annotations

from pathlib import Path

from vae_core.analysis.space.projections import project, write_projection
from vae_core.jobs import Job, Stopped, at_work
from vae_core.runs.run import Run
from vae_core.runs.store import RunStore


def projection(run: Run, method: str, what: str, seed: int, to: Path) -> Job:
    """The job that projects the codes of a run, and writes the projection into a file.

    It works in a folder beside the file, which bears the file's name while it does.
    """
    arguments = (str(run.path), method, what, str(seed), str(to))
    lost = "The machine may be short of memory."
    return Job(folder_of(to), project_run, arguments, "projection", lost, is_temporary=True)


def folder_of(to: Path) -> Path:
    """Where the job works that writes this file."""
    return to.with_suffix("")


def project_run(path: str, method: str, what: str, seed: str, to: str) -> bool:
    """Project the codes of the run in this folder; its progress is in the heartbeat.

    Returns
    -------
    bool
        Whether the file was written; False when the job was stopped.

    Raises
    ------
    JobError
        When another process is at work on it.
    ConfigError, RunError
        As `project` and `write_projection`.
    """
    folder, file = Path(path), Path(to)
    with at_work(folder_of(file), "the projection", obey=0.0) as work:
        codes = RunStore(folder.parent).load(folder.name).codes()
        try:
            found = project(codes, method, what, int(seed), progress=work.report)
        except Stopped:
            return False
        write_projection(file, found)
    return True

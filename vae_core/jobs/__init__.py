"""Jobs, their queue and their workers: training and projections, beside the pages.

A job is a function and a folder; its progress is read from the folder. The queue uses the
concurrent.futures.Executor interface only, so processes of this machine or of a cluster that
shares the folder can do the work.
"""

from vae_core.jobs.executors import SCHEDULER, cluster, local_process, local_queue, new_queue
from vae_core.jobs.heartbeat import HEARTBEAT, HeartbeatReader, progress_of
from vae_core.jobs.job import Job
from vae_core.jobs.queue import JobQueue
from vae_core.jobs.training import train_run, training
from vae_core.jobs.worker import STOP, Stopped, Work, ask_to_stop, at_work

__all__ = [
    "HEARTBEAT",
    "SCHEDULER",
    "STOP",
    "HeartbeatReader",
    "Job",
    "JobQueue",
    "Stopped",
    "Work",
    "ask_to_stop",
    "at_work",
    "cluster",
    "local_process",
    "local_queue",
    "new_queue",
    "progress_of",
    "train_run",
    "training",
]

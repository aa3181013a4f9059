"""Training in a queue that a class, a crash and a cluster can lean on.

What is to be done is a run's folder, and how it goes is read from there. The queue knows the
concurrent.futures.Executor interface only, so the work is done by processes of this machine or
by a cluster that shares the folder.
"""

from vae_core.jobs.executors import SCHEDULER, cluster, local_process, new_queue
from vae_core.jobs.heartbeat import HEARTBEAT, HeartbeatReader
from vae_core.jobs.queue import JobQueue
from vae_core.jobs.worker import STOP, ask_to_stop, train_run

__all__ = [
    "HEARTBEAT",
    "SCHEDULER",
    "STOP",
    "HeartbeatReader",
    "JobQueue",
    "ask_to_stop",
    "cluster",
    "local_process",
    "new_queue",
    "train_run",
]

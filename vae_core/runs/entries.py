"""What goes into a folder of runs, and a line of its list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from torch import Tensor

from vae_core.codes import Codes
from vae_core.config import RunConfig
from vae_core.evaluate import ImageTerms
from vae_core.runs.changes import Change
from vae_core.runs.records import DataFacts, Metrics
from vae_core.runs.run import Run
from vae_core.trainer import EpochTerms


def now() -> str:
    """The moment, in ISO 8601, UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True)
class Contents:
    """What goes into the folder of a finished run that was not trained there.

    Attributes
    ----------
    config : RunConfig
    facts : DataFacts
    weights : dict of Tensor
        In the precision to store.
    codes : Codes
        Of the test split.
    metrics : Metrics
    history : sequence of EpochTerms
        One record per epoch; empty when it is not known.
    kept : mapping from int to dict of Tensor
        What is kept of epochs, in the precision to store; see `checkpoints.kept_tensors`.
    epoch : int, optional
        After which the weights were saved.
    created : str
        When, in ISO 8601; now by default.
    terms : ImageTerms, optional
        Of the test split, in the precision to store.
    changes : sequence of Change
        Of beta or the learning rate, while it was trained.
    """

    config: RunConfig
    facts: DataFacts
    weights: dict[str, Tensor]
    codes: Codes
    metrics: Metrics
    history: Sequence[EpochTerms] = ()
    kept: Mapping[int, dict[str, Tensor]] = field(default_factory=dict)
    epoch: int | None = None
    created: str = field(default_factory=now)
    terms: ImageTerms | None = None
    changes: Sequence[Change] = ()


@dataclass(frozen=True)
class Entry:
    """One line of a list of runs: the run, or the reason why it cannot be opened."""

    id: str
    run: Run | None
    problem: str | None = None

    @property
    def status(self) -> str:
        """finished | unfinished | new | damaged."""
        if self.run is None:
            return "damaged"
        if self.run.is_finished:
            return "finished"
        return "unfinished" if self.run.has_model else "new"

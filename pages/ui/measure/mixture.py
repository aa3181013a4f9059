"""Which images the aggregate posterior is of, and how many draws measure it: one choice for all
pages, so that one quantity has one value."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from pages.ui.library import cached, images
from pages.ui.library.background import run_in_background
from pages.ui.session import keys
from vae_core import Codes, Dataset, Run
from vae_core.analysis import RateParts, rate_parts
from vae_core.codes import encode_dataset

DRAWS = (500, 2000, 10_000)
TEST, TRAINING = "Test images", "Training images"


@dataclass(frozen=True)
class Mixture:
    """Which images' posteriors make q(z), and how many draws of z measure it.

    Attributes
    ----------
    split : str
        TEST or TRAINING.
    n_samples : int
    """

    split: str
    n_samples: int

    def describe(self, run: Run) -> str:
        """The images and draws in words."""
        return (
            f"q(z) is the mixture of the posteriors of {len(codes(run, self.split)):,} "
            f"{self.split.lower()} ({run.pixels} pixels), measured at "
            f"{self.n_samples:,} samples of z"
        )


def of(run: Run) -> Mixture:
    """What the reader chose on the page Aggregate; at first, the test images."""
    split = keys.MIXTURE_SPLIT.get_or(TEST)
    if split == TRAINING and not _has_training(run):
        split = TEST
    return Mixture(split, keys.MIXTURE_DRAWS.get_or(DRAWS[1]))


def choose(run: Run) -> None:
    """The two controls, which all pages that measure q(z) go by."""
    st.select_slider(
        "Samples of z", DRAWS, DRAWS[1], key=keys.MIXTURE_DRAWS.name, persist_state="session",
        bind="query-params",
    )  # fmt: skip
    here = _has_training(run)
    st.segmented_control(
        "q(z) is the mixture over", [TEST, TRAINING], default=TEST, required=True,
        key=keys.MIXTURE_SPLIT.name, persist_state="session", disabled=not here,
        bind="query-params",
        help="Training images are more, which narrows every bracket."
        + ("" if here else " They are not on this machine."),
    )  # fmt: skip


def codes(run: Run, split: str) -> Codes:
    """The posteriors that make q(z)."""
    if split == TEST:
        return cached.codes(run)
    data = images.images_of(run)
    kept = cached.training_codes(run)
    if kept is None and data is not None:
        return _training(run, data)
    return kept or cached.codes(run)


def _has_training(run: Run) -> bool:
    """Whether the posteriors of the training images are kept, or can be had."""
    return cached.training_codes(run) is not None or images.images_of(run) is not None


def parts(run: Run, mixture: Mixture) -> RateParts:
    """The mean rate in parts."""
    return _parts(run, mixture.split, mixture.n_samples)


@cached.per_run("Encoding the training images …", max_entries=4)
def _training(run: Run, data: Dataset) -> Codes:
    return run_in_background(encode_dataset, cached.vae(run), data.train)


@cached.per_run("Adding up all posteriors …")
def _parts(run: Run, split: str, n_samples: int) -> RateParts:
    return run_in_background(rate_parts, codes(run, split), n_samples)

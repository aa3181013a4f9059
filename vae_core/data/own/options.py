"""Options of a set that is added: size, fit, colours, split."""

from __future__ import annotations

from dataclasses import dataclass

from vae_core.config import MAX_SEED
from vae_core.data.dataset import MAX_SIDE, MIN_SIDE
from vae_core.errors import ConfigError, shown

FITS = ("crop", "pad", "stretch")
COLOURS = ("auto", "grey", "colour")
TEST_SHARE = 0.2  # of the pictures of a class, where the source has no test split of its own


@dataclass(frozen=True)
class Options:
    """How pictures become a data set.

    Attributes
    ----------
    size : (height, width) or None
        None keeps the size that all have in common, up to MAX_SIDE; else 32 x 32.
    fit : str
        What happens to a picture of other proportions: its middle is cropped, it is padded with
        black, or stretched.
    colour : str
        auto: in colour as soon as one picture is.
    invert : bool
        Dark and light change places, as for ink on paper.
    test_share : float or None
        Share of each class that is kept for testing; None takes the split of the source where it
        has one, else TEST_SHARE.
    shape : (H, W) or (H, W, 3), optional
        Of pictures whose pixels are one row of numbers; else a square.
    seed : int
        Of the split, and of the order of the pictures.

    Raises
    ------
    ConfigError
        For any value out of range.
    """

    size: tuple[int, ...] | None = None
    fit: str = "crop"
    colour: str = "auto"
    invert: bool = False
    test_share: float | None = None
    shape: tuple[int, ...] | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.size is not None and not (len(self.size) == 2 and _are_sides(self.size)):
            raise ConfigError(
                f"size must be height and width, {MIN_SIDE} to {MAX_SIDE} pixels each; got "
                f"{shown(self.size)}."
            )
        if self.shape is not None and not (
            _are_sides(self.shape[:2]) and self.shape[2:] in ((), (1,), (3,))
        ):
            raise ConfigError(
                f"shape must be rows and columns, {MIN_SIDE} to {MAX_SIDE} pixels each, and 3 for "
                f"colour; got {shown(self.shape)}."
            )
        for name, value, known in (("fit", self.fit, FITS), ("colour", self.colour, COLOURS)):
            if value not in known:
                raise ConfigError(f"{name} must be one of {', '.join(known)}; got {shown(value)}.")
        share = self.test_share
        if share is not None and not 0.01 <= share <= 0.9:
            raise ConfigError(f"test-share must be from 0.01 to 0.9; got {shown(share)}.")
        if not 0 <= self.seed <= MAX_SEED:
            raise ConfigError(f"seed must be from 0 to {MAX_SEED}; got {shown(self.seed)}.")


def _are_sides(sizes: tuple[int, ...]) -> bool:
    return len(sizes) == 2 and all(MIN_SIDE <= size <= MAX_SIDE for size in sizes)

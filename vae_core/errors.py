"""Error classes: every error that a user can cause has one base class.

A message has what was expected, what came, and what to do about it.
"""


class VAECoreError(Exception):
    """Base of all errors raised on purpose by this package."""


class ConfigError(VAECoreError):
    """A setting is out of range, unknown, or does not fit another setting."""


class DataError(VAECoreError):
    """A data set is missing, damaged, or has another shape than the model's."""


class RunError(VAECoreError):
    """A run folder is missing, damaged, foreign, or cannot be written."""


class TrainingError(VAECoreError):
    """Training produced NaN or infinity; the last good state was kept."""


class JobError(VAECoreError):
    """The queue takes no more runs."""


class LessonError(VAECoreError):
    """A lesson's file cannot be understood, or asks of a model what it does not have."""


class RoomError(VAECoreError):
    """A class's room is not there, full, or has moved on."""


def printable(text: str, most: int = 300) -> str:
    """Text of a file in one line: what cannot be printed becomes ?, a long rest is cut."""
    line = "".join(c if c.isprintable() else "?" for c in text[: most + 1])
    return line if len(line) <= most else f"{line[:most]} …"


def shown(value: object) -> str:
    """A value inside a message, in one line of moderate length."""
    try:
        return printable(repr(value), 80)
    except (ValueError, RecursionError):  # of a whole number with thousands of digits
        return f"a {type(value).__name__} too long to write"

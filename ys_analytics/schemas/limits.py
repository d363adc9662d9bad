"""Limits of one query: time, rows and memory."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one query; beyond them it is an error, never a shorter answer.

    Attributes:
        seconds: How long it may run.
        rows: How many rows the answer may have.
        memory: How many bytes the engine may use, and how many the answer may have.
    """

    seconds: float = 120.0
    rows: int = 5_000_000
    memory: int = 2 * 2**30


LIMITS = Limits()

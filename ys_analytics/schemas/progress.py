"""The callback by which long work reports progress; knows neither the work nor the screen."""

from typing import Protocol


class Progress(Protocol):
    """A callback that long work calls with its progress."""

    def __call__(self, label: str, done: int = 0, total: int | None = None) -> None:
        """Say that `label` has done so many rows, or steps, of `total` where that is known."""


def silent(label: str, done: int = 0, total: int | None = None) -> None:
    """Report nothing: the default where no progress is asked for."""

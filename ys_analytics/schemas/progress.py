"""How something long says how far it is; knows neither the work nor the screen."""

from typing import Protocol


class Progress(Protocol):
    """Called now and then by anything that takes long."""

    def __call__(self, label: str, done: int = 0, total: int | None = None) -> None:
        """Say that `label` has done so many rows, or steps, of `total` where that is known."""


def silent(label: str, done: int = 0, total: int | None = None) -> None:
    """Say nothing: the progress of a caller who did not ask for any."""

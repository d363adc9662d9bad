"""Output of the commands: results on stdout, everything else on stderr.

Knows Rich; knows no store and no table.
"""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.segment import Segment
from rich.table import Table

from ys_analytics.printable import printable, printable_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import polars as pl
    from rich.console import ConsoleOptions, RenderableType

    from ys_analytics.schemas import Progress

# A file or a pipe has no width of its own; tables there must not be folded to a terminal's eighty.
_WIDTH_OF_FILES = 240


class PlainConsole(Console):
    """A Rich console that prints control characters in texts as visible escapes.

    What Rich itself sends to move the cursor or to colour is left alone.
    """

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """As Rich renders it, each piece of text made harmless."""
        for segment in super().render(renderable, options):
            text, style, control = segment
            yield segment if control else Segment(printable(text, lines=True), style)


out = PlainConsole(highlight=False, width=None if sys.stdout.isatty() else _WIDTH_OF_FILES)
err = PlainConsole(stderr=True, highlight=False, width=None if sys.stderr.isatty() else _WIDTH_OF_FILES)


def say(line: str) -> None:
    """Print one line of progress or advice on stderr."""
    err.print(line, markup=False, style="dim", soft_wrap=True)


def show(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], *, numbers: Sequence[str] = ()) -> None:
    """Print a table on stdout; the columns named in `numbers` are right-aligned.

    Text is printed as it is: a portfolio may be called `[bold]`.
    """
    from rich.text import Text

    title_text = Text(printable(title)) if title else None
    table = Table(
        title=title_text, title_justify="left", title_style="bold", header_style="bold", box=None, pad_edge=False
    )
    for column in columns:
        table.add_column(Text(printable(column)), justify="right" if column in numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text("—" if cell is None else printable(str(cell), lines=True)) for cell in row))
    out.print(table)


def show_frame(frame: pl.DataFrame, *, rows: int = 20) -> None:
    """Print a frame as Polars formats it: every column, exact decimals, the first and last rows."""
    import polars as pl

    text_columns = pl.selectors.string() | pl.selectors.categorical() | pl.selectors.enum()
    shown = frame.with_columns(text_columns.cast(pl.String).map_elements(printable, return_dtype=pl.String))
    names = [printable(name) for name in frame.columns]
    shown.columns = (
        names if len(set(names)) == len(names) else [f"{name} #{number}" for number, name in enumerate(names, 1)]
    )
    with pl.Config(
        tbl_cols=-1, tbl_rows=rows, tbl_width_chars=out.width, fmt_str_lengths=60, thousands_separator=False
    ):
        out.print(str(shown), markup=False)


def show_json(text: str) -> None:
    """Print JSON with control characters as JSON's own escapes."""
    out.out(printable_json(text), end="", highlight=False)


@contextmanager
def progress(what: str) -> Iterator[Progress]:
    """Show a progress bar on stderr, with the time left where it is known.

    Yields the function that moves it; it takes a label and the units done so far, with the total where it
    is known. Nothing is drawn when stderr is not a terminal.
    """
    from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[count]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task(what, total=None, count="")
        speed = _Speed()

        def tick(label: str, done: int = 0, total: int | None = None) -> None:
            description = what if label in {"", what} else f"{what}: {label}"
            bar.update(task, description=description, completed=done, total=total, count=speed.text(label, done, total))

        yield tick


class _Speed:
    """Count and speed of a step, measured from the last update of the step before it."""

    def __init__(self) -> None:
        self._label = ""
        self._step_started = self._last_update = time.monotonic()

    def text(self, label: str, done: int, total: int | None) -> str:
        """Such as `1,200,000 at 400,000/s`; empty where nothing is counted."""
        if label != self._label:
            self._label, self._step_started = label, self._last_update
        self._last_update = time.monotonic()
        if not done:
            return ""
        seconds = self._last_update - self._step_started
        count = f"{done:,}" if total is None else f"{done:,} of {total:,}"
        return f"{count} at {done / seconds:,.0f}/s" if seconds else count

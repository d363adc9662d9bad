"""How the command speaks: results on stdout, everything else on stderr.

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
_UNFOLDED = 240


class PlainConsole(Console):
    """A console on which no text is a command to the terminal: control characters in it become visible escapes.

    What Rich itself sends to move the cursor or to colour is left alone.
    """

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """As Rich renders it, each piece of text made harmless."""
        for segment in super().render(renderable, options):
            text, style, control = segment
            yield segment if control else Segment(printable(text, lines=True), style)


out = PlainConsole(highlight=False, width=None if sys.stdout.isatty() else _UNFOLDED)
err = PlainConsole(stderr=True, highlight=False, width=None if sys.stderr.isatty() else _UNFOLDED)


def say(line: str) -> None:
    """One line of progress or advice, on stderr."""
    err.print(line, markup=False, style="dim", soft_wrap=True)


def show(title: str, heads: Sequence[str], rows: Iterable[Sequence[object]], *, numbers: Sequence[str] = ()) -> None:
    """A table on stdout; the columns named in `numbers` are set flush right.

    Text is printed as it is: a portfolio may be called `[bold]`.
    """
    from rich.text import Text

    above = Text(printable(title)) if title else None
    table = Table(title=above, title_justify="left", title_style="bold", header_style="bold", box=None, pad_edge=False)
    for head in heads:
        table.add_column(Text(printable(head)), justify="right" if head in numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text("—" if cell is None else printable(str(cell), lines=True)) for cell in row))
    out.print(table)


def show_frame(frame: pl.DataFrame, *, rows: int = 20) -> None:
    """A frame as Polars draws it: every column, exact decimals, the first and last rows."""
    import polars as pl

    texts = pl.selectors.string() | pl.selectors.categorical() | pl.selectors.enum()
    shown = frame.with_columns(texts.cast(pl.String).map_elements(printable, return_dtype=pl.String))
    names = [printable(name) for name in frame.columns]
    shown.columns = names if len(set(names)) == len(names) else [f"{name} #{at}" for at, name in enumerate(names, 1)]
    with pl.Config(
        tbl_cols=-1, tbl_rows=rows, tbl_width_chars=out.width, fmt_str_lengths=60, thousands_separator=False
    ):
        out.print(str(shown), markup=False)


def show_json(text: str) -> None:
    """JSON as it is, but for control characters, which stand in it as JSON's own escapes."""
    out.out(printable_json(text), end="", highlight=False)


@contextmanager
def progress(what: str) -> Iterator[Progress]:
    """A bar on stderr while something long runs, with the time left where it is known.

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
        pace = _Pace()

        def tick(label: str, done: int = 0, total: int | None = None) -> None:
            named = what if label in {"", what} else f"{what}: {label}"
            bar.update(task, description=named, completed=done, total=total, count=pace.said(label, done, total))

        yield tick


class _Pace:
    """How much was done of what is being done, and how fast: from when the step before it last spoke."""

    def __init__(self) -> None:
        self._label = ""
        self._begun = self._spoken = time.monotonic()

    def said(self, label: str, done: int, total: int | None) -> str:
        """Such as `1,200,000 at 400,000/s`; empty where nothing is counted."""
        if label != self._label:
            self._label, self._begun = label, self._spoken
        self._spoken = time.monotonic()
        if not done:
            return ""
        taken = self._spoken - self._begun
        count = f"{done:,}" if total is None else f"{done:,} of {total:,}"
        return f"{count} at {done / taken:,.0f}/s" if taken else count

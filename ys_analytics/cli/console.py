"""How the command speaks: results on stdout, everything else on stderr.

Knows Rich; knows no store and no table.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import polars as pl

    from ys_analytics.schemas import Progress

# A file or a pipe has no width of its own; tables there must not be folded to a terminal's eighty.
_UNFOLDED = 240

out = Console(highlight=False, width=None if sys.stdout.isatty() else _UNFOLDED)
err = Console(stderr=True, highlight=False, width=None if sys.stderr.isatty() else _UNFOLDED)


def say(line: str) -> None:
    """One line of progress or advice, on stderr."""
    err.print(line, markup=False, style="dim")


def show(title: str, heads: Sequence[str], rows: Iterable[Sequence[object]], *, numbers: Sequence[str] = ()) -> None:
    """A table on stdout; the columns named in `numbers` are set flush right.

    Text is printed as it is: a portfolio may be called `[bold]`.
    """
    from rich.text import Text

    table = Table(
        title=title or None, title_justify="left", title_style="bold", header_style="bold", box=None, pad_edge=False
    )
    for head in heads:
        table.add_column(head, justify="right" if head in numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text("—" if cell is None else str(cell)) for cell in row))
    out.print(table)


def show_frame(frame: pl.DataFrame, *, rows: int = 20) -> None:
    """A frame as Polars draws it: every column, exact decimals, the first and last rows."""
    import polars as pl

    with pl.Config(
        tbl_cols=-1, tbl_rows=rows, tbl_width_chars=out.width, fmt_str_lengths=60, thousands_separator=False
    ):
        out.print(str(frame), markup=False)


@contextmanager
def progress(what: str) -> Iterator[Progress]:
    """A bar on stderr while something long runs; yields the function that moves it.

    The function takes a label and the units done so far, with the total where it
    is known. Nothing is drawn when stderr is not a terminal.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
    )
    with Bar(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task(what, total=None, rate="")

        def tick(label: str, done: int = 0, total: int | None = None) -> None:
            speed = bar.tasks[0].speed
            rate = f"{speed:,.0f}/s" if speed else ""
            bar.update(task, description=f"{what}: {label}" if label else what, completed=done, total=total, rate=rate)

        yield tick

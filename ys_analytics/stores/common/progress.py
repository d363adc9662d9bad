"""Report how many rows of a read have arrived.

Depends on frames. Does not know any store or screen.
"""

from collections.abc import Callable, Iterable

import polars as pl

# Called now and then with how many rows there are so far; a read that begins again counts from the start.
RowCallback = Callable[[int], None]


def no_progress(rows: int) -> None:
    """Ignore the number."""


def collect_counted(parts: Iterable[pl.DataFrame], report_rows: RowCallback) -> list[pl.DataFrame]:
    """All the parts, each counted when it comes.

    >>> part = pl.DataFrame({"a": [1, 2]})
    >>> len(collect_counted([part, part], print))
    2
    4
    2
    """
    collected, rows = [], 0
    for part in parts:
        collected.append(part)
        rows += part.height
        report_rows(rows)
    return collected

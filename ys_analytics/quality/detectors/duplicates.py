"""Observations delivered twice: the same values a moment later, or again under the same moment.

Depends on time between rows. A value that does not change at its usual pace is found by `stale`.
"""

from collections.abc import Sequence

import polars as pl

# Equal values sooner than this share of the usual pause are a repeat.
_MAX_PAUSE_SHARE = 0.1


def repeated_ticks(frame: pl.DataFrame, *, series: Sequence[str], time: str, values: Sequence[str]) -> pl.DataFrame:
    """Observations with exactly the values of the one before, far too soon after it.

    >>> from datetime import UTC, datetime, timedelta
    >>> start = datetime(2024, 1, 1, tzinfo=UTC)
    >>> at = [start + timedelta(hours=n) for n in range(10)] + [start + timedelta(hours=4, seconds=2)]
    >>> quotes = pl.DataFrame({"coin": "A", "at": at, "price": [*range(10), 4]})
    >>> repeated_ticks(quotes, series=["coin"], time="at", values=["price"]).height
    1
    """
    by = list(series)
    pause = pl.col(time).diff().dt.total_milliseconds()
    same = pl.all_horizontal([(pl.col(value) == pl.col(value).shift(1)).over(by) for value in values])
    return (
        frame.lazy()
        .sort(*by, time)
        .with_columns(_pause=pause.over(by), _same=same)
        .with_columns(_usual=pl.col("_pause").median().over(by))
        .filter(pl.col("_same") & (pl.col("_pause") < _MAX_PAUSE_SHARE * pl.col("_usual")))
        .select(*by, time, *values, said=pl.format("repeats the values of {} before", _duration(pl.col("_pause"))))
        .sort(*by, time)
        .collect()
    )


def _duration(milliseconds: pl.Expr) -> pl.Expr:
    """A duration in its largest whole unit, as people say it."""
    text = pl.format("{} ms", milliseconds)
    for size, unit in ((1_000, "s"), (60_000, "min"), (3_600_000, "h")):
        text = pl.when(milliseconds >= size).then(pl.format(f"{{}} {unit}", milliseconds // size)).otherwise(text)
    return text

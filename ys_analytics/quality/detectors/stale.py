"""Values that stand still for longer than their own habit allows: a feed that repeats its last word.

Knows runs of equal observations; a peg quoted to the cent repeats itself honestly, and its history says so.
"""

from collections.abc import Sequence

import polars as pl

# The chance, by the series' own habit, of so long a run anywhere; below it the run is not chance.
_CHANCE = 1e-7
# Steps without change below which nothing is said.
_SHORTEST = 3


def stale_runs(frame: pl.DataFrame, *, series: Sequence[str], time: str, value: str) -> pl.DataFrame:
    """Rows that repeat the value before them in a run too long to be chance, one row each.

    The habit is the share of steps without change outside the run in question; a series that never moves at all
    has no other habit, and is left in peace.

    >>> from datetime import date, timedelta
    >>> days = [date(2024, 1, 1) + timedelta(days=n) for n in range(40)]
    >>> price = [100.0 + n for n in range(30)] + [129.0] * 10
    >>> quotes = pl.DataFrame({"coin": "A", "day": days, "price": price})
    >>> stale_runs(quotes, series=["coin"], time="day", value="price").height
    10
    """
    by = list(series)
    changed = (pl.col(value) != pl.col(value).shift(1)).fill_null(value=True)
    runs = (
        frame.lazy()
        .filter(pl.col(value).is_not_null())
        .sort(*by, time)
        .with_columns(_run=changed.over(by).cum_sum().over(by))
        .with_columns(_still=pl.len().over(*by, "_run") - 1, _steps=pl.len().over(by) - 1)
        .with_columns(_changes=pl.col("_run").max().over(by) - 1)
    )
    # Steps without change in all other runs, of all steps outside this one, with one added for honesty.
    elsewhere = pl.col("_steps") - pl.col("_changes") - pl.col("_still")
    habit = (elsewhere + 1) / (pl.col("_steps") - pl.col("_still") + 2)
    return (
        runs.filter(pl.col("_changes") > 0)
        .with_columns(_chance=pl.col("_still") * habit.log())
        .filter((pl.col("_still") >= _SHORTEST) & (pl.col("_chance") < pl.lit(_CHANCE).log()))
        .filter(pl.col("_run").is_not_null())
        .with_columns(_since=pl.col(time).min().over(*by, "_run"))
        .filter(pl.col(time) > pl.col("_since"))
        .sort("_chance", *by, time)
        .select(
            *by, time, value,
            said=pl.format("has not moved for {} observations, since {}", pl.col("_still"), pl.col("_since")),
        )
        .collect()
    )  # fmt: skip

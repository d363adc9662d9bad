"""Values that stand still for longer than their own habit allows: a feed that repeats its last word.

Knows runs of equal observations; a peg quoted to the cent repeats itself honestly, and its history says so.
"""

from collections.abc import Sequence

import polars as pl

# The chance, by the series' own habit, of so long a run anywhere; below it the run is not chance.
_MAX_PROBABILITY = 1e-5
# Steps without change below which nothing is said: of one value alone, and of two that stand still together.
_MIN_LENGTH, _MIN_LENGTH_OF_TWO = 2, 1


def stale_runs(
    frame: pl.DataFrame, *, series: Sequence[str], time: str, value: str, other_value: str | None = None
) -> pl.DataFrame:
    """Rows that repeat the value before them in a run too long to be chance, one row each.

    The habit is the share of steps without change outside the run in question; a series that never moves at all
    has no other habit, and is left in peace.

    Args:
        frame: Observations.
        series: The columns that name one series.
        time: When.
        value: What may stand still.
        other_value: What else must stand still for a run to count, such as the volume; both together are rarer.

    >>> from datetime import date, timedelta
    >>> days = [date(2024, 1, 1) + timedelta(days=n) for n in range(40)]
    >>> price = [100.0 + n for n in range(30)] + [129.0] * 10
    >>> quotes = pl.DataFrame({"coin": "A", "day": days, "price": price})
    >>> stale_runs(quotes, series=["coin"], time="day", value="price").height
    10
    """
    by, values = list(series), [value] if other_value is None else [value, other_value]
    shortest = _MIN_LENGTH if other_value is None else _MIN_LENGTH_OF_TWO
    unchanged = {f"_same{index}": (pl.col(name) == pl.col(name).shift(1)).over(by) for index, name in enumerate(values)}
    # Steps without change in all other runs, of all steps outside this one, with one added for honesty.
    habits = [((pl.col(name).sum().over(by) - pl.col("_still") + 1) / (pl.col("_steps") - pl.col("_still") + 2)).log()
              for name in unchanged]  # fmt: skip
    return (
        frame.lazy()
        .drop_nulls(values)
        .sort(*by, time)
        .with_columns(**unchanged)
        .with_columns(_run=pl.all_horizontal(*unchanged).not_().fill_null(value=True).cum_sum().over(by))
        .with_columns(_still=pl.len().over(*by, "_run").cast(pl.Int64) - 1, _steps=pl.len().over(by).cast(pl.Int64) - 1)
        .filter(pl.col("_same0").sum().over(by) < pl.col("_steps"))
        .with_columns(_chance=pl.col("_still") * pl.sum_horizontal(habits))
        .filter((pl.col("_still") >= shortest) & (pl.col("_chance") < pl.lit(_MAX_PROBABILITY).log()))
        .with_columns(_since=pl.col(time).min().over(*by, "_run"))
        .filter(pl.col(time) > pl.col("_since"))
        .sort("_chance", *by, time)
        .select(
            *by, time, value,
            said=pl.format("has not moved for {} observations, since {}", pl.col("_still"), pl.col("_since")),
        )
        .collect()
    )  # fmt: skip

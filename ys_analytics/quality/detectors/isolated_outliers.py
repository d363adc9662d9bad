"""Values that leave their neighbours for a moment and come back: claims and scores, of any sign and on any scale.

Knows columns that change slowly for what they are; prices, which leap and are traded, are `spikes`' business.
"""

from collections.abc import Sequence
from functools import reduce

import polars as pl

# Usual steps a value must leave by, on both sides; and how much of the way out may be left after the way back.
_FAR, _LEFT = 12.0, 0.35
_LONGEST = 3
# Steps, half on each side, from which the usual one is read, and the least there must be.
_WINDOW, _ENOUGH = 41, 8
# A step is never taken for less than this share of the usual size of the value.
_LEAST_STEP = 0.002


def isolated_outliers(
    frame: pl.DataFrame, *, series: Sequence[str], time: str, value: str, least: float = 0.5
) -> pl.DataFrame:
    """Up to three observations far from those before and after, which agree with each other.

    Args:
        frame: Observations; nulls are left out, and so are zeros, which `zeros_between` looks at.
        series: The columns that name one series.
        time: When.
        value: What was observed: a ratio, a score, a size; of any sign.
        least: How far they must lie away, as a share of the usual size around them.

    >>> from datetime import date, timedelta
    >>> days = [date(2024, 1, 1) + timedelta(days=n) for n in range(30)]
    >>> ratio = [0.02 + n / 1000 + n % 2 / 5000 for n in range(30)]
    >>> ratio[20] *= 100
    >>> claims = pl.DataFrame({"portfolio": "A", "day": days, "ratio": ratio})
    >>> isolated_outliers(claims, series=["portfolio"], time="day", value="ratio")["day"].to_list()
    [datetime.date(2024, 1, 21)]
    """
    by = list(series)
    step = pl.col("_value").diff()
    usual = step.abs().rolling_median(_WINDOW, min_samples=_ENOUGH, center=True)
    size = pl.col("_value").abs().rolling_median(_WINDOW, min_samples=_ENOUGH, center=True)
    lengths = range(1, _LONGEST + 1)
    began = [(length, ago) for length in lengths for ago in range(length)]
    return (
        frame.lazy()
        .filter(pl.col(value) != 0)
        .sort(*by, time)
        .with_columns(_value=pl.col(value).cast(pl.Float64))
        .with_columns(_step=step.over(by), _size=size.over(by), _usual=usual.over(by))
        .with_columns(_usual=pl.max_horizontal("_usual", _LEAST_STEP * pl.col("_size"), least / _FAR * pl.col("_size")))
        .with_columns(**{f"_out{length}": _left_and_back(length).over(by) for length in lengths})
        .with_columns(_score=pl.max_horizontal([pl.col(f"_out{length}").shift(ago).over(by) for length, ago in began]))
        .filter((pl.col("_score") > _FAR) & pl.col("_score").is_finite())
        .sort("_score", *by, time, descending=[True, *[False] * (len(by) + 1)])
        .select(
            *by, time, value,
            said=pl.format(
                "differs from both neighbours by {} times the usual step",
                pl.col("_score").round(0).cast(pl.Int64),
            ),
        )
        .collect()
    )  # fmt: skip


def _left_and_back(length: int) -> pl.Expr:
    """How many usual steps so many observations lie away from both sides; null where they do not."""
    away, back = pl.col("_step"), pl.col("_step").shift(-length)
    inside = [pl.col("_step").shift(-ago) for ago in range(1, length)]
    size = pl.min_horizontal(away.abs(), back.abs())
    left = reduce(lambda total, one: total + one, inside, away + back).abs()
    wandered = reduce(lambda total, one: total + one.abs(), inside, pl.lit(0.0))
    comes_back = (away * back < 0) & (left < _LEFT * size) & (wandered < _LEFT * size)
    return pl.when(comes_back & (pl.col("_usual") > 0)).then(size / pl.col("_usual"))


def zeros_between(frame: pl.DataFrame, *, series: Sequence[str], time: str, value: str) -> pl.DataFrame:
    """Up to three zeros in a row between two values that are none: what was not known was written as nothing.

    >>> sizes = pl.DataFrame({"pool": "A", "day": range(6), "tvl": [5.0, 5.1, 0.0, 5.2, 5.1, 5.0]})
    >>> zeros_between(sizes, series=["pool"], time="day", value="tvl")["day"].to_list()
    [2]
    """
    by = list(series)
    some = pl.col(value) != 0
    return (
        frame.lazy()
        .drop_nulls(value)
        .sort(*by, time)
        .with_columns(_run=some.cum_sum().over(by), _more=some.reverse().cum_sum().reverse().over(by))
        .with_columns(_zeros=(~some).sum().over(*by, "_run"))
        .filter(~some & (pl.col("_run") > 0) & (pl.col("_more") > 0) & (pl.col("_zeros") <= _LONGEST))
        .sort(*by, time)
        .select(*by, time, value, said=pl.lit("is zero between two values that are not"))
        .collect()
    )

"""Isolated outliers: values that leave their neighbours for a moment and come back, of any sign and on any scale.

Depends on columns that change slowly. Prices, which jump and are traded, are checked by `spikes`.
"""

from collections.abc import Sequence
from functools import reduce

import polars as pl

# Usual steps a value must leave by, on both sides; and how much of the way out may be left after the way back.
_MIN_STEPS, _MAX_REMAINDER = 12.0, 0.35
_MAX_LENGTH = 3
# Steps, half on each side, from which the usual one is read, and the least there must be.
_WINDOW, _MIN_OBSERVATIONS = 41, 8
# A step is never taken for less than this share of the usual size of the value.
_MIN_STEP_SHARE = 0.002


def isolated_outliers(
    frame: pl.DataFrame, *, series: Sequence[str], time: str, value: str, min_distance: float = 0.5
) -> pl.DataFrame:
    """Up to three observations far from those before and after, which agree with each other.

    Args:
        frame: Observations; nulls are left out, and so are zeros, which `zeros_between` looks at.
        series: The columns that name one series.
        time: When.
        value: What was observed: a ratio, a score, a size; of any sign.
        min_distance: How far they must lie away, as a share of the usual size around them.

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
    usual = step.abs().rolling_median(_WINDOW, min_samples=_MIN_OBSERVATIONS, center=True)
    size = pl.col("_value").abs().rolling_median(_WINDOW, min_samples=_MIN_OBSERVATIONS, center=True)
    lengths = range(1, _MAX_LENGTH + 1)
    windows = [(length, rows_back) for length in lengths for rows_back in range(length)]
    return (
        frame.lazy()
        .filter(pl.col(value) != 0)
        .sort(*by, time)
        .with_columns(_value=pl.col(value).cast(pl.Float64))
        .with_columns(_step=step.over(by), _size=size.over(by), _usual=usual.over(by))
        .with_columns(
            _usual=pl.max_horizontal(
                "_usual", _MIN_STEP_SHARE * pl.col("_size"), min_distance / _MIN_STEPS * pl.col("_size")
            )
        )
        .with_columns(**{f"_out{length}": _excursion_size(length).over(by) for length in lengths})
        .with_columns(
            _score=pl.max_horizontal(
                [pl.col(f"_out{length}").shift(rows_back).over(by) for length, rows_back in windows]
            )
        )
        .filter((pl.col("_score") > _MIN_STEPS) & pl.col("_score").is_finite())
        .sort("_score", *by, time, descending=[True, *[False] * (len(by) + 1)])
        .select(
            *by,
            time,
            value,
            said=pl.format(
                "differs from both neighbours by {} times the usual step",
                pl.col("_score").round(0).cast(pl.Int64),
            ),
        )
        .collect()
    )


def _excursion_size(length: int) -> pl.Expr:
    """How many usual steps so many observations lie away from both sides; null where they do not."""
    step_out, step_back = pl.col("_step"), pl.col("_step").shift(-length)
    inside = [pl.col("_step").shift(-rows) for rows in range(1, length)]
    size = pl.min_horizontal(step_out.abs(), step_back.abs())
    remainder = reduce(lambda total, step: total + step, inside, step_out + step_back).abs()
    wandered = reduce(lambda total, step: total + step.abs(), inside, pl.lit(0.0))
    comes_back = (step_out * step_back < 0) & (remainder < _MAX_REMAINDER * size) & (wandered < _MAX_REMAINDER * size)
    return pl.when(comes_back & (pl.col("_usual") > 0)).then(size / pl.col("_usual"))


def zeros_between(frame: pl.DataFrame, *, series: Sequence[str], time: str, value: str) -> pl.DataFrame:
    """Up to three zeros in a row between two values that are not zero: an unknown value was written as zero.

    >>> sizes = pl.DataFrame({"pool": "A", "day": range(6), "tvl": [5.0, 5.1, 0.0, 5.2, 5.1, 5.0]})
    >>> zeros_between(sizes, series=["pool"], time="day", value="tvl")["day"].to_list()
    [2]
    """
    by = list(series)
    nonzero = pl.col(value) != 0
    return (
        frame.lazy()
        .drop_nulls(value)
        .sort(*by, time)
        .with_columns(_run=nonzero.cum_sum().over(by), _more=nonzero.reverse().cum_sum().reverse().over(by))
        .with_columns(_zeros=(~nonzero).sum().over(*by, "_run"))
        .filter(~nonzero & (pl.col("_run") > 0) & (pl.col("_more") > 0) & (pl.col("_zeros") <= _MAX_LENGTH))
        .sort(*by, time)
        .select(*by, time, value, said=pl.lit("is zero between two values that are not"))
        .collect()
    )

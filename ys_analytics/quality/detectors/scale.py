"""Values off by a power of ten: a unit misread, a decimal point moved, wei taken for ether.

Knows jumps between observations of a series, and amounts far outside all others of their kind. A collapse also
falls by powers of ten, but never out of a calm, and never without trading.
"""

from collections.abc import Sequence

import polars as pl

from ys_analytics.quality.detectors.moves import moves

_LN10 = 2.302585092994046
# A real move of this size comes with far more trading than usual.
_TRADED = 3.0
# Usual moves a jump must exceed: where values leap about anyhow, a leap of ten is nothing.
_FAR = 8.0
# The largest move of the days before that still counts as calm.
_CALM = 0.5
_DAYS_BEFORE = 3
# How far from the exact power a jump may lie: a few usual moves, and never so far that any fall will do.
_LEAST_SLACK, _MOST_SLACK = 0.05, 0.4
# Decades from the median of all amounts of a kind beyond which no person's wealth explains one.
_DECADES = 6.0


def decimal_shifts(
    frame: pl.DataFrame, *, series: Sequence[str], time: str, value: str, volume: str | None = None
) -> pl.DataFrame:
    """Observations a power of ten away from the level most of their series stands on.

    Every jump close to a power of ten, out of a calm and without the trading a real one brings, moves the series
    to another level; rows on any but the commonest level are at fault.

    >>> from datetime import date, timedelta
    >>> days = [date(2024, 1, 1) + timedelta(days=n) for n in range(30)]
    >>> price = [(100.0 + n % 3) * (1000 if n >= 25 else 1) for n in range(30)]
    >>> quotes = pl.DataFrame({"coin": "A", "day": days, "price": price})
    >>> decimal_shifts(quotes, series=["coin"], time="day", value="price").height
    5
    """
    by = list(series)
    seen = moves(frame, series=by, time=time, value=value, volume=volume).lazy()
    decades = pl.col("alone") / _LN10
    slack = (4 * pl.col("habit")).clip(_LEAST_SLACK, _MOST_SLACK)
    before = [pl.col("_true").abs().shift(ago).over(by).fill_null(0.0) for ago in range(1, _DAYS_BEFORE + 1)]
    return (
        seen.with_columns(_power=decades.round(0))
        .with_columns(_near=((decades - pl.col("_power")).abs() * _LN10 <= slack) & (pl.col("_power") != 0)
                        & (pl.col("alone").abs() > _FAR * pl.col("habit")))
        .with_columns(_true=pl.when("_near").then(pl.col("alone") - pl.col("_power") * _LN10).otherwise("alone"))
        .with_columns(_calm=pl.max_horizontal(before) < _CALM, _traded=pl.col("traded").fill_null(0.0) >= _TRADED)
        .with_columns(_jump=pl.when(pl.col("_near") & pl.col("_calm") & ~pl.col("_traded")).then("_power").otherwise(0))
        .with_columns(_on=pl.col("_jump").cum_sum().over(by).cast(pl.Int32))
        .with_columns(_usual=pl.col("_on").mode().min().over(by))
        .filter(pl.col("_on") != pl.col("_usual"))
        .sort(*by, time)
        .select(
            *by, time, value,
            said=pl.format("stands 10^{} times its usual level", pl.col("_on") - pl.col("_usual")),
        )
        .collect()
    )  # fmt: skip


def scale_outliers(frame: pl.DataFrame, *, series: Sequence[str], key: Sequence[str], value: str) -> pl.DataFrame:
    """Amounts many decades from all others of their kind: raw units written where whole ones belong.

    Args:
        frame: Amounts of any sign; zeros and nulls are left out.
        series: The columns that name a kind, such as the asset.
        key: The columns that name a row.
        value: The amount.

    >>> paid = pl.DataFrame({"id": range(6), "coin": "A", "paid": [1.0, 2.0, 0.5, 3.0, 2e18, 1.5]})
    >>> scale_outliers(paid, series=["coin"], key=["id"], value="paid")["id"].to_list()
    [4]
    """
    by = list(series)
    decades = pl.col(value).cast(pl.Float64).abs().log10()
    off = pl.col("_decades") - pl.col("_usual")
    return (
        frame.lazy()
        .filter(pl.col(value) != 0)
        .with_columns(_decades=decades)
        .with_columns(_usual=pl.col("_decades").median().over(by), _many=pl.len().over(by))
        .with_columns(_spread=1.4826 * off.abs().median().over(by))
        .filter((pl.col("_many") >= 5) & (off.abs() >= pl.max_horizontal(_DECADES, 6 * pl.col("_spread"))))  # noqa: PLR2004
        .with_columns(_off=off.round(0).cast(pl.Int32))
        .sort(pl.col("_off").abs(), *key, descending=[True, *[False] * len(key)])
        .select(
            *dict.fromkeys([*key, *by]), value,
            said=pl.format("is 10^{} times the usual amount", pl.col("_off")),
        )
        .collect()
    )  # fmt: skip

"""Stablecoins off their peg: news, and never an error of the data.

Depends on prices: a coin is pegged while it trades near the peg. One that has left for good is no longer pegged, so
that the finding ends by itself.
"""

from collections.abc import Sequence

import polars as pl

# Observations looked at, and the share of them near the peg from which a coin is pegged.
_WINDOW = 60
_MIN_SHARE_AT_PEG = 0.6
_MIN_OBSERVATIONS = 10
_PEG_TOLERANCE = 0.02


def broken_pegs(frame: pl.DataFrame, *, series: Sequence[str], time: str, value: str, peg: float = 1.0) -> pl.DataFrame:
    """Observations more than two per cent from a peg that was kept in most of the sixty before, furthest first.

    >>> from datetime import date, timedelta
    >>> days = [date(2023, 1, 1) + timedelta(days=n) for n in range(30)]
    >>> price = [1.0 if n != 25 else 0.88 for n in range(30)]
    >>> quotes = pl.DataFrame({"coin": "USDC", "day": days, "price": price})
    >>> broken_pegs(quotes, series=["coin"], time="day", value="price")["said"].to_list()
    ['trades at 0.88, 12.0 % below its peg']
    """
    by = list(series)
    deviation = pl.col("_price") / peg - 1
    share_at_peg = (
        (deviation.abs() <= _PEG_TOLERANCE)
        .cast(pl.Float64)
        .shift(1)
        .rolling_mean(_WINDOW, min_samples=_MIN_OBSERVATIONS)
    )
    side = pl.when(deviation < 0).then(pl.lit("below")).otherwise(pl.lit("above"))
    return (
        frame.lazy()
        .filter(pl.col(value).is_not_null())
        .sort(*by, time)
        .with_columns(_price=pl.col(value).cast(pl.Float64))
        .with_columns(_kept=share_at_peg.over(by))
        .filter((pl.col("_kept") >= _MIN_SHARE_AT_PEG) & (deviation.abs() > _PEG_TOLERANCE))
        .sort(deviation.abs(), *by, time, descending=[True, *[False] * (len(by) + 1)])
        .select(
            *by, time, value,
            said=pl.format(
                "trades at {}, {} % {} its peg", pl.col("_price").round(6), (deviation.abs() * 100).round(1), side
            ),
        )
        .collect()
    )  # fmt: skip

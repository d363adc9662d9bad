"""Coins that promised to stay at one dollar and do not: news, and never an error of the data.

Knows pegs by their conduct; a coin that has left for good is no longer one, so the rule ends by itself.
"""

from collections.abc import Sequence

import polars as pl

# Observations over which conduct is checked, and the share of them near the peg that makes one.
_WINDOW = 60
_KEPT = 0.6
_ENOUGH = 10
_NEAR = 0.02


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
    off = pl.col("_price") / peg - 1
    kept = (off.abs() <= _NEAR).cast(pl.Float64).shift(1).rolling_mean(_WINDOW, min_samples=_ENOUGH)
    side = pl.when(off < 0).then(pl.lit("below")).otherwise(pl.lit("above"))
    return (
        frame.lazy()
        .filter(pl.col(value).is_not_null())
        .sort(*by, time)
        .with_columns(_price=pl.col(value).cast(pl.Float64))
        .with_columns(_kept=kept.over(by))
        .filter((pl.col("_kept") >= _KEPT) & (off.abs() > _NEAR))
        .sort(off.abs(), *by, time, descending=[True, *[False] * (len(by) + 1)])
        .select(
            *by, time, value,
            said=pl.format(
                "trades at {}, {} % {} its peg", pl.col("_price").round(6), (off.abs() * 100).round(1), side
            ),
        )
        .collect()
    )  # fmt: skip

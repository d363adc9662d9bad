"""Bars of open, high, low and close: what a day of prices may look like, and what no day does.

Knows bars an analyst brings along; none of the four stores holds any.
"""

from collections.abc import Sequence

import polars as pl

# A low this many times below the body of its own bar, on this bar only, was one order in an empty book.
_WICK = 4.0


def impossible_bars(frame: pl.DataFrame, *, key: Sequence[str]) -> pl.DataFrame:
    """Bars whose high is not the highest, whose low is not the lowest, or whose prices are not positive.

    >>> bars = pl.DataFrame(
    ...     {"day": [1, 2], "open": [1.0, 1.0], "high": [2.0, 0.9], "low": [0.5] * 2, "close": [1.5, 0.8]}
    ... )
    >>> impossible_bars(bars, key=["day"])["day"].to_list()
    [2]
    """
    body = ["open", "close"]
    wrong = (
        (pl.col("high") < pl.max_horizontal(body))
        | (pl.col("low") > pl.min_horizontal(body))
        | (pl.min_horizontal("low", *body) <= 0)
    )
    return frame.filter(wrong).sort(*key).select(*key, said=pl.lit("its high and low do not hold its open and close"))


def wicks(frame: pl.DataFrame, *, series: Sequence[str], time: str) -> pl.DataFrame:
    """Bars whose low or high lies far outside their body and outside both neighbours: use the close, not the wick.

    The first bar of a series is spared: an opening auction finds its price by going everywhere.

    >>> low = [4.0, 3.9, 0.001, 3.0, 2.9]
    >>> bars = pl.DataFrame({"coin": "A", "day": range(5), "open": 4.2, "high": 4.4, "low": low, "close": 4.1})
    >>> wicks(bars, series=["coin"], time="day")["day"].to_list()
    [2]
    """
    by = list(series)
    bottom, top = pl.min_horizontal("open", "close"), pl.max_horizontal("open", "close")
    lows = pl.min_horizontal(pl.col("low").shift(1), pl.col("low").shift(-1)).over(by)
    highs = pl.max_horizontal(pl.col("high").shift(1), pl.col("high").shift(-1)).over(by)
    down = (pl.col("low") * _WICK < bottom) & (pl.col("low") * _WICK < pl.col("_lows"))
    up = (pl.col("high") > _WICK * top) & (pl.col("high") > _WICK * pl.col("_highs"))
    return (
        frame.lazy()
        .sort(*by, time)
        .with_columns(_lows=lows, _highs=highs, _first=pl.int_range(pl.len()).over(by) == 0)
        .filter(~pl.col("_first") & (down | up))
        .select(
            *by, time, "low", "high",
            said=pl.format(
                "its {} is no price: its body says otherwise",
                pl.when(down).then(pl.lit("low")).otherwise(pl.lit("high")),
            ),
        )
        .collect()
    )  # fmt: skip

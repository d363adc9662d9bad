"""Yields that jump: against the pool's own past and the rates they are made of.

Depends on yields per year as fractions. A high yield may be true and is still no basis for a ranking.
"""

from collections.abc import Sequence

import polars as pl

# A jump to this many times the fortnight's median, and back, is a division by almost nothing.
_MIN_JUMP = 10.0
_MIN_YIELD = 0.25
# The share of a yield, as a simple rate, that its parts must make to confirm it.
_MIN_PARTS_SHARE = 0.5


def yield_jumps(
    frame: pl.DataFrame, *, series: Sequence[str], time: str, apy: str, size: str, parts: Sequence[str] = ()
) -> pl.DataFrame:
    """Yields more than ten times their fortnight's median while the pool and what it pays stayed as they were.

    Args:
        frame: Yields per year, as fractions.
        series: The columns that name one pool.
        time: When.
        apy: The yield.
        size: What is locked in the pool.
        parts: The simple rates it is made of. A leap that these make too is a day of many trades or a new programme
            of rewards, and no error; a part that is not known says nothing.

    >>> from datetime import date, timedelta
    >>> days = [date(2024, 1, 1) + timedelta(days=n) for n in range(20)]
    >>> pool = pl.DataFrame({"pool": "A", "day": days, "apy": [0.05] * 19 + [5.0], "tvl": [1e6] * 20})
    >>> yield_jumps(pool, series=["pool"], time="day", apy="apy", size="tvl").height
    1
    """
    by = list(series)
    usual = {
        f"_{name}": pl.col(name).cast(pl.Float64).rolling_median(15, min_samples=5, center=True).over(by)
        for name in (apy, size)
    }
    same = (pl.col(size).cast(pl.Float64) / pl.col(f"_{size}") - 1).abs() < 0.5  # noqa: PLR2004
    rate = pl.col(apy).cast(pl.Float64)
    known = pl.sum_horizontal([pl.lit(0.0), *(pl.col(part).cast(pl.Float64).fill_null(0.0) for part in parts)])
    return (
        frame.lazy()
        .sort(*by, time)
        .with_columns(**usual)
        .filter(known < _MIN_PARTS_SHARE * rate.log1p())
        .filter((rate > _MIN_YIELD) & (rate > _MIN_JUMP * pl.col(f"_{apy}").abs()) & (pl.col(f"_{apy}") > 0) & same)
        .sort(rate / pl.col(f"_{apy}"), *by, time, descending=[True, *[False] * (len(by) + 1)])
        .select(
            *by, time, apy,
            said=pl.format("pays {} times its usual yield", (rate / pl.col(f"_{apy}")).round(0).cast(pl.Int64)),
        )
        .collect()
    )  # fmt: skip

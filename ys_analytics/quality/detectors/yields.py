"""Yields beyond reason: against the pool's own past, its kind, and what trading could ever pay.

Knows yields per year as fractions; a high yield may be true and is still no basis for a ranking.
"""

from collections.abc import Sequence

import polars as pl

# Yields above this are not earned by anybody for a year.
_ABSURD = 10.0
# Blue chips and stablecoins against each other: the largest fees ever paid for long stay below this.
_ABSURD_FOR_BLUE = 2.0
# A leap to this many times its fortnight, and back, is a division by almost nothing.
_LEAP = 10.0
_NOTABLE = 0.25
# The share of a yield, as a simple rate, that its parts must make to bear it out.
_BORNE_OUT = 0.5

BLUE = frozenset(
    {"BTC", "WBTC", "CBBTC", "ETH", "WETH", "STETH", "WSTETH", "RETH", "USDC", "USDT", "DAI", "USDS", "FRAX", "USDE"}
)


def absurd_yields(
    frame: pl.DataFrame, *, key: Sequence[str], apy: str, pair: str | None = None, unit: float = 1.0
) -> pl.DataFrame:
    """Yields above 1,000 % a year, or above 200 % where both sides of the pair are blue chips.

    Args:
        frame: Yields.
        key: The columns that name a row.
        apy: The yield.
        pair: The pool's tokens, as `USDC-WETH`, where known.
        unit: What one is one of: 1 for fractions, 100 where they came as per cent.

    >>> rows = pl.DataFrame({"pool": ["USDC-WETH", "HOPPY-WETH", "DAI-USDC"], "apy": [301.8, 5.0, 0.02]})
    >>> absurd_yields(rows, key=["pool"], apy="apy", pair="pool")["pool"].to_list()
    ['USDC-WETH']
    """
    rate = pl.col(apy).cast(pl.Float64) / unit
    limit: pl.Expr = pl.lit(_ABSURD)
    if pair is not None:
        sides = pl.col(pair).str.to_uppercase().str.split("-")
        limit = (
            pl.when(sides.list.eval(pl.element().is_in(list(BLUE))).list.all()).then(_ABSURD_FOR_BLUE).otherwise(limit)
        )
    return (
        frame.lazy()
        .filter(rate > limit)
        .sort(rate, *key, descending=[True, *[False] * len(key)])
        .select(*key, apy, said=pl.format("promises {} % a year", (rate * 100).round(0).cast(pl.Int64)))
        .collect()
    )


def leaping_yields(
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
    >>> leaping_yields(pool, series=["pool"], time="day", apy="apy", size="tvl").height
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
        .filter(known < _BORNE_OUT * rate.log1p())
        .filter((rate > _NOTABLE) & (rate > _LEAP * pl.col(f"_{apy}").abs()) & (pl.col(f"_{apy}") > 0) & same)
        .sort(rate / pl.col(f"_{apy}"), *by, time, descending=[True, *[False] * (len(by) + 1)])
        .select(
            *by, time, apy,
            said=pl.format("pays {} times its usual yield", (rate / pl.col(f"_{apy}")).round(0).cast(pl.Int64)),
        )
        .collect()
    )  # fmt: skip

"""Detectors of what no store of the platform holds: bars, texts that should be numbers, rounds of an oracle.

The cases of real data need them; a suite would have nothing to ask them of, so they are not in the package.
"""

from collections.abc import Collection, Sequence
from datetime import timedelta

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


def outdated(frame: pl.DataFrame, *, claimed: str, updated: str, heartbeat: timedelta) -> pl.DataFrame:
    """Rows whose value is older than the moment they claim by more than the source's heartbeat and a tenth.

    >>> from datetime import UTC, datetime, timedelta
    >>> at = datetime(2025, 12, 26, tzinfo=UTC)
    >>> rows = pl.DataFrame({"at": [at, at], "updated": [at - timedelta(seconds=29_244), at - timedelta(seconds=900)]})
    >>> outdated(rows, claimed="at", updated="updated", heartbeat=timedelta(hours=1)).height
    1
    """
    return (
        frame.lazy()
        .filter(pl.col(claimed) - pl.col(updated) > heartbeat * 1.1)
        .sort(claimed)
        .select(claimed, updated, said=pl.format("was last updated {}", pl.col(updated)))
        .collect()
    )


def broken_identity(
    frame: pl.DataFrame, *, key: Sequence[str], whole: str, product_of: tuple[str, str], tolerance: float = 0.05
) -> pl.DataFrame:
    """Rows in which a whole is not the product of its two factors.

    >>> row = pl.DataFrame({"coin": "DAI", "cap": 696.4, "price": 1.0208, "supply": 633.4})
    >>> broken_identity(row, key=["coin"], whole="cap", product_of=("price", "supply"))["said"].item()
    'cap is 1.077 times price x supply'
    """
    first, second = product_of
    product = pl.col(first).cast(pl.Float64) * pl.col(second).cast(pl.Float64)
    ratio = pl.col(whole).cast(pl.Float64) / product
    return (
        frame.lazy()
        .filter(pl.col(whole) != 0)
        .filter((product == 0) | ((ratio - 1).abs() > tolerance))
        .sort(*key)
        .select(*key, whole, said=pl.format(f"{whole} is {{}} times {first} x {second}", ratio.round(3)))
        .collect()
    )


def beyond_the_whole(frame: pl.DataFrame, *, key: Sequence[str], part: str, whole: str) -> pl.DataFrame:
    """Rows in which a part is larger than the whole it was taken from, of either sign.

    >>> row = pl.DataFrame({"id": [1], "profit": [-23_169_164_200.8], "amount": [24_675.2]})
    >>> beyond_the_whole(row, key=["id"], part="profit", whole="amount").height
    1
    """
    return (
        frame.lazy()
        .filter(pl.col(part).abs() > pl.col(whole).abs())
        .sort(*key)
        .select(*key, part, whole, said=pl.lit(f"{part} is larger than {whole}, of which it is a part"))
        .collect()
    )


def conflicts(frame: pl.DataFrame, *, key: Sequence[str], values: Sequence[str]) -> pl.DataFrame:
    """Keys that stand for more than one row, with whether the rows agree.

    >>> rows = pl.DataFrame({"id": [1, 1, 2, 3, 3], "price": [5, 5, 6, 7, 8]})
    >>> conflicts(rows, key=["id"], values=["price"]).to_dicts()
    [{'id': 1, 'said': 'stands 2 times, with the same values'},
     {'id': 3, 'said': 'stands 2 times, with different values'}]
    """
    differ = pl.any_horizontal([pl.col(value).n_unique() > 1 for value in values])
    words = pl.when("_differ").then(pl.lit("different values")).otherwise(pl.lit("the same values"))
    return (
        frame.lazy()
        .group_by(list(key))
        .agg(_rows=pl.len(), _differ=differ)
        .filter(pl.col("_rows") > 1)
        .sort(*key)
        .select(*key, said=pl.format("stands {} times, with {}", pl.col("_rows"), words))
        .collect()
    )


# Yields above this are not earned by anybody for a year.
_ABSURD = 10.0

# Blue chips and stablecoins against each other: the largest fees ever paid for long stay below this.
_ABSURD_FOR_BLUE = 2.0

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


_PLAIN = r"^\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*$"
# With its currency, its thousands, its per cent.
_DRESSED = r"^\s*[+-]?\s*[$€£]?\s*[+-]?\d{1,3}(,?\d{3})*(\.\d+)?\s*(%|[kKmMbB]n?|USD|EUR)?\s*$"
QUOTES = ("USDT", "USDC", "BUSD", "FDUSD", "TUSD", "USD", "EUR", "BTC", "ETH")


def dressed_numbers(frame: pl.DataFrame, *, key: Sequence[str], columns: Sequence[str]) -> pl.DataFrame:
    """Text cells that hold a number dressed for people, which a cast would turn into nothing.

    >>> rows = pl.DataFrame({"id": [1, 2, 3], "tvl": ["$231,066.52", "19405589.49%", "12.5"]})
    >>> dressed_numbers(rows, key=["id"], columns=["tvl"])["tvl"].to_list()
    ['$231,066.52', '19405589.49%']
    """
    found = [
        frame.filter(pl.col(column).str.contains(_DRESSED) & ~pl.col(column).str.contains(_PLAIN))
        .select(*key, column, said=pl.format(f"{column} is text: {{}}", pl.col(column)))
        for column in columns
        if frame.schema[column] == pl.String
    ]  # fmt: skip
    return pl.concat(found, how="diagonal") if found else frame.head(0).select(*key)


def ambiguous_symbols(frame: pl.DataFrame, *, symbol: str, known: Collection[str]) -> pl.DataFrame:
    """Market symbols that split into two different pairs of known names.

    >>> rows = pl.DataFrame({"symbol": ["ARBUSD", "ETHUSDT"]})
    >>> ambiguous_symbols(rows, symbol="symbol", known={"AR", "ARB", "ETH"})["said"].to_list()
    ['reads as AR/BUSD or ARB/USD']
    """
    found = []
    for name in frame.get_column(symbol).drop_nulls().unique().sort():
        pairs = sorted(f"{name[: -len(q)]}/{q}" for q in QUOTES if name.endswith(q) and name[: -len(q)] in known)
        if len(pairs) > 1:
            found.append({symbol: name, "said": f"reads as {' or '.join(pairs)}"})
    return pl.DataFrame(found, schema={symbol: pl.String, "said": pl.String})

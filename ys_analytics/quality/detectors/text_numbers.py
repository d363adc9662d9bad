"""Text that should have been a number, and names that can be read in two ways.

Knows how people write numbers for people; repairs nothing.
"""

from collections.abc import Collection, Sequence

import polars as pl

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

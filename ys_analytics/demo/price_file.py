"""A market read from a file of real prices, in the shape of `market_data` with symbols for asset ids.

Knows the file's shape and which symbols the demo needs; invents no price: a day without one for every
needed symbol is no day of this market, so gaps of the file stay gaps.
"""

from pathlib import Path

import numpy as np
import polars as pl

from ys_analytics.demo.fixed_point import PRICE_SCALE, Floats, rounded_units
from ys_analytics.demo.market import CLOSE, HOURS, Market
from ys_analytics.demo.world import OPTIONAL, QUOTED, SYMBOLS
from ys_analytics.errors import ContractError, UsageError

_COLUMNS = ("timestamp", "asset_id", "price", "volume_24h", "source")


def read_market(file: Path, *, days: int) -> Market:
    """The file's last `days` days that have a price of every symbol the demo trades.

    Args:
        file: Parquet or CSV with timestamp, asset_id (a symbol such as BTC), price in USD, volume_24h in USD
            and source; one row per symbol and day, stamped anywhere in its UTC day, holding the day's close.
        days: How many days to take.

    Raises:
        UsageError: the file is absent, of another kind, lacks a symbol, or has fewer days.
        ContractError: a column is missing, a price is not positive, or a day has two prices of a symbol.
    """
    quotes = _quotes(file)
    found = set(quotes["symbol"].unique())
    missing = [symbol for symbol in QUOTED if symbol not in found and symbol not in OPTIONAL]
    if missing:
        raise UsageError(f"{file.name} has no prices of {', '.join(missing)}; the demo needs them")
    symbols = [symbol for symbol in QUOTED if symbol in found]
    table = _pivot(quotes, symbols, "price").drop_nulls().sort("day").tail(days)
    # An optional symbol that ended years ago must not end the market.
    if table.height < days and OPTIONAL & set(symbols):
        symbols = [symbol for symbol in symbols if symbol not in OPTIONAL]
        table = _pivot(quotes, symbols, "price").drop_nulls().sort("day").tail(days)
    if table.height < days:
        raise UsageError(f"{file.name} has {table.height} days with all of {', '.join(symbols)}, not {days}")
    volume = _pivot(quotes, symbols, "volume").join(table.select("day"), on="day", how="semi").sort("day")
    return _market(table, volume, symbols, source=str(quotes["source"][0]))


def _quotes(file: Path) -> pl.DataFrame:
    """Rows of the needed symbols: symbol, day, price, volume, source."""
    rows = _scan(file)
    missing = [name for name in _COLUMNS if name not in rows.collect_schema()]
    if missing:
        raise ContractError(f"{file.name} has no column {', '.join(missing)}; it needs {', '.join(_COLUMNS)}")
    moment = pl.col("timestamp")
    if rows.collect_schema()["timestamp"] == pl.String():
        moment = moment.str.to_datetime(time_zone="UTC")
    quotes = (
        rows.select(
            symbol=pl.col("asset_id"),
            day=moment.dt.date(),
            price=pl.col("price").cast(pl.Float64),
            volume=pl.col("volume_24h").cast(pl.Float64).fill_null(0.0),
            source=pl.col("source"),
        )
        .filter(pl.col("symbol").is_in(QUOTED))
        .collect()
    )
    wrong = quotes.filter(~(pl.col("price") > 0) | pl.col("price").is_null())
    if wrong.height:
        raise ContractError(f"{file.name}: {wrong.height} prices are not positive, first {wrong['symbol'][0]}")
    if quotes.select("symbol", "day").is_duplicated().any():
        repeated = quotes.filter(quotes.select("symbol", "day").is_duplicated())
        raise ContractError(f"{file.name}: {repeated['symbol'][0]} has two prices on {repeated['day'][0]}; keep one")
    return quotes


def _scan(file: Path) -> pl.LazyFrame:
    if not file.is_file():
        raise UsageError(f"{file}: no such file of prices")
    match file.suffix:
        case ".parquet":
            return pl.scan_parquet(file)
        case ".csv":
            return pl.scan_csv(file, infer_schema_length=None)
        case _:
            raise UsageError(f"{file.name}: prices are read from .parquet or .csv")


def _pivot(quotes: pl.DataFrame, symbols: list[str], column: str) -> pl.DataFrame:
    """One row a day, one column a symbol."""
    known = quotes.filter(pl.col("symbol").is_in(symbols))
    return known.pivot(on="symbol", on_columns=symbols, index="day", values=column)


def _market(table: pl.DataFrame, volume: pl.DataFrame, symbols: list[str], *, source: str) -> Market:
    days = table["day"].to_numpy().astype("datetime64[D]")
    prices = np.zeros((len(SYMBOLS), days.size, HOURS))
    volumes = np.zeros((len(SYMBOLS), days.size))
    for symbol in symbols:
        row = SYMBOLS.index(symbol)
        prices[row] = _intraday_prices(table[symbol].to_numpy())
        volumes[row] = volume[symbol].to_numpy()
    return Market(days=days, prices=rounded_units(prices, PRICE_SCALE), volume=volumes, hourly_days=0, source=source)


def _intraday_prices(closes: Floats) -> Floats:
    """Prices at which trades inside a day are made: on the straight line, in logarithms, from close to close.

    They are never quoted; the last of each day is the close itself, untouched.
    """
    before = np.log(np.concatenate([closes[:1], closes[:-1]]))[:, None]
    part = (np.arange(1, HOURS + 1) / HOURS)[None, :]
    path: Floats = np.exp(before * (1.0 - part) + np.log(closes)[:, None] * part)
    path[:, CLOSE] = closes
    return path

"""Read vendors' quotes and candles into rows of `market_data`: asset, price in USD and time.

Depends on `vendor_cells`, `pairs` and the registry of assets. Does not take a currency or an asset for granted: what
neither the file nor its name nor the user states is asked for.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import polars as pl

from ys_analytics.errors import ContractError, UsageError
from ys_analytics.ingest import pairs
from ys_analytics.ingest.assets import FIAT, Asset, Assets, chain_number
from ys_analytics.ingest.parsed import where_true
from ys_analytics.ingest.problems import Problems
from ys_analytics.ingest.raw_tables import RawTable
from ys_analytics.ingest.vendor_cells import Cells
from ys_analytics.schemas import MONEY, TABLES, TIME

DAY = timedelta(days=1)
_MILLI = timedelta(milliseconds=1)
_RATE = pl.Decimal(18, 8)
_MIN_ROWS = 2
_MAX_RATE_AGE = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """What the user states about files that do not state it themselves.

    Attributes:
        asset: The priced asset: symbol, id, vendor's id or chain:contract.
        quote: The currency of prices.
        interval: The length of a candle.
        chain: The chain's name or number.
        at: The moment of rows without one.
        par: Currencies taken at one US dollar, such as USDT.
        account: The name of an exchange's account; the vendor's when left out.
        register: Whether unknown assets are registered.
    """

    asset: str = ""
    quote: str = ""
    interval: str = ""
    chain: str = ""
    at: str = ""
    par: frozenset[str] = field(default_factory=frozenset)
    account: str = ""
    register: bool = False


def quotes(
    table: RawTable, assets: Assets, options: ImportOptions, problems: Problems, *, rates: Mapping[str, pl.DataFrame]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of `market_data`, and the place of each in its file.

    Args:
        table: A file of kind `quotes` or `candles`.
        assets: The registry.
        options: What the user states.
        problems: Collects problems and remarks.
        rates: By currency its timestamp and price in USD, as the stores have them.

    Raises:
        UsageError: asset, currency or interval are stated nowhere.
        ContractError: a currency has no rate in the stores.
    """
    cells = Cells(table, problems)
    row_assets = _row_assets(cells, assets, options)
    has_price = _has_price(cells)
    times = _moments(cells, options, row_assets)
    price = _price(cells, has_price)
    quote = _currency(cells, options, row_assets)
    rows = pl.DataFrame(
        {
            "timestamp": times,
            "asset_id": row_assets["id"],
            "chain_id": row_assets["chain"].cast(pl.UInt32),
            "price": price,
            "volume_24h": _volume(cells, options, times, quote),
            "market_cap": cells.decimals("market_cap", exact=False, needed=False),
            "quote": quote,
        }
    )
    _check_candles(cells, price)
    dropped = int((~has_price).sum())
    if dropped:
        problems.remark(f"{dropped:,} rows of {table.file} hold no price ({', '.join(table.layout.absent['price'])})")
    rows, origin = (rows.filter(has_price), table.origin.filter(has_price)) if dropped else (rows, table.origin)
    rows = _in_dollars(rows, origin, problems, options, rates)
    for name in ("volume_24h", "market_cap"):
        if empty := rows[name].null_count():
            problems.remark(f"of {name} not stated: 0 stands for unknown", empty)
    rows = _with_change(rows, problems).with_columns(
        pl.col("volume_24h", "market_cap").fill_null(pl.lit(0, MONEY)), source=pl.lit(table.layout.vendor)
    )
    return rows.select(list(TABLES["market_data"].schema)), origin


def currencies(table: RawTable, options: ImportOptions) -> set[str]:
    """Every currency other than the US dollar in which a file's prices are."""
    cells = Cells(table, Problems(table="market_data"))
    row_assets = pl.DataFrame({"quote": _pair_parts(cells, 1)})
    currencies = set(_currency(cells, options, row_assets, needed=False).drop_nulls().unique().to_list())
    return {currency for currency in currencies if currency != "USD" and currency not in options.par}


def _has_price(cells: Cells) -> pl.Series:
    """Mask of the rows that hold a price, not the vendor's word for none."""
    words = cells.table.layout.absent.get("price", ())
    if not words:
        return pl.repeat(True, cells.height, eager=True)  # noqa: FBT003 - a column of yes
    return ~cells.text("price").is_in(list(words)).fill_null(value=False)


def _price(cells: Cells, has_price: pl.Series) -> pl.Series:
    """Prices; where a file states supply and market cap, the second divided by the first."""
    if not cells.has_column("units"):
        price = cells.decimals("price", exact=False, keep=None if has_price.all() else has_price)
        cells.note("price", price <= 0, "is no price: it must be above 0")
        return price
    supply, market_cap = cells.decimals("units", exact=False), cells.decimals("market_cap", exact=False)
    cells.note("units", supply <= 0, "is no amount in circulation")
    ratio = market_cap.cast(pl.Float64) / supply.cast(pl.Float64)
    cells.problems.remark("of price are market_cap by units, rounded to 12 decimals", ratio.len())
    is_valid = ratio.is_finite() & (supply > 0)
    return where_true(ratio.round(12), is_valid).cast(MONEY)


# Assets


def _row_assets(cells: Cells, assets: Assets, options: ImportOptions) -> pl.DataFrame:
    """id, chain and quote of every row."""
    if cells.has_column("contract") and not options.asset:
        return _by_contract(cells, assets, options)
    if cells.has_column("pair") and not options.asset:
        return _by_pair(cells, assets, options)
    asset = _one_asset(cells, assets, options)
    row = {"id": asset.id, "chain": asset.chain or 0, "quote": _quote_in_file_name(cells.table)}
    return pl.DataFrame(
        [
            pl.Series(name, [row[name]], dtype=dtype).new_from_index(0, cells.height)
            for name, dtype in _ASSET_SCHEMA.items()
        ]
    )


_ASSET_SCHEMA = {"id": pl.String, "chain": pl.Int64, "quote": pl.String}


def _one_asset(cells: Cells, assets: Assets, options: ImportOptions) -> Asset:
    table = cells.table
    name, basis = options.asset, "as asked"
    if not name:
        basis = f"by the name of {table.file}"
        name = table.in_file_name.get("asset", "")
        if not name and "pair" in table.in_file_name:
            name = _split(table.in_file_name["pair"], table)[0]
    if not name:
        raise UsageError(f"{table.file}: does not say whose prices it holds; add --asset BTC")
    name = table.layout.aliases.get(name.upper(), name)
    found = assets.find(name)
    if isinstance(found, str):
        if options.register and "several" not in found and re.fullmatch(r"[A-Za-z0-9.]{1,20}", name):
            first = cells.times().drop_nulls().min()
            if first is None:
                raise ContractError(f"{table.file}: has no time that can be read")
            found = assets.register(name.upper(), since=first)  # type: ignore[arg-type]
        else:
            more = (
                "; register it with --register, or name it with --asset"
                if "several" not in found
                else "; name it by --asset CHAIN:CONTRACT"
            )
            raise UsageError(f"{table.file}: {found}{more}")
    if basis != "as asked":
        cells.problems.remark(f"prices of {found.symbol}, {basis}")
    return found


def _split(pair: str, table: RawTable) -> tuple[str, str]:
    readings = _readings(pair, table)
    if len(readings) != 1:
        readings_text = " or ".join("/".join(reading) for reading in readings) or "no market"
        raise UsageError(f"{table.file}: {pair} may be {readings_text}; say which with --asset and --quote")
    return readings[0]


def _readings(pair: str, table: RawTable) -> list[tuple[str, str]]:
    """What the name of a market may mean in a vendor's file; futures in coins alone are quoted in plain dollars."""
    quotes = table.layout.options.get("quotes") or pairs.QUOTES
    found = pairs.split(pair, quotes=quotes, aliases=table.layout.aliases)
    if not found and "future" in table.in_file_name:
        found = pairs.split(pair, quotes=("USD",), aliases=table.layout.aliases)
    return found


def _by_pair(cells: Cells, assets: Assets, options: ImportOptions) -> pl.DataFrame:
    names = cells.text("pair")
    rows: dict[str, tuple[str | None, int, str | None]] = {}
    for name in names.drop_nulls().unique().to_list():
        symbol, quote = _split(name, cells.table)
        asset = assets.by_symbol(symbol)
        if isinstance(asset, str) and options.register and "several" not in asset:
            first = cells.times().drop_nulls().min()
            asset = assets.register(symbol, since=first)  # type: ignore[arg-type]
        if isinstance(asset, str):
            cells.note("pair", names == name, asset)
        rows[name] = (None, 0, quote) if isinstance(asset, str) else (asset.id, asset.chain or 0, quote)
    cells.note("pair", names.is_null(), "is empty", quoted=False)
    return _lookup(names, rows)


def _by_contract(cells: Cells, assets: Assets, options: ImportOptions) -> pl.DataFrame:
    keys = cells.text("chain") + ":" + cells.text("contract").str.to_lowercase()
    rows: dict[str, tuple[str | None, int, str | None]] = {}
    symbols = cells.text("symbol")
    for key in keys.drop_nulls().unique().to_list():
        chain, _, contract = key.partition(":")
        number = chain_number(chain)
        if number is None:
            cells.note("chain", keys == key, "is no chain")
            rows[key] = (None, 0, None)
            continue
        asset = assets.by_contract(number, contract)
        symbol = symbols.filter(keys == key).drop_nulls().first()
        if asset is None and options.register and symbol:
            asset = assets.register(str(symbol), since=cells.times().min(), chain=number, contract=contract)  # type: ignore[arg-type]
        if asset is None:
            cells.note("contract", keys == key, f"is no asset's contract on {chain}; register it with --register")
        rows[key] = (asset.id if asset else None, number, None)
    for name in ("chain", "contract"):
        cells.note(name, cells.text(name).is_null(), "is empty", quoted=False)
    return _lookup(keys, rows)


def _lookup(keys: pl.Series, rows: Mapping[str, tuple[str | None, int, str | None]]) -> pl.DataFrame:
    known = pl.DataFrame(
        [(key, *row) for key, row in rows.items()], schema={"key": pl.String, **_ASSET_SCHEMA}, orient="row"
    )
    return (
        pl.DataFrame({"key": keys}, schema={"key": pl.String})
        .join(known, on="key", how="left", maintain_order="left")
        .drop("key")
    )


# Currencies


def _quote_in_file_name(table: RawTable) -> str | None:
    if "quote" in table.in_file_name:
        return table.in_file_name["quote"].upper()
    if "pair" in table.in_file_name:
        readings = _readings(table.in_file_name["pair"], table)
        return readings[0][1] if len(readings) == 1 else None
    return None


def _pair_parts(cells: Cells, part: int) -> pl.Series:
    if cells.has_column("pair"):
        names = cells.text("pair")
        known = {name: _split(name, cells.table)[part] for name in names.drop_nulls().unique().to_list()}
        return names.replace_strict(known, default=None, return_dtype=pl.String)
    return pl.Series([_quote_in_file_name(cells.table)], dtype=pl.String).new_from_index(0, cells.height)


def _currency(cells: Cells, options: ImportOptions, row_assets: pl.DataFrame, *, needed: bool = True) -> pl.Series:
    """The currency of each row's price, stated by the user, the file, its name or the layout."""
    table = cells.table
    if options.quote:
        return pl.Series("quote", [options.quote.upper()], dtype=pl.String).new_from_index(0, cells.height)
    if cells.has_column("quote"):
        ids = cells.text("quote")
        known = ids.replace_strict(dict(table.layout.quotes), default=None, return_dtype=pl.String)
        cells.note("quote", ids.is_not_null() & known.is_null(), "is no currency this layout knows; add --quote USD")
        cells.note("quote", ids.is_null(), "is empty", quoted=False)
        return known
    if table.layout.quote:
        return pl.Series("quote", [table.layout.quote], dtype=pl.String).new_from_index(0, cells.height)
    if needed and cells.height and row_assets["quote"].null_count():
        raise UsageError(f"{table.file}: does not say in which currency its prices are; add --quote USD")
    return row_assets["quote"]


def _in_dollars(
    rows: pl.DataFrame,
    origin: pl.DataFrame,
    problems: Problems,
    options: ImportOptions,
    rates: Mapping[str, pl.DataFrame],
) -> pl.DataFrame:
    """Prices, volumes and market caps in USD, at the last rate of the stores within a day before each."""
    for quote in rows["quote"].drop_nulls().unique().sort().to_list():
        if quote == "USD":
            continue
        in_quote = rows["quote"] == quote
        if quote in options.par:
            problems.remark(f"of price in {quote} taken at one US dollar, as asked", int(in_quote.sum()))
            continue
        rate_rows = rates.get(quote)
        if rate_rows is None or rate_rows.is_empty():
            advice = "" if quote in FIAT else f", or take it at par with --par {quote}"
            raise ContractError(
                f"market_data: nothing was imported: prices are in {quote}, and the stores have no price of {quote} in "
                f"USD; import its prices first{advice}"
            )
        joined = (
            rows.with_row_index("place")
            .sort("timestamp")
            .join_asof(
                rate_rows.select(quoted="timestamp", rate=pl.col("price").cast(MONEY)).sort("quoted"),
                left_on="timestamp", right_on="quoted", tolerance=_MAX_RATE_AGE,
            )
            .sort("place")
        )  # fmt: skip
        problems.add(origin, in_quote & joined["rate"].is_null(), f"no price of {quote} in USD within a day before it")
        converted = [
            pl.when(pl.lit(in_quote))
            .then((pl.col(name) * pl.col("rate")).cast(MONEY))
            .otherwise(pl.col(name))
            .alias(name)
            for name in ("price", "volume_24h", "market_cap")
        ]
        rows = joined.with_columns(converted).select(rows.columns)
        problems.remark(
            f"of price in {quote} converted to USD at the stores' last price of {quote}", int(in_quote.sum())
        )
    return rows.drop("quote")


# Times


def _moments(cells: Cells, options: ImportOptions, row_assets: pl.DataFrame) -> pl.Series:
    """The moment of each quote; a candle's is the last millisecond before the next one opens."""
    times = cells.times()
    if cells.table.layout.kind != "candles":
        return times
    if cells.table.layout.time.get("marks") == "close":
        opened = cells.times("open_time")
        cells.note("time", times <= opened, "is a close that is not after its opening")
        return times
    span = _interval(cells, options, times, row_assets)
    return (times + span - _MILLI).cast(TIME)


def _interval(cells: Cells, options: ImportOptions, times: pl.Series, row_assets: pl.DataFrame) -> timedelta:
    """The length of a candle by the user, the file's name or the gaps between its rows."""
    interval = _stated_interval(cells, options)
    stated = pairs.length(interval) if interval else None
    if interval and stated is None:
        raise UsageError(f"{cells.table.file}: {interval} is no interval of fixed length such as 1m, 4h or 1d")
    gaps = (
        pl.DataFrame({"id": row_assets["id"], "time": times}).drop_nulls().unique().sort("id", "time")
        .select(pl.col("time").diff().over("id")).to_series().drop_nulls()
    )  # fmt: skip
    smallest_gap = gaps.min() if gaps.len() >= _MIN_ROWS else None
    if stated is None and smallest_gap is None:
        raise UsageError(f"{cells.table.file}: how long are its candles? add --interval 1d")
    if stated is not None:
        if smallest_gap is not None and smallest_gap < stated:  # type: ignore[operator]
            raise ContractError(
                f"{cells.table.file}: its rows are {smallest_gap!s} apart, closer than a candle of {interval}"
            )
        return stated
    assert isinstance(smallest_gap, timedelta)  # noqa: S101 - the least of differences of times
    cells.problems.remark(f"candles of {cells.table.file} are {smallest_gap} long, as its rows are apart")
    return smallest_gap


def _stated_interval(cells: Cells, options: ImportOptions) -> str:
    """The length of a candle as the user, the file's name or the layout says it; empty where none does."""
    named = cells.table.in_file_name
    minutes = f"{named['minutes']}m" if "minutes" in named else ""
    return (
        options.interval or named.get("interval", "") or minutes or str(cells.table.layout.options.get("interval", ""))
    )


def _volume(cells: Cells, options: ImportOptions, times: pl.Series, quote: pl.Series) -> pl.Series:
    """What was traded in 24 hours, in the currency of the price; null where a candle is of another length."""
    unknown = pl.Series("volume", [None], dtype=MONEY).new_from_index(0, cells.height)
    if "future" in cells.table.in_file_name:
        cells.problems.remark(f"prices of {cells.table.file} are those of a future; its volume is left out")
        return unknown
    if cells.table.layout.kind == "candles" and cells.has_column("volume"):
        interval = _stated_interval(cells, options)
        length = pairs.length(interval) if interval else None
        if length is None and times.len() > 1:
            smallest_gap = times.sort().diff().drop_nulls().min()
            length = smallest_gap if isinstance(smallest_gap, timedelta) else None
        if length != DAY:
            return unknown
    volume = cells.decimals("volume", exact=False, needed=False)
    if (file_name := re.fullmatch(r"Volume ([A-Z0-9]+)", cells.table.columns.get("volume", ""))) is not None:
        volume = where_true(volume, (quote == file_name[1]).fill_null(value=False))
    cells.note("volume", volume < 0, "is a negative volume")
    return volume


def _check_candles(cells: Cells, price: pl.Series) -> None:
    """Note rows whose open or close lies outside low and high, which shows exchanged columns."""
    if not all(cells.has_column(name) for name in ("open", "high", "low")):
        return
    columns = {name: cells.decimals(name, exact=False, needed=False) for name in ("open", "high", "low")}
    cells.note("price", (price > columns["high"]) | (price < columns["low"]), "is a close outside its low and high")
    cells.note(
        "open",
        (columns["open"] > columns["high"]) | (columns["open"] < columns["low"]),
        "is an open outside its low and high",
    )


def _with_change(rows: pl.DataFrame, problems: Problems) -> pl.DataFrame:
    """The change of each price in 24 hours, by the file's own row a day before; 0 where there is none."""
    # As floats once: what is rounded to 8 decimals of a fraction needs no more digits.
    price = rows["price"].cast(pl.Float64)
    before = _price_before_by_index(rows, price)
    if before is None:
        before = _price_before_by_time(rows, price)
    ratio = price / before - 1
    fits = (ratio.abs() < 1e9).fill_null(value=False)  # noqa: PLR2004 - what the column holds
    changed = rows.with_columns(price_change_24h=where_true(ratio.round(8), fits).cast(_RATE))
    if unknown := changed["price_change_24h"].null_count():
        problems.remark("of price_change_24h have no row a day before: 0 stands for unknown", unknown)
    return changed.with_columns(pl.col("price_change_24h").fill_null(pl.lit(0, _RATE)))


def _price_before_by_index(rows: pl.DataFrame, price: pl.Series) -> pl.Series | None:
    """The price a day before each row of one asset whose rows are evenly apart; None where they are not."""
    if rows.height < _MIN_ROWS or rows["asset_id"][0] is None or (rows["asset_id"] != rows["asset_id"][0]).any():
        return None
    gaps = rows["timestamp"].diff().drop_nulls()
    step = gaps.min()
    if not isinstance(step, timedelta) or step != gaps.max() or step <= timedelta(0) or DAY % step:
        return None
    return price.shift(DAY // step)


def _price_before_by_time(rows: pl.DataFrame, price: pl.Series) -> pl.Series:
    """The price a day before each row, by asset and time; null where the file has none."""
    keys = ["asset_id", "timestamp"]
    before = rows.select("asset_id", pl.col("timestamp") + DAY, before=price).unique(keys, keep="first")
    return rows.select(keys).join(before, on=keys, how="left", maintain_order="left")["before"]

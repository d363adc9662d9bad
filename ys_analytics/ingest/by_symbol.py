"""Market data by symbol: recognise files that name assets by symbol, and put asset ids in place of the symbols.

Knows how symbols become asset ids. What a layout changes is listed in its `meaning`, which the result of an
import repeats: nothing is converted without being said.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from uuid import NAMESPACE_URL, uuid5

import polars as pl

from ys_analytics.ingest.files import Source
from ys_analytics.ingest.numbers import as_text, per_cent
from ys_analytics.ingest.parsing import parse
from ys_analytics.schemas import CHAINS, TABLES

if TYPE_CHECKING:
    from ys_analytics.stores import Stores

Layout = Literal["table", "symbols"]

MEANING: dict[Layout, str] = {
    "table": "",
    "symbols": "asset_id holds symbols, times without zone are UTC, price_change_24h is in percent "
    "and rounded to 8 decimals of its fraction, a null market_cap (unknown) or price_change_24h is 0",
}

_UUID = r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"
_SHOWN = 12
_MAINNET = 1
_NO_CHAIN = 0
_CHAIN = next(column for column in TABLES["market_data"].columns if column.name == "chain_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """The registered assets of the symbols in a file, and the assets to register for the other symbols.

    Attributes:
        known: symbol, chain_id (null for a coin with a chain of its own), id, name and contract_address.
        new: Rows for the table `assets`, for every symbol that it does not know, one on each chain named with it.
    """

    known: pl.DataFrame
    new: pl.DataFrame

    def unknown(self) -> str:
        """The error for symbols that no asset has, the first dozen named; empty where each is registered."""
        if self.new.is_empty():
            return ""
        symbols = self.new["symbol"].unique(maintain_order=True).to_list()
        more = f" and {len(symbols) - _SHOWN} more" if len(symbols) > _SHOWN else ""
        return (
            f"no asset has the symbol {', '.join(symbols[:_SHOWN])}{more}; "
            "register them with --register, or choose among the file's own with --symbols BTC,ETH"
        )


def recognise_layout(source: Source, table: str) -> Layout:
    """`symbols` for market data in which no asset_id is a UUID, else `table`.

    One id among symbols makes it `table`, so that a typing error is an error of its line.
    """
    if table != "market_data" or "asset_id" not in source.rows.columns or not source.rows.height:
        return "table"
    ids = source.rows["asset_id"].cast(pl.String, strict=False).drop_nulls()
    return "symbols" if ids.len() and not ids.str.contains(_UUID).any() else "table"


def keep_symbols(source: Source, symbols: Collection[str] | None) -> Source:
    """Only the rows of the chosen symbols; all where none are chosen."""
    if symbols is None:
        return source
    kept = source.rows["asset_id"].cast(pl.String).is_in(list(symbols)).fill_null(value=True)
    return Source(path=source.path, rows=source.rows.filter(kept), origin=source.origin.filter(kept))


def symbols_in(source: Source) -> list[str]:
    """The symbols of a file, sorted."""
    return source.rows["asset_id"].cast(pl.String).drop_nulls().unique().sort().to_list()


def registry(stores: "Stores", symbols: Collection[str], *, quotes: pl.DataFrame) -> Registry:
    """Look the symbols up in the table `assets`.

    Args:
        stores: PostgreSQL open.
        symbols: What the files name.
        quotes: symbol, chain (0 where none is named) and time of every row that has a symbol. A symbol that no asset
            has would be a coin on each chain that is named with it, else one with a chain of its own, as old as
            its first quote.
    """
    schema: dict[str, pl.DataType] = {
        "symbol": pl.String(),
        "chain_id": pl.Int32(),
        "id": pl.String(),
        "name": pl.String(),
        "contract_address": pl.String(),
    }
    known = stores.postgres.read(
        "SELECT symbol, chain_id, id::text AS id, name, contract_address FROM assets "
        "WHERE symbol = ANY(%(symbols)s) ORDER BY symbol, chain_id NULLS FIRST, contract_address, id",
        {"symbols": list(symbols)},
        schema=schema,
    )
    new = _new_assets(quotes.filter(~pl.col("symbol").is_in(known["symbol"].unique().implode())))
    return Registry(known=pl.concat([known, new.select(list(schema)).cast(dict(schema))]), new=new)  # type: ignore[arg-type]


def rewrite(source: Source, registry: Registry) -> tuple[Source, list[tuple[pl.Series, str]], list[tuple[str, int]]]:
    """Put asset ids and chains in place of a file's symbols; times and other values stay as written.

    A row that names a chain, by number or name, means the symbol's token there. Without one (or with 0) it means
    the coin with a chain of its own, else mainnet's token, else the only one there is. An asset is a contract, so
    a chain may have two of one symbol: such a row means neither.

    Returns:
        The file; the rows whose symbol and chain mean no asset, or several, and why; and which names of chains
        were read as numbers. A row whose chain cannot be read keeps it as written, for its own fault.
    """
    chains = parse(source.rows["chain_id"], _CHAIN)
    requested = pl.DataFrame(
        {
            "symbol": source.rows["asset_id"].cast(pl.String),
            "chain": chains.values.cast(pl.Int64).fill_null(_NO_CHAIN),
            "readable": chains.values.is_not_null() | source.rows["chain_id"].is_null(),
        }
    )
    pairs = (
        requested.select("symbol", "chain")
        .unique(maintain_order=True)
        .join(registry.known, on="symbol", how="left", maintain_order="left_right")
    )
    asset_chain = pl.col("chain_id")
    rank = pl.when(asset_chain.is_null()).then(0).when(asset_chain == _MAINNET).then(1).otherwise(2)
    nearest = (
        pairs.filter(pl.col("id").is_not_null() & ((pl.col("chain") == _NO_CHAIN) | (pl.col("chain") == asset_chain)))
        .with_columns(rank=rank)
        .filter(pl.col("rank") == pl.col("rank").min().over("symbol", "chain"))
    )
    unambiguous = nearest.filter(pl.len().over("symbol", "chain") == 1).select("symbol", "chain", "id", "chain_id")
    resolved = requested.join(unambiguous, on=["symbol", "chain"], how="left", maintain_order="left")
    is_unclear = resolved["id"].is_null() & resolved["readable"] & resolved["symbol"].is_not_null()
    # A row that means no asset, or several, has its fault; an id of the symbol stands in, so that it gets no second.
    any_id = requested.join(
        registry.known.unique("symbol", keep="first", maintain_order=True),
        on="symbol",
        how="left",
        maintain_order="left",
    )["id"]
    resolved_chain = resolved["chain_id"].fill_null(0).cast(pl.String)
    rows = source.rows.with_columns(
        asset_id=resolved["id"].fill_null(any_id),
        chain_id=resolved_chain.zip_with(resolved["readable"], source.rows["chain_id"].cast(pl.String)),
        market_cap=_or_zero(source.rows["market_cap"]),
        price_change_24h=_fraction(source.rows["price_change_24h"]),
    )
    problems = [
        (
            is_unclear & (resolved["symbol"] == symbol) & (resolved["chain"] == chain),
            _why_unclear(symbol, chain, registry, nearest),
        )
        for symbol, chain in resolved.filter(is_unclear)
        .select("symbol", "chain")
        .unique(maintain_order=True)
        .iter_rows()
    ]
    return Source(path=source.path, rows=rows, origin=source.origin), problems, chains.remarks


def _why_unclear(symbol: str, chain: int, registry: Registry, nearest: pl.DataFrame) -> str:
    """Why a symbol on a chain is not one asset: there is none, or there are several, each named."""
    matches = nearest.filter((pl.col("symbol") == symbol) & (pl.col("chain") == chain))
    if matches.height:
        rows = matches.select("name", "chain_id", "contract_address", "id").iter_rows()
        listed = " and ".join(f"{name} ({contract or id_}, {_chain(home)})" for name, home, contract, id_ in rows)
        return f"means several assets: {listed}; write the asset's id instead"
    chains = registry.known.filter(pl.col("symbol") == symbol)["chain_id"].unique(maintain_order=True).to_list()
    return f"is on no such chain as {_chain(chain)}: it is on {', '.join(map(_chain, chains))}"


def _chain(number: int | None) -> str:
    """A chain as text for a message: name and number."""
    name = CHAINS.get(number or 0)
    return name if name and not number else f"{name}, {number}" if name else f"chain {number}"


def chains_in(source: Source) -> pl.Series:
    """The chain each row names; 0 where it names none, null where it cannot be read."""
    chains = parse(source.rows["chain_id"], _CHAIN).values.cast(pl.Int64)
    return chains.zip_with(source.rows["chain_id"].is_not_null(), chains.fill_null(_NO_CHAIN))


def _new_assets(quotes: pl.DataFrame) -> pl.DataFrame:
    """Rows of `assets` for symbols that are not registered; their ids follow from symbol and chain."""
    has_chain = (pl.col("chain") != _NO_CHAIN).any().over("symbol")
    new_assets = (
        quotes.filter(pl.col("chain").is_not_null())
        .filter((pl.col("chain") != _NO_CHAIN) | ~has_chain)
        .group_by("symbol", "chain")
        .agg(pl.col("time").min())
        .sort("symbol", "chain")
    )
    return pl.DataFrame(
        [
            {
                "id": str(uuid5(NAMESPACE_URL, f"ys-analytics/asset/{symbol}" + (f"/{chain}" if chain else ""))),
                "symbol": symbol,
                "name": symbol,
                "asset_type": "crypto",
                "chain_id": chain or None,
                "decimals": 18,
                "is_active": True,
                "metadata": '{"registered_by": "import"}',
                "created_at": first,
                "updated_at": first,
            }
            for symbol, chain, first in new_assets.iter_rows()
        ],
        schema=TABLES["assets"].schema,
    )


def _or_zero(values: pl.Series) -> pl.Series:
    """Values as text, digit by digit; nothing is 0."""
    return as_text(values).fill_null("0")


def _fraction(percent: pl.Series) -> pl.Series:
    """Per cents as fractions in text, by moving the point, so that a misfit is seen as written; nothing is 0."""
    return per_cent(percent).fill_null("0")

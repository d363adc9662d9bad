"""In which shape a file gives a table: the table's own columns, or prices by symbol as data vendors write them.

Knows how symbols become asset ids. What a layout changes is listed in its `meaning`, which the result of an
import repeats: nothing is converted without being said.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from uuid import NAMESPACE_URL, uuid5

import polars as pl

from ys_analytics.ingest.files import Source
from ys_analytics.schemas import TABLES

if TYPE_CHECKING:
    from ys_analytics.stores import Stores

Layout = Literal["table", "symbols"]

MEANING: dict[Layout, str] = {
    "table": "",
    "symbols": "asset_id holds symbols, times without zone are UTC, price_change_24h is in percent "
    "and rounded to 8 decimals of its fraction, a null market_cap or price_change_24h is 0",
}

_UUID = r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"
_NAMED = 12
_MAINNET = 1
_PERCENT = pl.Decimal(38, 6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """The assets a symbol may mean, and those that have to be registered first.

    Attributes:
        known: symbol, chain_id (null for a coin with a chain of its own) and id.
        new: Rows for the table `assets`, one for every symbol that it does not know.
    """

    known: pl.DataFrame
    new: pl.DataFrame

    def unknown(self) -> str:
        """What to say of the symbols that no asset has: the first dozen named; empty where each is known."""
        if self.new.is_empty():
            return ""
        symbols = self.new["symbol"].to_list()
        more = f" and {len(symbols) - _NAMED} more" if len(symbols) > _NAMED else ""
        return (
            f"no asset has the symbol {', '.join(symbols[:_NAMED])}{more}; "
            "register them with --register, or choose among the file's own with --symbols BTC,ETH"
        )


def recognise(source: Source, table: str) -> Layout:
    """`symbols` for market data in which no asset_id is a UUID, else `table`.

    One id among symbols makes it `table`, so that a typing error is an error of its line.
    """
    if table != "market_data" or "asset_id" not in source.rows.columns or not source.rows.height:
        return "table"
    ids = source.rows["asset_id"].cast(pl.String, strict=False).drop_nulls()
    return "symbols" if ids.len() and not ids.str.contains(_UUID).any() else "table"


def choose(source: Source, symbols: Collection[str] | None) -> Source:
    """Only the rows of the chosen symbols; all where none are chosen."""
    if symbols is None:
        return source
    kept = source.rows["asset_id"].cast(pl.String).is_in(list(symbols)).fill_null(value=True)
    return Source(path=source.path, rows=source.rows.filter(kept), origin=source.origin.filter(kept))


def symbols_in(source: Source) -> list[str]:
    """The symbols of a file, sorted."""
    return source.rows["asset_id"].cast(pl.String).drop_nulls().unique().sort().to_list()


def registry(stores: "Stores", symbols: Collection[str], *, first: Mapping[str, object]) -> Registry:
    """What each symbol means, from the table `assets`.

    Args:
        stores: PostgreSQL open.
        symbols: What the files name.
        first: When each symbol is first quoted: an unknown one would be a coin with a chain of its own as of then.
    """
    schema: dict[str, pl.DataType] = {"symbol": pl.String(), "chain_id": pl.Int32(), "id": pl.String()}
    known = stores.postgres.read(
        "SELECT symbol, chain_id, id::text AS id FROM assets WHERE symbol = ANY(%(symbols)s)",
        {"symbols": list(symbols)},
        schema=schema,
    )
    new = _registered(sorted(set(symbols) - set(known["symbol"])), first)
    return Registry(known=pl.concat([known, new.select(list(schema)).cast(dict(schema))]), new=new)  # type: ignore[arg-type]


def rewrite(source: Source, registry: Registry) -> tuple[Source, pl.Series]:
    """A file by symbols in the table's own terms; times and other values are still as written.

    A row that names a chain means the symbol's token there. Without one (or with 0) it means the coin with a
    chain of its own, else mainnet's token, else the only one there is.

    Returns:
        The file, and the rows whose symbol and chain mean no asset, or several.
    """
    asked = source.rows.select(
        symbol=pl.col("asset_id").cast(pl.String), chain=pl.col("chain_id").cast(pl.Int32, strict=False)
    )
    pairs = asked.unique().join(registry.known, on="symbol", how="left")
    rank = pl.when(pl.col("chain_id").is_null()).then(0).when(pl.col("chain_id") == _MAINNET).then(1).otherwise(2)
    named = pl.col("chain").fill_null(0) != 0
    meant = (
        pairs.filter(~named | (pl.col("chain") == pl.col("chain_id")))
        .with_columns(rank=rank)
        .filter(pl.col("rank") == pl.col("rank").min().over("symbol", "chain"))
        .filter(pl.len().over("symbol", "chain") == 1)
        .select("symbol", "chain", "id", "chain_id")
    )
    found = asked.join(meant, on=["symbol", "chain"], how="left", nulls_equal=True, maintain_order="left")
    # A row that means no asset, or several, has its fault; an id of the symbol stands in, so that it gets no second.
    any_id = asked.join(
        registry.known.unique("symbol", keep="first", maintain_order=True),
        on="symbol",
        how="left",
        maintain_order="left",
    )["id"]
    rows = source.rows.with_columns(
        asset_id=found["id"].fill_null(any_id),
        chain_id=found["chain_id"].fill_null(0),
        market_cap=_or_zero(source.rows["market_cap"]),
        price_change_24h=_fraction(source.rows["price_change_24h"]),
    )
    return Source(path=source.path, rows=rows, origin=source.origin), found["id"].is_null()


def _registered(symbols: list[str], first: Mapping[str, object]) -> pl.DataFrame:
    """Rows of `assets` for coins nobody described; their ids follow from the symbol."""
    schema = TABLES["assets"].schema
    return pl.DataFrame(
        [
            {
                "id": str(uuid5(NAMESPACE_URL, f"ys-analytics/asset/{symbol}")),
                "symbol": symbol,
                "name": symbol,
                "asset_type": "crypto",
                "decimals": 18,
                "is_active": True,
                "metadata": '{"registered_by": "import"}',
                "created_at": first.get(symbol),
                "updated_at": first.get(symbol),
            }
            for symbol in symbols
        ],
        schema=schema,
    )


def _or_zero(values: pl.Series) -> pl.Series:
    return values.fill_null("0") if values.dtype == pl.String else values.cast(pl.Float64).fill_null(0.0)


def _fraction(percent: pl.Series) -> pl.Series:
    """Percent as a fraction; text by moving the point, so that a misfit is seen as written.

    A vendor divides two prices and writes all the digits of a binary float. Six decimals of a per cent are the eight
    that the table keeps, from text as from Parquet.
    """
    if percent.dtype != pl.String:
        return percent.cast(pl.Float64).fill_null(0.0) / 100
    written = percent.fill_null("0").str.strip_chars()
    plain = written.str.contains(r"^[+-]?(\d+\.?\d*|\.\d+)$")
    rounded = written.zip_with(plain, written.clear(written.len())).cast(_PERCENT, strict=False).cast(pl.String)
    return (rounded + "e-2").zip_with(rounded.is_not_null(), written)

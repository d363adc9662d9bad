"""Daily closes of each portfolio and of each asset, computed by ClickHouse.

Depends on the rule of a close in `metrics.closes`. Days are UTC.
"""

from collections.abc import Sequence
from importlib.resources import files

import polars as pl

from ys_analytics.frames import contract
from ys_analytics.metrics import closes
from ys_analytics.schemas import MONEY, TABLES, TIME, Span
from ys_analytics.stores import Stores
from ys_analytics.stores.common.table_query import TableQuery

DAILY_VALUES: dict[str, pl.DataType] = {
    "portfolio_id": pl.String(), "day": pl.Date(), "value": MONEY, "closed_at": TIME,
}  # fmt: skip

DAILY_CLOSES: dict[str, pl.DataType] = {
    "asset_id": pl.String(), "chain_id": pl.UInt32(), "day": pl.Date(), "price": MONEY, "closed_at": TIME,
}  # fmt: skip


def daily_values(stores: Stores, *, span: Span | None = None, portfolios: Sequence[str] | None = None) -> pl.DataFrame:
    """Closing value of each portfolio on each day, oldest first.

    Args:
        stores: The open stores.
        span: Only snapshots taken in it.
        portfolios: Only these ids.

    Returns:
        `portfolio_id`, `day`, `value` in USD exact to 18 decimals, `closed_at`: when that snapshot was taken.
        A day without a snapshot has no row, so it is never a zero.

    Raises:
        UsageError: a portfolio is no id.
        StoreError: the query failed.
        ContractError: the table has drifted from its declaration.
    """
    # A client is imported where its store is read: a run is opened without any.
    from ys_analytics.stores.clickhouse.table_reader import Tables

    query = TableQuery(TABLES["portfolio_snapshots"], span, portfolios)
    contract.check(stores, query.table)
    where, values = Tables(stores.clickhouse).condition(query)
    return stores.clickhouse.read(statement("daily_values", where), values, schema=DAILY_VALUES)


def daily_closes(stores: Stores, *, span: Span | None = None, assets: Sequence[str] | None = None) -> pl.DataFrame:
    """Closing price of each asset and chain on each day, oldest first.

    Args:
        stores: The open stores.
        span: Only whole days inside it.
        assets: Only these ids.

    Returns:
        `asset_id`, `chain_id` (0 for a coin with a chain of its own), `day`, `price` in USD, `closed_at`: when
        that price was quoted. A day without a quote has no row.

    Raises:
        StoreError: the query failed.
        ContractError: the table has drifted from its declaration.
    """
    contract.check(stores, TABLES["market_data"])
    conditions, values = ["1"], dict[str, object]()
    if span is not None:
        conditions.append("day >= toDate({start:String}) AND day <= toDate({last:String})")
        values |= {"start": span.start.date().isoformat(), "last": span.last_day.isoformat()}
    if assets is not None:
        conditions.append("asset_id IN {assets:Array(String)}")
        values["assets"] = list(assets)
    query = statement("daily_closes", " AND ".join(conditions), value="price")
    return stores.clickhouse.read(query, values, schema=DAILY_CLOSES)


def statement(name: str, condition: str = "", *, value: str = "total_value") -> str:
    """A statement of `sql/`, with the rule of a close of `value` and a condition in their places."""
    text = (files("ys_analytics.frames") / "sql" / f"{name}.sql").read_text(encoding="utf-8")
    replacements = {"condition": condition or "1", "close": closes.close_sql(value), "day": closes.day_sql()}
    for placeholder, sql in replacements.items():
        text = text.replace(f"{{{placeholder}}}", sql)
    return text

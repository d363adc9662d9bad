"""Fleet metrics computed in ClickHouse: one row a portfolio comes back instead of every snapshot.

Depends on both stores. Snapshots are ClickHouse's and many, so the query goes to them; external flows are
PostgreSQL's and few, so they travel to ClickHouse with the query, valued, each with its moment, as arrays. A
server takes parameters of a hundred kilobytes or so: a long list of flows goes in several questions, each for a
stretch of the sorted portfolio ids, which is the table's own order, so that together they read it once. What is
computed, `metrics.pushdown` says.
"""

from collections.abc import Iterator
from datetime import date, datetime

import polars as pl

from ys_analytics.frames import contract
from ys_analytics.frames.closes import statement
from ys_analytics.metrics import HEADLINE, pushdown
from ys_analytics.schemas import MONEY, TABLES, TIME
from ys_analytics.stores import Stores

FLEET: dict[str, pl.DataType] = {
    "portfolio_id": pl.String(), "n": pl.Int64(), "daily": pl.Int64(), "spanned": pl.Int64(), "unknown": pl.Int64(),
    "coverage": pl.Float64(),
    "start": pl.Date(), "end": pl.Date(), "days": pl.Int64(), **{metric.name: pl.Float64() for metric in HEADLINE},
}  # fmt: skip

LAST_VALUES: dict[str, pl.DataType] = {"portfolio_id": pl.String(), "value": MONEY, "closed_at": TIME}

# As many flows as travel with one question: ids of 36 letters, some forty bytes each with their quotes.
FLOWS_PER_QUERY = 2_000

_EPOCH = date(1970, 1, 1)


def fleet(
    stores: Stores,
    flows: pl.DataFrame,
    *,
    until: datetime,
    since: date = _EPOCH,
    risk_free: float = 0.0,
    flows_per_query: int = FLOWS_PER_QUERY,
) -> pl.DataFrame:
    """The dozen headline metrics of every portfolio, computed by ClickHouse.

    Args:
        stores: The open stores; only ClickHouse is asked.
        flows: External flows, as `metrics.external_flows` gives them.
        until: Snapshots at or after this moment are not looked at.
        since: First day of the window, as for `metrics.fleet`.
        risk_free: Simple rate per year, as a fraction.
        flows_per_query: How many flows travel with one question, unless one portfolio has more.

    Returns:
        What `metrics.fleet` gives for the same returns, within 1e-9 of each number, sorted by portfolio_id.

    Raises:
        StoreError: the query failed.
        ContractError: the table has drifted from its declaration.
    """
    contract.check(stores, TABLES["portfolio_snapshots"])
    return pl.concat(
        stores.clickhouse.read(
            pushdown.fleet_sql(),
            pushdown.fleet_parameters(part, until=until, since=since, after=after, last=last, risk_free=risk_free),
            schema=FLEET,
        )
        for after, last, part in _id_ranges(flows, flows_per_query)
    )


def last_values(stores: Stores, *, until: datetime) -> pl.DataFrame:
    """Last value of each portfolio before a moment.

    Returns:
        `portfolio_id`, `value` in USD exact to 18 decimals, `closed_at`: when that snapshot was taken.

    Raises:
        StoreError: the query failed.
        ContractError: the table has drifted from its declaration.
    """
    contract.check(stores, TABLES["portfolio_snapshots"])
    return stores.clickhouse.read(
        statement("last_values"), {"until": int(until.timestamp() * 1_000_000)}, schema=LAST_VALUES
    )


def _id_ranges(flows: pl.DataFrame, max_flows: int) -> Iterator[tuple[str, str, pl.DataFrame]]:
    """Stretches of ids from one up to and with another, together all ids there are, each with its flows.

    >>> flows = pl.DataFrame({"portfolio_id": ["a", "a", "b", "c"]})
    >>> [(after, last, part.height) for after, last, part in _id_ranges(flows, 2)]
    [('', 'a', 2), ('a', '', 2)]
    """
    ordered = flows.sort("portfolio_id", maintain_order=True)
    after, start, end = "", 0, 0
    for (count,) in ordered.group_by("portfolio_id", maintain_order=True).len().select("len").iter_rows():
        if end > start and end + count - start > max_flows:
            last = ordered["portfolio_id"][end - 1]
            yield after, last, ordered.slice(start, end - start)
            after, start = last, end
        end += count
    yield after, "", ordered.slice(start)

"""The dozen headline metrics said in SQL: DuckDB, ClickHouse in process, and our own query pushed down to it.

Each gets its rows where it likes them best before the clock starts: ClickHouse as tables ordered by portfolio and time,
in a folder of its own. What is handed back asks the question and gives the mean Sharpe ratio, so that the bench can see
that the work was done.
"""

import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from ys_analytics.metrics import pushdown
from ys_analytics.stores.addresses import ClickHouseAddress
from ys_analytics.stores.clickhouse import ClickHouse

SqlSubject = Callable[[], float]
MONEY = pl.Decimal(38, 18)

_DUCKDB = """
WITH wealth AS (
    SELECT portfolio_id, day, ret, exp(sum(ln(1 + ret)) OVER (PARTITION BY portfolio_id ORDER BY day)) AS value
    FROM returns
), depth AS (
    SELECT portfolio_id, day, ret, value,
           value / greatest(1, max(value) OVER (PARTITION BY portfolio_id ORDER BY day)) - 1 AS under
    FROM wealth
), edges AS (
    SELECT portfolio_id, quantile_cont(ret, 0.05) AS edge FROM returns GROUP BY portfolio_id
)
SELECT portfolio_id, product(1 + ret) - 1 AS total,
       product(1 + ret) ** (365 / (max(day) - min(day) + 1)) - 1 AS growth,
       stddev_samp(ret) * sqrt(365) AS volatility, avg(ret) / stddev_samp(ret) * sqrt(365) AS sharpe,
       avg(ret) / sqrt(avg(least(ret, 0) ** 2)) * sqrt(365) AS sortino, min(under) AS deepest,
       growth / -deepest AS calmar, -any_value(edge) AS var,
       -avg(ret) FILTER (ret <= edge) AS es, max(ret), min(ret), avg((ret > 0)::INT)
FROM depth JOIN edges USING (portfolio_id) GROUP BY portfolio_id
"""

_CLICKHOUSE = """
WITH shared AS (
    SELECT
        portfolio_id,
        arrayMap(pair -> pair.2, arraySort(groupArray((day, ret)))) AS rets,
        arrayProduct(arrayMap(r -> 1 + r, rets)) - 1 AS total,
        pow(1 + total, 365 / (dateDiff('day', min(day), max(day)) + 1)) - 1 AS growth,
        tupleElement(arrayFold(
            (path, r) -> (
                path.1 * (1 + r),
                greatest(path.2, path.1 * (1 + r)),
                least(path.3, path.1 * (1 + r) / greatest(path.2, path.1 * (1 + r)) - 1)
            ), rets, (toFloat64(1), toFloat64(1), toFloat64(0))
        ), 3) AS deepest,
        avg(ret) AS mean, stddevSampStable(ret) AS deviation, sqrt(avg(pow(least(ret, 0), 2))) AS downside,
        quantileExactInclusive(0.05)(ret) AS edge, max(ret) AS highest, min(ret) AS lowest, avg(ret > 0) AS won
    FROM returns GROUP BY portfolio_id
)
SELECT mean / deviation * sqrt(365) AS sharpe_ratio, portfolio_id, total, growth, deviation * sqrt(365) AS volatility,
       mean / downside * sqrt(365) AS sortino, deepest, growth / -deepest AS calmar, -edge AS var,
       -arrayAvg(arrayFilter(r -> r <= edge, rets)) AS es, highest, lowest, won
FROM shared
"""


@contextmanager
def duckdb_sql(data: pl.DataFrame) -> Iterator[SqlSubject]:
    """One statement with a window for the path, on the columns as they are."""
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    connection.register("returns", data.to_arrow())
    yield lambda: float(connection.execute(_DUCKDB).fetchnumpy()["sharpe"].mean())
    connection.close()


@contextmanager
def clickhouse_sql(data: pl.DataFrame) -> Iterator[SqlSubject]:
    """One statement over a table of daily returns, the path folded over an array."""
    with _clickhouse() as clickhouse:
        clickhouse.run(
            "CREATE TABLE returns (portfolio_id String, day Date, ret Float64) "
            "ENGINE = MergeTree ORDER BY (portfolio_id, day)"
        )
        clickhouse.write("returns", data.select("portfolio_id", "day", "ret"))
        yield lambda: _mean(clickhouse.rows(_CLICKHOUSE))


@contextmanager
def pushed_down(data: pl.DataFrame) -> Iterator[SqlSubject]:
    """Our own query: from snapshots and flows to daily returns to the dozen, with n, coverage and refusals."""
    first = data["day"].min() - timedelta(days=1)
    ids = data["portfolio_id"].unique(maintain_order=True)
    growth = (pl.col("ret") + 1).cum_prod().over("portfolio_id") * 1000.0
    values = pl.concat(
        [
            pl.DataFrame({"portfolio_id": ids, "day": [first] * len(ids), "value": [1000.0] * len(ids)}),
            data.select("portfolio_id", "day", value=growth),
        ]
    )
    moment = pl.col("day").cast(pl.Datetime("us", "UTC"))
    no_flows = pl.DataFrame(schema={"portfolio_id": pl.String, "timestamp": pl.Datetime("us", "UTC"), "amount": MONEY})
    arguments = pushdown.fleet_parameters(no_flows, until=datetime(2100, 1, 1, tzinfo=UTC))
    with _clickhouse() as clickhouse:
        clickhouse.run(
            "CREATE TABLE snapshots (timestamp DateTime64(3, 'UTC'), portfolio_id String, "
            "total_value Decimal(38, 18)) ENGINE = MergeTree ORDER BY (portfolio_id, timestamp)"
        )
        snapshots = values.select("portfolio_id", timestamp=moment, total_value=pl.col("value").cast(MONEY))
        clickhouse.write("snapshots", snapshots.sort("portfolio_id", "timestamp"))
        query = f"SELECT sharpe_ratio, * EXCEPT sharpe_ratio FROM ({pushdown.fleet_sql(snapshots='snapshots')})"  # noqa: S608
        yield lambda: _mean(clickhouse.rows(query, arguments))


def _mean(rows: list[tuple[float, ...]]) -> float:
    """The mean of the first column, which is the Sharpe ratio."""
    return statistics.fmean(row[0] for row in rows)


@contextmanager
def _clickhouse() -> Iterator[ClickHouse]:
    with (
        tempfile.TemporaryDirectory() as folder,
        ClickHouse.open(ClickHouseAddress(folder=Path(folder))) as clickhouse,
    ):
        yield clickhouse

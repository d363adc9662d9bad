"""The fleet's ranking of a frozen week: value, return and risk of each portfolio, best first.

Knows two ways to the same numbers: from the run's frames by Polars, or from the snapshots where they lie, by
ClickHouse. Names and external flows are the run's either way.
"""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from ys_analytics import metrics
from ys_analytics.desk import returns
from ys_analytics.schemas import MONEY, TIME

if TYPE_CHECKING:
    from ys_analytics.frames import Run
    from ys_analytics.stores import Stores

_NO_SNAPSHOT = "the portfolio has no snapshot yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """The numbers of every portfolio that has a snapshot.

    Attributes:
        since: `metrics.fleet` since inception.
        week: The same over the returns of the week alone.
        monday: The first day of the week.
        values: portfolio_id, value in USD and closed_at of the last snapshot.
        computed: Where, for people.
    """

    since: pl.DataFrame
    week: pl.DataFrame
    monday: date
    values: pl.DataFrame
    computed: str


def from_frames(run: "Run", *, risk_free: float) -> Fleet:
    """The numbers from the run's own frames."""
    closes = returns.daily_values(run.frame("portfolio_snapshots"))
    daily = metrics.daily_returns(closes, external_flows(run))
    monday = run.week.monday
    return Fleet(
        since=metrics.fleet(daily, risk_free=risk_free),
        week=metrics.fleet(daily, risk_free=risk_free, since=monday),
        monday=monday,
        values=closes.sort("portfolio_id", "day").group_by("portfolio_id", maintain_order=True).last(),
        computed="the frozen run",
    )


def pushed_down(run: "Run", stores: "Stores", *, risk_free: float) -> Fleet:
    """The same numbers from the snapshots ClickHouse holds now, up to the end of the week; only they are read live.

    Raises:
        StoreError: the query failed.
        ContractError: the table has drifted from its declaration.
    """
    from ys_analytics import frames

    week, flows = run.week, external_flows(run)
    return Fleet(
        since=frames.fleet(stores, flows, until=week.end, risk_free=risk_free),
        week=frames.fleet(stores, flows, until=week.end, since=week.monday, risk_free=risk_free),
        monday=week.monday,
        values=frames.last_values(stores, until=week.end),
        computed="ClickHouse, from live snapshots",
    )


def ranked(portfolios: pl.DataFrame, fleet: Fleet) -> pl.DataFrame:
    """One row a portfolio, by return since inception; those without one come last, by name.

    Args:
        portfolios: id and name of every portfolio to list.
        fleet: The numbers.

    Returns:
        rank Int64 (null without a return, shared by equals), id, name String, value Decimal in USD and closed_at,
        value_reason, week Float64, week_reason, n Int64, start and end Date, then each headline metric and its
        `<name>_reason`.
    """
    listed = portfolios.select("id", "name")
    values = fleet.values.select("portfolio_id", "value", "closed_at").cast({"value": MONEY, "closed_at": TIME})
    numbers = _joined(_joined(_joined(listed, values), _week(listed, fleet)), fleet.since)
    return_metric = pl.col("total_return")
    return (
        metrics.catalog.with_reasons(numbers)
        .with_columns(
            rank=return_metric.rank("min", descending=True).cast(pl.Int64),
            value_reason=pl.when(pl.col("value").is_null()).then(pl.lit(_NO_SNAPSHOT)),
        )
        .sort("rank", "name", "id", nulls_last=True)
        .select("rank", pl.exclude("rank"))
    )


def _week(listed: pl.DataFrame, fleet: Fleet) -> pl.DataFrame:
    """Each portfolio's return of the week, or why it has none."""
    return_metric = metrics.catalog.TOTAL_RETURN
    week = fleet.week.select("portfolio_id", "spanned", "unknown", "start", return_metric.name)
    numbers = metrics.catalog.with_reasons(_joined(listed, week), [return_metric], since=fleet.monday)
    return numbers.select(portfolio_id="id", week=return_metric.name, week_reason=f"{return_metric.name}_reason")


def _joined(listed: pl.DataFrame, numbers: pl.DataFrame) -> pl.DataFrame:
    return listed.join(numbers, left_on="id", right_on="portfolio_id", how="left", maintain_order="left")


def external_flows(run: "Run") -> pl.DataFrame:
    """The run's external flows in USD; of the quotes only those of assets that crossed a border are read."""
    classified = metrics.classify_flows(run.frame("transactions")).filter(pl.col("flow") == "external")
    moved = pl.concat([classified["from_asset_id"], classified["to_asset_id"]]).drop_nulls().unique()
    quotes = run.scan("market_data").filter(pl.col("asset_id").is_in(moved.to_list()))
    return metrics.external_flows(classified, quotes)

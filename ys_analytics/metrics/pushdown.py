"""The fleet table as one ClickHouse query that runs where the snapshots are.

Gives `fleet.sql`, the twelve headline metrics in SQL, for one server, in process or over a
Distributed table; equal to `fleet` over `daily_returns`, which remain the definition. Opens no
store: it gives a text and its parameters.
"""

from datetime import date, datetime
from importlib.resources import files

import polars as pl

from ys_analytics.metrics.catalog import HEADLINE
from ys_analytics.metrics.closes import closes_sql
from ys_analytics.metrics.flows.dietz import MIN_CAPITAL_SHARE
from ys_analytics.metrics.sample import NO_RISK, YEAR
from ys_analytics.metrics.zones import in_utc


def fleet_sql(*, snapshots: str = "portfolio_snapshots") -> str:
    """The fleet table as one ClickHouse statement.

    Args:
        snapshots: The table, or Distributed table, with timestamp, portfolio_id and total_value; a name
            of this project's schema, never of a user's choosing.

    Returns:
        A SELECT with the parameters of `fleet_parameters` in ClickHouse's `{name:Type}` form. Its columns are those of
        `fleet`: portfolio_id, n, daily, spanned, unknown, coverage, start, end, days and the dozen, by portfolio.

    Raises:
        ValueError: `snapshots` is not a plain name.

    >>> "FROM portfolio_snapshots" in fleet_sql()
    True
    """
    if not snapshots.replace("_", "").replace(".", "").isalnum():
        raise ValueError(f"snapshots must be the plain name of a table, not {snapshots!r}")
    least = {f"least_{metric.name}": metric.minimum for metric in HEADLINE}
    text = (files("ys_analytics.metrics") / "fleet.sql").read_text(encoding="utf-8")
    closes = closes_sql("total_value")
    return text.format(
        snapshots=snapshots, closes=closes, year=YEAR, no_risk=NO_RISK, at_work=MIN_CAPITAL_SHARE, **least
    ).strip()


def fleet_parameters(
    flows: pl.DataFrame,
    *,
    until: datetime,
    since: date = date(1970, 1, 1),
    after: str = "",
    last: str = "",
    risk_free: float = 0.0,
    confidence: float = 0.95,
) -> dict[str, object]:
    """The parameters of `fleet_sql`.

    Args:
        flows: portfolio_id String, timestamp Datetime(us, UTC), amount Decimal(38, 18): external flows, as
            `external_flows` gives them.
        until: Snapshots at or after this moment are not looked at.
        since: Returns of earlier days are left out, as in `fleet`.
        after: Only portfolios whose id sorts after this one: with `last`, one stretch of a long list.
        last: Only portfolios up to and with this one; empty for all that follow.
        risk_free: Simple rate per year, as a fraction.
        confidence: Of value at risk and expected shortfall.

    Returns:
        Names and plain values: lists of equal length for the flows, microseconds, and numbers.

    >>> from datetime import UTC
    >>> none = pl.DataFrame(
    ...     schema={"portfolio_id": pl.String, "timestamp": pl.Datetime("us", "UTC"), "amount": pl.Float64}
    ... )
    >>> fleet_parameters(none, until=datetime(2025, 1, 1, tzinfo=UTC))["until"]
    1735689600000000
    """
    ordered = in_utc(flows, "timestamp", of="flows").collect().sort("portfolio_id", "timestamp")
    return {
        "flow_portfolios": ordered["portfolio_id"].to_list(),
        "flow_moments": ordered["timestamp"].dt.epoch("us").to_list(),
        "flow_amounts": ["" if amount is None else f"{amount:f}" for amount in ordered["amount"]],
        "until": int(until.timestamp() * 1_000_000),
        "since": since.isoformat(),
        "after": after,
        "last": last,
        "risk_free": risk_free / YEAR,
        "tail": 1 - confidence,
    }

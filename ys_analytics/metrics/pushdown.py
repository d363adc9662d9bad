"""The fleet table as one ClickHouse query that runs where the snapshots are.

Writes the twelve headline metrics in SQL, for one server, in process or over a
Distributed table; equal to `fleet` over `daily_returns`, which remain the definition. Opens no
store: it gives a text and its parameters.
"""

from datetime import date, datetime

import polars as pl

from ys_analytics.metrics.catalog import HEADLINE
from ys_analytics.metrics.flows.dietz import AT_WORK
from ys_analytics.metrics.sample import NO_RISK, YEAR
from ys_analytics.metrics.zones import in_utc

_SQL = """
-- The dozen headline metrics of every portfolio, from its snapshots and its external flows.
WITH
-- Closing value of each portfolio and day, and its moment: the day's last snapshot, of two at once the larger.
closes AS (
    SELECT
        portfolio_id,
        toDate(timestamp, 'UTC') AS day,
        argMax(total_value, tuple(timestamp, total_value)) AS value,
        toUnixTimestamp64Micro(max(timestamp)) AS closed_at
    FROM {snapshots}
    WHERE timestamp < fromUnixTimestamp64Micro({{until:Int64}}, 'UTC')
        AND portfolio_id > {{after:String}} AND ({{last:String}} = '' OR portfolio_id <= {{last:String}})
    GROUP BY portfolio_id, day
),
-- Each close with the one before it; a period ends with its close.
periods AS (
    SELECT
        portfolio_id, day, value, closed_at,
        lagInFrame(toNullable(value)) OVER earlier AS before,
        lagInFrame(toNullable(closed_at)) OVER earlier AS opened_at,
        ifNull(dateDiff('day', lagInFrame(toNullable(day)) OVER earlier, day), 1) AS span
    FROM closes
    WINDOW earlier AS (PARTITION BY portfolio_id ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
),
-- External flows, handed over by the caller, for they live in another store; an empty amount has no price.
flows AS (
    SELECT
        tupleElement(flow, 1) AS portfolio_id,
        tupleElement(flow, 2) AS moment,
        toDecimal128OrNull(tupleElement(flow, 3), 18) AS amount
    FROM (
        SELECT arrayJoin(
            arrayZip({{flow_portfolios:Array(String)}}, {{flow_moments:Array(Int64)}}, {{flow_amounts:Array(String)}})
        ) AS flow
    )
),
-- Flows of each period, summed, and the average capital they leave at work: what was in after each, and for how long.
moved AS (
    SELECT
        portfolio_id, closed_at,
        sum(amount) AS flow,
        sum(toFloat64(amount) * (closed_at - moment) / (closed_at - opened_at)) AS weighted,
        sum(abs(toFloat64(amount))) AS size,
        countIf(amount IS NULL) AS unpriced,
        any(toFloat64(before)) AS opening,
        any(assumeNotNull(opened_at)) AS opened,
        arraySort(
            step -> (tupleElement(step, 1), -tupleElement(step, 2)),
            groupArray((moment, ifNull(toFloat64(amount), toFloat64(0))))
        ) AS steps,
        arrayMap(step -> tupleElement(step, 1), steps) AS moments,
        arrayPushFront(
            arrayMap(moved -> moved + assumeNotNull(opening),
                     arrayCumSum(arrayMap(step -> tupleElement(step, 2), steps))),
            assumeNotNull(opening)
        ) AS books,
        arrayMap(
            (since, till) -> till - since,
            arrayPushFront(moments, opened),
            arrayPushBack(moments, closed_at)
        ) AS lengths,
        arrayMax(books) AS peak,
        arraySum((book, length) -> if(book > greatest(peak, 0) * {at_work}, length, 0), books, lengths) AS worked,
        arraySum((book, length) -> if(book > greatest(peak, 0) * {at_work}, book * length, 0), books, lengths) AS money,
        multiIf(
            worked = closed_at - opened, assumeNotNull(opening) + ifNull(weighted, 0),
            worked > 0, money / worked,
            arrayMax(arrayPopFront(books))
        ) AS capital
    FROM (
        SELECT f.portfolio_id AS portfolio_id, f.moment AS moment, f.amount AS amount,
               p.closed_at AS closed_at, p.opened_at AS opened_at, p.before AS before
        FROM flows AS f
        ASOF INNER JOIN periods AS p ON f.portfolio_id = p.portfolio_id AND f.moment < p.closed_at
    )
    WHERE opened_at IS NOT NULL
    GROUP BY portfolio_id, closed_at
),
-- Daily Modified Dietz: null for the first close, without capital at work, or with a flow without a price.
returns AS (
    SELECT
        p.portfolio_id AS portfolio_id, p.day AS day, toInt64(p.span) AS span,
        ifNull(m.capital, toFloat64(p.before)) AS capital,
        toFloat64(p.value - p.before - ifNull(m.flow, toDecimal128(0, 18))) AS gain,
        if(
            p.before IS NOT NULL AND ifNull(m.unpriced, 0) = 0
            AND capital > 1e-12 * (abs(toFloat64(p.before)) + ifNull(m.size, 0)),
            gain / capital,
            NULL
        ) AS ret,
        ifNull(m.unpriced, 0) > 0 AS unknown,
        -- A return over several days is no day's: it is linked, and left out of what describes a day.
        if(span <= 1, ret, NULL) AS daily
    FROM periods AS p
    LEFT JOIN moved AS m ON m.portfolio_id = p.portfolio_id AND m.closed_at = p.closed_at
    SETTINGS join_use_nulls = 1
),
-- One row per portfolio: what the metrics share.
shared AS (
    SELECT
        portfolio_id,
        toInt64(count(ret)) AS n,
        toInt64(count(daily)) AS alone,
        toInt64(sumIf(span, ret IS NOT NULL)) AS spanned,
        toInt64(countIf(unknown)) AS unpriced_days,
        minIf(toNullable(day - (span - 1)), ret IS NOT NULL) AS start,
        maxIf(toNullable(day), ret IS NOT NULL) AS end,
        toInt64(dateDiff('day', start, end) + 1) AS days,
        arrayMap(
            pair -> tupleElement(pair, 2), arraySort(groupArrayIf((day, assumeNotNull(ret)), ret IS NOT NULL))
        ) AS rets,
        groupArrayIf(assumeNotNull(daily), daily IS NOT NULL) AS dailies,
        arrayProduct(arrayMap(r -> 1 + r, rets)) - 1 AS total,
        min(ret) AS lowest,
        avg(daily) AS mean,
        stddevSampStable(daily) AS deviation,
        sqrt(avgIf(pow(least(daily - {{risk_free:Float64}}, 0), 2), daily IS NOT NULL)) AS downside,
        quantileExactInclusive({{tail:Float64}})(daily) AS edge,
        tupleElement(
            arrayFold(
                (path, r) -> (
                    tupleElement(path, 1) * (1 + r),
                    greatest(tupleElement(path, 2), tupleElement(path, 1) * (1 + r)),
                    least(
                        tupleElement(path, 3),
                        tupleElement(path, 1) * (1 + r)
                            / greatest(tupleElement(path, 2), tupleElement(path, 1) * (1 + r)) - 1
                    )
                ),
                rets,
                (toFloat64(1), toFloat64(1), toFloat64(0))
            ),
            3
        ) AS deepest,
        max(daily) AS best,
        min(daily) AS worst,
        avg(daily > 0) AS won,
        -- What links is stated of a window only if each return is known and none begins before it.
        unpriced_days = 0 AND lowest >= -1 AND isFinite(total) AND ifNull(start >= {{since:Date}}, 1) AS sound,
        pow(1 + total, {year} / days) - 1 AS growth
    FROM returns
    WHERE day >= {{since:Date}}
    GROUP BY portfolio_id
)
SELECT
    portfolio_id, n, alone AS daily, spanned, unpriced_days AS unknown, n / days AS coverage, start, end, days,
    if(spanned >= {least_total_return} AND sound, total, NULL) AS total_return,
    if(spanned >= {least_cagr} AND sound AND isFinite(growth), growth, NULL) AS cagr,
    if(alone >= {least_volatility}, if(deviation > {no_risk}, deviation, 0) * sqrt({year}), NULL) AS volatility,
    if(alone >= {least_sharpe_ratio} AND deviation > {no_risk},
       (mean - {{risk_free:Float64}}) / deviation * sqrt({year}), NULL) AS sharpe_ratio,
    if(alone >= {least_sortino_ratio} AND downside > {no_risk},
       (mean - {{risk_free:Float64}}) / downside * sqrt({year}), NULL) AS sortino_ratio,
    if(spanned >= {least_max_drawdown} AND sound, deepest, NULL) AS max_drawdown,
    if(spanned >= {least_calmar_ratio} AND sound AND isFinite(growth) AND deepest < -{no_risk},
       growth / -deepest, NULL) AS calmar_ratio,
    if(alone >= {least_value_at_risk}, 0 - edge, NULL) AS value_at_risk,
    if(alone >= {least_expected_shortfall},
       0 - arrayAvg(arrayFilter(r -> r <= assumeNotNull(edge), dailies)), NULL) AS expected_shortfall,
    if(alone >= {least_best_day}, best, NULL) AS best_day,
    if(alone >= {least_worst_day}, worst, NULL) AS worst_day,
    if(alone >= {least_win_rate}, won, NULL) AS win_rate
FROM shared
ORDER BY portfolio_id
"""


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
    return _SQL.format(snapshots=snapshots, year=YEAR, no_risk=NO_RISK, at_work=AT_WORK, **least).strip()


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

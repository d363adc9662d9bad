"""Performance and risk of portfolios: pure Polars, one definition for one or a hundred thousand.

Does not read a store, frame, clock or setting. What other packages call, and what it gives:

`daily_returns(values, flows=None)`: one row for each close, sorted.
    values: portfolio_id String, day Date, value Decimal(38, 18)[, closed_at Datetime(us, UTC)]
    flows:  portfolio_id String, timestamp Datetime(us, UTC), amount Decimal(38, 18), positive = in
    gives:  portfolio_id String, day Date, ret Float64, gain Decimal(38, 18), flow Decimal(38, 18),
            capital Float64, days Int64 (since the last close), reason String (why ret is null)
`classify_flows(transactions)`: the rows, and flow String (external, internal, none), rule String
`flow_audit(classified, by="portfolio_id")`: by, flow, rule String, transactions Int64, share Float64
`external_flows(classified, prices, max_age=1 day)`: portfolio_id, timestamp, amount Decimal(38, 18),
    rule String, reason String (why amount is null)
`summarise(returns, metrics=HEADLINE, risk_free=0.0 a year, portfolios=None)`: one row per portfolio and metric.
    portfolio_id, metric String, value Float64, at, since, until Date, n, days Int64,
    coverage Float64, start, end Date, reason String (null where there is a value)
    best_day, worst_day: `at` is the day. max_drawdown: `since` peak, `at` trough, `until` recovery or null.
`fleet(returns, metrics=HEADLINE, risk_free=0.0 a year)`: one row per portfolio, one column per metric.
    portfolio_id, n, daily (returns of one day), spanned (days all cover), coverage, start, end, days, then a Float64
    named by each `Metric.name`; since=day: of the window from that day on
`drawdowns(returns, top=None)`: every fall, deepest first.
    portfolio_id, rank Int64, peak, trough, recovery Date, depth Float64 (negative),
    fall_days, recovery_days, days, fall_periods, recovery_periods, periods Int64
`catalog.HEADLINE`, `catalog.ALL` (HEADLINE and then PERFORMANCE, DRAWDOWNS, RISK, BENCHMARK): tuples of
    `Metric(name, title, unit, formula, direction, minimum, null_reason, source, why, of, basis, at, since, until,
    benchmark, module)`, each declared at its function with `declaration.metric`;
    `catalog.METRICS`: the same by name.

`intervals(returns, metrics=HEADLINE, resamples=500, seed=7)`: portfolio_id, metric String, value, low,
    high, level Float64, resamples, block Int64, reason String
`monthly_table(returns)`: portfolio_id, year Int32, jan ... dec, total Float64, n Int64, reason String
`trailing_returns(returns, until=day)`: portfolio_id, window String, start, end Date, value Float64, n Int64, reason
`aggregate_returns(returns, every="week")`: portfolio_id, period Date, ret Float64, n Int64, reason String
`rolling(returns, window=30)`: portfolio_id, day, volatility, sharpe_ratio[, beta] Float64
`money_weighted(values, flows)`: portfolio_id, xirr, time_weighted, timing_effect Float64 a year (from 30 days on),
    money_weighted_period, time_weighted_period, timing_period Float64, days, roots Int64, reason
`backtest.backtest(history)`: one row per portfolio: n, failures, expected, kupiec_p, ..., zone, reason
`audit.audit(audit.claims(snapshots), returns, values)`: portfolio_id, metric, day, stored, ours, difference,
    explained (agrees, method, data, neither), how, n, coverage
`risk.concentration`, `risk.stress_replay`, `risk.shock`, `risk.risk_contributions`, `pnl.gains`, `pnl.identity`,
`lots.match_lots`, `lending.loans`, `lending.liquidation_points`, `lending.liquidation_ladder`,
`lookthrough.LookThrough`, `attribution.brinson`, `attribution.linked_effects`, `attribution.contributions`,
`yields.quoted_against_realised`: see each docstring.
`pushdown.fleet_sql()`, `pushdown.fleet_parameters(flows, until=...)`: `fleet` as one ClickHouse query.

Gaps: a return belongs to the days it spans. `spans` states the rule that every one of these keeps.
Years: `annual` alone states a return per year, and only of 30 days or more.

Signs: returns and drawdowns are negative when money was lost; value at risk and expected
shortfall are positive losses. Rates are fractions. A year is 365 days.
"""

from ys_analytics.metrics import (
    attribution,
    audit,
    backtest,
    catalog,
    drawdown,
    flows,
    forecast,
    lending,
    lookthrough,
    performance,
    pnl,
    pushdown,
    risk,
    uniswap,
    yields,
)
from ys_analytics.metrics.catalog import ALL, HEADLINE, METRICS, Metric, fleet, summarise
from ys_analytics.metrics.drawdown import drawdowns, underwater, wealth
from ys_analytics.metrics.flows import (
    classify_flows,
    daily_returns,
    external_flows,
    flow_audit,
    money_weighted,
    time_weighted_return,
    xirr,
)
from ys_analytics.metrics.intervals import intervals
from ys_analytics.metrics.performance import aggregate_returns, monthly_table, rolling, trailing_returns
from ys_analytics.metrics.sample import YEAR, Sample

__all__ = [
    "ALL",
    "HEADLINE",
    "METRICS",
    "YEAR",
    "Metric",
    "Sample",
    "aggregate_returns",
    "attribution",
    "audit",
    "backtest",
    "catalog",
    "classify_flows",
    "daily_returns",
    "drawdown",
    "drawdowns",
    "external_flows",
    "fleet",
    "flow_audit",
    "flows",
    "forecast",
    "intervals",
    "lending",
    "lookthrough",
    "money_weighted",
    "monthly_table",
    "performance",
    "pnl",
    "pushdown",
    "risk",
    "rolling",
    "summarise",
    "time_weighted_return",
    "trailing_returns",
    "underwater",
    "uniswap",
    "wealth",
    "xirr",
    "yields",
]


def __dir__() -> list[str]:
    """What one calls and the subjects it is sorted by, for completion; not the modules they stand on."""
    return sorted(__all__)

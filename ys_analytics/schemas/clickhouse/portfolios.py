"""Snapshots and risk metrics of portfolios.

Depends on the columns of this package; holds no SQL.
"""

import polars as pl

from ys_analytics.schemas.clickhouse.columns import NUMBER_PAIR, amount_column, rate_column, text_column, time_column
from ys_analytics.schemas.rules import (
    GENESIS,
    UUID,
    Bounded,
    Formatted,
    NoGap,
    NotInFuture,
    NotSilent,
    OnTime,
    Refers,
    Required,
    Rows,
    Unique,
    UsualRows,
)
from ys_analytics.schemas.table import Column, Table

_PORTFOLIO_SNAPSHOTS_MISSING = Required(
    "critical", "A snapshot without its time, portfolio or value breaks the series of daily returns."
)

_PORTFOLIO_SNAPSHOTS_BOUNDS = Bounded(
    "warning", "A return below -100 % is impossible and was measured against the wrong base.", at_least=-1
)

PORTFOLIO_SNAPSHOTS = Table(
    name="portfolio_snapshots",
    store="clickhouse",
    key=("portfolio_id", "timestamp"),
    time="timestamp",
    portfolio="portfolio_id",
    meaning="Each portfolio's value, with what the platform claims of its return and risk.",
    series=("portfolio_id",),
    affects=("portfolio_id", "portfolio"),
    rows=Rows(1, "critical", "The snapshot table is empty, so no report has a portfolio value."),
    unique=Unique("critical", "A duplicated snapshot may change the day's closing value."),
    required=Required("warning", "The platform's own figure is missing, so it cannot be compared with ours."),
    columns=(
        time_column(
            "When it was valued.",
            _PORTFOLIO_SNAPSHOTS_MISSING,
            Bounded(
                "critical",
                "A snapshot dated before 2009 starts the portfolio's history too early. The usual cause is a zero "
                "timestamp, or milliseconds read as seconds.",
                at_least=GENESIS,
            ),
            NoGap("warning", "Missing days are combined into one return, so volatility is understated."),
            OnTime("warning", "Every report shows old values because valuation has stopped."),
            UsualRows(
                "warning",
                "Totals over all portfolios jump on a day when far fewer or more portfolios than usual were valued.",
            ),
            NotInFuture(
                "warning",
                "A snapshot dated in the future is used as today's close. The usual cause is a time zone offset "
                "applied twice.",
            ),
        ),
        text_column(
            "portfolio_id",
            "Which portfolio, as PostgreSQL's UUID.",
            _PORTFOLIO_SNAPSHOTS_MISSING,
            Formatted(
                UUID,
                "critical",
                "Snapshots whose portfolio id is not a UUID in lower case match no portfolio, so its history has gaps.",
            ),
            NotSilent(
                "warning", "A portfolio whose snapshots stopped is shown with an old value as if it were this week's."
            ),
            Refers(
                "portfolios.id",
                "critical",
                "Snapshots of an unknown portfolio appear in no report, and the portfolio they belong to may have "
                "none.",
            ),
        ),
        amount_column(
            "total_value",
            "Net value of all positions.",
            _PORTFOLIO_SNAPSHOTS_MISSING,
            Bounded(
                "warning",
                "Returns after a negative portfolio value are undefined. A debt above its collateral legitimately "
                "causes one until it is liquidated.",
                at_least=0,
            ),
            Bounded(
                "warning",
                "One unscaled amount makes a portfolio worth more than a trillion, and its other holdings' shares "
                "almost zero.",
                at_most=1_000_000_000_000,
            ),
            unit="USD",
        ),
        rate_column("total_return", "Claim: return since the beginning.", _PORTFOLIO_SNAPSHOTS_BOUNDS),
        rate_column(
            "daily_return",
            "Claim: return of the day.",
            Bounded(
                "warning",
                "Daily returns beyond 50 % do occur, but more than one in a thousand days indicates wrong prices.",
                at_least=-0.5,
                at_most=0.5,
                mostly=0.999,
            ),
            _PORTFOLIO_SNAPSHOTS_BOUNDS,
        ),
        rate_column(
            "sharpe_ratio",
            "Claim: Sharpe ratio.",
            Bounded(
                "warning",
                "A Sharpe ratio beyond 100 comes from dividing by almost no volatility, and would lead every ranking.",
                at_least=-100,
                at_most=100,
            ),
            unit="ratio",
        ),
        rate_column(
            "max_drawdown",
            "Claim: deepest fall from a peak.",
            Bounded(
                "warning",
                "A drawdown beyond 100 % is impossible, so the platform's risk figure is meaningless. It was probably "
                "a percentage read as a fraction.",
                at_least=-1,
                at_most=1,
            ),
        ),
        rate_column(
            "volatility",
            "Claim: volatility per year.",
            Bounded(
                "warning",
                "A negative volatility, or one above 2,000 %, is a value stored in another unit.",
                at_least=0,
                at_most=20,
            ),
        ),
        Column(
            name="asset_allocation",
            dtype=pl.List(NUMBER_PAIR),
            native_type="Map(String, Decimal(18, 8))",
            meaning="Share of net value by asset id.",
            unit="fraction",
        ),
    ),
)

_RISK_METRICS_MISSING = Required(
    "warning", "A portfolio without this score looks safe only because its risk was not measured."
)

_RISK_METRICS_BOUNDS = Bounded(
    "warning",
    "A score outside 0 to 1 puts a portfolio at the wrong end of the risk ranking.",
    at_least=0,
    at_most=1,
)

RISK_METRICS = Table(
    name="risk_metrics",
    store="clickhouse",
    key=("portfolio_id", "timestamp"),
    time="timestamp",
    portfolio="portfolio_id",
    meaning="What the platform claims each portfolio risks.",
    feed=True,
    series=("portfolio_id",),
    affects=("portfolio_id", "portfolio"),
    unique=Unique(
        "critical", "Two risk metrics of one portfolio at the same time make the backtest count exceptions twice."
    ),
    required=Required("critical", "A risk metric without its time, portfolio or value cannot be backtested."),
    columns=(
        time_column(
            "When it was measured.",
            Bounded(
                "critical",
                "A risk metric dated before 2009 is missing from every period. The usual cause is a zero timestamp, "
                "or milliseconds read as seconds.",
                at_least=GENESIS,
            ),
            NoGap("warning", "A backtest leaves out days without risk metrics, which are often the worst days."),
            OnTime("warning", "Reports show old risk figures because no new risk metrics arrive."),
            UsualRows(
                "warning",
                "On a day with far fewer or more risk metrics than usual, portfolios may be missing from the risk "
                "ranking.",
            ),
            NotInFuture(
                "warning",
                "A risk metric dated in the future is missing from every backtest. The usual cause is a time zone "
                "offset applied twice.",
            ),
        ),
        text_column(
            "portfolio_id",
            "Which portfolio, as PostgreSQL's UUID.",
            Formatted(
                UUID, "critical", "Risk metrics whose portfolio id is not a UUID in lower case match no portfolio."
            ),
            NotSilent("warning", "A portfolio whose risk metrics stopped is shown with old risk figures."),
            Refers("portfolios.id", "warning", "Risk metrics belong to an unknown portfolio and appear in no report."),
        ),
        amount_column("var_95", "Claim: one-day loss exceeded one day in twenty.", unit="USD"),
        amount_column("cvar_95", "Claim: mean loss on such days.", unit="USD"),
        rate_column(
            "correlation_score",
            "Mean correlation of its assets.",
            _RISK_METRICS_MISSING,
            Bounded(
                "warning",
                "A correlation outside -1 to 1 is impossible, so diversification is wrong.",
                at_least=-1,
                at_most=1,
            ),
            unit="ratio",
        ),
        rate_column(
            "liquidation_distance",
            "Fall of collateral that liquidates it; 1 where nothing is borrowed.",
            _RISK_METRICS_MISSING,
            _RISK_METRICS_BOUNDS,
        ),
        rate_column(
            "protocol_risk_score",
            "Risk of the protocols it uses: 0 none, 1 certain.",
            _RISK_METRICS_MISSING,
            _RISK_METRICS_BOUNDS,
            unit="score",
        ),
    ),
)

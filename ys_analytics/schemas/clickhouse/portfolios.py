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
    NotAhead,
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
    "critical", "A snapshot without its moment, portfolio or value breaks the chain of daily returns."
)

_PORTFOLIO_SNAPSHOTS_BOUNDS = Bounded(
    "warning", "A claimed loss of more than everything was measured against the wrong base.", at_least=-1
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
    rows=Rows(1, "critical", "No portfolio has a value, so no report says anything."),
    unique=Unique("critical", "A snapshot counted twice moves the day's close."),
    required=Required("warning", "The platform's own claim is missing, so it cannot be held against ours."),
    columns=(
        time_column(
            "When it was valued.",
            _PORTFOLIO_SNAPSHOTS_MISSING,
            Bounded(
                "critical",
                "Epoch zero, or milliseconds read as seconds, starts a portfolio's history before there was money in "
                "it.",
                at_least=GENESIS,
            ),
            NoGap("warning", "Returns over days without a value are one return, and volatility is understated."),
            OnTime("warning", "Every report shows values from before; valuation has stopped."),
            UsualRows("warning", "Totals over all portfolios jump on a day when half of them were not valued."),
            NotAhead("warning", "A value from tomorrow closes today; a zone was added twice."),
        ),
        text_column(
            "portfolio_id",
            "Which portfolio, as PostgreSQL's UUID.",
            _PORTFOLIO_SNAPSHOTS_MISSING,
            Formatted(
                UUID,
                "critical",
                "Snapshots that are not spelt as PostgreSQL's UUID belong to no portfolio, whose history then has "
                "holes.",
            ),
            NotSilent("warning", "A report shows a value from before as if it were this week's."),
            Refers("portfolios.id", "critical", "A history belongs to no portfolio, and a portfolio has none."),
        ),
        amount_column(
            "total_value",
            "Net value of all positions.",
            _PORTFOLIO_SNAPSHOTS_MISSING,
            Bounded(
                "warning",
                "Returns after a negative value are not defined. A debt above its collateral comes to one honestly, "
                "for as long as nobody liquidates it.",
                at_least=0,
            ),
            Bounded(
                "warning",
                "One unscaled amount makes a portfolio worth a trillion and every share of it zero.",
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
                "Moves this large have happened; two in a thousand days means bad prices.",
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
                "A ratio beyond a hundred is a division by almost no risk, and would top every ranking.",
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
                "A fall of more than all there was makes the claimed risk meaningless; percent was read as a fraction.",
                at_least=-1,
                at_most=1,
            ),
        ),
        rate_column(
            "volatility",
            "Claim: volatility per year.",
            Bounded(
                "warning",
                "Risk shown as negative, or as thousands of per cent, is a unit misread.",
                at_least=0,
                at_most=20,
            ),
        ),
        Column(
            name="asset_allocation",
            dtype=pl.List(NUMBER_PAIR),
            native="Map(String, Decimal(18, 8))",
            meaning="Share of net value by asset id.",
            unit="fraction",
        ),
    ),
)

_RISK_METRICS_MISSING = Required(
    "warning", "A portfolio without this score looks safe only because nobody measured it."
)

_RISK_METRICS_BOUNDS = Bounded(
    "warning",
    "A score off its scale sorts a portfolio to the wrong end of the list of who must act.",
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
    unique=Unique("critical", "Two risks of one portfolio at one moment: the backtest counts its exceptions twice."),
    required=Required(
        "critical", "A risk without its moment, portfolio or size cannot be tested against what happened."
    ),
    columns=(
        time_column(
            "When it was measured.",
            Bounded(
                "critical",
                "Epoch zero, or milliseconds read as seconds, files a risk where nobody looks.",
                at_least=GENESIS,
            ),
            NoGap("warning", "A backtest leaves out the days on which nobody measured, which are often the worst."),
            OnTime("warning", "Risk is shown as it was before; measuring has stopped."),
            UsualRows("warning", "The list of who must act is short of portfolios nobody measured."),
            NotAhead("warning", "A risk from tomorrow is in no backtest; a zone was added twice."),
        ),
        text_column(
            "portfolio_id",
            "Which portfolio, as PostgreSQL's UUID.",
            Formatted(UUID, "critical", "Risk that is not spelt as PostgreSQL's UUID is nobody's risk."),
            NotSilent("warning", "A portfolio's risk is shown as it was before."),
            Refers("portfolios.id", "warning", "A risk belongs to no portfolio."),
        ),
        amount_column("var_95", "Claim: one-day loss exceeded one day in twenty.", unit="USD"),
        amount_column("cvar_95", "Claim: mean loss on such days.", unit="USD"),
        rate_column(
            "correlation_score",
            "Mean correlation of its assets.",
            _RISK_METRICS_MISSING,
            Bounded("warning", "A correlation beyond one claims more than certainty.", at_least=-1, at_most=1),
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

"""What must be true of `portfolio_snapshots` before a return is computed from it."""

import polars as pl
from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    ExpectColumnValuesToBeBetween,
    ExpectColumnValuesToMatchRegex,
    ExpectColumnValuesToNotBeNull,
    ExpectCompoundColumnsToBeUnique,
    ExpectTableRowCountToBeBetween,
    UnexpectedRowsExpectation,
)

from ys_analytics.quality import patterns
from ys_analytics.quality.detectors.duplicates import repeated_ticks
from ys_analytics.quality.detectors.freshness import ahead, gaps, late, silent
from ys_analytics.quality.detectors.isolated_outliers import lone_values, zeros_between
from ys_analytics.quality.detectors.ledgers import unexplained
from ys_analytics.quality.detectors.row_counts import unusual_days
from ys_analytics.quality.detectors.scale import decimal_shifts
from ys_analytics.quality.detectors.spikes import reverting_spikes
from ys_analytics.quality.detectors.stale import stale_runs
from ys_analytics.quality.detectors.timezones import off_beat
from ys_analytics.quality.suite_types import Detect

_SERIES = ("portfolio_id",)


def _growth(snapshots: pl.DataFrame) -> pl.DataFrame:
    """What one dollar has become: a total return near zero doubles and halves on any day, and its growth does not."""
    return snapshots.with_columns(growth=pl.col("total_return").cast(pl.Float64) + 1.0)


SUITE = ExpectationSuite(
    name="portfolio_snapshots",
    expectations=[
        ExpectTableRowCountToBeBetween(
            min_value=1,
            severity="critical",
            notes="No portfolio has a value, so no report says anything.",
        ),
        ExpectCompoundColumnsToBeUnique(
            column_list=["portfolio_id", "timestamp"],
            severity="critical",
            notes="A snapshot counted twice moves the day's close.",
        ),
        *(
            ExpectColumnValuesToNotBeNull(
                column=column,
                severity="critical",
                notes="A snapshot without its moment, portfolio or value breaks the chain of daily returns.",
            )
            for column in ("timestamp", "portfolio_id", "total_value")
        ),
        *(
            ExpectColumnValuesToNotBeNull(
                column=column,
                severity="warning",
                notes="The platform's own claim is missing, so it cannot be held against ours.",
            )
            for column in (
                "total_return",
                "daily_return",
                "sharpe_ratio",
                "max_drawdown",
                "volatility",
                "asset_allocation",
            )
        ),
        ExpectColumnValuesToMatchRegex(
            column="portfolio_id",
            regex=patterns.UUID,
            severity="critical",
            notes="Snapshots that are not spelt as PostgreSQL's UUID belong to no portfolio, whose history then "
            "has holes.",
        ),
        ExpectColumnValuesToBeBetween(
            column="timestamp",
            min_value=patterns.GENESIS,
            severity="critical",
            notes="Epoch zero, or milliseconds read as seconds, starts a portfolio's history before there was "
            "money in it.",
        ),
        ExpectColumnValuesToBeBetween(
            column="total_value",
            min_value=0,
            severity="warning",
            notes="Returns after a negative value are not defined. A debt above its collateral comes to one honestly, "
            "for as long as nobody liquidates it.",
        ),
        ExpectColumnValuesToBeBetween(
            column="total_value",
            max_value=1_000_000_000_000,
            severity="warning",
            notes="One unscaled amount makes a portfolio worth a trillion and every share of it zero.",
        ),
        ExpectColumnValuesToBeBetween(
            column="daily_return",
            min_value=-0.5,
            max_value=0.5,
            mostly=0.999,
            severity="warning",
            notes="Moves this large have happened; two in a thousand days means bad prices.",
        ),
        *(
            ExpectColumnValuesToBeBetween(
                column=column,
                min_value=-1,
                severity="warning",
                notes="A claimed loss of more than everything was measured against the wrong base.",
            )
            for column in ("daily_return", "total_return")
        ),
        ExpectColumnValuesToBeBetween(
            column="max_drawdown",
            min_value=-1,
            max_value=1,
            severity="warning",
            notes="A fall of more than all there was makes the claimed risk meaningless; percent was read as a "
            "fraction.",
        ),
        ExpectColumnValuesToBeBetween(
            column="volatility",
            min_value=0,
            max_value=20,
            severity="warning",
            notes="Risk shown as negative, or as thousands of per cent, is a unit misread.",
        ),
        ExpectColumnValuesToBeBetween(
            column="sharpe_ratio",
            min_value=-100,
            max_value=100,
            severity="warning",
            notes="A ratio beyond a hundred is a division by almost no risk, and would top every ranking.",
        ),
        UnexpectedRowsExpectation(
            description="asset_allocation adds up",
            unexpected_rows_query="""
                SELECT portfolio_id, timestamp, arraySum(x -> toFloat64(assumeNotNull(x.2)), asset_allocation) AS total
                FROM {batch} AS judged
                WHERE total_value > 0 AND length(asset_allocation) > 0
                  AND abs(arraySum(x -> toFloat64(assumeNotNull(x.2)), asset_allocation) - 1) > 0.01
            """,
            meta={"columns": ["asset_allocation", "total_value"]},
            severity="warning",
            notes="Shares that do not add up to one hide a holding, or show one twice.",
        ),
    ],
)

DETECTORS = [
    Detect(
        rule="no_decimal_shift(total_value)",
        find=lambda picture: decimal_shifts(
            picture.frame("portfolio_snapshots"), series=_SERIES, time="timestamp", value="total_value"
        ),
        columns=("total_value",),
        severity="warning",
        notes="A portfolio is worth ten or a thousand times too much: one of its prices or amounts was misread.",
        needs=("portfolio_snapshots",),
    ),
    Detect(
        rule="no_reverting_spike(total_value)",
        find=lambda picture: unexplained(
            reverting_spikes(
                picture.frame("portfolio_snapshots"), series=_SERIES, time="timestamp", value="total_value"
            ),
            picture.frame("transactions"),
        ),
        columns=("total_value",),
        severity="warning",
        notes="The best and the worst day of the year are one bad valuation.",
        needs=("portfolio_snapshots", "transactions"),
    ),
    Detect(
        rule="comes_back_to_its_level(total_return)",
        find=lambda picture: lone_values(
            _growth(picture.frame("portfolio_snapshots")), series=_SERIES, time="timestamp", value="growth"
        ),
        columns=("total_return",),
        severity="warning",
        notes="The platform's own claim is wrong for a day: it was scaled, or written in another's column.",
        needs=("portfolio_snapshots",),
    ),
    Detect(
        rule="comes_back_to_its_level(volatility)",
        find=lambda picture: lone_values(
            picture.frame("portfolio_snapshots"), series=_SERIES, time="timestamp", value="volatility"
        ),
        columns=("volatility",),
        severity="warning",
        notes="The platform's own claim is wrong for a day: it was scaled, or written in another's column.",
        needs=("portfolio_snapshots",),
    ),
    Detect(
        rule="no_zero_between(total_value)",
        find=lambda picture: unexplained(
            zeros_between(picture.frame("portfolio_snapshots"), series=_SERIES, time="timestamp", value="total_value"),
            picture.frame("transactions"),
        ),
        columns=("total_value",),
        severity="critical",
        notes="A loss of everything and a gain beyond measure: a value that was not known was written as nothing. Who "
        "withdrew everything, and paid in again, is not named.",
        needs=("portfolio_snapshots", "transactions"),
    ),
    Detect(
        rule="not_stale(total_value)",
        find=lambda picture: stale_runs(
            picture.frame("portfolio_snapshots").filter(pl.col("total_value") > 0),
            series=_SERIES,
            time="timestamp",
            value="total_value",
        ),
        columns=("total_value",),
        severity="warning",
        notes="Volatility is understated while a valuation repeats its last word.",
        needs=("portfolio_snapshots",),
    ),
    Detect(
        rule="in_utc(timestamp)",
        find=lambda picture: off_beat(picture.frame("portfolio_snapshots"), series=_SERIES, alike=(), time="timestamp"),
        columns=("timestamp",),
        severity="warning",
        notes="A day closes at another hour than its neighbours: returns are measured over 19 hours, then over 29.",
        needs=("portfolio_snapshots",),
    ),
    Detect(
        rule="no_gap(timestamp)",
        find=lambda picture: gaps(picture.frame("portfolio_snapshots"), series=_SERIES, time="timestamp"),
        columns=("timestamp",),
        severity="warning",
        notes="Returns over days without a value are one return, and volatility is understated.",
        needs=("portfolio_snapshots",),
    ),
    Detect(
        rule="not_silent(portfolio_id)",
        find=lambda picture: silent(picture.frame("portfolio_snapshots"), series=_SERIES, time="timestamp"),
        columns=("portfolio_id", "timestamp"),
        severity="warning",
        notes="A report shows a value from before as if it were this week's.",
        needs=("portfolio_snapshots",),
    ),
    Detect(
        rule="on_time(timestamp)",
        find=lambda picture: late(picture.frame("portfolio_snapshots"), time="timestamp", as_of=picture.as_of),
        columns=("timestamp",),
        severity="warning",
        notes="Every report shows values from before; valuation has stopped.",
        needs=("portfolio_snapshots",),
    ),
    Detect(
        rule="usual_rows_a_day(timestamp)",
        find=lambda picture: unusual_days(picture.frame("portfolio_snapshots"), time="timestamp"),
        columns=("timestamp",),
        severity="warning",
        notes="Totals over all portfolios jump on a day when half of them were not valued.",
        needs=("portfolio_snapshots",),
    ),
    Detect(
        rule="no_repeated_tick(timestamp)",
        find=lambda picture: repeated_ticks(
            picture.frame("portfolio_snapshots"), series=_SERIES, time="timestamp", values=("total_value",)
        ),
        columns=("timestamp", "total_value"),
        severity="warning",
        notes="An echo of a valuation counts twice in every mean.",
        needs=("portfolio_snapshots",),
    ),
    Detect(
        rule="not_ahead(timestamp)",
        find=lambda picture: ahead(
            picture.frame("portfolio_snapshots"), key=(*_SERIES, "timestamp"), time="timestamp", as_of=picture.as_of
        ),
        columns=("timestamp",),
        severity="warning",
        notes="A value from tomorrow closes today; a zone was added twice.",
        needs=("portfolio_snapshots",),
    ),
]

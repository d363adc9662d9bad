"""Rules of `portfolio_snapshots`: the portfolio values that returns are computed from."""

import polars as pl
from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    UnexpectedRowsExpectation,
)

from ys_analytics.quality.detectors.duplicates import repeated_ticks
from ys_analytics.quality.detectors.isolated_outliers import isolated_outliers, zeros_between
from ys_analytics.quality.detectors.ledgers import without_flow_days
from ys_analytics.quality.detectors.scale import decimal_shifts
from ys_analytics.quality.detectors.spikes import reverting_spikes
from ys_analytics.quality.detectors.stale import stale_runs
from ys_analytics.quality.detectors.timezones import off_schedule
from ys_analytics.quality.suite_types import Detector
from ys_analytics.schemas import TABLES

_SERIES = TABLES["portfolio_snapshots"].series


def _growth(snapshots: pl.DataFrame) -> pl.DataFrame:
    """What one dollar has become: a total return near zero doubles and halves on any day, and its growth does not."""
    return snapshots.with_columns(growth=pl.col("total_return").cast(pl.Float64) + 1.0)


SUITE = ExpectationSuite(
    name="portfolio_snapshots",
    expectations=[
        UnexpectedRowsExpectation(
            description="asset_allocation adds up to 1",
            unexpected_rows_query="""
                SELECT portfolio_id, timestamp, arraySum(x -> toFloat64(assumeNotNull(x.2)), asset_allocation) AS total
                FROM {batch} AS judged
                WHERE total_value > 0 AND length(asset_allocation) > 0
                  AND abs(arraySum(x -> toFloat64(assumeNotNull(x.2)), asset_allocation) - 1) > 0.01
            """,
            meta={"columns": ["asset_allocation", "total_value"]},
            severity="warning",
            notes="Allocations that do not add up to 100 % show that a holding is missing or duplicated.",
        ),
    ],
)

DETECTORS = [
    Detector(
        rule="no_decimal_shift(total_value)",
        find=lambda snapshot: decimal_shifts(
            snapshot.frame("portfolio_snapshots"), series=_SERIES, time="timestamp", value="total_value"
        ),
        columns=("total_value",),
        severity="warning",
        notes=(
            "A portfolio is valued ten or a thousand times too high or too low, because one of its prices or amounts "
            "was stored in another unit."
        ),
        needs=("portfolio_snapshots",),
    ),
    Detector(
        rule="no_reverting_spike(total_value)",
        find=lambda snapshot: without_flow_days(
            reverting_spikes(
                snapshot.frame("portfolio_snapshots"), series=_SERIES, time="timestamp", value="total_value"
            ),
            snapshot.frame("transactions"),
        ),
        columns=("total_value",),
        severity="warning",
        notes="One wrong valuation creates both the best and the worst day of the year.",
        needs=("portfolio_snapshots", "transactions"),
    ),
    Detector(
        rule="no_isolated_outlier(total_return)",
        find=lambda snapshot: isolated_outliers(
            _growth(snapshot.frame("portfolio_snapshots")), series=_SERIES, time="timestamp", value="growth"
        ),
        columns=("total_return",),
        severity="warning",
        notes="The platform's own figure is wrong for a day. It was probably scaled, or written to another column.",
        needs=("portfolio_snapshots",),
    ),
    Detector(
        rule="no_isolated_outlier(volatility)",
        find=lambda snapshot: isolated_outliers(
            snapshot.frame("portfolio_snapshots"), series=_SERIES, time="timestamp", value="volatility"
        ),
        columns=("volatility",),
        severity="warning",
        notes="The platform's own figure is wrong for a day. It was probably scaled, or written to another column.",
        needs=("portfolio_snapshots",),
    ),
    Detector(
        rule="no_zero_between(total_value)",
        find=lambda snapshot: without_flow_days(
            zeros_between(snapshot.frame("portfolio_snapshots"), series=_SERIES, time="timestamp", value="total_value"),
            snapshot.frame("transactions"),
        ),
        columns=("total_value",),
        severity="critical",
        notes=(
            "A false total loss is followed by an undefined gain, because an unknown value was stored as zero. A "
            "portfolio that was fully withdrawn and funded again is not reported."
        ),
        needs=("portfolio_snapshots", "transactions"),
    ),
    Detector(
        rule="not_stale(total_value)",
        find=lambda snapshot: stale_runs(
            snapshot.frame("portfolio_snapshots").filter(pl.col("total_value") > 0),
            series=_SERIES,
            time="timestamp",
            value="total_value",
        ),
        columns=("total_value",),
        severity="warning",
        notes="Volatility is understated while a portfolio's value is repeated unchanged.",
        needs=("portfolio_snapshots",),
    ),
    Detector(
        rule="in_utc(timestamp)",
        find=lambda snapshot: off_schedule(
            snapshot.frame("portfolio_snapshots"), series=_SERIES, group=(), time="timestamp"
        ),
        columns=("timestamp",),
        severity="warning",
        notes=(
            "A daily close taken at another hour than its neighbours makes one return cover 19 hours and the next 29."
        ),
        needs=("portfolio_snapshots",),
    ),
    Detector(
        rule="no_repeated_tick(timestamp)",
        find=lambda snapshot: repeated_ticks(
            snapshot.frame("portfolio_snapshots"), series=_SERIES, time="timestamp", values=("total_value",)
        ),
        columns=("timestamp", "total_value"),
        severity="warning",
        notes="A repeated snapshot is counted twice in every mean.",
        needs=("portfolio_snapshots",),
    ),
]

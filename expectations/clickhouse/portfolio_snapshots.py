"""What must be true of `portfolio_snapshots` before a return is computed from it."""

import polars as pl
from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    UnexpectedRowsExpectation,
)

from ys_analytics.quality.detectors.duplicates import repeated_ticks
from ys_analytics.quality.detectors.isolated_outliers import isolated_outliers, zeros_between
from ys_analytics.quality.detectors.ledgers import unexplained
from ys_analytics.quality.detectors.scale import decimal_shifts
from ys_analytics.quality.detectors.spikes import reverting_spikes
from ys_analytics.quality.detectors.stale import stale_runs
from ys_analytics.quality.detectors.timezones import off_beat
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
    Detector(
        rule="no_decimal_shift(total_value)",
        find=lambda snapshot: decimal_shifts(
            snapshot.frame("portfolio_snapshots"), series=_SERIES, time="timestamp", value="total_value"
        ),
        columns=("total_value",),
        severity="warning",
        notes="A portfolio is worth ten or a thousand times too much: one of its prices or amounts was misread.",
        needs=("portfolio_snapshots",),
    ),
    Detector(
        rule="no_reverting_spike(total_value)",
        find=lambda snapshot: unexplained(
            reverting_spikes(
                snapshot.frame("portfolio_snapshots"), series=_SERIES, time="timestamp", value="total_value"
            ),
            snapshot.frame("transactions"),
        ),
        columns=("total_value",),
        severity="warning",
        notes="The best and the worst day of the year are one bad valuation.",
        needs=("portfolio_snapshots", "transactions"),
    ),
    Detector(
        rule="comes_back_to_its_level(total_return)",
        find=lambda snapshot: isolated_outliers(
            _growth(snapshot.frame("portfolio_snapshots")), series=_SERIES, time="timestamp", value="growth"
        ),
        columns=("total_return",),
        severity="warning",
        notes="The platform's own claim is wrong for a day: it was scaled, or written in another's column.",
        needs=("portfolio_snapshots",),
    ),
    Detector(
        rule="comes_back_to_its_level(volatility)",
        find=lambda snapshot: isolated_outliers(
            snapshot.frame("portfolio_snapshots"), series=_SERIES, time="timestamp", value="volatility"
        ),
        columns=("volatility",),
        severity="warning",
        notes="The platform's own claim is wrong for a day: it was scaled, or written in another's column.",
        needs=("portfolio_snapshots",),
    ),
    Detector(
        rule="no_zero_between(total_value)",
        find=lambda snapshot: unexplained(
            zeros_between(snapshot.frame("portfolio_snapshots"), series=_SERIES, time="timestamp", value="total_value"),
            snapshot.frame("transactions"),
        ),
        columns=("total_value",),
        severity="critical",
        notes="A loss of everything and a gain beyond measure: a value that was not known was written as nothing. Who "
        "withdrew everything, and paid in again, is not named.",
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
        notes="Volatility is understated while a valuation repeats its last word.",
        needs=("portfolio_snapshots",),
    ),
    Detector(
        rule="in_utc(timestamp)",
        find=lambda snapshot: off_beat(
            snapshot.frame("portfolio_snapshots"), series=_SERIES, alike=(), time="timestamp"
        ),
        columns=("timestamp",),
        severity="warning",
        notes="A day closes at another hour than its neighbours: returns are measured over 19 hours, then over 29.",
        needs=("portfolio_snapshots",),
    ),
    Detector(
        rule="no_repeated_tick(timestamp)",
        find=lambda snapshot: repeated_ticks(
            snapshot.frame("portfolio_snapshots"), series=_SERIES, time="timestamp", values=("total_value",)
        ),
        columns=("timestamp", "total_value"),
        severity="warning",
        notes="An echo of a valuation counts twice in every mean.",
        needs=("portfolio_snapshots",),
    ),
]

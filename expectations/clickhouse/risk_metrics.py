"""Rules of `risk_metrics`: the platform's risk figures, which reports backtest."""

import polars as pl
from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    ExpectColumnPairValuesAToBeGreaterThanB,
)

from ys_analytics.quality.detectors.duplicates import repeated_ticks
from ys_analytics.quality.detectors.isolated_outliers import isolated_outliers
from ys_analytics.quality.detectors.scale import decimal_shifts
from ys_analytics.quality.detectors.stale import stale_runs
from ys_analytics.quality.detectors.swapped_columns import swapped_values
from ys_analytics.quality.detectors.timezones import off_schedule
from ys_analytics.quality.suite_types import Detector
from ys_analytics.schemas import TABLES

_SERIES = TABLES["risk_metrics"].series
_OFF_SCALE = "A score outside 0 to 1 puts a portfolio at the wrong end of the risk ranking."

SUITE = ExpectationSuite(
    name="risk_metrics",
    expectations=[
        ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="cvar_95",
            column_B="var_95",
            or_equal=True,
            severity="warning",
            notes=(
                "CVaR is the mean of the losses beyond VaR, so it cannot be the smaller loss. The two columns were "
                "exchanged, or come from two models."
            ),
        ),
    ],
)

DETECTORS = [
    Detector(
        rule="no_decimal_shift(var_95)",
        find=lambda snapshot: decimal_shifts(
            snapshot.frame("risk_metrics"), series=_SERIES, time="timestamp", value="var_95"
        ),
        columns=("var_95",),
        severity="warning",
        notes="A risk limit is never reached, or always exceeded, when VaR is wrong by a power of ten.",
        needs=("risk_metrics",),
    ),
    *(
        Detector(
            rule=f"no_isolated_outlier({column})",
            find=lambda snapshot, column=column, least=least: isolated_outliers(
                snapshot.frame("risk_metrics"), series=_SERIES, time="timestamp", value=column, min_distance=least
            ),
            columns=(column,),
            severity="warning",
            notes=(
                "One risk figure far from its neighbours triggers or hides an alert. It was probably scaled, or "
                "written to another column."
            ),
            needs=("risk_metrics",),
        )
        for column, least in (
            ("var_95", 1.0),
            ("cvar_95", 1.0),
            ("correlation_score", 0.3),
            ("protocol_risk_score", 0.3),
        )
    ),
    *(
        Detector(
            rule=f"not_swapped({', '.join(pair)})",
            find=lambda snapshot, pair=pair: swapped_values(
                snapshot.frame("risk_metrics"), series=_SERIES, time="timestamp", pair=pair
            ),
            columns=pair,
            severity="warning",
            notes="The risk ranking is in the wrong order because two scores were exchanged.",
            needs=("risk_metrics",),
        )
        for pair in (
            ("correlation_score", "liquidation_distance"),
            ("liquidation_distance", "protocol_risk_score"),
            ("correlation_score", "protocol_risk_score"),
        )
    ),
    Detector(
        rule="not_repeated(var_95, cvar_95)",
        find=lambda snapshot: stale_runs(
            snapshot.frame("risk_metrics").filter(pl.col("var_95") > 0),
            series=_SERIES,
            time="timestamp",
            value="var_95",
            other_value="cvar_95",
        ),
        columns=("var_95", "cvar_95"),
        severity="warning",
        notes="Risk looks unchanged because a row was copied forward and not measured again.",
        needs=("risk_metrics",),
    ),
    Detector(
        rule="no_repeated_tick(timestamp)",
        find=lambda snapshot: repeated_ticks(
            snapshot.frame("risk_metrics"), series=_SERIES, time="timestamp", values=("var_95", "cvar_95")
        ),
        columns=("timestamp", "var_95", "cvar_95"),
        severity="warning",
        notes="A repeated risk metric makes the backtest count exceptions twice.",
        needs=("risk_metrics",),
    ),
    Detector(
        rule="in_utc(timestamp)",
        find=lambda snapshot: off_schedule(snapshot.frame("risk_metrics"), series=_SERIES, group=(), time="timestamp"),
        columns=("timestamp",),
        severity="warning",
        notes="A risk metric dated on another day is backtested against the wrong loss.",
        needs=("risk_metrics",),
    ),
]

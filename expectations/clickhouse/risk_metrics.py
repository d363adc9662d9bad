"""What must be true of `risk_metrics` before the platform's idea of risk is audited."""

import polars as pl
from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    ExpectColumnPairValuesAToBeGreaterThanB,
)

from ys_analytics.quality.detectors.duplicates import repeated_ticks
from ys_analytics.quality.detectors.isolated_outliers import isolated_outliers
from ys_analytics.quality.detectors.scale import decimal_shifts
from ys_analytics.quality.detectors.stale import stale_runs
from ys_analytics.quality.detectors.swapped_columns import swapped
from ys_analytics.quality.detectors.timezones import off_beat
from ys_analytics.quality.suite_types import Detector
from ys_analytics.schemas import TABLES

_SERIES = TABLES["risk_metrics"].series
_OFF_SCALE = "A score off its scale sorts a portfolio to the wrong end of the list of who must act."

SUITE = ExpectationSuite(
    name="risk_metrics",
    expectations=[
        ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="cvar_95",
            column_B="var_95",
            or_equal=True,
            severity="warning",
            notes="The mean of the worst days cannot be milder than their threshold: the two columns were swapped, or "
            "come from two models.",
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
        notes="A limit is never reached, or always, when risk is off by a power of ten.",
        needs=("risk_metrics",),
    ),
    *(
        Detector(
            rule=f"comes_back_to_its_level({column})",
            find=lambda snapshot, column=column, least=least: isolated_outliers(
                snapshot.frame("risk_metrics"), series=_SERIES, time="timestamp", value=column, least=least
            ),
            columns=(column,),
            severity="warning",
            notes="A portfolio is alarmed, or calmed, by one measurement that its neighbours deny: it was scaled, or "
            "written in another's column.",
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
            find=lambda snapshot, pair=pair: swapped(
                snapshot.frame("risk_metrics"), series=_SERIES, time="timestamp", pair=pair
            ),
            columns=pair,
            severity="warning",
            notes="The list of who must act is in the wrong order: two scores were exchanged.",
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
            beside="cvar_95",
        ),
        columns=("var_95", "cvar_95"),
        severity="warning",
        notes="Risk looks calm while a measurement is copied forward; nobody measured.",
        needs=("risk_metrics",),
    ),
    Detector(
        rule="no_repeated_tick(timestamp)",
        find=lambda snapshot: repeated_ticks(
            snapshot.frame("risk_metrics"), series=_SERIES, time="timestamp", values=("var_95", "cvar_95")
        ),
        columns=("timestamp", "var_95", "cvar_95"),
        severity="warning",
        notes="A backtest counts its exceptions twice when a measurement is delivered twice.",
        needs=("risk_metrics",),
    ),
    Detector(
        rule="in_utc(timestamp)",
        find=lambda snapshot: off_beat(snapshot.frame("risk_metrics"), series=_SERIES, alike=(), time="timestamp"),
        columns=("timestamp",),
        severity="warning",
        notes="A risk filed under another day is tested against the wrong loss.",
        needs=("risk_metrics",),
    ),
]

"""What must be true of `risk_metrics` before the platform's idea of risk is audited."""

import polars as pl
from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    ExpectColumnPairValuesAToBeGreaterThanB,
    ExpectColumnValuesToBeBetween,
    ExpectColumnValuesToMatchRegex,
    ExpectColumnValuesToNotBeNull,
    ExpectCompoundColumnsToBeUnique,
)

from ys_analytics.quality import patterns
from ys_analytics.quality.detectors.duplicates import repeated_ticks
from ys_analytics.quality.detectors.freshness import ahead, gaps, late, silent
from ys_analytics.quality.detectors.isolated_outliers import lone_values
from ys_analytics.quality.detectors.row_counts import unusual_days
from ys_analytics.quality.detectors.scale import decimal_shifts
from ys_analytics.quality.detectors.stale import stale_runs
from ys_analytics.quality.detectors.swapped_columns import swapped
from ys_analytics.quality.detectors.timezones import off_beat
from ys_analytics.quality.suite_types import Detect

_SERIES = ("portfolio_id",)
_OFF_SCALE = "A score off its scale sorts a portfolio to the wrong end of the list of who must act."

SUITE = ExpectationSuite(
    name="risk_metrics",
    expectations=[
        ExpectCompoundColumnsToBeUnique(
            column_list=["portfolio_id", "timestamp"],
            severity="critical",
            notes="Two risks of one portfolio at one moment: the backtest counts its exceptions twice.",
        ),
        *(
            ExpectColumnValuesToNotBeNull(
                column=column,
                severity="critical",
                notes="A risk without its moment, portfolio or size cannot be tested against what happened.",
            )
            for column in ("timestamp", "portfolio_id", "var_95", "cvar_95")
        ),
        *(
            ExpectColumnValuesToNotBeNull(
                column=column,
                severity="warning",
                notes="A portfolio without this score looks safe only because nobody measured it.",
            )
            for column in ("correlation_score", "liquidation_distance", "protocol_risk_score")
        ),
        ExpectColumnValuesToMatchRegex(
            column="portfolio_id",
            regex=patterns.UUID,
            severity="critical",
            notes="Risk that is not spelt as PostgreSQL's UUID is nobody's risk.",
        ),
        ExpectColumnValuesToBeBetween(
            column="timestamp",
            min_value=patterns.GENESIS,
            severity="critical",
            notes="Epoch zero, or milliseconds read as seconds, files a risk where nobody looks.",
        ),
        ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="cvar_95",
            column_B="var_95",
            or_equal=True,
            severity="warning",
            notes="The mean of the worst days cannot be milder than their threshold: the two columns were swapped, or "
            "come from two models.",
        ),
        *(
            ExpectColumnValuesToBeBetween(column=column, min_value=least, max_value=1, severity="warning", notes=notes)
            for column, least, notes in (
                ("correlation_score", -1, "A correlation beyond one claims more than certainty."),
                ("liquidation_distance", 0, _OFF_SCALE),
                ("protocol_risk_score", 0, _OFF_SCALE),
            )
        ),
    ],
)

DETECTORS = [
    Detect(
        rule="no_decimal_shift(var_95)",
        find=lambda picture: decimal_shifts(
            picture.frame("risk_metrics"), series=_SERIES, time="timestamp", value="var_95"
        ),
        columns=("var_95",),
        severity="warning",
        notes="A limit is never reached, or always, when risk is off by a power of ten.",
        needs=("risk_metrics",),
    ),
    *(
        Detect(
            rule=f"comes_back_to_its_level({column})",
            find=lambda picture, column=column, least=least: lone_values(
                picture.frame("risk_metrics"), series=_SERIES, time="timestamp", value=column, least=least
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
        Detect(
            rule=f"not_swapped({', '.join(pair)})",
            find=lambda picture, pair=pair: swapped(
                picture.frame("risk_metrics"), series=_SERIES, time="timestamp", pair=pair
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
    Detect(
        rule="not_repeated(var_95, cvar_95)",
        find=lambda picture: stale_runs(
            picture.frame("risk_metrics").filter(pl.col("var_95") > 0),
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
    Detect(
        rule="no_repeated_tick(timestamp)",
        find=lambda picture: repeated_ticks(
            picture.frame("risk_metrics"), series=_SERIES, time="timestamp", values=("var_95", "cvar_95")
        ),
        columns=("timestamp", "var_95", "cvar_95"),
        severity="warning",
        notes="A backtest counts its exceptions twice when a measurement is delivered twice.",
        needs=("risk_metrics",),
    ),
    Detect(
        rule="in_utc(timestamp)",
        find=lambda picture: off_beat(picture.frame("risk_metrics"), series=_SERIES, alike=(), time="timestamp"),
        columns=("timestamp",),
        severity="warning",
        notes="A risk filed under another day is tested against the wrong loss.",
        needs=("risk_metrics",),
    ),
    Detect(
        rule="no_gap(timestamp)",
        find=lambda picture: gaps(picture.frame("risk_metrics"), series=_SERIES, time="timestamp"),
        columns=("timestamp",),
        severity="warning",
        notes="A backtest leaves out the days on which nobody measured, which are often the worst.",
        needs=("risk_metrics",),
    ),
    Detect(
        rule="not_silent(portfolio_id)",
        find=lambda picture: silent(picture.frame("risk_metrics"), series=_SERIES, time="timestamp"),
        columns=("portfolio_id", "timestamp"),
        severity="warning",
        notes="A portfolio's risk is shown as it was before.",
        needs=("risk_metrics",),
    ),
    Detect(
        rule="on_time(timestamp)",
        find=lambda picture: late(picture.frame("risk_metrics"), time="timestamp", as_of=picture.as_of),
        columns=("timestamp",),
        severity="warning",
        notes="Risk is shown as it was before; measuring has stopped.",
        needs=("risk_metrics",),
    ),
    Detect(
        rule="usual_rows_a_day(timestamp)",
        find=lambda picture: unusual_days(picture.frame("risk_metrics"), time="timestamp"),
        columns=("timestamp",),
        severity="warning",
        notes="The list of who must act is short of portfolios nobody measured.",
        needs=("risk_metrics",),
    ),
    Detect(
        rule="not_ahead(timestamp)",
        find=lambda picture: ahead(
            picture.frame("risk_metrics"), key=(*_SERIES, "timestamp"), time="timestamp", as_of=picture.as_of
        ),
        columns=("timestamp",),
        severity="warning",
        notes="A risk from tomorrow is in no backtest; a zone was added twice.",
        needs=("risk_metrics",),
    ),
]

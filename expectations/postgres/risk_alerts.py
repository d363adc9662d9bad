"""What must be true of `risk_alerts` before anybody's response to them is measured."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    ExpectColumnPairValuesAToBeGreaterThanB,
    ExpectColumnValuesToBeBetween,
    ExpectColumnValuesToBeInSet,
    ExpectColumnValuesToBeJsonParseable,
    ExpectColumnValuesToBeUnique,
    ExpectColumnValuesToMatchRegex,
    ExpectColumnValuesToNotBeNull,
    UnexpectedRowsExpectation,
)

from ys_analytics.quality import patterns
from ys_analytics.quality.detectors.freshness import ahead
from ys_analytics.quality.suite_types import Detect
from ys_analytics.schemas.postgres import ENUMS

SUITE = ExpectationSuite(
    name="risk_alerts",
    expectations=[
        ExpectColumnValuesToBeUnique(column="id", severity="warning", notes="An alert listed twice rings twice."),
        *(
            ExpectColumnValuesToMatchRegex(
                column=column,
                regex=patterns.UUID,
                severity="warning",
                notes="An alert about no portfolio warns nobody.",
            )
            for column in ("id", "portfolio_id", "acknowledged_by")
        ),
        *(
            ExpectColumnValuesToNotBeNull(
                column=column,
                severity="warning",
                notes="An alert that does not say what or how grave is not one.",
            )
            for column in ("id", "portfolio_id", "alert_type", "severity", "message", "created_at")
        ),
        ExpectColumnValuesToBeInSet(
            column="alert_type",
            value_set=list(ENUMS["risk_alert_type_enum"]),
            severity="warning",
            notes="An alert of a kind nobody knows is on no page.",
        ),
        ExpectColumnValuesToBeInSet(
            column="severity",
            value_set=list(ENUMS["severity_enum"]),
            severity="warning",
            notes="An alert of unknown gravity sorts below the harmless.",
        ),
        ExpectColumnValuesToMatchRegex(
            column="message",
            regex=patterns.WRITTEN,
            severity="warning",
            notes="A blank warning warns of nothing.",
        ),
        ExpectColumnValuesToBeJsonParseable(
            column="details",
            severity="warning",
            notes="The figures behind an alert cannot be shown.",
        ),
        UnexpectedRowsExpectation(
            description="acknowledged means by somebody, at some time",
            unexpected_rows_query="""
                SELECT id, portfolio_id, is_acknowledged, acknowledged_at FROM {batch} AS judged
                WHERE (is_acknowledged AND acknowledged_at IS NULL)
                   OR (NOT coalesce(is_acknowledged, false) AND acknowledged_at IS NOT NULL)
            """,
            meta={"columns": ["is_acknowledged", "acknowledged_at"]},
            severity="warning",
            notes="Time to respond is measured from alerts nobody answered.",
        ),
        *(
            ExpectColumnPairValuesAToBeGreaterThanB(
                column_A=later,
                column_B="created_at",
                or_equal=True,
                severity="warning",
                ignore_row_if="either_value_is_missing",
                notes="Response times go negative when an answer comes before its alert.",
            )
            for later in ("acknowledged_at", "resolved_at")
        ),
        ExpectColumnValuesToBeBetween(
            column="created_at",
            min_value=patterns.GENESIS,
            severity="warning",
            notes="An alert from 1970 is open for fifty years in every statistic.",
        ),
    ],
)

DETECTORS = [
    Detect(
        rule="not_ahead(created_at)",
        find=lambda picture: ahead(picture.frame("risk_alerts"), key=("id",), time="created_at", as_of=picture.as_of),
        columns=("created_at",),
        severity="warning",
        notes="What was written tomorrow is in no week; a zone was added twice.",
        needs=("risk_alerts",),
    ),
]
